//! Which settings does a recipe of a restorer have, and which of their values make no sense?

use super::TaskRecipe;
use super::check::{Finding, Findings};
use super::kind::Kind;
use super::model::{TaskSettings, saturating};
use super::settings::{Setting, row};
use super::time::parse_time;
use super::words::{RestoreMethod, TaskKind};
use serde::{Deserialize, Serialize};
use timestep_data::{BadDegradation, Degradation, Gaussian, degradation};
use timestep_numerics::{facts, schemes};
use timestep_registry::{near, quoted};

/// Everything that repeats the training of a restorer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestoreRecipe {
    /// `[task]`
    pub task: TaskSettings,
    /// `[model]`
    pub model: ModelSettings,
    /// `[data]`
    pub data: PictureSettings,
    /// `[train]`
    pub train: PhaseSettings,
}

/// `[model]`: what is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSettings {
    /// The method.
    pub method: RestoreMethod,
    /// Rows of a filter: 3, 5 or 7.
    pub size: usize,
    /// Steps (stages).
    pub steps: usize,
    /// Scheme of TRD: a key with one evaluation per step; empty: `euler`, as published. CSF has none.
    pub scheme: String,
    /// Standard deviation of the noise, in grey levels; of noise that is not Gaussian, the level that it counts as.
    pub sigma: f64,
    /// Weights to start from: a file, or the name of bundled weights; empty: the published start.
    pub start: String,
}

/// `[data]`: on which pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureSettings {
    /// Folder of the pictures.
    pub dir: String,
    /// Every n-th picture of the folder, in the order of names.
    pub every: usize,
    /// Pictures left out before the first.
    pub skip: usize,
    /// Folder of the pictures that are measured on; empty: `dir`.
    pub test_dir: String,
    /// Every n-th picture of that folder is measured on; 0: all of `test_dir`, none of `dir`.
    pub test_every: usize,
    /// Pictures of that folder left out before the first.
    pub test_skip: usize,
    /// What happens to clean pictures, such as `camera:iso=1600`; empty: Gaussian noise of `model.sigma`.
    #[serde(default)]
    pub noise: String,
}

/// `[train]`: for how long, and with which noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseSettings {
    /// Iterations of L-BFGS on each step by itself.
    pub greedy: usize,
    /// Iterations on all steps together.
    pub joint: usize,
    /// Iterations on all steps together and on every picture of the folder, at the end.
    pub finish: usize,
    /// Steps of Adam at the end, each on a few pictures of the folder with noise drawn anew: on all steps of TRD together, on each stage of
    /// CSF.
    #[serde(default)]
    pub drawn: usize,
    /// Pictures of such a step.
    #[serde(default = "usual_batch")]
    pub drawn_batch: usize,
    /// Largest change of such a step, in parts of what filters and functions are in size.
    #[serde(default = "usual_lr")]
    pub drawn_lr: f64,
    /// Seed of the noise; at most `i64::MAX`.
    #[serde(serialize_with = "saturating")]
    pub seed: u64,
    /// Time after which to stop, for instance `"1h30m"`; empty: none.
    pub time: String,
    /// Every so many phases leave weights of their own; 0: none do.
    pub keep: usize,
}

impl PhaseSettings {
    /// Whether a phase trains on pictures that were not chosen.
    #[must_use]
    pub fn uses_every_picture(&self) -> bool {
        self.finish > 0 || self.drawn > 0
    }
}

/// Pictures of a step with noise drawn anew when nobody says otherwise.
fn usual_batch() -> usize {
    10
}

/// Largest change of such a step when nobody says otherwise.
fn usual_lr() -> f64 {
    0.03
}

/// Every setting of a restorer, in the order of a written recipe.
pub(super) static SETTINGS: &[Setting] = &[
    row("task.kind", Kind::Word(TaskKind::KEYS), "what is learned"),
    row(
        "model.method",
        Kind::Word(RestoreMethod::KEYS),
        "learned method that removes the noise",
    ),
    row(
        "model.size",
        Kind::Count,
        "rows and columns of a filter: 3, 5 or 7",
    ),
    row("model.steps", Kind::Count, "steps of the method"),
    row(
        "model.scheme",
        Kind::Text,
        "how a step is taken: euler, lm, …; empty: euler for trd, csf has none",
    ),
    row(
        "model.sigma",
        Kind::Number,
        "standard deviation of the noise, in grey levels of 0..255",
    ),
    row(
        "model.start",
        Kind::Text,
        "weights to start from, a file or bundled ones; empty: the published start",
    ),
    row("data.dir", Kind::Text, "folder of the pictures"),
    row(
        "data.every",
        Kind::Count,
        "train on every n-th picture of the folder, in the order of names",
    ),
    row(
        "data.skip",
        Kind::Count,
        "pictures left out before the first",
    ),
    row(
        "data.test_dir",
        Kind::Text,
        "folder of the pictures that are measured on; empty: data.dir",
    ),
    row(
        "data.test_every",
        Kind::Count,
        "measure on every n-th picture of that folder; 0: all of data.test_dir, none of data.dir",
    ),
    row(
        "data.test_skip",
        Kind::Count,
        "pictures of that folder left out before the first",
    ),
    row(
        "data.noise",
        Kind::Text,
        "what happens to clean pictures, such as camera:iso=1600; empty: Gaussian noise of model.sigma",
    ),
    row(
        "train.greedy",
        Kind::Count,
        "iterations of L-BFGS on each step by itself",
    ),
    row(
        "train.joint",
        Kind::Count,
        "iterations on all steps together",
    ),
    row(
        "train.finish",
        Kind::Count,
        "iterations on all steps together and every picture of the folder, at the end",
    ),
    row(
        "train.drawn",
        Kind::Count,
        "steps of Adam at the end, each on a few pictures of the folder with noise drawn anew (trd: all steps together, csf: for each stage)",
    ),
    row(
        "train.drawn_batch",
        Kind::Count,
        "pictures of a step of Adam",
    ),
    row(
        "train.drawn_lr",
        Kind::Number,
        "largest change of a step of Adam, in parts of the size of filters and functions; it falls to 0 along a cosine",
    ),
    row("train.seed", Kind::Count, "seed of the noise"),
    row(
        "train.time",
        Kind::Text,
        "stop after this time, for instance 1h30m; empty: never",
    ),
    row(
        "train.keep",
        Kind::Count,
        "keep the weights of every n-th phase, as weights/phase-0002.safetensors; 0: only the best and the last",
    ),
];

impl Default for RestoreRecipe {
    fn default() -> Self {
        RestoreRecipe {
            task: TaskSettings {
                kind: TaskKind::Restore,
            },
            model: ModelSettings {
                method: RestoreMethod::Trd,
                size: 5,
                steps: 5,
                scheme: String::new(),
                sigma: 25.0,
                start: String::new(),
            },
            data: PictureSettings {
                dir: String::new(),
                every: 1,
                skip: 0,
                test_dir: String::new(),
                test_every: 0,
                test_skip: 0,
                noise: String::new(),
            },
            train: PhaseSettings {
                greedy: 40,
                joint: 0,
                finish: 0,
                drawn: 0,
                drawn_batch: usual_batch(),
                drawn_lr: usual_lr(),
                seed: 0,
                time: String::new(),
                keep: 0,
            },
        }
    }
}

impl RestoreRecipe {
    /// The scheme that steps the model, its key or the text of its definition; CSF has none.
    #[must_use]
    pub fn scheme(&self) -> Option<&str> {
        match (self.model.method, self.model.scheme.as_str()) {
            (RestoreMethod::Csf, _) => None,
            (RestoreMethod::Trd, "") => Some("euler"),
            (RestoreMethod::Trd, named) => Some(facts(named).map_or(named, |f| f.written())),
        }
    }

    /// What the model is called: `trd-5x5`, `lm-trd-5x5`, `csf-7x7`.
    #[must_use]
    pub fn model_name(&self) -> String {
        let scheme = match self.scheme() {
            None | Some("euler") => String::new(),
            Some(scheme) => format!("{}-", facts(scheme).map_or(scheme, |f| f.key)),
        };
        let size = self.model.size;
        format!("{scheme}{}-{size}x{size}", self.model.method)
    }

    /// What happens to clean pictures.
    ///
    /// # Errors
    /// [`BadDegradation`] if `data.noise` is no words for it.
    pub fn degradation(&self) -> Result<Box<dyn Degradation>, BadDegradation> {
        if self.data.noise.is_empty() {
            let sigma = self.model.sigma;
            return Ok(Box::new(Gaussian { sigma }));
        }
        degradation(&self.data.noise)
    }

    /// Whether there are pictures to measure on.
    #[must_use]
    pub fn has_test(&self) -> bool {
        !self.data.test_dir.is_empty() || self.data.test_every > 0
    }
}

impl TaskRecipe for RestoreRecipe {
    const TASK: TaskKind = TaskKind::Restore;

    fn findings(&self) -> Vec<Finding> {
        let mut found = Findings::default();
        model(self, &mut found);
        data(self, &mut found);
        train(self, &mut found);
        found.in_order_of(SETTINGS)
    }

    fn may_change(&self, path: &str) -> bool {
        // What is measured leaves the training as it was, but a run has one set of test pictures; only
        // their place may change.
        path == "data.test_dir" && !self.data.test_dir.is_empty()
    }

    fn time(&self) -> &str {
        &self.train.time
    }

    fn keep(&self) -> usize {
        self.train.keep
    }

    fn seed(&self) -> u64 {
        self.train.seed
    }

    fn seed_mut(&mut self) -> &mut u64 {
        &mut self.train.seed
    }
}

fn model(recipe: &RestoreRecipe, found: &mut Findings) {
    let model = &recipe.model;
    found.require(
        matches!(model.size, 3 | 5 | 7),
        "model.size",
        "filters have 3, 5 or 7 rows",
    );
    found.require(
        (1..=64).contains(&model.steps),
        "model.steps",
        "must be from 1 to 64",
    );
    found.require(
        model.sigma > 0.0 && model.sigma <= 255.0,
        "model.sigma",
        "must lie above 0 and at most at 255",
    );
    if model.scheme.is_empty() {
        return;
    }
    if model.method == RestoreMethod::Csf {
        let hint = "leave it empty, or train `trd` with `--set model.method=trd`";
        found.problem(
            "model.scheme",
            "a cascade of shrinkage fields has no scheme",
            Some(hint),
        );
        return;
    }
    // One evaluation per step, and a state in one part: what a step of a diffusion can be.
    let fitting = || {
        let fit = schemes()
            .into_iter()
            .filter(|s| s.stages.max(s.start_stages) == 1 && s.parts == 1)
            .map(|s| s.key);
        fit.collect::<Vec<_>>()
    };
    match facts(&model.scheme) {
        Err(unknown) if unknown.problem().is_some() => {
            found.problem("model.scheme", &unknown.to_string(), Some(&unknown.hint()));
        }
        Err(_) => {
            let close = near(&model.scheme, fitting());
            let hint = if close.is_empty() {
                format!("schemes that fit: {}", quoted(&fitting(), ", "))
            } else {
                format!("did you mean {}?", quoted(&close, " or "))
            };
            found.problem("model.scheme", "there is no such scheme", Some(&hint));
        }
        Ok(facts) if facts.stages.max(facts.start_stages) != 1 || facts.parts != 1 => found
            .problem(
                "model.scheme",
                "it evaluates its block more than once per step or splits its state",
                Some(&format!("schemes that fit: {}", quoted(&fitting(), ", "))),
            ),
        Ok(_) => {}
    }
}

fn data(recipe: &RestoreRecipe, found: &mut Findings) {
    let data = &recipe.data;
    found.require_or(
        data.every > 0,
        "data.every",
        "must be at least 1",
        Some("1 uses every picture"),
    );
    found.require_or(
        data.test_skip == 0 || recipe.has_test(),
        "data.test_skip",
        "nothing is measured, so there is nothing to leave out",
        Some("set `data.test_dir` or `data.test_every` too"),
    );
    let held_out = data.test_dir.is_empty() && data.test_every > 0;
    found.require_or(
        !(held_out && recipe.train.uses_every_picture()),
        "data.test_every",
        "`train.finish` and `train.drawn` train on every picture of the folder, so none is left to measure on",
        Some("give other pictures with `data.test_dir`, or set `train.finish = 0` and `train.drawn = 0`"),
    );
    match recipe.degradation() {
        Err(bad) => found.problem("data.noise", &bad.why, Some(&bad.hint)),
        Ok(noise) if !data.noise.is_empty() && noise.sigma().is_some() => found.problem(
            "data.noise",
            "the level of Gaussian noise is `model.sigma`",
            Some("leave it empty, and say the level with `--set model.sigma=25`"),
        ),
        Ok(_) => {}
    }
}

fn train(recipe: &RestoreRecipe, found: &mut Findings) {
    let train = &recipe.train;
    found.require_or(
        train.greedy + train.joint + train.finish + train.drawn > 0,
        "train.greedy",
        "`train.greedy`, `train.joint`, `train.finish` and `train.drawn` are all 0: nothing would be trained",
        Some("set `train.greedy = 40`"),
    );
    if recipe.model.method == RestoreMethod::Csf {
        for (path, count) in [("train.joint", train.joint), ("train.finish", train.finish)] {
            found.require_or(
                count == 0,
                path,
                "must be 0: a cascade is trained stage by stage",
                Some("`train.greedy` and `train.drawn` say how long each stage is trained"),
            );
        }
    }
    found.require(
        (1..=10_000).contains(&train.drawn_batch),
        "train.drawn_batch",
        "must be from 1 to 10000",
    );
    found.require(
        train.drawn_lr > 0.0 && train.drawn_lr <= 1.0,
        "train.drawn_lr",
        "must lie above 0 and at most at 1",
    );
    for (path, usual) in [
        ("train.drawn_batch", train.drawn_batch == usual_batch()),
        ("train.drawn_lr", train.drawn_lr == usual_lr()),
    ] {
        found.require_or(
            usual || train.drawn > 0,
            path,
            "is for the steps of `train.drawn`, and there are none",
            Some("set `train.drawn = 400` too, or leave it out"),
        );
    }
    // TOML has signed integers only, and a recipe must survive being saved.
    found.require(
        train.seed <= i64::MAX as u64,
        "train.seed",
        "must be at most 9223372036854775807, the largest whole number of TOML",
    );
    if let Err(message) = parse_time(&train.time) {
        let hint = "write it like `30m`, `1h30m` or `90s`; empty means no limit";
        found.problem("train.time", &message, Some(hint));
    }
}

#[cfg(test)]
#[path = "restore_tests.rs"]
mod tests;
