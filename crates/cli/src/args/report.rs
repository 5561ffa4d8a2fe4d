//! What can be asked of `timestep report`?

use super::Overwrite;
use clap::Args;
use std::path::PathBuf;

/// `timestep report`
#[derive(Args, Debug)]
#[command(after_help = AFTER)]
pub(crate) struct Report {
    /// Folder of a run
    pub(crate) run: PathBuf,
    /// HTML file to write, or to check [default: report.html in the run]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Markdown file to write [default: report.md in the run]
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    pub(crate) md: Option<PathBuf>,
    /// Folder of the data set, if it is not where the run found it
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Write nothing; compare every number of the HTML file with the records, exit with 1 if one differs
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
}

/// Shown at the end of its help.
const AFTER: &str = "\
The HTML file is complete in itself: no scripts, nothing from the network.
Mistakes on test images are shown if the images are there.
Examples:
  timestep report runs/digits-lm-resnet-20-s0
  timestep report runs/digits-lm-resnet-20-s0 --check";
