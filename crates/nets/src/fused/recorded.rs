//! What happens to a block in a backward pass without stored activations? It is evaluated on a tape of its
//! own while a step is undone, and that tape is run when the step is taken again.

use super::reversal::{Bundle, cut, put};
use super::settle;
use super::stored::{Fused, Place, Stored};
use super::tape::{INPUTS, Node, Output, Values, record};
use crate::Features;
use crate::segment::StepRhs;
use burn::tensor::Tensor;
use std::sync::Arc;
use timestep_numerics::{Rhs, StageId, StepError};

/// An evaluation of a block in the backward pass, with a tape of its own.
pub(super) struct Evaluation {
    stage: usize,
    /// Where the gradient of what the block was evaluated at goes.
    input: Place,
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
        let other = || StepError::Rhs("the state is not kept for the fused kernels".into());
        let input = cut(u.0.fused().ok_or_else(other)?, true);
        let place = input.stored.place();
        let slope = self.rhs.block(at).eval(self.rhs.pass, &input.into());
        if slope.is_zero() {
            // A dropped block leaves no tape to go back through.
            return Ok(slope);
        }
        let end = settle(slope.0.fused().ok_or_else(other)?);
        self.found.push(Evaluation {
            stage: at.stage,
            input: place,
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
    at: Place,
    /// The state on the tape of the evaluation.
    input: Place,
    /// The slope on the tape of the evaluation, and where that begins.
    slope: Place,
    token: Tensor<1>,
    /// The slope on the tape of the step.
    own: Place,
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
        if let Some(grad) = self.own.take() {
            self.slope.add(&grad);
            drop(grad);
            collect(&self.token, &self.parameters, &self.bundle);
            if let Some(grad) = self.input.take() {
                self.at.add(&grad);
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
        let u = settle(u);
        let stored = Stored {
            slot: Arc::default(),
            ..slope.stored.clone()
        };
        let node = Known {
            at: u.stored.place(),
            input,
            slope: slope.stored.place(),
            token: slope.token,
            own: stored.place(),
            parameters: self.parameters.to_vec(),
            bundle: self.bundle.clone(),
        };
        let token = record(std::slice::from_ref(&u.token), node);
        let known = Fused {
            stored,
            token,
            parameters: None,
            moments: slope.moments,
        };
        Ok(known.into())
    }
}
