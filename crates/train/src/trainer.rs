//! How does a network learn? Batch by batch, so that stopping anywhere loses nothing.
//!
//! Everything random is a function of (seed, epoch, image); every sum has a fixed order. The
//! same recipe therefore gives the same bits, for any number of threads, interrupted or not.

mod epochs;

use self::epochs::Run;
use crate::checkpoint::{Progress, load_state};
use crate::event::{Best, EndReason, Event, Position, Sink, TestMetrics};
use crate::setup::Setup;
use crate::sinks::ResumePoint;
use crate::{Learner, Start, TrainError, recipe, run};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timestep_nets::{Engine, Network, NonFinite, Parameters, Role};

/// How a run is carried out, apart from its recipe.
pub struct Options {
    /// Where it computes.
    pub engine: Arc<dyn Engine>,
    /// Threads in use, for the record.
    pub threads: usize,
    /// Set from outside to stop after the current batch with the state saved.
    pub stop: Arc<AtomicBool>,
    /// Further logs by key, such as `tensorboard`.
    pub logs: Vec<String>,
    /// Listeners beside the logs: a progress display.
    pub listeners: Vec<Box<dyn Sink>>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// All epochs were run, or the time was up.
    Finished {
        /// Which.
        reason: EndReason,
        /// Last measurement on the test images.
        test: TestMetrics,
        /// Best epoch.
        best: Best,
        /// Seconds spent, earlier parts included.
        seconds: f64,
    },
    /// Stopped from outside; the state is saved.
    Interrupted(Position),
    /// A number became non-finite; weights are those of the last checkpoint.
    Diverged {
        /// Epoch under way, from 1.
        epoch: usize,
        /// Steps taken.
        step: usize,
        /// The first non-finite place, if it can be found again.
        place: Option<NonFinite>,
        /// Learning rate of the failed step.
        lr: f64,
    },
}

/// Trains into a new folder.
///
/// # Errors
/// [`TrainError`] if data, disk or network refuse. Divergence and interruption are outcomes.
pub fn train(setup: &Setup, folder: &Path, options: Options) -> Result<Outcome, TrainError> {
    run::describe(folder, &setup.resolved, options.threads)?;
    let start = Start::of(setup)?;
    let learner = learner(setup, &options)?;
    let progress = Progress {
        data: setup.dataset.fingerprint(),
        ..Progress::default()
    };
    let (parameters, note) = (start.parameters, start.note);
    let mut run = Run::new(setup, folder, options, parameters, learner, progress, None)?;
    run.notes.extend(note);
    run.go(None)
}

/// Continues the run in `folder`, whose recipe is that of `setup` or differs where it may.
///
/// # Errors
/// [`TrainError::OtherSettings`] and [`TrainError::OtherData`] if it would not be the same run.
pub fn resume(setup: &Setup, folder: &Path, options: Options) -> Result<Outcome, TrainError> {
    let saved = run::recipe(folder)?;
    let differences = recipe::resume_refusals(&saved, setup.recipe());
    if !differences.is_empty() {
        return Err(TrainError::OtherSettings {
            run: folder.to_owned(),
            differences,
        });
    }
    let mut learner = learner(setup, &options)?;
    let (parameters, progress) = load_state(folder, &setup.network, &mut learner)?;
    if progress.data != setup.dataset.fingerprint() {
        let data = setup.dataset.name.clone();
        return Err(TrainError::OtherData {
            run: folder.to_owned(),
            data,
        });
    }
    // A run that was made longer stays so, however often it is interrupted; a time budget or the place of
    // the data are of this part only.
    let mut kept = setup.resolved.clone();
    kept.recipe = recipe::Recipe {
        train: recipe::TrainSettings {
            epochs: setup.recipe().train.epochs,
            patience: setup.recipe().train.patience,
            ..saved.train.clone()
        },
        ..saved.clone()
    };
    if kept.recipe != saved {
        run::write_recipe(folder, &kept)?;
    }
    let point = ResumePoint {
        epoch: progress.epoch,
        step: progress.step,
        log_bytes: progress.log_bytes,
    };
    let from = Position {
        epoch: progress.epoch,
        step: progress.step,
    };
    Run::new(
        setup,
        folder,
        options,
        parameters,
        learner,
        progress,
        Some(point),
    )?
    .go(Some(from))
}

/// What moves the weights of a run.
fn learner(setup: &Setup, options: &Options) -> Result<Learner, TrainError> {
    Learner::of(options.engine.clone(), setup.recipe(), &setup.network)
}

/// The event that opens a run.
fn start_event(setup: &Setup, folder: &Path, resumed: Option<Position>) -> Event {
    let recipe = setup.recipe();
    let trained = [Role::Weight, Role::Bias, Role::Norm, Role::Coefficient];
    let specs = setup.network.specs().iter();
    Event::Start {
        run: folder.display().to_string(),
        recipe: setup.resolved.name.clone(),
        network: setup.network.config().name.clone(),
        data: setup.dataset.name.clone(),
        parameters: specs
            .filter(|s| trained.contains(&s.role))
            .map(|s| s.len())
            .sum(),
        multiply_adds: setup.network.cost().multiply_adds as u64,
        train_images: setup.dataset.train.len(),
        test_images: setup.dataset.test.len(),
        epochs: recipe.train.epochs,
        steps_per_epoch: setup.steps_per_epoch(),
        seed: recipe.train.seed,
        resumed,
    }
}

/// The learned coefficients for the log; none for schemes that have no coefficient.
fn coefficients(network: &Network, parameters: &Parameters) -> Vec<Vec<Option<f64>>> {
    if network.scheme().coefficient.is_none() {
        return Vec::new();
    }
    timestep_nets::coefficients(network, parameters)
}

/// All of them; none for schemes that have at most one a step, of which [`coefficients`] says everything.
fn several_coefficients(network: &Network, parameters: &Parameters) -> Vec<Vec<Vec<f64>>> {
    if network.scheme().memory < 2 || network.scheme().coefficient.is_none() {
        return Vec::new();
    }
    timestep_nets::all_coefficients(network, parameters)
}
