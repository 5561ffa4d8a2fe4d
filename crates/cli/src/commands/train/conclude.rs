//! What is said at the end of a run: how it ended, what was learned, and whether it reached what was required.

use crate::args::Train;
use crate::commands::report;
use crate::failure::{Failure, INTERRUPTED, NEGATIVE};
use crate::screen::width;
use crate::ui::Ui;
use std::path::{Path, PathBuf};
use timestep_report::text::equations;
use timestep_report::text::page::Page;
use timestep_study::codes::Code;
use timestep_study::conditions::{self as required, Condition};
use timestep_study::learned::segments;
use timestep_study::training::{LearnedEquation, TrainedRestorer};
use timestep_train::event::{Best, BestPhase, Measured, Restored, TestMetrics};
use timestep_train::trainer::Outcome;
use timestep_train::{Job, RestoreSetup, Setup, Trained};

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
                    classified(setup, folder, (test, best), *seconds, ui)?;
                }
                (Job::Restore(setup), Measured::Restorer { last, best }) => {
                    restored(setup, folder, (last, best), *seconds, ui);
                }
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

/// What a classifier reached, and what it says as a differential equation.
fn classified(
    setup: &Setup,
    folder: &Path,
    (test, best): (&TestMetrics, &Best),
    seconds: f64,
    ui: Ui,
) -> Result<(), Failure> {
    let last = weights(folder, "last");
    let trained = Trained::load(&last)?;
    let segments = segments(&trained.network, &trained.parameters)?;
    let scheme = setup.network.scheme().key;
    let equation = LearnedEquation {
        event: "equation",
        network: setup.network.config().name.clone(),
        scheme,
        segments,
    };
    if ui.json {
        ui.event(&equation);
        return Ok(());
    }
    let mut page = Page::new(width());
    equations(scheme, &equation.segments, &mut page);
    let average = weights(folder, "ema");
    let average = match average.is_file() {
        true => format!(
            "average of the weights: top-1 {:.4}, in {}\n",
            Trained::load(&average)?.card.top1,
            average.display()
        ),
        false => String::new(),
    };
    // The last weights may lie within an epoch, when the time was up.
    let within = test.top1 > best.top1;
    let (when, whole) = match within {
        true => ("when the time was up", " after a whole epoch"),
        false => ("after the last epoch", ""),
    };
    let advice = match within {
        true => format!("the last weights are the better ones: {}\n", last.display()),
        false => String::new(),
    };
    let by_heart = setup
        .overfits()
        .map_or_else(String::new, |note| format!("{note}\n"));
    ui.data(&format!(
        "\n{}: top-1 {:.4}, top-5 {:.4}, loss {:.4} {when}; best top-1 {:.4}{whole} in epoch {}; \
         {seconds:.1} s\n{by_heart}{advice}weights in {} and {}\n{average}\n{}",
        setup.network.config().name,
        test.top1,
        test.top5,
        test.loss,
        best.top1,
        best.epoch,
        weights(folder, "best").display(),
        last.display(),
        page.into_text(),
    ));
    Ok(())
}

/// What a restorer reached, and how it is used.
fn restored(
    setup: &RestoreSetup,
    folder: &Path,
    (last, best): (&Restored, &BestPhase),
    seconds: f64,
    ui: Ui,
) {
    let (recipe, weights) = (setup.recipe(), weights(folder, "last"));
    if ui.json {
        ui.event(&TrainedRestorer {
            event: "trained",
            model: recipe.model_name(),
            method: recipe.model.method.key(),
            sigma: recipe.model.sigma,
            psnr: last.psnr,
            test_psnr: last.test.map(|test| test.psnr),
            weights: weights.display().to_string(),
        });
        return;
    }
    let test = match last.test {
        Some(test) => format!(
            ", {:.3} dB on {} test pictures (at best {:.3} dB, after phase {})",
            test.psnr,
            setup.test.len(),
            best.psnr,
            best.phase
        ),
        None => String::new(),
    };
    ui.data(&format!(
        "\n{} for noise {}: PSNR {:.3} dB on {} training pictures{test}; {seconds:.1} s\nweights in {} and {}\n\
         clean a picture with: timestep denoise PICTURE -o OUT --model {}",
        recipe.model_name(),
        recipe.model.sigma,
        last.psnr,
        setup.train.len(),
        self::weights(folder, "best").display(),
        weights.display(),
        weights.display()
    ));
}

fn weights(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("weights/{name}.safetensors"))
}
