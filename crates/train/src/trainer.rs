//! How is anything trained? Piece by piece, so that stopping anywhere loses nothing.
//!
//! There is one loop. It opens the logs, tells the events that every run has, saves the state, stops when
//! asked or when the time is up, and ends with an [`Outcome`]. A [`Task`] supplies what differs: a unit of
//! work (an epoch, a phase), what is measured after it, and what is saved.
//!
//! Everything random is a function of (seed, epoch, image); every sum has a fixed order. The
//! same recipe therefore gives the same bits, for any number of threads, interrupted or not.

mod desk;
mod task;

pub use desk::{Desk, Ledger, Stop};
pub use task::{Begun, Divergence, Ready, Task, Work};

use crate::cluster::{Communicator, gather::check_same};
use crate::event::{EndReason, Event, Measured, Position, Sink};
use crate::recipe::{self, TaskRecipe};
use crate::sinks::ResumePoint;
use crate::{TrainError, run};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timestep_files::FolderLock;
use timestep_nets::Engine;

/// How a run is carried out, apart from its recipe.
pub struct Options {
    /// Where networks compute; restorers compute on the CPU.
    pub engine: Arc<dyn Engine>,
    /// Threads in use, for the record.
    pub threads: usize,
    /// The processes that train together; [`Alone`](crate::cluster::Alone) for one.
    pub ranks: Arc<dyn Communicator>,
    /// Set from outside to stop after the current piece with the state saved.
    pub stop: Arc<AtomicBool>,
    /// Further logs by key, such as `tensorboard`.
    pub logs: Vec<String>,
    /// Listeners beside the logs: a progress display.
    pub listeners: Vec<Box<dyn Sink>>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// All of the recipe was done, or the time was up.
    Finished {
        /// Which.
        reason: EndReason,
        /// What was measured at the end.
        measured: Measured,
        /// Seconds spent, earlier parts included.
        seconds: f64,
    },
    /// Stopped from outside; the state is saved.
    Interrupted(Position),
    /// A number became non-finite; weights are those of the last checkpoint.
    Diverged {
        /// The epoch or phase under way, and the steps or evaluations before.
        at: Position,
        /// The first that is not finite: `the loss`.
        what: String,
        /// Learning rate of the failed step, where there is one.
        lr: Option<f64>,
    },
}

/// Trains into a new folder.
///
/// # Errors
/// [`TrainError`] if data, disk or model refuse, [`TrainError::Lock`] if another process works in the folder.
/// Divergence and interruption are outcomes.
pub fn train<R: Ready>(setup: &R, folder: &Path, options: Options) -> Result<Outcome, TrainError> {
    let size = options.ranks.size();
    setup.check_ranks(size)?;
    let lock = lock(folder, &options)?;
    if lock.is_some() {
        run::describe(folder, setup.resolved(), options.threads, size)?;
    }
    let task = setup.begin(&options)?;
    let time = setup.resolved().recipe.time_limit();
    let mut desk = Desk::open(folder, lock, options, R::Recipe::TASK, time, None)?;
    go(setup, task, &mut desk, None).map_err(|error| desk.check_folder().err().unwrap_or(error))
}

/// Continues the run in `folder`, whose recipe is that of `setup` or differs where it may. A run that has
/// nothing left to do ends as it did.
///
/// # Errors
/// [`TrainError::OtherSettings`] and [`TrainError::OtherData`] if it would not be the same run,
/// [`TrainError::Lock`] if another process works in the folder.
pub fn resume<R: Ready>(setup: &R, folder: &Path, options: Options) -> Result<Outcome, TrainError> {
    // What is no run is not locked.
    setup.saved(folder)?;
    setup.check_ranks(options.ranks.size())?;
    let lock = lock(folder, &options)?;
    let saved = setup.saved(folder)?;
    let differences = recipe::resume_refusals(&saved, &setup.resolved().recipe);
    if !differences.is_empty() {
        return Err(TrainError::OtherSettings {
            run: folder.to_owned(),
            differences,
        });
    }
    let (task, at) = match setup.proceed(folder, &options)? {
        Begun::Task { task, ledger } => (task, ledger),
        Begun::Over(outcome) => return Ok(outcome),
    };
    // A run that was made longer stays so, however often it is interrupted; a time budget or the place of
    // the data are of this part only.
    let kept = setup.keep(saved.clone());
    if lock.is_some() && kept.to_toml() != saved.to_toml() {
        let mut resolved = setup.resolved().clone();
        resolved.recipe = kept;
        run::write_recipe(folder, &resolved)?;
    }
    let position = task.position();
    let point = at.map(|ledger| {
        let point = ResumePoint {
            at: position,
            log_bytes: ledger.log_bytes,
        };
        (point, ledger.seconds)
    });
    let time = setup.resolved().recipe.time_limit();
    let mut desk = Desk::open(folder, lock, options, R::Recipe::TASK, time, point)?;
    let outcome = go(setup, task, &mut desk, at.map(|_| position));
    outcome.map_err(|error| desk.check_folder().err().unwrap_or(error))
}

/// Takes the folder for this process, if it is the one of all ranks that writes.
fn lock(folder: &Path, options: &Options) -> Result<Option<FolderLock>, TrainError> {
    let writes = options.ranks.rank() == 0;
    writes.then(|| run::lock(folder)).transpose()
}

/// Checks that all ranks train the same, with the same bits.
fn agree(task: &impl Task, ranks: &dyn Communicator) -> Result<(), TrainError> {
    let kernels = timestep_engine::kernels();
    let mut facts = vec![
        ("the program", env!("CARGO_PKG_VERSION").to_owned()),
        ("the kernels", format!("{kernels:?}")),
    ];
    facts.extend(task.facts());
    Ok(check_same(ranks, &facts)?)
}

/// The loop.
fn go<R: Ready>(
    setup: &R,
    mut task: R::Task<'_>,
    desk: &mut Desk,
    resumed: Option<Position>,
) -> Result<Outcome, TrainError> {
    let resolved = setup.resolved();
    // Only when all have read the state may the first of them write a new one.
    agree(&task, &*desk.options().ranks)?;
    desk.tell(&Event::Start {
        run: desk.folder().display().to_string(),
        recipe: resolved.name.clone(),
        what: setup.what(),
        seed: resolved.recipe.seed(),
        resumed,
    })?;
    let warnings = resolved.warnings.iter().map(ToString::to_string);
    for message in warnings.chain(task.notes()) {
        desk.tell(&Event::Warning {
            message,
            hint: None,
        })?;
    }
    if resumed.is_none() {
        // Whatever happens from now on, the run can be continued.
        task.save(desk)?;
    }
    let mut early = None;
    while task.ended().is_none() {
        match task.work(desk)? {
            Work::Complete => checkpoint(&mut task, desk, resolved.recipe.keep())?,
            Work::Stopped(Stop::Asked) => return interrupted(&mut task, desk),
            Work::Stopped(Stop::Time) => {
                task.save(desk)?;
                early = Some(EndReason::Time);
                break;
            }
            Work::Diverged(divergence) => {
                let at = task.position().under_way();
                desk.tell(&Event::Diverged {
                    at,
                    segment: divergence.segment,
                    block_step: divergence.block_step,
                    what: divergence.what.clone(),
                    lr: divergence.lr,
                })?;
                desk.flush()?;
                return Ok(Outcome::Diverged {
                    at,
                    what: divergence.what,
                    lr: divergence.lr,
                });
            }
        }
    }
    let reason = early.or(task.ended()).unwrap_or(EndReason::Time);
    let measured = task.conclude(desk, reason)?;
    let seconds = desk.seconds();
    desk.tell(&Event::End {
        reason,
        measured,
        seconds,
    })?;
    desk.flush()?;
    if desk.writes() {
        task.retire(desk, reason)?;
    }
    Ok(Outcome::Finished {
        reason,
        measured,
        seconds,
    })
}

/// Measures after a unit of work, saves weights and state; every `keep`-th unit leaves weights of its own.
fn checkpoint(task: &mut impl Task, desk: &mut Desk, keep: usize) -> Result<(), TrainError> {
    desk.check_folder()?;
    let best = task.complete(desk)?;
    agree(task, &*desk.options().ranks)?;
    if !desk.writes() {
        return Ok(());
    }
    if best {
        task.save_weights(&desk.weights("best"))?;
    }
    let last = desk.weights("last");
    task.save_weights(&last)?;
    if let Some(name) = kept(task.position(), keep) {
        task.save_weights(&desk.weights(&name))?;
    }
    task.save(desk)?;
    desk.tell(&Event::Checkpoint {
        at: task.position(),
        path: last.display().to_string(),
        best,
    })
}

/// The name of the weights of the unit that was completed last, if they are kept.
fn kept(at: Position, keep: usize) -> Option<String> {
    let (unit, number) = match at {
        Position::Epochs { epoch, .. } => ("epoch", epoch),
        Position::Phases { phase, .. } => ("phase", phase),
    };
    let is_kept = keep > 0 && number.is_multiple_of(keep);
    // So many digits that names are in the order of training.
    is_kept.then(|| format!("{unit}-{number:04}"))
}

/// Saves the state of a run that somebody stopped.
fn interrupted(task: &mut impl Task, desk: &mut Desk) -> Result<Outcome, TrainError> {
    task.save(desk)?;
    let at = task.position();
    desk.tell(&Event::Interrupted {
        at: at.under_way(),
        resume: desk.folder().display().to_string(),
    })?;
    desk.flush()?;
    Ok(Outcome::Interrupted(at))
}
