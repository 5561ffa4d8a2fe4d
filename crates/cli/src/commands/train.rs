//! `timestep train`: a recipe becomes a run, whichever task it is for.

mod seeds;

use crate::args::Train;
use crate::commands::report;
use crate::failure::{Failure, INTERRUPTED, NEGATIVE};
use crate::live::Live;
use crate::progress::Display;
use crate::screen::width;
use crate::signals::stop_flag;
use crate::ui::Ui;
use crate::{dry_run, settings};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timestep_nets::{Engine, device};
use timestep_report::text::equations;
use timestep_report::text::page::Page;
use timestep_study::codes::Code;
use timestep_study::conditions::{self as required, Condition};
use timestep_study::learned::segments;
use timestep_study::training::{LearnedEquation, LivePage, TrainedRestorer};
use timestep_train::cluster::{Communicator, gather::of_first};
use timestep_train::event::{Best, BestPhase, Measured, Restored, Sink, TestMetrics};
use timestep_train::recipe::TaskKind;
use timestep_train::sinks::SINKS;
use timestep_train::trainer::{Options, Outcome};
use timestep_train::{Job, RestoreSetup, Setup, TrainError, Trained, run};

/// Trains a recipe with one or more seeds, or continues a run.
pub(crate) fn run(args: Train, ui: Ui, ranks: &Arc<dyn Communicator>) -> Result<u8, Failure> {
    settings::check_data(args.recipe.as_deref(), &args.flags)?;
    let layers = match &args.resume {
        Some(folder) => run::layers(folder)?,
        None => settings::layers_for(args.recipe.as_deref(), &args.flags)?,
    };
    let task = layers.task();
    let resolved = settings::with_flags(layers, &args.flags)?.resolve_any()?;
    let conditions = required::parse(&args.require, task)?;
    if let Some(name) = &args.name {
        run::check_name(name)?;
    }
    let engine = of_task(&args.device, task)?;
    check_logs(&args.log)?;
    let stop = stop_flag();
    // The page is the first rank's, as the run is.
    let live = match ranks.rank() {
        0 => live(&args, ui)?,
        _ => None,
    };
    if let Some(folder) = &args.resume {
        // Said before the data is opened, which may take long.
        if ranks.rank() == 0 {
            drop(run::lock(folder)?);
        }
        let job = Job::new(resolved)?;
        show(live.as_ref(), folder);
        let first = ranks.rank() == 0;
        let options = options(&args, ui, (&engine, ranks), stop, first);
        let outcome = job.resume(folder, options)?;
        traffic(&**ranks, ui);
        return match ranks.rank() {
            0 => conclude(&args, &job, folder, &outcome, &conditions, ui),
            _ => Ok(code(&outcome)),
        };
    }
    if args.dry_run {
        let job = Job::new(resolved)?;
        notes(&job, ui);
        return dry_run::run(&args, &job, &*engine, ui);
    }
    let session = Session {
        engine: &engine,
        ranks,
        stop: &stop,
        live: live.as_ref(),
    };
    seeds::run(&args, &resolved, &conditions, &session, ui)
}

/// What all runs of one command share.
struct Session<'a> {
    engine: &'a Arc<dyn Engine>,
    ranks: &'a Arc<dyn Communicator>,
    stop: &'a Arc<AtomicBool>,
    live: Option<&'a Live>,
}

/// Makes the folder of a run; of several ranks the first does, and tells the others.
fn create(args: &Train, job: &Job, ranks: &dyn Communicator) -> Result<PathBuf, Failure> {
    let own = match ranks.rank() {
        0 => run::create(&args.out, &name(args, job))?,
        _ => PathBuf::new(),
    };
    if ranks.size() == 1 {
        return Ok(own);
    }
    let folder = of_first(ranks, &own.to_string_lossy()).map_err(TrainError::from)?;
    Ok(folder.into())
}

/// Says what it cost the first of several ranks to talk to the others.
fn traffic(ranks: &dyn Communicator, ui: Ui) {
    if ranks.size() > 1 {
        let sent = ranks.traffic();
        ui.note(&format!(
            "rank {} sent {:.1} MB to the others; sending and waiting took {:.3} s",
            ranks.rank(),
            sent.bytes as f64 / 1e6,
            sent.seconds
        ));
    }
}

/// The exit code of a rank that says nothing.
fn code(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Finished { .. } => 0,
        Outcome::Interrupted(_) => INTERRUPTED,
        Outcome::Diverged { .. } => NEGATIVE,
    }
}

/// Says what opening the data found and decided.
fn notes(job: &Job, ui: Ui) {
    if let Job::Classify(setup) = job {
        setup.dataset.notes.iter().for_each(|note| ui.note(note));
    }
}

/// The page of `--live`, if it is asked for.
fn live(args: &Train, ui: Ui) -> Result<Option<Live>, Failure> {
    let live = args.live.map(Live::start).transpose()?;
    if let Some(live) = &live {
        ui.note(&format!("watch at {}", live.address()));
        ui.event(&LivePage {
            event: "live",
            address: live.address().to_owned(),
        });
    }
    Ok(live)
}

/// Shows a run on that page.
fn show(live: Option<&Live>, folder: &Path) {
    if let Some(live) = live {
        live.show(folder);
    }
}

/// The name of a run folder: as asked for, with the seed if there are several.
pub(crate) fn name(args: &Train, job: &Job) -> String {
    match (&args.name, args.seeds) {
        (Some(name), 1) => name.clone(),
        (Some(name), _) => format!("{name}-s{}", job.seed()),
        (None, _) => job.default_name(),
    }
}

/// Where a task computes: restorers do on the CPU only.
fn of_task(name: &str, task: TaskKind) -> Result<Arc<dyn Engine>, Failure> {
    if task == TaskKind::Restore && name != "cpu" {
        return Err(Failure::usage(
            format!("--device {name}: restorers are trained on the CPU"),
            "leave --device out; --threads says how many cores are used",
        )
        .coded(Code::OtherTask));
    }
    Ok(device(name)?)
}

/// Refuses unknown logs before anything is opened.
fn check_logs(logs: &[String]) -> Result<(), Failure> {
    for log in logs {
        if SINKS.find(log).is_none() {
            let known: Vec<&str> = SINKS.keys().collect();
            let message = format!("there is no log `{log}`");
            return Err(
                Failure::usage(message, format!("logs: {}", known.join(", ")))
                    .coded(Code::UnknownWord),
            );
        }
    }
    Ok(())
}

fn options(
    args: &Train,
    ui: Ui,
    (engine, ranks): (&Arc<dyn Engine>, &Arc<dyn Communicator>),
    stop: Arc<AtomicBool>,
    speaks: bool,
) -> Options {
    let display = speaks.then(|| Box::new(Display::new(ui)) as Box<dyn Sink>);
    Options {
        engine: engine.clone(),
        threads: rayon::current_num_threads(),
        ranks: ranks.clone(),
        stop,
        logs: args.log.clone(),
        listeners: display.into_iter().collect(),
    }
}

/// Says how a run ended and what was learned, writes its report, checks what was required.
fn conclude(
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
fn finish(
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
