//! What does one evaluation of a network carry along? Values, mode and batch statistics.

use crate::{Features, ParamId, init};
use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;
use std::cell::RefCell;

/// Training uses the statistics of the batch, evaluation the running ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Batch statistics; running statistics are updated afterwards.
    Train,
    /// Running statistics.
    Eval,
}

/// Called after every step with the segment and the step (both from 1) and the new state.
pub type Probe<'p> = &'p mut dyn FnMut(usize, usize, &Features);

/// One evaluation of a network: parameter values, mode, and what the norms measured.
///
/// Nothing hides in the network: batch statistics are collected here and applied by
/// [`Network::absorb`](crate::Network::absorb), so a recomputed block can be kept from updating
/// them twice.
#[derive(Debug)]
pub struct Pass<'v> {
    values: &'v [Tensor<1>],
    mode: Mode,
    draws: Option<Draws>,
    statistics: RefCell<Vec<(ParamId, Tensor<1>)>>,
}

/// Where the random numbers of a training pass come from: the same numbers for the same seed and step,
/// wherever and however often a part of the network is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draws {
    /// Seed of the run.
    pub seed: u64,
    /// Optimiser step of the run.
    pub step: u64,
}

impl<'v> Pass<'v> {
    /// A pass over parameter values in layout order, tracked or not.
    #[must_use]
    pub fn new(values: &'v [Tensor<1>], mode: Mode) -> Self {
        Self {
            values,
            mode,
            draws: None,
            statistics: RefCell::new(Vec::new()),
        }
    }

    /// The same with random numbers: dropout and drop-path act in training only where there are any.
    #[must_use]
    pub fn with_draws(self, draws: Option<Draws>) -> Self {
        Self { draws, ..self }
    }

    /// Where its random numbers come from.
    #[must_use]
    pub fn draws(&self) -> Option<Draws> {
        self.draws
    }

    /// The random numbers for `what`, in training passes that have any.
    #[must_use]
    pub fn random(&self, what: &str) -> Option<ChaCha8Rng> {
        let draws = self.draws.filter(|_| self.mode == Mode::Train)?;
        Some(init::stream(draws.seed, &format!("{} {what}", draws.step)))
    }

    /// The flat values it works with.
    #[must_use]
    pub fn values(&self) -> &'v [Tensor<1>] {
        self.values
    }

    /// Training or evaluation.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The flat value of a parameter.
    #[must_use]
    pub fn value(&self, id: ParamId) -> Tensor<1> {
        self.values[id.0].clone()
    }

    /// Notes what a norm measured on this batch, for the running statistic `id`.
    pub(crate) fn note(&self, id: ParamId, measured: Tensor<1>) {
        self.statistics.borrow_mut().push((id, measured));
    }

    /// What the norms measured, in the order of evaluation.
    #[must_use]
    pub fn into_statistics(self) -> Vec<(ParamId, Tensor<1>)> {
        self.statistics.into_inner()
    }
}
