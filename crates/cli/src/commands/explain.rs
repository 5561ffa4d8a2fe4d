//! `timestep explain`: what is this thing, and when is it used?

use crate::args::{Cli, Explain};
use crate::failure::Failure;
use crate::ui::Ui;
use clap::CommandFactory;
use timestep_registry::Kind;
use timestep_report::names::find;
use timestep_study::names::Explained;

/// Prints the page of a name, Markdown as it was written, and the pages of other things of this name.
pub(crate) fn run(args: &Explain, ui: Ui) -> Result<u8, Failure> {
    let found = find(&args.name)?;
    let mut page = String::new();
    for thing in &found {
        if !page.is_empty() {
            let (key, noun) = (thing.key, thing.kind.noun());
            page = format!("{}\n\n{key} ({noun})\n\n", page.trim_end());
        }
        page.push_str(&thing.page()?);
        if thing.kind == Kind::Analysis {
            page.push_str(&usage(thing.key));
        }
    }
    ui.answer(&Explained {
        kind: found[0].kind.noun(),
        name: found[0].key,
        page,
        measured: found[0].measured(),
    });
    Ok(0)
}

/// How an analysis is asked for: the help of its command.
fn usage(key: &str) -> String {
    let mut command = Cli::command();
    // Only a command that is built knows the line that calls it.
    command.build();
    let analyze = command.find_subcommand("analyze").cloned();
    let found = analyze.and_then(|analyze| analyze.find_subcommand(key).cloned());
    found.map_or(String::new(), |found| {
        let found = found.help_template("{usage-heading} {usage}\n\n{all-args}");
        found.clone().render_help().to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use timestep_report::names::analyses::ALL;

    #[test]
    fn every_analysis_of_the_command_line_is_registered() {
        let command = Cli::command();
        let analyze = command.find_subcommand("analyze").expect("a command");
        let names: Vec<&str> = analyze
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        let keys: Vec<&str> = ALL.iter().map(|facts| facts.key).collect();
        assert_eq!(names, keys);
        for command in analyze.get_subcommands() {
            let about = command.get_about().expect("a question").to_string();
            assert!(ALL.iter().any(|facts| facts.title == about), "{about}");
        }
    }
}
