//! What is shown of the commands below `analyze`?

use super::Entry;
use crate::args::Cli;
use crate::commands::{adaptive, analyze, diffusion, momentum, spectrum, trace, weak_order};
use crate::failure::Failure;
use clap::CommandFactory;
use timestep_registry::{Facts, Kind, named};

/// All analyses, in the order of the command line.
pub(super) static ALL: &[&Question] = &[
    &analyze::ORDER,
    &adaptive::FACTS,
    &weak_order::FACTS,
    &spectrum::FACTS,
    &analyze::MODIFIED_EQUATION,
    &momentum::FACTS,
    &trace::FACTS,
    &diffusion::FACTS,
];

/// An analysis.
pub(crate) struct Question {
    named: Facts,
}

named!(Question);

impl Question {
    /// The analysis that answers a question.
    pub(crate) const fn new(key: &'static str, question: &'static str) -> Self {
        Self {
            named: Facts::new(Kind::Analysis, key, question, ""),
        }
    }

    /// The question, for the help of its command.
    pub(crate) const fn question(&self) -> &'static str {
        self.named.title
    }
}

impl Entry for Question {
    /// What it answers, and how it is asked.
    fn page(&self) -> Result<String, Failure> {
        let mut command = Cli::command();
        // Only a command that is built knows the line that calls it.
        command.build();
        let analyze = command.find_subcommand("analyze").cloned();
        let found = analyze.and_then(|analyze| analyze.find_subcommand(self.key).cloned());
        let usage = found.map_or(String::new(), |found| {
            let found = found.help_template("{usage-heading} {usage}\n\n{all-args}");
            found.clone().render_help().to_string()
        });
        Ok(format!("# Question\n{}\n\n# Use it\n{usage}", self.title))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
