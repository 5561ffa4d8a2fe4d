//! `timestep`: trains, analyses and explains deep networks as time-stepping schemes.
//!
//! Reads the command line ([`args`]), runs one command ([`commands`]) and turns its outcome into
//! an exit code ([`failure`]). All printing is in [`ui`].

mod answer;
mod args;
mod commands;
mod failure;
mod guard;
mod inputs;
mod outputs;
mod progress;
mod ranks;
#[cfg(test)]
mod reference;
mod schemes;
mod screen;
mod settings;
mod signals;
#[cfg(test)]
mod spoken;
mod trained;
mod ui;

use args::{Cli, Command, When};
use clap::Parser;
use failure::Failure;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use timestep_study::codes::Code;
use timestep_train::cluster::{Alone, Communicator};
use ui::Ui;

fn main() -> ExitCode {
    signals::survive_limits();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Ranks were all given the same words; the first says what is wrong with them.
            if ranks::is_another() {
                return ExitCode::from(if error.use_stderr() {
                    failure::USAGE
                } else {
                    0
                });
            }
            let json = std::env::args_os().any(|arg| arg == "--json");
            return ExitCode::from(ui::misread(&error, json));
        }
    };
    let terminal = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let colour = match cli.global.color {
        When::Auto => terminal,
        When::Always => true,
        When::Never => false,
    };
    let ui = Ui {
        json: cli.global.json,
        quiet: cli.global.quiet || ranks::is_another(),
        colour,
    };
    let mut all: Arc<dyn Communicator> = Arc::new(Alone);
    let command = || {
        check_kernels()?;
        check_memory()?;
        all = ranks::join(&cli.command)?;
        let threads = ranks::threads(&*all, ui)?;
        set_threads(cli.global.threads.or(threads))?;
        run(cli.command, ui, &all)
    };
    let outcome = guard::guarded(command).map_err(|failure| {
        ranks::await_turn();
        ranks::named(failure)
    });
    // What was done is done; but whoever reads the output must not take a part of it for all.
    let lost = ui::lost();
    let failures = outcome.as_ref().err().into_iter().chain(&lost);
    failures.for_each(|failure| ui.failure(failure));
    ExitCode::from(match (outcome, lost) {
        (Err(failure), _) | (Ok(_), Some(failure)) => {
            // The others may wait for this rank.
            all.abort(failure.code);
            failure.code
        }
        (Ok(code), None) => {
            all.finish();
            code
        }
    })
}

/// Refuses an instruction set that does not exist here: speed would be blamed on the wrong one.
fn check_kernels() -> Result<(), Failure> {
    timestep_engine::kernels().map(drop).map_err(|name| {
        Failure::usage(
            format!("TIMESTEP_ISA={name}: no kernels for this instruction set on this processor"),
            "it may be avx512, avx2 or portable; unset it to use the fastest that the processor has",
        )
        .coded(Code::Instructions)
    })
}

/// Refuses a budget of memory that is no size.
fn check_memory() -> Result<(), Failure> {
    let Some(text) = timestep_engine::bad_memory_budget() else {
        return Ok(());
    };
    Err(Failure::usage(
        format!("{}={text} is no size", timestep_engine::MEMORY_VARIABLE),
        "write for instance 512M or 64G; unset it to allow as much as this machine has",
    ))
}

/// Sizes the one pool in which everything computes.
fn set_threads(threads: Option<usize>) -> Result<(), Failure> {
    let Some(threads) = threads else {
        return Ok(());
    };
    if threads == 0 || threads > 1024 {
        return Err(Failure::usage(
            format!("--threads {threads} is not between 1 and 1024"),
            "leave it out to use every core",
        ));
    }
    // It fails only if a pool exists already, which nothing before this line makes.
    drop(
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global(),
    );
    Ok(())
}

/// Runs a command; the number is the exit code.
fn run(command: Command, ui: Ui, ranks: &Arc<dyn Communicator>) -> Result<u8, Failure> {
    match command {
        Command::Train(args) => commands::train::run(*args, ui, ranks),
        Command::Eval(args) => commands::eval::run(&args, ui),
        Command::Predict(args) => commands::predict::run(&args, ui),
        Command::Denoise(args) => commands::denoise::run(&args, ui),
        Command::Summary(args) => commands::summary::run(&args, ui),
        Command::Analyze(args) => commands::analyze::run(&args, ui),
        Command::Reproduce(args) => commands::reproduce::run(&args, ui, &**ranks),
        Command::Report(args) => commands::report::run(&args, ui),
        Command::Watch(args) => commands::watch::run(&args, ui),
        Command::Compare(args) => commands::compare::run(&args, ui),
        Command::LrFind(args) => commands::lr_find::run(&args, ui),
        Command::List(args) => commands::list::run(&args, ui),
        Command::Explain(args) => commands::explain::run(&args, ui),
        Command::Cite(args) => commands::cite::run(&args, ui),
        Command::Data(args) => commands::data::run(&args, ui),
        Command::Config(args) => commands::config::run(&args, ui),
        Command::Import(args) => commands::import::run(&args, ui),
        Command::Export(args) => commands::export::run(&args, ui),
        Command::Resample(args) => commands::resample::run(&args, ui),
        Command::Doctor(args) => commands::doctor::run(&args, ui, &**ranks),
        Command::Completions(args) => commands::completions::run(&args, ui),
    }
}
