//! `timestep train`: a recipe becomes a run.

use crate::args::Train;
use crate::codes::Code;
use crate::commands::{report, train_restorer};
use crate::failure::{Failure, INTERRUPTED, NEGATIVE};
use crate::progress::Display;
use crate::speech::Speech;
use crate::ui::Ui;
use crate::{dry_run, require, settings};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use timestep_nets::{Engine, device};
use timestep_train::recipe::Resolved;
use timestep_train::sinks::SINKS;
use timestep_train::trainer::{self, Options, Outcome};
use timestep_train::{Setup, Trained, run};

/// Trains a recipe with one or more seeds, or continues a run.
pub(crate) fn run(args: Train, ui: Ui) -> Result<u8, Failure> {
    if let Some(text) = train_restorer::text(&args) {
        return train_restorer::run(&args, &text, stop_on_interrupt(), ui);
    }
    let conditions = require::parse(&args.require)?;
    let engine = device(&args.device)?;
    check_logs(&args.log)?;
    if let Some(folder) = &args.resume {
        let layers = settings::with_flags(run::layers(folder)?, &args.flags);
        let setup = Setup::new(layers.resolve()?)?;
        let options = options(&args, ui, &engine, stop_on_interrupt());
        let outcome = trainer::resume(&setup, folder, options)?;
        return conclude(&args, &setup, folder, &outcome, &conditions, ui);
    }
    let layers = settings::with_flags(settings::layers(args.recipe.as_deref())?, &args.flags);
    let resolved = layers.resolve()?;
    if args.dry_run {
        let setup = Setup::new(resolved)?;
        return dry_run::run(&setup, &*engine, ui);
    }
    let stop = stop_on_interrupt();
    let mut tops = Vec::new();
    for n in 0..args.seeds {
        let resolved = with_seed(&resolved, n);
        let seed = resolved.recipe.train.seed;
        let setup = Setup::new(resolved)?;
        // A published network that has a noise of its own need not be called by it.
        let asked = setup.recipe().network.noise.replace("none", "");
        let name = &setup.network.config().name;
        let default = run::default_name(name, &asked, &setup.dataset.name, seed);
        let name = match (&args.name, args.seeds) {
            (Some(name), 1) => name.clone(),
            (Some(name), _) => format!("{name}-s{seed}"),
            (None, _) => default,
        };
        let folder = run::create(&args.out, &name)?;
        let options = options(&args, ui, &engine, stop.clone());
        let outcome = trainer::train(&setup, &folder, options)?;
        let code = conclude(&args, &setup, &folder, &outcome, &conditions, ui)?;
        if code != 0 {
            return Ok(code);
        }
        if let Outcome::Finished { test, .. } = outcome {
            tops.push(test.top1);
        }
    }
    if tops.len() > 1 {
        spread(&tops, ui);
    }
    Ok(0)
}

/// Refuses unknown logs before anything is opened.
fn check_logs(logs: &[String]) -> Result<(), Failure> {
    for log in logs {
        if !SINKS.iter().any(|kind| kind.key == log) {
            let known: Vec<&str> = SINKS.iter().map(|kind| kind.key).collect();
            let message = format!("there is no log `{log}`");
            return Err(
                Failure::usage(message, format!("logs: {}", known.join(", ")))
                    .coded(Code::UnknownWord),
            );
        }
    }
    Ok(())
}

/// The recipe with its seed counted up by `n`.
fn with_seed(resolved: &Resolved, n: u64) -> Resolved {
    let mut resolved = resolved.clone();
    resolved.recipe.train.seed = resolved.recipe.train.seed.wrapping_add(n);
    resolved
}

/// A flag that Ctrl-C sets: the run stops after the batch under way. A second Ctrl-C kills.
pub(crate) fn stop_on_interrupt() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    // Without a handler Ctrl-C ends the program at once; the last checkpoint is there all the same.
    drop(ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::SeqCst) {
            std::process::abort();
        }
    }));
    stop
}

fn options(args: &Train, ui: Ui, engine: &Arc<dyn Engine>, stop: Arc<AtomicBool>) -> Options {
    Options {
        engine: engine.clone(),
        threads: rayon::current_num_threads(),
        stop,
        logs: args.log.clone(),
        listeners: vec![Box::new(Display::new(ui))],
    }
}

/// Says how a run ended, and what the network says as a differential equation.
fn conclude(
    args: &Train,
    setup: &Setup,
    folder: &Path,
    outcome: &Outcome,
    conditions: &[require::Condition],
    ui: Ui,
) -> Result<u8, Failure> {
    match outcome {
        Outcome::Interrupted(at) => {
            ui.note(&format!(
                "interrupted in epoch {} after step {}; the state is saved\ncontinue with: timestep train \
                 --resume {}",
                at.epoch + 1,
                at.step,
                folder.display()
            ));
            Ok(INTERRUPTED)
        }
        Outcome::Diverged {
            epoch,
            step,
            place,
            lr,
        } => {
            let place = place
                .as_ref()
                .map_or("the loss or its gradient".to_owned(), ToString::to_string);
            Err(Failure {
                code: NEGATIVE,
                error: Code::Diverged,
                message: format!(
                    "training diverged in epoch {epoch}, step {step}, at learning rate {lr}: {place} \
                     is the first that is not finite"
                ),
                hint: Some(format!(
                    "lower `--lr`, or warm up with `--set schedule.warmup_epochs=1`; what was saved \
                     before is in {}",
                    folder.display()
                )),
            })
        }
        Outcome::Finished {
            test,
            best,
            seconds,
            ..
        } => {
            let last = weights(folder, "last");
            let trained = Trained::load(&last)?;
            let speech = Speech::new(&trained.network, &trained.parameters)?;
            if ui.json {
                ui.object(json!({
                    "event": "equation",
                    "network": setup.network.config().name,
                    "scheme": setup.network.scheme().key,
                    "segments": speech.json(),
                }));
            } else {
                let average = weights(folder, "ema");
                let average = match average.is_file() {
                    true => format!(
                        "average of the weights: top-1 {:.4}, in {}\n",
                        Trained::load(&average)?.card.top1,
                        average.display()
                    ),
                    false => String::new(),
                };
                ui.data(&format!(
                    "\n{}: top-1 {:.4}, top-5 {:.4}, loss {:.4} after the last epoch; best top-1 {:.4} in epoch {}; \
                     {seconds:.1} s\nweights in {} and {}\n{average}\n{}",
                    setup.network.config().name,
                    test.top1,
                    test.top5,
                    test.loss,
                    best.top1,
                    best.epoch,
                    weights(folder, "best").display(),
                    last.display(),
                    speech.text(),
                ));
            }
            if !args.no_report {
                report::after_training(setup, folder, ui);
            }
            require::check(conditions, test)?;
            Ok(0)
        }
    }
}

fn weights(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("weights/{name}.safetensors"))
}

/// Mean and spread over seeds.
fn spread(tops: &[f64], ui: Ui) {
    let n = tops.len() as f64;
    let mean = tops.iter().sum::<f64>() / n;
    let deviation = (tops.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    if ui.json {
        ui.object(json!({"event": "seeds", "top1": tops, "mean": mean, "deviation": deviation}));
    } else {
        ui.data(&format!(
            "{n} seeds: top-1 {mean:.4} ± {deviation:.4} (standard deviation)"
        ));
    }
}
