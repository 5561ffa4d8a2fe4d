//! What happens to a block in a backward pass without stored activations? It is evaluated on a tape of its
//! own while a step is undone, and that tape is run when the step is taken again.

use super::reversal::{Bundle, cut, cut_features, put};
use super::stored::{Fused, Stored};
use super::tape::{INPUTS, Node, Output, Values, record};
use super::{Slot, added_up, settle};
use crate::Features;
use crate::segment::StepRhs;
use burn::tensor::Tensor;
use std::sync::Arc;
use timestep_numerics::{Rhs, StageId, StepError};

/// An evaluation of a block in the backward pass, with a tape of its own.
pub(super) struct Evaluation {
    stage: usize,
    /// What the block was evaluated at.
    input: Fused,
    /// What it found.
    slope: Fused,
}

/// Undoes a step and keeps the evaluations of its blocks.
pub(super) struct Recorder<'a, 'v> {
    pub(super) rhs: StepRhs<'a, 'v>,
    pub(super) found: Vec<Evaluation>,
}

impl Rhs<Features> for Recorder<'_, '_> {
    fn eval(&mut self, at: StageId, u: &Features) -> Result<Features, StepError> {
        let input = cut_features(u, true);
        let slope = self.rhs.block(at).eval(self.rhs.pass, &input);
        let (Some(start), Some(end)) = (input.0.fused(), slope.0.fused()) else {
            return Err(StepError::Rhs(
                "the state is not kept for the fused kernels".into(),
            ));
        };
        let end = settle(end);
        self.found.push(Evaluation {
            stage: at.stage,
            input: start.clone(),
            slope: end.clone(),
        });
        Ok(cut(&end, false).into())
    }
}

/// Stands for the evaluation of a block whose slope is known: goes back through the tape of that
/// evaluation.
#[derive(Debug)]
struct Known {
    /// The state on the tape of the step.
    at: Stored,
    /// The state on the tape of the evaluation.
    input: Stored,
    slope: Fused,
    slot: Arc<Slot>,
    parameters: Vec<(usize, Tensor<1>)>,
    bundle: Bundle,
}

impl Node for Known {
    fn forward(&self, _values: &Values) -> Output {
        Output::token()
    }

    fn backward(
        &self,
        _values: &Values,
        _wanted: [bool; INPUTS],
        _grad: Option<&[f32]>,
    ) -> [Option<Vec<f32>>; INPUTS] {
        let extent = self.slope.stored.extent;
        if let Some(grad) = added_up(&self.slot, &extent) {
            let ones = vec![1.0; extent.channels];
            self.slope.stored.slot.add(&grad, ones);
            collect(&self.slope.token, &self.parameters, &self.bundle);
            if let Some(grad) = added_up(&self.input.slot, &self.input.extent) {
                let ones = vec![1.0; self.input.extent.channels];
                self.at.slot.add(&grad, ones);
            }
        }
        [const { None }; INPUTS]
    }
}

/// Runs the tape that ends in `token` and puts the gradients of parameters in the bundle.
pub(super) fn collect(token: &Tensor<1>, parameters: &[(usize, Tensor<1>)], bundle: &Bundle) {
    let mut grads = token.backward();
    for (id, value) in parameters {
        if let Some(grad) = value.grad_remove(&mut grads) {
            let data = grad.to_data();
            let numbers = data.try_to_vec().unwrap_or_else(|_| data.iter().collect());
            put(bundle, *id, numbers);
        }
    }
}

/// Takes a step with the slopes that are known.
pub(super) struct Replay<'a, 'v> {
    pub(super) rhs: StepRhs<'a, 'v>,
    pub(super) known: Vec<Evaluation>,
    pub(super) parameters: &'a [(usize, Tensor<1>)],
    pub(super) bundle: &'a Bundle,
}

impl Rhs<Features> for Replay<'_, '_> {
    fn eval(&mut self, at: StageId, u: &Features) -> Result<Features, StepError> {
        let found = self.known.iter().position(|e| e.stage == at.stage);
        let (Some(found), Some(u)) = (found, u.0.fused()) else {
            // Undoing the step needed no slope, as after a restart: it is evaluated now.
            let slope = self.rhs.block(at).eval(self.rhs.pass, u);
            slope.compute();
            return Ok(slope);
        };
        let Evaluation { input, slope, .. } = self.known.swap_remove(found);
        let (u, slot) = (settle(u), Arc::default());
        let stored = Stored {
            slot: Arc::clone(&slot),
            ..slope.stored.clone()
        };
        let moments = slope.moments.clone();
        let node = Known {
            at: u.stored,
            input: input.stored,
            slope,
            slot,
            parameters: self.parameters.to_vec(),
            bundle: self.bundle.clone(),
        };
        let token = record(std::slice::from_ref(&u.token), node);
        let known = Fused {
            stored,
            token,
            parameters: None,
            moments,
        };
        Ok(known.into())
    }
}
