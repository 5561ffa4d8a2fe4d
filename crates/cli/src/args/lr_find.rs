//! What can be asked of `timestep lr-find`?

use super::{Overwrite, RecipeFlags};
use clap::Args;
use std::path::PathBuf;

/// `timestep lr-find`
#[derive(Args, Debug)]
#[command(after_help = AFTER)]
pub(crate) struct LrFind {
    /// `<data>/<network>`, or a recipe file [default: digits/lm-resnet-20]
    pub(crate) recipe: Option<String>,
    #[command(flatten)]
    pub(crate) flags: RecipeFlags,
    /// Learning rate of the first step
    #[arg(
        long,
        value_name = "X",
        default_value_t = 1e-4,
        allow_hyphen_values = true
    )]
    pub(crate) from: f64,
    /// Learning rate of the last step
    #[arg(
        long,
        value_name = "X",
        default_value_t = 3.0,
        allow_hyphen_values = true
    )]
    pub(crate) to: f64,
    /// Number of steps
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(10..=100_000))]
    pub(crate) iterations: u64,
    /// Where to compute: cpu, cpu-bf16 (less memory), exact (double precision, slow), or a GPU in builds that have one
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
    /// Write loss against rate as a picture
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
}

/// Shown at the end of its help.
const AFTER: &str = "\
The rate rises from step to step (Smith 2017); the suggestion is where the
smoothed loss falls fastest. Nothing is written but the picture.
Example:
  timestep lr-find cifar10/lm-resnet-20 --svg rate.svg";
