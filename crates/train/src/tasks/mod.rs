//! What can be trained? Each task says what a unit of its work is, what is measured and what is saved; the loop is
//! [`trainer`](crate::trainer)'s.

pub mod classify;
pub mod restore;

pub use restore::RestoreSetup;

use crate::TrainError;
use crate::recipe::{AnyResolved, TaskKind};
use crate::setup::Setup;
use crate::trainer::{self, Options, Outcome, Ready};
use std::path::Path;
use timestep_data::Watch;

/// A recipe of any task with its data, ready to be trained.
pub enum Job {
    /// A classifier.
    Classify(Box<Setup>),
    /// A restorer.
    Restore(Box<RestoreSetup>),
}

impl Job {
    /// Opens the data and makes the model; `watch` is told how many images of a classifier are decoded.
    ///
    /// # Errors
    /// [`TrainError`] says what is wrong with either.
    pub fn new(resolved: AnyResolved, watch: Watch<'_>) -> Result<Self, TrainError> {
        Ok(match resolved {
            AnyResolved::Classify(resolved) => {
                Job::Classify(Box::new(Setup::watched(*resolved, watch)?))
            }
            AnyResolved::Restore(resolved) => Job::Restore(Box::new(RestoreSetup::new(*resolved)?)),
        })
    }

    /// The task.
    #[must_use]
    pub fn task(&self) -> TaskKind {
        match self {
            Job::Classify(_) => TaskKind::Classify,
            Job::Restore(_) => TaskKind::Restore,
        }
    }

    /// The name of its run folder if nobody gives another.
    #[must_use]
    pub fn default_name(&self) -> String {
        match self {
            Job::Classify(setup) => setup.default_name(),
            Job::Restore(setup) => setup.default_name(),
        }
    }

    /// Seed of every random draw.
    #[must_use]
    pub fn seed(&self) -> u64 {
        match self {
            Job::Classify(setup) => setup.recipe().train.seed,
            Job::Restore(setup) => setup.recipe().train.seed,
        }
    }

    /// Whether so many ranks can train it together.
    ///
    /// # Errors
    /// [`TrainError::Cluster`] if not.
    pub fn check_ranks(&self, ranks: usize) -> Result<(), TrainError> {
        match self {
            Job::Classify(setup) => setup.check_ranks(ranks),
            Job::Restore(setup) => setup.check_ranks(ranks),
        }
    }

    /// Trains into a new folder.
    ///
    /// # Errors
    /// As [`trainer::train`].
    pub fn train(&self, folder: &Path, options: Options) -> Result<Outcome, TrainError> {
        match self {
            Job::Classify(setup) => trainer::train(&**setup, folder, options),
            Job::Restore(setup) => trainer::train(&**setup, folder, options),
        }
    }

    /// Continues a run.
    ///
    /// # Errors
    /// As [`trainer::resume`].
    pub fn resume(&self, folder: &Path, options: Options) -> Result<Outcome, TrainError> {
        match self {
            Job::Classify(setup) => trainer::resume(&**setup, folder, options),
            Job::Restore(setup) => trainer::resume(&**setup, folder, options),
        }
    }
}
