//! `timestep train`: a recipe becomes a run, whichever task it is for.

mod conclude;
mod dry_run;
mod seeds;

use crate::args::Train;
use crate::failure::{Failure, INTERRUPTED, NEGATIVE};
use crate::progress::{Display, watched};
use crate::settings;
use crate::signals::stop_flag;
use crate::ui::Ui;
use conclude::conclude;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timestep_nets::{Engine, learning_device};
use timestep_report::live::Live;
use timestep_study::codes::Code;
use timestep_study::conditions as required;
use timestep_study::training::LivePage;
use timestep_train::cluster::{Communicator, gather::of_first};
use timestep_train::event::Sink;
use timestep_train::recipe::{AnyResolved, TaskKind};
use timestep_train::sinks::SINKS;
use timestep_train::trainer::{Options, Outcome};
use timestep_train::{Job, TrainError, run};

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
        let job = open(resolved, &**ranks, ui)?;
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
        let job = open(resolved, &**ranks, ui)?;
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

/// A recipe with its data; decoding many images shows how far it is, on the first rank.
fn open(resolved: AnyResolved, ranks: &dyn Communicator, ui: Ui) -> Result<Job, TrainError> {
    match ranks.rank() {
        0 => watched(ui, "images", |watch| Job::new(resolved, watch)),
        _ => Job::new(resolved, &|_, _| ()),
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
    let started = args.live.map(|port| {
        Live::start(port).map_err(|error| {
            Failure::usage(
                format!("--live={port}: {error}"),
                "leave the port out: one that is free is taken",
            )
        })
    });
    let live = started.transpose()?;
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

/// Where a task computes: restorers do on `cpu` only.
fn of_task(name: &str, task: TaskKind) -> Result<Arc<dyn Engine>, Failure> {
    if task == TaskKind::Restore && name != "cpu" {
        return Err(Failure::usage(
            format!("--device {name}: restorers are trained on `cpu`"),
            "leave --device out; --threads says how many cores are used",
        )
        .coded(Code::OtherTask));
    }
    Ok(learning_device(name)?)
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
