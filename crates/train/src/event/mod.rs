//! What does a run say while it goes, and to whom?
//!
//! The loop emits [`Event`]s; each [`Sink`] makes of them what it likes. As JSON an event is one
//! object with `"v": 1` and `"event": "<name>"` first. Numbers that are not finite are the
//! strings `"nan"`, `"inf"` and `"-inf"`, because JSON has no others.
//!
//! Epochs, phases, segments and steps of a segment are counted from 1. `step` is the number of
//! optimiser steps taken since the run began, over all epochs and resumptions; `evaluation`, for a
//! restorer, that of evaluations of its loss, over all phases. Accuracies are fractions, PSNR is in
//! dB. The last event is exactly one of `diverged`, `interrupted` and `end`.

mod json;
mod parts;
mod restore;

pub use parts::{
    Best, EndReason, Measured, Position, SearchMetrics, TestMetrics, TrainMetrics, What,
};
pub use restore::{BestPhase, RestoreStart, RestoreTest, Restored};

use crate::files::FileError;
use json::{real, real_grid, real_lists, real_maybe};
use serde::{Deserialize, Serialize};

/// Version of the JSON form; it grows when a field changes its meaning or goes away.
pub const VERSION: u32 = 1;

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// Training begins or continues.
    Start {
        /// Folder of the run.
        run: String,
        /// Name of the recipe, for instance `cifar10/lm-resnet-20`.
        recipe: String,
        /// What is trained, and on what.
        #[serde(flatten)]
        what: What,
        /// Seed of every random draw.
        seed: u64,
        /// Where an earlier part of the run stopped, if there was one.
        resumed: Option<Position>,
    },
    /// One optimiser step, sampled: not every step is reported.
    Step {
        /// Epoch under way.
        epoch: usize,
        /// Steps taken, this one included.
        step: usize,
        /// Mean loss of the batch.
        #[serde(with = "real")]
        loss: f64,
        /// Learning rate used.
        #[serde(with = "real")]
        lr: f64,
    },
    /// An epoch is over and the network was measured.
    Epoch {
        /// The epoch.
        epoch: usize,
        /// Steps taken.
        step: usize,
        /// On the training images, while the weights moved.
        train: TrainMetrics,
        /// On the test images, after the epoch.
        test: TestMetrics,
        /// The same with the average of the weights; left out where none is kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ema: Option<TestMetrics>,
        /// Learning rate of the last step.
        #[serde(with = "real")]
        lr: f64,
        /// Training speed.
        #[serde(with = "real")]
        images_per_second: f64,
        /// Time of the epoch, measuring included.
        #[serde(with = "real")]
        seconds: f64,
        /// Learned memory coefficients: `memory_k[segment][step]`, `null` for a step that has
        /// none (the first of a segment), the mean over channels where there is one for each.
        #[serde(with = "real_grid")]
        memory_k: Vec<Vec<Option<f64>>>,
        /// All of them, `all_k[segment][step]` with that of the newest earlier state first, where the
        /// scheme has more than one per step; left out elsewhere, and by versions before this field.
        #[serde(default, skip_serializing_if = "Vec::is_empty", with = "real_lists")]
        all_k: Vec<Vec<Vec<f64>>>,
        /// What the steps of the epoch's training batches took, where that is not known before: those of implicit schemes, and those
        /// whose size follows from a tolerance; left out elsewhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effort: Option<SearchMetrics>,
        /// Whether this is the best epoch so far.
        best: bool,
    },
    /// A phase of the training of a restorer begins.
    Phase {
        /// The phase.
        phase: usize,
        /// Of how many.
        of: usize,
        /// First step of the model that is trained.
        first: usize,
        /// Last step of the model that is trained.
        last: usize,
        /// Learned numbers of these steps.
        parameters: usize,
        /// Pictures trained on.
        pictures: usize,
        /// Iterations of L-BFGS at most; steps of Adam where there is a `batch`.
        iterations: usize,
        /// Pictures of a step of Adam, where noise is drawn anew for each; left out elsewhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        batch: Option<usize>,
    },
    /// The loss of a restorer was evaluated.
    Evaluation {
        /// Phase under way.
        phase: usize,
        /// Evaluations made, this one included.
        evaluation: usize,
        /// What is minimised.
        #[serde(with = "real")]
        loss: f64,
        /// The PSNR that it stands for, on the training pictures.
        #[serde(with = "real")]
        psnr: f64,
        /// Time of the run so far, earlier parts included.
        #[serde(with = "real")]
        seconds: f64,
    },
    /// A phase is over and the restorer was measured.
    PhaseEnd {
        /// What was found.
        #[serde(flatten)]
        restored: Restored,
        /// Time of the run so far, earlier parts included.
        #[serde(with = "real")]
        seconds: f64,
        /// Learned coefficients of the scheme, a list a step; left out where it has none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        memory_k: Vec<Vec<f64>>,
    },
    /// Weights or the state of the run were saved.
    Checkpoint {
        /// Place of the state.
        #[serde(flatten)]
        at: Position,
        /// What was written.
        path: String,
        /// Whether these are the best weights so far.
        best: bool,
    },
    /// Something a person should know; training goes on.
    Warning {
        /// A sentence.
        message: String,
        /// What helps.
        hint: Option<String>,
    },
    /// A number became infinite or undefined; training stopped.
    Diverged {
        /// Epoch or phase under way, and steps or evaluations before the one that failed.
        #[serde(flatten)]
        at: Position,
        /// Segment where it appeared first, if it was inside one.
        segment: Option<usize>,
        /// Step of that segment.
        block_step: Option<usize>,
        /// What became non-finite, for instance `loss` or `output of the block`.
        what: String,
        /// Learning rate of the failed step; a restorer has none.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "real_maybe")]
        lr: Option<f64>,
    },
    /// A person stopped the run; its state is saved.
    Interrupted {
        /// Epoch or phase under way, and steps or evaluations before it stopped.
        #[serde(flatten)]
        at: Position,
        /// Folder to give to `--resume`.
        resume: String,
    },
    /// Training is over.
    End {
        /// Which limit was reached.
        reason: EndReason,
        /// What was measured at the end.
        #[serde(flatten)]
        measured: Measured,
        /// Time of the run, earlier parts included.
        #[serde(with = "real")]
        seconds: f64,
    },
}

impl Event {
    /// The event as one line of JSON, without the line break.
    pub fn to_json(&self) -> String {
        // Every field is a number, a string, a list or an object with string keys, and real
        // numbers are guarded, so there is nothing that JSON cannot say.
        serde_json::to_string(self).expect("an event is always representable as JSON")
    }

    /// The name of the event in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Start { .. } => "start",
            Event::Step { .. } => "step",
            Event::Epoch { .. } => "epoch",
            Event::Phase { .. } => "phase",
            Event::Evaluation { .. } => "evaluation",
            Event::PhaseEnd { .. } => "phase_end",
            Event::Checkpoint { .. } => "checkpoint",
            Event::Warning { .. } => "warning",
            Event::Diverged { .. } => "diverged",
            Event::Interrupted { .. } => "interrupted",
            Event::End { .. } => "end",
        }
    }
}

/// Something that listens to a run: a log file, a progress display, a test.
pub trait Sink: Send {
    /// Takes note of an event.
    ///
    /// # Errors
    /// [`SinkError`] when it cannot be recorded.
    fn on(&mut self, event: &Event) -> Result<(), SinkError>;

    /// Forces what was recorded to the disk; called before a checkpoint is written, so that a
    /// log is never behind the state it belongs to.
    ///
    /// # Errors
    /// [`SinkError`] when the disk refuses.
    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// How many bytes were recorded, for logs that a resumed run cuts back to this length.
    fn position(&self) -> Option<u64> {
        None
    }
}

/// A sink that could not record.
#[derive(Debug, thiserror::Error)]
#[error("the `{sink}` log failed: {source}")]
pub struct SinkError {
    /// Key of the sink.
    pub sink: &'static str,
    /// What happened to its file.
    pub source: FileError,
}

impl SinkError {
    /// One action that helps.
    pub fn hint(&self) -> Option<String> {
        self.source.hint()
    }
}

#[cfg(test)]
mod tests;
