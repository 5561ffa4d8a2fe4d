//! Which values make no sense, alone or together?
//!
//! Types and words are settled before; names of networks, blocks, schemes and noises are known
//! only to the crate that builds them.

use super::model::{OptimiserSettings, Recipe, ScheduleSettings, TrainSettings};
use super::problem::{Problem, ProblemKind};
use super::settings::{SETTINGS, Setting};
use super::time::parse_time;
use super::unused;
use super::words::{BetweenKind, PadMode};
use crate::optimisers::optimiser_facts;
use crate::schedules::{SCHEDULES, schedule_settings};
use timestep_numerics::noise::{noise_facts, noise_settings};
use timestep_registry::Values;

/// Something found in the values of a recipe, and whether it stops a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The setting.
    pub path: &'static str,
    /// What is wrong with its value.
    pub message: String,
    /// One action that helps.
    pub hint: Option<String>,
    /// Whether a run cannot be; otherwise it is only doubtful.
    pub severe: bool,
    /// Whether the value would change nothing. Said on the command line that is an error; in a recipe it is a doubt, or, where recipes
    /// say it for other cases than this one, nothing.
    pub unused: Option<Unused>,
}

/// What a value that changes nothing is where a recipe says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unused {
    /// Probably a mistake.
    Doubtful,
    /// What recipes say for other cases.
    Usual,
}

impl Finding {
    /// The finding as a problem, still without value and origin.
    pub(super) fn into_problem(self) -> Problem {
        let problem = Problem::new(ProblemKind::OutOfRange, self.path, self.message);
        Problem {
            hint: self.hint,
            ..problem
        }
    }
}

/// Everything about a classifier that is out of range or probably not meant, in the order of the settings.
pub(super) fn findings(recipe: &Recipe) -> Vec<Finding> {
    let mut found = Findings::default();
    data(recipe, &mut found);
    network(recipe, &mut found);
    noise(recipe, &mut found);
    train(recipe, &mut found);
    optimiser(&recipe.optimiser, &mut found);
    schedule(&recipe.schedule, recipe.train.epochs, &mut found);
    found.in_order_of(&SETTINGS)
}

/// A list of findings that grows.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// The findings, in the order of the settings.
    pub(super) fn in_order_of(mut self, settings: &[Setting]) -> Vec<Finding> {
        let rank = |path| settings.iter().position(|setting| setting.path == path);
        self.0.sort_by_key(|finding| rank(finding.path));
        self.0
    }

    /// A problem.
    pub(super) fn problem(&mut self, path: &'static str, message: &str, hint: Option<&str>) {
        self.push(true, path, message.to_owned(), hint);
    }

    fn push(&mut self, severe: bool, path: &'static str, message: String, hint: Option<&str>) {
        let hint = hint.map(str::to_owned);
        self.0.push(Finding {
            path,
            message,
            hint,
            severe,
            unused: None,
        });
    }

    /// A value that would change nothing, if it would.
    pub fn unused(
        &mut self,
        unused: bool,
        kind: Unused,
        path: &'static str,
        message: &str,
        hint: Option<&str>,
    ) {
        if unused {
            self.push(false, path, message.to_owned(), hint);
            if let Some(last) = self.0.last_mut() {
                last.unused = Some(kind);
            }
        }
    }

    /// A problem unless `ok`.
    pub(super) fn require(&mut self, ok: bool, path: &'static str, message: &str) {
        self.require_or(ok, path, message, None);
    }

    pub(super) fn require_or(
        &mut self,
        ok: bool,
        path: &'static str,
        message: &str,
        hint: Option<&str>,
    ) {
        if !ok {
            self.push(true, path, message.to_owned(), hint);
        }
    }

    /// A warning if `doubtful`.
    pub fn warn(&mut self, doubtful: bool, path: &'static str, message: &str, hint: Option<&str>) {
        if doubtful {
            self.push(false, path, message.to_owned(), hint);
        }
    }
}

fn data(recipe: &Recipe, found: &mut Findings) {
    let data = &recipe.data;
    found.require_or(
        !data.name.is_empty(),
        "data.name",
        "a recipe needs a data set",
        Some("see `timestep list data`"),
    );
    found.require_or(
        data.mean.len() == data.std.len(),
        "data.std",
        &format!(
            "`data.mean` has {} and `data.std` has {} channels",
            data.mean.len(),
            data.std.len()
        ),
        Some("give both, or leave both empty: they are then computed from the training images"),
    );
    found.require_or(
        matches!(data.scale.len(), 0 | 2),
        "data.scale",
        "must be two numbers, the least and the greatest",
        Some("shares of the area such as 0.08,1 or shorter sides such as 256,480"),
    );
    found.require_or(
        matches!(data.jitter.len(), 0 | 3),
        "data.jitter",
        "must be three numbers: brightness, contrast, saturation",
        Some("write 0.4,0.4,0.4, or leave it empty for none"),
    );
    found.require_or(
        matches!(data.rand_augment[..], [] | [0..=14, 0..=30]),
        "data.rand_augment",
        "must be two numbers: at most 14 operations, and a magnitude of at most 30",
        Some("write 2,9, or leave it empty for none"),
    );
    found.require_or(
        data.mixup.is_finite() && data.mixup >= 0.0,
        "data.mixup",
        "must be finite and at least 0",
        Some("0.2 and 1 are usual; 0 mixes nothing"),
    );
    // Trained images are all that an overfitting run learns by heart, as they are.
    let varied = !data.rand_augment.is_empty() || data.cutout > 0 || data.mixup > 0.0;
    found.require_or(
        recipe.train.overfit == 0 || !varied,
        "train.overfit",
        "learns some images by heart, as they are: `data.rand_augment`, `data.cutout` and `data.mixup` would be ignored",
        Some("leave them out, or `train.overfit`"),
    );
    found.require_or(
        (0.0..1.0).contains(&data.held_out),
        "data.held_out",
        "must be a share from 0 to below 1",
        Some("0.2 holds a fifth of each class out; 0 means the same"),
    );
    unused::of_data(recipe, found);
    let finite = |list: &[f64]| list.iter().all(|x| x.is_finite());
    found.require(finite(&data.mean), "data.mean", "every mean must be finite");
    found.require(
        finite(&data.std) && data.std.iter().all(|&x| x > 0.0),
        "data.std",
        "every deviation must be finite and above 0",
    );
    // A mirror shows at most the image without its border row.
    found.require_or(
        data.pad_mode != PadMode::Reflect || data.size == 0 || data.pad < data.size,
        "data.pad",
        "a mirrored border must be narrower than the image",
        Some("lower `data.pad`, or use `data.pad_mode = \"zero\"`"),
    );
}

fn network(recipe: &Recipe, found: &mut Findings) {
    for (path, share) in [
        ("network.dropout", recipe.network.dropout),
        ("network.drop_path", recipe.network.drop_path),
    ] {
        found.require_or(
            share == -1.0 || (0.0..1.0).contains(&share),
            path,
            "must be a share from 0 to below 1, or -1",
            Some("0 means none, -1 as much as the published network has"),
        );
    }
    let network = &recipe.network;
    found.require(
        network.steps.iter().all(|&steps| steps > 0),
        "network.steps",
        "every segment needs at least 1 step",
    );
    found.require_or(
        network.h.iter().all(|&h| h.is_finite() && h > 0.0),
        "network.h",
        "every step size must be finite and above 0",
        Some("1 leaves the size of a step to its weights"),
    );
    for (path, value) in [
        ("network.rtol", network.rtol),
        ("network.atol", network.atol),
    ] {
        found.require_or(
            value.is_finite() && value >= 0.0,
            path,
            "must be finite, and not below 0",
            Some("0.01 is a usual error, 0 fixes the steps"),
        );
    }
    for (said, path) in [
        (network.atol != 0.0, "network.atol"),
        (network.evaluations != 0, "network.evaluations"),
        (network.between != BetweenKind::Usual, "network.between"),
    ] {
        found.unused(
            said && network.rtol == 0.0,
            Unused::Doubtful,
            path,
            "is a setting of networks that choose their steps, and `network.rtol` is 0: they are fixed",
            Some("give `network.rtol`, such as 0.01, or leave it out"),
        );
    }
    found.require(
        network.classes != 1,
        "network.classes",
        "there must be at least 2 classes",
    );
}

/// Values of settings that things declare; is there one that is out of range?
fn own<'s>(
    settings: impl IntoIterator<Item = &'s timestep_registry::Setting>,
    values: &Values,
    found: &mut Findings,
) -> bool {
    let mut refused: Vec<&str> = Vec::new();
    for setting in settings {
        let checked = values.get(setting.key()).map(|value| setting.check(value));
        // Two things may declare the same.
        if let Some(Err(message)) = checked
            && !refused.contains(&setting.path)
        {
            found.require(false, setting.path, &message);
            refused.push(setting.path);
        }
    }
    !refused.is_empty()
}

fn noise(recipe: &Recipe, found: &mut Findings) {
    let values = &recipe.noise.own;
    own(noise_settings().map(|(_, setting)| setting), values, found);
    // Which law a preset has is known to the crate that builds networks.
    let Some(law) = noise_facts(&recipe.network.noise) else {
        return;
    };
    for (owner, setting) in noise_settings() {
        let Some(owner) = owner.filter(|owner| owner.key != law.key) else {
            continue;
        };
        let said = values
            .get(setting.key())
            .is_some_and(|value| *value != setting.default);
        found.unused(
            said && law.setting(setting.key()).is_none(),
            Unused::Doubtful,
            setting.path,
            &format!(
                "is a setting of `{}`, and the noise is `{}`",
                owner.key, law.key
            ),
            Some("it changes nothing: leave it out"),
        );
    }
}

/// As many parts of a batch as anybody has processes for.
const MOST_SHARDS: usize = 65_536;

fn train(recipe: &Recipe, found: &mut Findings) {
    let train = &recipe.train;
    found.require(train.epochs > 0, "train.epochs", "must be at least 1");
    found.require(train.batch > 0, "train.batch", "must be at least 1");
    found.require(
        train.eval_batch > 0,
        "train.eval_batch",
        "must be at least 1",
    );
    // TOML has signed integers only, and a recipe must survive being saved.
    let largest = i64::MAX as u64;
    found.require(
        train.seed <= largest,
        "train.seed",
        "must be at most 9223372036854775807, the largest whole number of TOML",
    );
    found.require(
        (0.0..1.0).contains(&train.label_smoothing),
        "train.label_smoothing",
        "must be at least 0 and below 1",
    );
    found.require(
        train.clip_norm.is_finite() && train.clip_norm >= 0.0,
        "train.clip_norm",
        "must be finite and at least 0",
    );
    found.require_or(
        train.depth_penalty.is_finite() && train.depth_penalty >= 0.0,
        "train.depth_penalty",
        "must be finite and at least 0",
        Some("0.05 is a beginning; 0 penalises nothing"),
    );
    lipschitz(train, found);
    found.require_or(
        train.accumulate > 0 && train.batch.is_multiple_of(train.accumulate),
        "train.accumulate",
        &format!("must divide the batch of {} images", train.batch),
        Some("1 computes a batch in one part"),
    );
    let computed = train.shards.saturating_mul(train.accumulate);
    found.require_or(
        (1..=MOST_SHARDS).contains(&train.shards) && computed <= train.batch.max(1),
        "train.shards",
        &format!(
            "must be from 1 to {MOST_SHARDS}, and leave an image of the batch of {} for each part of a shard",
            train.batch
        ),
        Some("as many as there will be processes, or a multiple of it; 1 for a process alone"),
    );
    found.warn(
        train.shards > 1 && train.batch / train.shards < 8,
        "train.shards",
        "leaves fewer than 8 images for the statistics of a norm",
        Some("use larger batches or fewer shards"),
    );
    found.require(
        (0.0..1.0).contains(&train.ema),
        "train.ema",
        "must be at least 0 and below 1",
    );
    found.warn(
        !train.freeze.is_empty() && train.init.is_empty(),
        "train.freeze",
        "what is frozen keeps the random numbers that it starts with",
        Some("start from trained weights with `--init`"),
    );
    if let Err(message) = parse_time(&train.time) {
        let hint = Some("write it like `30m`, `1h30m` or `90s`; empty means no limit");
        found.push(true, "train.time", message, hint);
    }
}

/// A limit of Lipschitz constants, and what would break it.
fn lipschitz(train: &TrainSettings, found: &mut Findings) {
    found.require_or(
        train.lipschitz.is_finite() && train.lipschitz >= 0.0,
        "train.lipschitz",
        "must be finite and at least 0",
        Some("2 keeps steps of size 1 of `parabolic` with forward Euler stable; 0 bounds nothing"),
    );
    if train.lipschitz == 0.0 {
        return;
    }
    found.require_or(
        train.ema == 0.0,
        "train.lipschitz",
        "bounds the weights of each step, and an average of such weights (`train.ema`) may exceed the bound",
        Some("leave one of the two out"),
    );
    found.require_or(
        train.freeze.iter().all(|part| !part.starts_with("layer")),
        "train.lipschitz",
        "cuts the scales of all steps, and `train.freeze` keeps those of a segment as they are",
        Some("freeze nothing but `stem` and `head`, or leave it out"),
    );
}

fn optimiser(optimiser: &OptimiserSettings, found: &mut Findings) {
    found.require(
        optimiser.lr.is_finite() && optimiser.lr > 0.0,
        "optimiser.lr",
        "must be finite and above 0",
    );
    if let Some(facts) = optimiser_facts(&optimiser.name) {
        let refused = own(facts.settings, &optimiser.own, found);
        if let Some(clash) = facts.clash(&optimiser.own).filter(|_| !refused) {
            found.require_or(false, clash.path, clash.message, Some(clash.hint));
        }
        let usual = format!(
            "is the rate of another optimiser; `{}` usually takes {} or less",
            facts.key, facts.usual_lr
        );
        found.warn(
            optimiser.lr > facts.usual_lr,
            "optimiser.lr",
            &usual,
            Some("give another one with `--lr`"),
        );
    }
    found.require(
        optimiser.weight_decay.is_finite() && optimiser.weight_decay >= 0.0,
        "optimiser.weight_decay",
        "must be finite and at least 0",
    );
}

fn schedule(schedule: &ScheduleSettings, epochs: usize, found: &mut Findings) {
    own(
        schedule_settings().map(|(_, setting)| setting),
        &schedule.own,
        found,
    );
    found.require(
        schedule.warmup_epochs.is_finite() && schedule.warmup_epochs >= 0.0,
        "schedule.warmup_epochs",
        "must be finite and at least 0",
    );
    found.require(
        (0.0..=1.0).contains(&schedule.warmup_factor),
        "schedule.warmup_factor",
        "must be from 0 to 1",
    );
    if let Some(facts) = SCHEDULES.find(&schedule.name) {
        for (owner, setting) in schedule_settings() {
            let value = schedule.own.get(setting.key());
            let said = value.is_some_and(|value| *value != setting.default);
            let its = |own: &timestep_registry::Setting| own.key() == setting.key();
            found.unused(
                said && owner.key != facts.key && !facts.settings.iter().any(its),
                Unused::Usual,
                setting.path,
                &format!(
                    "is a setting of `{}`, and the schedule is `{}`",
                    owner.key, facts.key
                ),
                Some("it changes nothing: leave it out"),
            );
        }
        (facts.doubts)(schedule, epochs, found);
    }
}
