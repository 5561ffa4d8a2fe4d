//! What can be asked of `timestep watch`?

use clap::Args;
use std::path::PathBuf;

/// `timestep watch`
#[derive(Args, Debug)]
#[command(after_help = AFTER)]
pub(crate) struct Watch {
    /// Folder of a run
    pub(crate) run: PathBuf,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    pub(crate) interval: f64,
    /// Look once, also at a run that goes on
    #[arg(long)]
    pub(crate) once: bool,
}

/// Between a tenth of a second and an hour.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "a number of seconds is needed".to_owned())?;
    match (0.1..=3600.0).contains(&seconds) {
        true => Ok(seconds),
        false => Err("0.1 to 3600 seconds are possible".to_owned()),
    }
}

/// Shown at the end of its help.
const AFTER: &str = "\
It reads the log of the run and changes nothing: any number of people may watch, over ssh too.
Ctrl-C ends watching, not the run. Into a file or a pipe it writes what it sees once the run is over (or now, with --once).
Examples:
  timestep watch runs/digits-lm-resnet-20-s0
  timestep watch runs/digits-lm-resnet-20-s0 --once --json";
