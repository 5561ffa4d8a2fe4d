//! What is said at the end of a run: how it ended, what was learned, and whether it reached what was required.

use crate::args::Train;
use crate::commands::report;
use crate::failure::{Failure, INTERRUPTED, NEGATIVE};
use crate::screen::width;
use crate::ui::Ui;
use std::path::Path;
use timestep_report::text::training::{ClassifierEnd, restorer_end, trained_restorer};
use timestep_study::codes::Code;
use timestep_study::conditions::{self as required, Condition};
use timestep_train::Job;
use timestep_train::event::Measured;
use timestep_train::trainer::Outcome;

/// Says how a run ended and what was learned, writes its report, checks what was required.
pub(super) fn conclude(
    args: &Train,
    job: &Job,
    folder: &Path,
    outcome: &Outcome,
    conditions: &[Condition],
    ui: Ui,
) -> Result<u8, Failure> {
    match outcome {
        Outcome::Interrupted(at) => {
            ui.note(&format!(
                "interrupted in {}; the state is saved\ncontinue with: timestep train --resume {}",
                at.under_way(),
                folder.display()
            ));
            Ok(INTERRUPTED)
        }
        Outcome::Diverged { at, what, lr } => {
            let (rate, help) = match lr {
                Some(lr) => (
                    format!(", at learning rate {lr}"),
                    "lower `--lr`, or warm up with `--set schedule.warmup_epochs=1`",
                ),
                None => (
                    String::new(),
                    "start from other weights with `--set model.start=…`",
                ),
            };
            Err(Failure {
                code: NEGATIVE,
                error: Code::Diverged,
                message: format!(
                    "training diverged in {at}{rate}: {what} is the first that is not finite"
                ),
                hint: Some(format!(
                    "{help}; what was saved before is in {}",
                    folder.display()
                )),
            })
        }
        Outcome::Finished {
            measured, seconds, ..
        } => {
            match (job, measured) {
                (Job::Classify(setup), Measured::Classifier { test, best, .. }) => {
                    let end = ClassifierEnd::read(setup, folder, (test, best), *seconds)?;
                    match ui.json {
                        true => ui.event(end.equation()),
                        false => ui.data(&end.text(width())),
                    }
                }
                (Job::Restore(setup), Measured::Restorer { last, best }) => match ui.json {
                    true => ui.event(&trained_restorer(setup, folder, last)),
                    false => ui.data(&restorer_end(setup, folder, (last, best), *seconds)),
                },
                // Each is measured as what it is.
                _ => {}
            }
            finish(args, job, folder, measured, conditions, ui)
        }
    }
}

/// Writes the report of a run that ended, and checks what was required of it.
pub(super) fn finish(
    args: &Train,
    job: &Job,
    folder: &Path,
    measured: &Measured,
    conditions: &[Condition],
    ui: Ui,
) -> Result<u8, Failure> {
    if !args.no_report {
        report::after_training(job, folder, ui);
    }
    required::check_measured(conditions, measured)?;
    Ok(0)
}
