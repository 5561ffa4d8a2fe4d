//! What is each setting called, what type has it, and what does it mean?
//!
//! One row for each setting, in the order in which a recipe is written: here those of classifiers,
//! those of restorers in [`restore`](super::restore). Unknown names, wrong types, the table of
//! `config show` and the commented template all come from it; a test compares it with
//! [`Recipe`](super::Recipe).

use super::kind::Kind;
use super::own;
use super::words::{ActivationsKind, BetweenKind, CoefficientKind, CropKind, PadMode, TaskKind};
use crate::optimisers::OPTIMISERS;
use crate::schedules::SCHEDULES;
use std::sync::LazyLock;

/// One setting of a recipe.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Section and key, for instance `train.epochs`.
    pub path: &'static str,
    /// Its type.
    pub kind: Kind,
    /// What it means, in one phrase.
    pub about: &'static str,
    /// Keys of its publications in the bibliography.
    pub references: &'static [&'static str],
}

pub(super) const fn row(path: &'static str, kind: Kind, about: &'static str) -> Setting {
    Setting {
        path,
        kind,
        about,
        references: &[],
    }
}

/// A setting that was published.
const fn cited(references: &'static [&'static str], setting: Setting) -> Setting {
    Setting {
        references,
        ..setting
    }
}

/// One of the names of a registry. The list is made once in the life of the program.
fn one_of(keys: impl Iterator<Item = &'static str>) -> Kind {
    Kind::Word(keys.collect::<Vec<_>>().leak())
}

/// Every setting of a classifier, in the order of a written recipe, with what noises, optimisers and schedules declare in
/// their files.
pub(super) static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
    let name = "optimiser.name";
    let optimiser = row(
        name,
        one_of(OPTIMISERS.keys()),
        "rule that moves the weights",
    );
    let name = "schedule.name";
    let schedule = row(
        name,
        one_of(SCHEDULES.keys()),
        "shape of the learning rate over time",
    );
    let mut rows = FIRST.to_vec();
    rows.extend(own::rows("noise."));
    rows.extend(TRAIN);
    rows.extend([optimiser, LR]);
    rows.extend(own::rows("optimiser."));
    rows.extend(DECAY);
    rows.push(schedule);
    rows.extend(WARMUP);
    rows.extend(own::rows("schedule."));
    rows
});

/// Data and network.
static FIRST: &[Setting] = &[
    row("task.kind", Kind::Word(TaskKind::KEYS), "what is learned"),
    row("data.name", Kind::Text, "name of the data set"),
    row(
        "data.dir",
        Kind::Text,
        "folder of its files, or the file that it is; empty: the usual place",
    ),
    row(
        "data.classes",
        Kind::Names,
        "classes used, such as 0,1,2; empty: all",
    ),
    row(
        "data.limit",
        Kind::Count,
        "training images used, the same for every seed; 0: all",
    ),
    row(
        "data.size",
        Kind::Count,
        "height and width to resize images to; 0: as the data says",
    ),
    row(
        "data.held_out",
        Kind::Number,
        "share of each class to test with, where the data does not say; 0: a fifth",
    ),
    row(
        "data.split_seed",
        Kind::Count,
        "seed with which these test images are chosen",
    ),
    row(
        "data.pad",
        Kind::Count,
        "pixels of border before a random crop; 0: no crop",
    ),
    row(
        "data.pad_mode",
        Kind::Word(PadMode::KEYS),
        "what the border is filled with",
    ),
    row(
        "data.flip",
        Kind::Switch,
        "mirror half of the images, at random",
    ),
    row(
        "data.alternate_flip",
        Kind::Switch,
        "mirror the other half in the next epoch, instead of drawing anew",
    ),
    row(
        "data.resize",
        Kind::Count,
        "image folder: shorter side before the centre crop of a test image; 0: fill the crop",
    ),
    row(
        "data.crop",
        Kind::Word(CropKind::KEYS),
        "which part of a training image is seen",
    ),
    row(
        "data.scale",
        Kind::Numbers,
        "random-resized: shares of the area; scale: shorter sides; empty: the published ones",
    ),
    row(
        "data.jitter",
        Kind::Numbers,
        "random change of brightness, contrast, saturation; empty: none",
    ),
    cited(
        &["cubuk2020randaugment"],
        row(
            "data.rand_augment",
            Kind::Counts,
            "random operations on each image and their magnitude, such as 2,9; empty: none",
        ),
    ),
    cited(
        &["devries2017improved"],
        row(
            "data.cutout",
            Kind::Count,
            "side of the square of each image that is blanked; 0: none",
        ),
    ),
    cited(
        &["zhang2018mixup"],
        row(
            "data.mixup",
            Kind::Number,
            "alpha of the shares in which images of a batch are mixed; 0: not mixed",
        ),
    ),
    row(
        "data.mean",
        Kind::Numbers,
        "mean of each channel; empty: of the training images",
    ),
    row(
        "data.std",
        Kind::Numbers,
        "deviation of each channel; empty: of the training images",
    ),
    row("network.preset", Kind::Text, "published network"),
    row(
        "network.body",
        Kind::Text,
        "what stands around the steps; empty: as the preset",
    ),
    row(
        "network.block",
        Kind::Text,
        "right-hand side f; empty: as the preset",
    ),
    row(
        "network.scheme",
        Kind::Text,
        "how f becomes a step; empty: as the preset",
    ),
    row(
        "network.noise",
        Kind::Text,
        "what makes steps random; empty: as the preset",
    ),
    row(
        "network.steps",
        Kind::Counts,
        "steps of each segment; empty: as the preset",
    ),
    row(
        "network.h",
        Kind::Numbers,
        "step size of all steps, each segment or each step; empty: as the preset, 1; of implicit schemes 0.1",
    ),
    row(
        "network.rtol",
        Kind::Number,
        "error a step may make, as a share of the state, where the scheme is a pair and chooses its steps; 0: they are fixed",
    ),
    row(
        "network.atol",
        Kind::Number,
        "size of a number of the state below which it counts no more, times rtol; 0: a hundredth of rtol",
    ),
    row(
        "network.evaluations",
        Kind::Count,
        "most evaluations of the block in a segment that chooses its steps; 0: 1000",
    ),
    row(
        "network.between",
        Kind::Word(BetweenKind::KEYS),
        "weights between those of two steps, where steps are chosen; empty: linear",
    ),
    row(
        "network.width",
        Kind::Count,
        "channels of the first segment; 0: as the preset",
    ),
    row(
        "network.classes",
        Kind::Count,
        "classes to tell apart; 0: as the data",
    ),
    row(
        "network.coefficient",
        Kind::Word(CoefficientKind::KEYS),
        "learned coefficient per step or per channel; empty: as the preset",
    ),
    row(
        "network.activations",
        Kind::Word(ActivationsKind::KEYS),
        "store activations or reconstruct them; empty: as the preset",
    ),
    row(
        "network.dropout",
        Kind::Number,
        "share of features set to zero in training; -1: as the preset",
    ),
    row(
        "network.drop_path",
        Kind::Number,
        "FractalNet: share of branches left out in training; -1: as the preset",
    ),
];

/// How long, in what portions, from which seed.
static TRAIN: &[Setting] = &[
    row(
        "train.epochs",
        Kind::Count,
        "passes over the training images",
    ),
    row("train.batch", Kind::Count, "images in a training batch"),
    row(
        "train.eval_batch",
        Kind::Count,
        "images in a batch that is only measured",
    ),
    row("train.seed", Kind::Count, "seed of every random draw"),
    row(
        "train.label_smoothing",
        Kind::Number,
        "share of the target spread over all classes",
    ),
    row(
        "train.time",
        Kind::Text,
        "stop after this time, for instance 1h30m; empty: never",
    ),
    row(
        "train.overfit",
        Kind::Count,
        "train and measure on this many images; 0: all",
    ),
    row(
        "train.clip_norm",
        Kind::Number,
        "shorten gradients to this norm; 0: never",
    ),
    cited(
        &["haber2017stable"],
        row(
            "train.depth_penalty",
            Kind::Number,
            "penalty on what changes from step to step of a segment, such as 0.05; 0: none",
        ),
    ),
    cited(
        &["delattre2023gram"],
        row(
            "train.lipschitz",
            Kind::Number,
            "largest Lipschitz constant of the block of a step, proved, such as 2 for `parabolic` with Euler; 0: any",
        ),
    ),
    row(
        "train.accumulate",
        Kind::Count,
        "parts that a batch is computed in, to need less memory",
    ),
    row(
        "train.shards",
        Kind::Count,
        "parts of a batch that several processes share out; the result depends on it, not on their number",
    ),
    row(
        "train.ema",
        Kind::Number,
        "decay of an average of the weights, such as 0.999; 0: none",
    ),
    row(
        "train.patience",
        Kind::Count,
        "stop after this many epochs without a better top-1; 0: never",
    ),
    row(
        "train.keep",
        Kind::Count,
        "keep the weights of every n-th epoch, as weights/epoch-0010.safetensors; 0: only the best and the last",
    ),
    row(
        "train.init",
        Kind::Text,
        "weights to start from, a file or a run; empty: random ones",
    ),
    row(
        "train.freeze",
        Kind::Names,
        "parts that are not trained: stem, layer1, …, head; empty: none",
    ),
];

/// The rate, in the units of the optimiser.
const LR: Setting = row(
    "optimiser.lr",
    Kind::Number,
    "highest learning rate of the schedule",
);

/// What every optimiser has beside its rate.
static DECAY: &[Setting] = &[
    row("optimiser.weight_decay", Kind::Number, "weight decay"),
    row(
        "optimiser.decay_norms",
        Kind::Switch,
        "decay normalisations and biases too",
    ),
    row(
        "optimiser.decay_coefficients",
        Kind::Switch,
        "decay learned coefficients too",
    ),
];

/// What every schedule has.
static WARMUP: &[Setting] = &[
    row(
        "schedule.warmup_epochs",
        Kind::Number,
        "epochs of linear rise; one-cycle has its own",
    ),
    row(
        "schedule.warmup_factor",
        Kind::Number,
        "share of the rate that the rise begins from",
    ),
    row(
        "schedule.lr_batch",
        Kind::Count,
        "batch that the rate is meant for; others change it in proportion; 0: none do",
    ),
];

/// Every setting of a recipe of this task, in the order of a written recipe.
#[must_use]
pub fn settings(task: TaskKind) -> &'static [Setting] {
    match task {
        TaskKind::Classify => &SETTINGS,
        TaskKind::Restore => super::restore::SETTINGS,
    }
}

/// The setting of a task with this path.
#[must_use]
pub fn setting(task: TaskKind, path: &str) -> Option<&'static Setting> {
    settings(task).iter().find(|setting| setting.path == path)
}

/// The sections, in order.
pub(super) fn sections(task: TaskKind) -> Vec<&'static str> {
    let mut sections: Vec<&str> = settings(task)
        .iter()
        .map(|setting| split(setting.path).0)
        .collect();
    sections.dedup();
    sections
}

/// The keys of a section.
pub(super) fn keys(task: TaskKind, section: &str) -> Vec<&'static str> {
    let all = settings(task).iter().map(|setting| split(setting.path));
    all.filter(|(of, _)| *of == section)
        .map(|(_, key)| key)
        .collect()
}

/// Section and key of a path.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.split_once('.').unwrap_or((path, ""))
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
