//! `train --dry-run`: would this recipe run, and how long would it take? Nothing is written.

use crate::args::Train;
use crate::failure::Failure;
use crate::ui::Ui;
use timestep_nets::Engine;
use timestep_study::codes::Code;
use timestep_study::dry_run::{PlannedClassifier, PlannedRestorer, Runs};
use timestep_train::Job;

/// Takes a piece of the work in memory, and says what all of it would take and where it would go.
pub(super) fn run(args: &Train, job: &Job, engine: &dyn Engine, ui: Ui) -> Result<u8, Failure> {
    let runs = Runs {
        folder: args.out.join(super::name(args, job)).display().to_string(),
        seeds: args.seeds,
    };
    let wrong = match job {
        Job::Classify(setup) => {
            let found = PlannedClassifier::measure(setup, &runs, engine)?;
            let (found, notes) = found.ok_or_else(|| {
                Failure::usage("the data set has no training images", "check `--data-dir`")
                    .coded(Code::NoImages)
            })?;
            notes.iter().for_each(|note| ui.note(note));
            ui.answer(&found);
            let without = &found.without_gradient;
            match (without.is_empty(), found.loss.is_finite()) {
                (true, true) => None,
                (true, false) => Some(format!("the first loss is {}", found.loss)),
                (false, _) => Some(format!("no gradient reaches {}", without.join(", "))),
            }
        }
        Job::Restore(setup) => {
            let (found, finite) = PlannedRestorer::measure(setup, &runs)?;
            ui.answer(&found);
            let loss = found.loss;
            (!finite).then(|| format!("the first loss is {loss}, or its slope is not finite"))
        }
    };
    match wrong {
        None => Ok(0),
        Some(message) => Err(Failure::negative(message, None).coded(Code::FirstBatch)),
    }
}
