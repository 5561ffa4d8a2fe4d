//! Which settings does a recipe have, and what are they when nobody says otherwise?
//!
//! An empty string, an empty list or a zero means "as the preset says" in `[network]` and "as
//! the data says" in `[data]`: TOML has no null, and a saved recipe must show every setting.

use super::words::{ActivationsKind, BetweenKind, CoefficientKind, CropKind, PadMode, TaskKind};
use crate::optimisers::{Optimiser, OptimiserError, OptimiserFacts, optimiser, optimisers};
use crate::schedules::schedule_settings;
use serde::{Deserialize, Serialize};
use timestep_numerics::Per;
use timestep_numerics::noise::noise_settings;
use timestep_registry::Values;

/// Everything that repeats the training of a classifier.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// `[task]`
    pub task: TaskSettings,
    /// `[data]`
    pub data: DataSettings,
    /// `[network]`
    pub network: NetworkSettings,
    /// `[noise]`
    pub noise: NoiseSection,
    /// `[train]`
    pub train: TrainSettings,
    /// `[optimiser]`
    pub optimiser: OptimiserSettings,
    /// `[schedule]`
    pub schedule: ScheduleSettings,
}

/// `[task]`: what is learned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskSettings {
    /// The task.
    pub kind: TaskKind,
}

/// `[data]`: which images, and what is done to them before the network sees them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSettings {
    /// Name of the data set.
    pub name: String,
    /// Folder of its files, or the file that it is; empty: the usual place.
    pub dir: String,
    /// Names of the classes used; empty: all.
    pub classes: Vec<String>,
    /// Training images used, picked at random once for all seeds; 0: all.
    pub limit: usize,
    /// Height and width that images are resized to; 0: as the data says.
    pub size: usize,
    /// Share of each class that is held out to test with, where the data does not say what is; 0: a fifth.
    pub held_out: f64,
    /// Seed with which these images are chosen.
    pub split_seed: usize,
    /// Pixels of border before a random crop; 0 does not crop.
    pub pad: usize,
    /// What the border is filled with.
    pub pad_mode: PadMode,
    /// Whether every second image, at random, is mirrored left to right.
    pub flip: bool,
    /// Whether the other half of the images is mirrored in the next epoch.
    pub alternate_flip: bool,
    /// Image folder: shorter side that a test image is scaled to before its centre is cut out; 0:
    /// as long as it takes to fill the crop.
    pub resize: usize,
    /// Which part of a training image is seen.
    pub crop: CropKind,
    /// Two numbers: for `random-resized` the least and the greatest share of the area, for `scale`
    /// the least and the greatest shorter side; empty: the published ones.
    pub scale: Vec<f64>,
    /// Three numbers from 0 to 1: greatest change of brightness, contrast and saturation; empty:
    /// none.
    pub jitter: Vec<f64>,
    /// Two numbers: random operations on each image, and their magnitude from 0 to 30; empty: none.
    pub rand_augment: Vec<usize>,
    /// Side of the square of each image that is blanked; 0: none.
    pub cutout: usize,
    /// `α` of the beta distribution of the shares in which images are mixed; 0: they are not.
    pub mixup: f64,
    /// Mean of each channel; empty: computed from the training images.
    pub mean: Vec<f64>,
    /// Standard deviation of each channel; empty: computed from the training images.
    pub std: Vec<f64>,
}

/// `[network]`: a published network, and what differs from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkSettings {
    /// Published name; may be empty when block, scheme and steps say it all.
    pub preset: String,
    /// What stands around the steps.
    pub body: String,
    /// Right-hand side `f`.
    pub block: String,
    /// How `f` becomes a step.
    pub scheme: String,
    /// What makes the steps random.
    pub noise: String,
    /// Steps of each segment.
    pub steps: Vec<usize>,
    /// Step size: one for all steps, one for each segment, or one for each step; empty: as the preset says, which is 1, and 0.1 for
    /// implicit schemes.
    pub h: Vec<f64>,
    /// Error that a step may make, as a share of the state, of pairs that choose their steps; 0: steps are fixed.
    pub rtol: f64,
    /// The same of numbers of the state near 0, in absolute size; 0: a hundredth of `rtol`.
    pub atol: f64,
    /// Most evaluations of the block in a segment that chooses its steps; 0: as many as usual.
    pub evaluations: usize,
    /// What weights are between those of two steps, where steps are chosen.
    pub between: BetweenKind,
    /// Channels of the first segment.
    pub width: usize,
    /// Classes to tell apart; 0: as many as the data has.
    pub classes: usize,
    /// How many numbers a learned coefficient is.
    pub coefficient: CoefficientKind,
    /// Where the backward pass gets activations from.
    pub activations: ActivationsKind,
    /// Share of features set to zero inside blocks in training; -1: as the preset says.
    pub dropout: f64,
    /// FractalNet: share of branches left out of joins in training; -1: as the preset says.
    pub drop_path: f64,
}

/// `[noise]`: how random steps are; which noise it is stands in `network.noise`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoiseSection {
    /// Who shares a draw.
    pub per: Per,
    /// What laws declare in their files, of all laws: the law may be that of the preset.
    #[serde(flatten)]
    pub own: Values,
}

/// `[train]`: how long, in what portions, from which seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainSettings {
    /// Passes over the training images.
    pub epochs: usize,
    /// Images in a training batch.
    pub batch: usize,
    /// Images in a batch that is only measured.
    pub eval_batch: usize,
    /// Seed of every random draw; at most `i64::MAX`, the largest whole number of TOML.
    #[serde(serialize_with = "saturating")]
    pub seed: u64,
    /// Share of the target spread evenly over all classes.
    pub label_smoothing: f64,
    /// Time after which to stop, for instance `"1h30m"`; empty: none.
    pub time: String,
    /// Train and measure on this many images only; 0: on all.
    pub overfit: usize,
    /// Largest norm of a gradient, longer ones are shortened; 0: any.
    pub clip_norm: f64,
    /// Weight of the penalty on what changes from step to step of a segment, which makes its weights functions of depth; 0: none.
    pub depth_penalty: f64,
    /// Largest Lipschitz constant of the right-hand side of a step, proved for the weights that are evaluated; 0: any.
    pub lipschitz: f64,
    /// Parts that a batch is computed in, one after the other, to need less memory.
    pub accumulate: usize,
    /// Parts of a batch that several processes share out: the gradients of one after the other are added along a fixed
    /// tree, so that the result depends on this number and not on that of the processes.
    pub shards: usize,
    /// Decay of the average of the weights that is kept beside them; 0: none is kept.
    pub ema: f64,
    /// Epochs without a better top-1 after which to stop; 0: never.
    pub patience: usize,
    /// Every so many epochs leave weights of their own; 0: none do.
    pub keep: usize,
    /// Weights to start from, a file or the folder of a run; empty: random ones.
    pub init: String,
    /// Parts of the network that are not trained: `stem`, `layer1` and so on, `head`.
    pub freeze: Vec<String>,
}

/// A seed as TOML can write it. A larger one can only be made in code, and is refused by
/// [`Recipe::check`], which must be able to show it first.
pub(super) fn saturating<S: serde::Serializer>(
    seed: &u64,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(i64::try_from(*seed).unwrap_or(i64::MAX))
}

/// `[optimiser]`: how a gradient moves the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OptimiserSettings {
    /// Registry key of the rule.
    pub name: String,
    /// Highest learning rate of the schedule.
    pub lr: f64,
    /// What only this rule has, all of it; [`OptimiserFacts::settings`] says what that is.
    #[serde(flatten)]
    pub own: Values,
    /// Weight decay.
    pub weight_decay: f64,
    /// Whether scales and biases of normalisations, and biases, decay too.
    pub decay_norms: bool,
    /// Whether learned coefficients of the scheme decay too.
    pub decay_coefficients: bool,
}

impl OptimiserSettings {
    /// The settings of an optimiser when nobody says otherwise.
    #[must_use]
    pub fn of(facts: &OptimiserFacts) -> Self {
        OptimiserSettings {
            name: facts.key.to_owned(),
            lr: facts.lr,
            own: facts.defaults(),
            weight_decay: facts.weight_decay,
            decay_norms: true,
            decay_coefficients: false,
        }
    }

    /// The optimiser, at rest.
    ///
    /// # Errors
    /// [`OptimiserError`] if it does not exist or its settings make no sense, which a checked recipe
    /// rules out.
    pub fn make(&self) -> Result<Box<dyn Optimiser>, OptimiserError> {
        optimiser(&self.name, &self.own)
    }
}

/// `[schedule]`: the learning rate over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScheduleSettings {
    /// Registry key of the schedule.
    pub name: String,
    /// Epochs of linear rise before the schedule proper (not used by one-cycle).
    pub warmup_epochs: f64,
    /// Share of the rate that the rise begins from.
    pub warmup_factor: f64,
    /// Batch that the rate is meant for: it is multiplied by `train.batch / lr_batch` (Goyal et al. 2017,
    /// arXiv:1706.02677); 0: the rate is as it stands.
    pub lr_batch: usize,
    /// What schedules declare in their files, of all schedules; each reads its own.
    #[serde(flatten)]
    pub own: Values,
}

impl Default for DataSettings {
    fn default() -> Self {
        DataSettings {
            name: "digits".to_owned(),
            dir: String::new(),
            classes: Vec::new(),
            limit: 0,
            size: 0,
            held_out: 0.0,
            split_seed: 0,
            pad: 0,
            pad_mode: PadMode::Zero,
            flip: false,
            alternate_flip: false,
            resize: 0,
            crop: CropKind::Pad,
            scale: Vec::new(),
            jitter: Vec::new(),
            rand_augment: Vec::new(),
            cutout: 0,
            mixup: 0.0,
            mean: Vec::new(),
            std: Vec::new(),
        }
    }
}

impl Default for NetworkSettings {
    fn default() -> Self {
        NetworkSettings {
            preset: "lm-resnet-20".to_owned(),
            body: String::new(),
            block: String::new(),
            scheme: String::new(),
            noise: String::new(),
            steps: Vec::new(),
            h: Vec::new(),
            rtol: 0.0,
            atol: 0.0,
            evaluations: 0,
            between: BetweenKind::Usual,
            width: 0,
            classes: 0,
            coefficient: CoefficientKind::Preset,
            activations: ActivationsKind::Preset,
            dropout: -1.0,
            drop_path: -1.0,
        }
    }
}

impl Default for NoiseSection {
    fn default() -> Self {
        let own = noise_settings().filter(|(law, _)| law.is_some());
        NoiseSection {
            per: Per::Published,
            own: Values::default().completed(own.map(|(_, setting)| setting)),
        }
    }
}

impl TrainSettings {
    /// The most images of a batch of `batch` that are computed at once.
    #[must_use]
    pub fn part(&self, batch: usize) -> usize {
        batch
            .div_ceil(self.shards.max(1))
            .div_ceil(self.accumulate.max(1))
    }
}

impl Default for TrainSettings {
    fn default() -> Self {
        TrainSettings {
            epochs: 20,
            batch: 128,
            eval_batch: 256,
            seed: 0,
            label_smoothing: 0.0,
            time: String::new(),
            overfit: 0,
            clip_norm: 0.0,
            depth_penalty: 0.0,
            lipschitz: 0.0,
            accumulate: 1,
            shards: 1,
            ema: 0.0,
            patience: 0,
            keep: 0,
            init: String::new(),
            freeze: Vec::new(),
        }
    }
}

impl Default for OptimiserSettings {
    fn default() -> Self {
        OptimiserSettings::of(optimisers()[0])
    }
}

impl Default for ScheduleSettings {
    fn default() -> Self {
        let own = schedule_settings().map(|(_, setting)| setting);
        ScheduleSettings {
            name: "cosine".to_owned(),
            warmup_epochs: 0.0,
            warmup_factor: 0.1,
            lr_batch: 0,
            own: Values::default().completed(own),
        }
    }
}
