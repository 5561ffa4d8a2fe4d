//! What can be asked of `timestep compare`?

use super::Overwrite;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `timestep compare`
#[derive(Args, Debug)]
#[command(after_help = AFTER)]
pub(crate) struct Compare {
    /// Folders of runs; those that differ in the seed only form a group
    #[arg(required = true, value_name = "RUN")]
    pub(crate) runs: Vec<PathBuf>,
    /// Which epoch (of a restorer: phase) of a run counts
    #[arg(long, value_enum, default_value = "last")]
    pub(crate) metric: MetricArg,
    /// Take differences between runs of the same seed, which must be there in every group
    #[arg(long)]
    pub(crate) paired: bool,
    /// Propose networks of the same size or cost as the first run's, with the commands to train them
    #[arg(long)]
    pub(crate) baselines: bool,
    /// Write the table as Markdown
    #[arg(long, value_name = "FILE")]
    pub(crate) md: Option<PathBuf>,
    /// Write the curves of all runs as a picture
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
}

/// Which epoch counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MetricArg {
    /// The best one on the test images or pictures: it flatters
    Best,
    /// The last one
    Last,
}

/// Shown at the end of its help.
const AFTER: &str = "\
Differences are to the first group, with a 95 % confidence interval (Welch, or
with --paired Student's for the differences of runs with the same seed); one that
chance explains is called inconclusive.
Examples:
  timestep train --seeds 3 && timestep train --net preresnet-20 --seeds 3
  timestep compare runs/digits-preresnet-20-s* runs/digits-lm-resnet-20-s*";
