//! `timestep completions`: what does a shell need to complete commands?

use crate::args::{Cli, Completions};
use crate::failure::Failure;
use crate::ui::Ui;
use clap::CommandFactory;
use timestep_study::files::ShellScript;

/// Prints the script.
pub(crate) fn run(args: &Completions, ui: Ui) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "timestep", &mut script);
    let script = String::from_utf8_lossy(&script);
    ui.answer(&ShellScript {
        shell: args.shell.to_string(),
        script: script.into_owned(),
    });
    Ok(0)
}
