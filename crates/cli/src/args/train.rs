//! What can be asked of `timestep train`, and of its weights afterwards by `eval` and `predict`?

use super::Overwrite;
use clap::Args;
use std::path::PathBuf;

/// Settings of a recipe that have a flag of their own.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct RecipeFlags {
    /// Seed of every random draw
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) seed: Option<String>,
    /// Passes over the training images
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) epochs: Option<String>,
    /// Images in a batch
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) batch: Option<String>,
    /// Learning rate
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub(crate) lr: Option<String>,
    /// Published network: see `timestep list networks`
    #[arg(long, value_name = "NAME")]
    pub(crate) net: Option<String>,
    /// Right-hand side f: see `timestep list blocks`
    #[arg(long, value_name = "NAME")]
    pub(crate) block: Option<String>,
    /// How f becomes a step: see `timestep list schemes`
    #[arg(long, value_name = "NAME")]
    pub(crate) scheme: Option<String>,
    /// A scheme of your own, as TOML: a tableau, a multistep method or a composition
    #[arg(long, value_name = "FILE", conflicts_with = "scheme")]
    pub(crate) scheme_file: Option<PathBuf>,
    /// What makes the steps random: see `timestep list noises`
    #[arg(long, value_name = "NAME")]
    pub(crate) noise: Option<String>,
    /// Rule that moves the weights: see `timestep list optimisers`
    #[arg(long, value_name = "NAME")]
    pub(crate) optimiser: Option<String>,
    /// Steps of each segment, such as 3,3,3; of a restorer one number
    #[arg(long, value_name = "N,N,…", allow_hyphen_values = true)]
    pub(crate) steps: Option<String>,
    /// Channels of the first segment
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) width: Option<String>,
    /// Data set: see `timestep list data`
    #[arg(long, value_name = "NAME")]
    pub(crate) data: Option<String>,
    /// Folder of the data set, or of the pictures that a restorer is trained on
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<String>,
    /// Height and width in pixels that images of a folder or list are resized to
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) size: Option<String>,
    /// Train and measure on N images only
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) overfit: Option<String>,
    /// Stop after this time, such as 30m
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) time: Option<String>,
    /// Weights to start from: a file, or a run folder (its best weights)
    #[arg(long, value_name = "WEIGHTS")]
    pub(crate) init: Option<String>,
    /// Parts that are not trained: stem, layer1, …, head
    #[arg(long, value_name = "PART,…")]
    pub(crate) freeze: Option<String>,
    /// Any setting of the recipe, such as train.label_smoothing=0.1
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) sets: Vec<String>,
}

/// `timestep train`
#[derive(Args, Debug)]
pub(crate) struct Train {
    /// A folder of pictures, a CSV list, an npz file; or `<data>/<network>`, `denoising/<model>`, a recipe file [default: digits/lm-resnet-20]
    #[arg(conflicts_with = "resume")]
    pub(crate) recipe: Option<String>,
    /// Continue the run in this folder
    #[arg(long, value_name = "RUN")]
    pub(crate) resume: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) flags: RecipeFlags,
    /// Train N times, with seeds counted up from the recipe's
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "resume", value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub(crate) seeds: u64,
    /// Where to compute: cpu, cpu-bf16 (less memory), exact (double precision, slow), or a GPU in builds that have one
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
    /// Folder for run folders
    #[arg(
        long,
        value_name = "DIR",
        default_value = "runs",
        conflicts_with = "resume"
    )]
    pub(crate) out: PathBuf,
    /// Name of the run folder [default: from data or noise, model and seed]
    #[arg(long, conflicts_with = "resume")]
    pub(crate) name: Option<String>,
    /// Check everything, take one step in memory, write nothing
    #[arg(long, conflicts_with = "resume")]
    pub(crate) dry_run: bool,
    /// A further log: tensorboard
    #[arg(long, value_name = "LOG")]
    pub(crate) log: Vec<String>,
    /// Exit with 1 unless this holds at the end, such as 'top1>=0.9' (of a restorer 'psnr>=28')
    #[arg(long, value_name = "CONDITION")]
    pub(crate) require: Vec<String>,
    /// Show the run on a page of this machine while it goes on, at a port that is free or at PORT
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "0", conflicts_with = "dry_run")]
    pub(crate) live: Option<u16>,
    /// Write no report.html at the end
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) no_report: bool,
}

/// `timestep eval`
#[derive(Args, Debug)]
pub(crate) struct Eval {
    /// A weights file, or a run folder (its best weights)
    pub(crate) weights: PathBuf,
    /// Data set [default: the one it was trained on]
    #[arg(long, value_name = "NAME")]
    pub(crate) data: Option<String>,
    /// Folder of the data set
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Images in a batch
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) batch: u64,
    /// Where to compute: cpu, cpu-int8 (wide layers faster and less precise), exact (double precision, slow), or a GPU in builds that have one
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
    /// File for all that was measured, as JSON [default: evaluation.json in the run]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
    /// Exit with 1 unless this holds, such as 'top1>=0.9'
    #[arg(long, value_name = "CONDITION")]
    pub(crate) require: Vec<String>,
    /// Take weights that are NaN or infinite
    #[arg(long)]
    pub(crate) allow_non_finite: bool,
}

/// `timestep predict`
#[derive(Args, Debug)]
pub(crate) struct Predict {
    /// A weights file, or a run folder (its best weights)
    pub(crate) weights: PathBuf,
    /// Image files, folders of them, patterns such as 'a/*.jpg', or - for one image on standard input
    #[arg(required = true)]
    pub(crate) images: Vec<PathBuf>,
    /// Table to write, .csv, .json or .jsonl [default: to standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
    /// Where to compute: cpu, cpu-int8 (wide layers faster and less precise), exact (double precision, slow), or a GPU in builds that have one
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
    /// Average over mirrored and moved images, as the network saw them in training
    #[arg(long)]
    pub(crate) tta: bool,
    /// How many classes to show
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) top: u64,
    /// Show grey files in all three channels to a network for RGB images, as one that was trained on image files sees them without this
    #[arg(long)]
    pub(crate) grey_as_rgb: bool,
    /// Take weights that are NaN or infinite
    #[arg(long)]
    pub(crate) allow_non_finite: bool,
}
