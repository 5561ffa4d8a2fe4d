//! What does one evaluation of a network carry along? Values, mode and batch statistics.

use crate::{Features, ParamId};
use burn::tensor::Tensor;
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
    statistics: RefCell<Vec<(ParamId, Tensor<1>)>>,
}

impl<'v> Pass<'v> {
    /// A pass over parameter values in layout order, tracked or not.
    #[must_use]
    pub fn new(values: &'v [Tensor<1>], mode: Mode) -> Self {
        Self {
            values,
            mode,
            statistics: RefCell::new(Vec::new()),
        }
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
