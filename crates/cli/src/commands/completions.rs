//! `timestep completions`: what does a shell need to complete commands?

use crate::args::{Cli, Completions};
use crate::failure::Failure;
use crate::ui::Ui;
use clap::CommandFactory;
use serde_json::json;

/// Prints the script.
pub(crate) fn run(args: &Completions, ui: Ui) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "timestep", &mut script);
    let script = String::from_utf8_lossy(&script);
    if ui.json {
        ui.object(json!({"shell": args.shell.to_string(), "script": script}));
    } else {
        ui.data(&script);
    }
    Ok(0)
}
