//! What do events speak of? The beginning of a run, points of it, measurements, its end.

use super::json::{real, real_maybe};
use super::restore::{BestPhase, RestoreStart, Restored};
use serde::{Deserialize, Serialize};
use timestep_nets::Effort;

/// What is trained, and on what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum What {
    /// A network.
    Classifier {
        /// Name of the network.
        network: String,
        /// Name of the data set.
        data: String,
        /// Trained numbers in the network.
        parameters: usize,
        /// Multiplications and additions of one image, forward.
        multiply_adds: u64,
        /// Images trained on.
        train_images: usize,
        /// Images measured on.
        test_images: usize,
        /// Whether the test images are the training images, because the run is to learn them by heart; left out where
        /// they are not.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        overfit: bool,
        /// Epochs planned.
        epochs: usize,
        /// Optimiser steps in an epoch.
        steps_per_epoch: usize,
    },
    /// A restorer.
    Restorer(RestoreStart),
}

/// What the steps of an epoch took whose evaluations are not known before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchMetrics {
    /// Steps that were taken on the way forward: equations that were solved, or steps whose error was small enough.
    pub steps: u64,
    /// Evaluations of a block in a step, on average.
    #[serde(with = "real")]
    pub evaluations: f64,
    /// The same on the way back.
    #[serde(with = "real")]
    pub backward: f64,
    /// Steps that were refused and taken again, smaller; 0 for implicit schemes.
    pub refused: u64,
    /// What one plain iteration leaves of the residual of an equation, on average: below 1 it contracts; left out where none is solved.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "real_maybe")]
    pub contraction: Option<f64>,
    /// The largest of these numbers.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "real_maybe")]
    pub worst_contraction: Option<f64>,
}

impl SearchMetrics {
    /// What was counted; `None` if no step searched or chose anything.
    #[must_use]
    pub fn of(effort: &Effort) -> Option<Self> {
        let per_step = |count: u64| count as f64 / effort.steps.max(1) as f64;
        effort.is_any().then(|| Self {
            steps: effort.steps,
            evaluations: per_step(effort.evaluations),
            backward: per_step(effort.backward),
            refused: effort.refused,
            contraction: effort.contraction(),
            worst_contraction: effort.contraction().map(|_| effort.worst),
        })
    }
}

/// A point of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Position {
    /// Of a classifier.
    Epochs {
        /// Epochs completed, or the one under way.
        epoch: usize,
        /// Optimiser steps taken.
        step: usize,
    },
    /// Of a restorer.
    Phases {
        /// Phases completed, or the one under way.
        phase: usize,
        /// Evaluations of the loss made, over all phases.
        evaluation: usize,
    },
}

impl Position {
    /// Steps or evaluations: the horizontal axis of curves.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Position::Epochs { step, .. } => step,
            Position::Phases { evaluation, .. } => evaluation,
        }
    }

    /// The place where the work after this one goes on: the epoch or phase under way.
    #[must_use]
    pub fn under_way(self) -> Self {
        match self {
            Position::Epochs { epoch, step } => Position::Epochs {
                epoch: epoch + 1,
                step,
            },
            Position::Phases { phase, evaluation } => Position::Phases {
                phase: phase + 1,
                evaluation,
            },
        }
    }
}

/// `epoch 3, step 60` or `phase 2, evaluation 41`.
impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Position::Epochs { epoch, step } => write!(f, "epoch {epoch}, step {step}"),
            Position::Phases { phase, evaluation } => {
                write!(f, "phase {phase}, evaluation {evaluation}")
            }
        }
    }
}

/// What a run measured at its end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Measured {
    /// Of a classifier.
    Classifier {
        /// Last epoch that was completed.
        epoch: usize,
        /// Steps taken.
        step: usize,
        /// Measured after the last epoch.
        test: TestMetrics,
        /// Best epoch.
        best: Best,
    },
    /// Of a restorer.
    Restorer {
        /// The last phase.
        #[serde(flatten)]
        last: Restored,
        /// The phase whose weights are the best.
        best: BestPhase,
    },
}

/// Averages over the training images of an epoch, taken while the weights moved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainMetrics {
    /// Mean loss, label smoothing included.
    #[serde(with = "real")]
    pub loss: f64,
    /// Fraction classified correctly.
    #[serde(with = "real")]
    pub top1: f64,
}

/// Averages over the test images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestMetrics {
    /// Mean cross-entropy.
    #[serde(with = "real")]
    pub loss: f64,
    /// Fraction classified correctly.
    #[serde(with = "real")]
    pub top1: f64,
    /// Fraction with the right class among the five most likely ones.
    #[serde(with = "real")]
    pub top5: f64,
}

/// The best epoch of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The epoch.
    pub epoch: usize,
    /// Its accuracy on the test images.
    #[serde(with = "real")]
    pub top1: f64,
}

/// Which limit ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// All epochs of the recipe.
    Epochs,
    /// All phases of the recipe.
    Phases,
    /// The time budget.
    Time,
    /// The epochs without a better one.
    Patience,
}
