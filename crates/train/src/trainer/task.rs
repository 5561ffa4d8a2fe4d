//! What does the loop need of a task? A unit of its work, what is measured after it, and what is saved.

use super::{Desk, Ledger, Options, Outcome, Stop};
use crate::TrainError;
use crate::event::{EndReason, Position, What};
use crate::recipe::{Resolved, TaskRecipe};
use std::path::Path;

/// How a unit of work ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// It is done.
    Complete,
    /// It was stopped before.
    Stopped(Stop),
    /// A number became non-finite; nothing was changed by it.
    Diverged(Divergence),
}

/// Where a number became non-finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// Segment where it appeared first, if it was inside one.
    pub segment: Option<usize>,
    /// Step of that segment.
    pub block_step: Option<usize>,
    /// The first that is not finite: `the loss`.
    pub what: String,
    /// Learning rate of the failed step, where there is one.
    pub lr: Option<f64>,
}

/// Training in progress, as the loop sees it.
pub trait Task {
    /// Units completed, steps or evaluations taken.
    fn position(&self) -> Position;

    /// Why there is nothing left to do; `None` while there is.
    fn ended(&self) -> Option<EndReason>;

    /// What must be the same on all ranks, by its name: `the data`.
    fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// What a person should know before the first step.
    fn notes(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Works until the unit under way is complete. Between two pieces of it, it asks [`pause`](Task::pause).
    ///
    /// # Errors
    /// [`TrainError`] if data, disk or model refuse.
    fn work(&mut self, desk: &mut Desk) -> Result<Work, TrainError>;

    /// Measures after a complete unit, tells of it and counts it; whether it is the best so far.
    ///
    /// # Errors
    /// As [`work`](Task::work).
    fn complete(&mut self, desk: &mut Desk) -> Result<bool, TrainError>;

    /// Writes the weights.
    ///
    /// # Errors
    /// [`TrainError::File`] if the disk refuses.
    fn save_weights(&self, path: &Path) -> Result<(), TrainError>;

    /// Writes the state that a continued run needs, with the ledger of the desk.
    ///
    /// # Errors
    /// [`TrainError::File`] if the disk refuses.
    fn save(&mut self, desk: &mut Desk) -> Result<(), TrainError>;

    /// The last measurement, and weights for a run that ended by its time.
    ///
    /// # Errors
    /// As [`work`](Task::work).
    fn conclude(
        &mut self,
        desk: &mut Desk,
        reason: EndReason,
    ) -> Result<crate::event::Measured, TrainError>;

    /// Removes what a run needs no more when it has ended.
    ///
    /// # Errors
    /// [`TrainError::File`] if the disk refuses.
    fn retire(&self, _desk: &Desk, _reason: EndReason) -> Result<(), TrainError> {
        Ok(())
    }

    /// Between two pieces of work: saves the state if the last one is old, and says whether to stop.
    ///
    /// # Errors
    /// [`TrainError::File`] if the disk refuses, [`TrainError::Cluster`] if another rank is silent.
    fn pause(&mut self, desk: &mut Desk) -> Result<Option<Stop>, TrainError> {
        if desk.save_due() {
            self.save(desk)?;
        }
        desk.stop()
    }
}

/// How a run is taken up again.
pub enum Begun<T> {
    /// There is work left.
    Task {
        /// The work.
        task: T,
        /// What the saved state remembers; `None` if nothing was saved but the work itself.
        ledger: Option<Ledger>,
    },
    /// There is none: it ended so.
    Over(Outcome),
}

/// A recipe with its data, ready to be trained.
pub trait Ready {
    /// Its recipe.
    type Recipe: TaskRecipe;

    /// Its training in progress.
    type Task<'s>: Task
    where
        Self: 's;

    /// The recipe, resolved.
    fn resolved(&self) -> &Resolved<Self::Recipe>;

    /// What is trained, and on what.
    fn what(&self) -> What;

    /// The recipe that a run was saved with.
    ///
    /// # Errors
    /// [`TrainError::NotARun`] and [`TrainError::Recipe`].
    fn saved(&self, folder: &Path) -> Result<Self::Recipe, TrainError>;

    /// The recipe that a continued run is saved with: the one from before, with what may last of the present one.
    fn keep(&self, saved: Self::Recipe) -> Self::Recipe {
        saved
    }

    /// Whether so many ranks can train it together.
    ///
    /// # Errors
    /// [`TrainError::Cluster`] if not.
    fn check_ranks(&self, ranks: usize) -> Result<(), TrainError>;

    /// Training from the start.
    ///
    /// # Errors
    /// [`TrainError`] if the model cannot be made.
    fn begin(&self, options: &Options) -> Result<Self::Task<'_>, TrainError>;

    /// Training from the saved state of a run.
    ///
    /// # Errors
    /// [`TrainError::NotARun`] without a state, [`TrainError::OtherData`] if it is not of this data.
    fn proceed(
        &self,
        folder: &Path,
        options: &Options,
    ) -> Result<Begun<Self::Task<'_>>, TrainError>;
}
