//! What can be asked of `timestep resample` and `timestep analyze convergence`?

use super::Overwrite;
use super::dynamics::Images;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// How a network is sampled otherwise.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Sampling {
    /// What weights are between the steps that were trained [default: linear]
    #[arg(long, value_enum)]
    pub(crate) interpolation: Option<InterpolationArg>,
    /// What happens to learned coefficients [default: rescaled, where a step has one number]
    #[arg(long, value_enum)]
    pub(crate) coefficients: Option<CoefficientsArg>,
    /// Where running statistics of norms come from [default: interpolated]
    #[arg(long, value_enum)]
    pub(crate) statistics: Option<StatisticsArg>,
}

/// What weights are between steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InterpolationArg {
    /// Linear between the middles of the steps
    Linear,
    /// Those of the step in whose time it is
    Constant,
}

/// What happens to coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CoefficientsArg {
    /// The modified equation stays what it was, inertia included
    Rescaled,
    /// They stay, and the equation without inertia with them
    Kept,
}

/// Where running statistics come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatisticsArg {
    /// As weights
    Interpolated,
    /// Up to 2048 training images
    Measured,
}

/// `timestep resample`
#[derive(Args, Debug)]
#[command(after_help = RESAMPLE)]
pub(crate) struct Resample {
    /// A weights file, or a run folder (its best weights)
    pub(crate) weights: PathBuf,
    /// Steps of each segment, those of transitions counted
    #[arg(long, value_name = "N,N,N", value_delimiter = ',', required = true)]
    pub(crate) steps: Vec<usize>,
    /// Weights file to write
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Write a recipe that trains on from there
    #[arg(long, value_name = "FILE")]
    pub(crate) recipe: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sampling: Sampling,
    /// Folder of the data set, for measured statistics [default: that of the training]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Seed with which training images are drawn for them [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
}

/// Shown at the end of its help.
const RESAMPLE: &str = "\
The same differential equation with more or fewer steps of another size.
Examples:
  timestep resample runs/tour --steps 6,5,5 -o finer.safetensors
  timestep resample runs/tour --steps 6,5,5 -o finer.safetensors --recipe finer.toml
  timestep train finer.toml";

/// `timestep analyze convergence`
#[derive(Args, Debug)]
#[command(after_help = CONVERGENCE)]
pub(crate) struct ConvergenceArgs {
    /// Weights files or run folders (their best weights)
    #[arg(required = true)]
    pub(crate) weights: Vec<PathBuf>,
    /// How many times as many steps, transitions' own left out [default: 0.5,1,2,4]
    #[arg(long, value_name = "X,X,X", value_delimiter = ',')]
    pub(crate) times: Vec<f64>,
    #[command(flatten)]
    pub(crate) sampling: Sampling,
    #[command(flatten)]
    pub(crate) images: Images,
    /// Write accuracy and distance against the number of steps as a picture
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Write every row as comma-separated values
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
}

/// Shown at the end of its help.
const CONVERGENCE: &str = "\
On all test images by default. Networks trained with train.depth_penalty are
made to be differential equations.
Example:
  timestep analyze convergence runs/plain runs/smooth --svg steps.svg";
