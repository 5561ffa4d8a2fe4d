//! How is a segment trained without its activations? From its last state, one step at a time, backward.
//!
//! The forward pass of the segment is not recorded: one node stands for all its steps and keeps the last
//! state. Its backward pass undoes a step, evaluating the blocks with a tape of their own, and then takes
//! the step again, with the slopes that were just found in place of the blocks: so a block is evaluated
//! once forward, once more in the backward pass, and never stored (Gomez et al. 2017, section 3.2, for
//! any scheme that can be undone).

use super::recorded::{Recorder, Replay, collect};
use super::stored::{Fused, Stored};
use super::tape::{INPUTS, Node, Output, Values, record};
use super::{added_up, lock, settle};
use crate::features::Layout;
use crate::pass::Draws;
use crate::segment::{StepRhs, Steps};
use crate::{Features, Mode, NetError, Pass};
use burn::tensor::Tensor;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use timestep_kernels::Buffer;
use timestep_numerics::{Memory, StepCtx, StepError};

/// The steps that are to be undone.
#[derive(Clone)]
pub(crate) struct Reversal {
    /// The steps.
    pub(crate) steps: Arc<Steps>,
    /// Number of the segment, for errors.
    pub(crate) number: usize,
}

/// Gradients of parameters on their way out of the node that found them.
pub(super) type Bundle = Arc<Mutex<BTreeMap<usize, Vec<f32>>>>;

/// Adds a gradient to a bundle.
pub(super) fn put(bundle: &Bundle, id: usize, grad: Vec<f32>) {
    let mut held = lock(bundle);
    match held.get_mut(&id) {
        Some(sum) => sum.iter_mut().zip(&grad).for_each(|(a, b)| *a += b),
        None => {
            held.insert(id, grad);
        }
    }
}

/// Hands gradients of parameters to Burn: a node has few inputs, so there is a chain of these.
#[derive(Debug)]
struct Outlet {
    bundle: Bundle,
    ids: Vec<usize>,
}

impl Node for Outlet {
    fn forward(&self, _values: &Values) -> Output {
        Output::token()
    }

    fn backward(
        &self,
        values: &Values,
        wanted: [bool; INPUTS],
        _grad: Option<&[f32]>,
    ) -> [Option<Vec<f32>>; INPUTS] {
        let mut found = [const { None }; INPUTS];
        for (i, id) in self.ids.iter().enumerate() {
            if wanted[i] {
                // A parameter that nobody asked about has gradient 0.
                let none = || vec![0.0; values.get(i).len()];
                found[i] = Some(lock(&self.bundle).remove(id).unwrap_or_else(none));
            }
        }
        found
    }
}

/// A token whose users can deposit gradients of `parameters` in the bundle.
fn outlets(parameters: &[(usize, Tensor<1>)], bundle: &Bundle) -> Option<Tensor<1>> {
    let mut token: Option<Tensor<1>> = None;
    for part in parameters.chunks(INPUTS - 1) {
        let mut inputs: Vec<Tensor<1>> = part.iter().map(|(_, value)| value.clone()).collect();
        inputs.extend(token);
        let node = Outlet {
            bundle: bundle.clone(),
            ids: part.iter().map(|(id, _)| *id).collect(),
        };
        token = Some(record(&inputs, node));
    }
    token
}

/// The same numbers as the start of a tape of their own; nothing goes back from there.
pub(super) fn cut(fused: &Fused, leaf: bool) -> Fused {
    let plain = settle(fused);
    let token = Tensor::<1>::zeros([1], &plain.token.device()).autodiff();
    Fused {
        stored: Stored {
            slot: Arc::default(),
            ..plain.stored
        },
        token: if leaf { token.require_grad() } else { token },
        parameters: None,
        moments: plain.moments,
    }
}

/// [`cut`] for features of a scheme.
pub(super) fn cut_features(features: &Features, leaf: bool) -> Features {
    match features.0.fused() {
        Some(fused) => cut(fused, leaf).into(),
        // The first state is fused, and everything computed from it.
        None => features.clone(),
    }
}

/// [`cut`] for all entries of a memory.
fn cut_memory(memory: &Memory<Features>, leaf: bool) -> Memory<Features> {
    let mut all = Memory::new();
    for back in (1..=memory.len()).rev() {
        if let Some(past) = memory.back(back) {
            all.push(cut_features(&past.state, leaf), None, memory.len());
        }
    }
    all
}

/// All steps of a segment.
struct Reconstruction {
    reversal: Reversal,
    /// Values of all parameters, without a tape.
    values: Vec<Tensor<1>>,
    draws: Option<Draws>,
    end: Features,
    memory: Memory<Features>,
    /// Where the gradients of the first state and of the history before it go.
    start: Vec<Stored>,
    slot: Arc<super::Slot>,
    bundle: Bundle,
}

impl std::fmt::Debug for Reconstruction {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Reconstruction of segment {}", self.reversal.number)
    }
}

/// A gradient deposited for features that a scheme holds.
fn deposit(features: &Features, grad: &Arc<Buffer>) {
    if let Some(fused) = features.0.fused() {
        let ones = vec![1.0; fused.stored.extent.channels];
        fused.stored.slot.add(grad, ones);
    }
}

/// The gradient that was deposited for features.
fn deposited(features: &Features) -> Option<Arc<Buffer>> {
    let fused = features.0.fused()?;
    added_up(&fused.stored.slot, &fused.stored.extent)
}

impl Reconstruction {
    /// Gradients of the first state and of the history before it.
    fn back(&self, grad: Arc<Buffer>) -> Result<Vec<Option<Arc<Buffer>>>, StepError> {
        let steps = &self.reversal.steps;
        let mut state = self.end.clone();
        let mut memory = cut_memory(&self.memory, false);
        let mut grads = vec![Some(grad)];
        grads.resize(1 + memory.len(), None);
        for n in (0..steps.steps.len()).rev() {
            let step = &steps.steps[n];
            let Some(scheme) = step.scheme.reversible() else {
                return Err(StepError::Rhs("the scheme cannot be undone".into()));
            };
            // Parameters of this step on tapes of their own.
            let mut values = self.values.clone();
            for id in step.parameters.clone() {
                values[id] = values[id].clone().require_grad();
            }
            let own: Vec<(usize, Tensor<1>)> = step
                .parameters
                .clone()
                .map(|id| (id, values[id].clone()))
                .collect();
            let still = Pass::new(&self.values, Mode::Train);
            let pass = Pass::new(&values, Mode::Train).with_draws(self.draws);
            let mut recorder = Recorder {
                rhs: StepRhs { step, pass: &pass },
                found: Vec::new(),
            };
            let ctx: StepCtx<Features> = steps.context(n, &still);
            let before = scheme.unstep(&mut recorder, &state, &mut memory, &ctx)?;
            // Now the step again, from leaves.
            let leaf = cut_features(&before, true);
            let leaves = cut_memory(&memory, true);
            let mut after = leaves.clone();
            let mut replay = Replay {
                rhs: StepRhs { step, pass: &pass },
                known: recorder.found,
                parameters: &own,
                bundle: &self.bundle,
            };
            let ctx = steps.context(n, &pass);
            let next = step.scheme.step(&mut replay, &leaf, &mut after, &ctx)?;
            if let Some(grad) = &grads[0] {
                deposit(&next, grad);
            }
            for (back, grad) in grads[1..].iter().enumerate() {
                if let (Some(past), Some(grad)) = (after.back(back + 1), grad) {
                    deposit(&past.state, grad);
                }
            }
            if let Some(fused) = next.0.fused() {
                // Coefficients, and weights of blocks that were evaluated just now.
                collect(&fused.token, &own, &self.bundle);
            }
            grads = vec![deposited(&leaf)];
            grads.extend((1..=leaves.len()).map(|back| deposited(&leaves.back(back)?.state)));
            state = cut_features(&before, false);
            memory = cut_memory(&memory, false);
        }
        Ok(grads)
    }
}

impl Node for Reconstruction {
    fn forward(&self, _values: &Values) -> Output {
        Output::token()
    }

    fn backward(
        &self,
        _values: &Values,
        _wanted: [bool; INPUTS],
        _grad: Option<&[f32]>,
    ) -> [Option<Vec<f32>>; INPUTS] {
        let Some(end) = self.end.0.fused() else {
            return [const { None }; INPUTS];
        };
        if let Some(grad) = added_up(&self.slot, &end.stored.extent) {
            let grads = self
                .back(grad)
                .expect("the steps were taken forward with the same blocks");
            for (stored, grad) in self.start.iter().zip(grads) {
                if let Some(grad) = grad {
                    stored.slot.add(&grad, vec![1.0; stored.extent.channels]);
                }
            }
        }
        [const { None }; INPUTS]
    }
}

/// A value that is on no tape but on the device of those that are: `detach` would keep asking for its
/// gradient.
fn still_value(value: &Tensor<1>) -> Tensor<1> {
    value.clone().without_autodiff().autodiff()
}

/// The last state of a segment whose activations are reconstructed; `None` where they cannot be,
/// because the state is not kept for the fused kernels or nobody wants gradients.
///
/// # Errors
/// [`NetError::Step`] if the scheme refuses a step.
pub(crate) fn reconstructed(
    reversal: Reversal,
    pass: &Pass<'_>,
    u: &Features,
    memory: &Memory<Features>,
) -> Result<Option<Features>, NetError> {
    let Some(start) = u.0.fused().filter(|fused| fused.is_on_tape()) else {
        return Ok(None);
    };
    let start = settle(start);
    let (steps, number) = (reversal.steps.clone(), reversal.number);
    let values: Vec<Tensor<1>> = pass.values().iter().map(still_value).collect();
    let still = Pass::new(&values, Mode::Train).with_draws(pass.draws());
    let mut state = Features::from(cut(&start, false));
    let mut history = cut_memory(memory, false);
    for n in 0..steps.steps.len() {
        state = steps.step(n, &still, &state, &mut history, number)?;
    }
    for (id, measured) in still.into_statistics() {
        pass.note(id, measured);
    }
    let Some(end) = state.0.fused().map(settle) else {
        return Ok(None);
    };
    let bundle = Bundle::default();
    let used: Vec<(usize, Tensor<1>)> = (steps.parameters.clone())
        .map(|id| (id, pass.values()[id].clone()))
        .collect();
    let mut inputs = vec![start.token.clone()];
    let mut starts = vec![start.stored.clone()];
    for back in 1..=memory.len() {
        if let Some(past) = memory.back(back).and_then(|past| past.state.0.fused()) {
            let past = settle(past);
            inputs.push(past.token.clone());
            starts.push(past.stored);
        }
    }
    inputs.extend(outlets(&used, &bundle));
    let slot = Arc::default();
    let node = Reconstruction {
        reversal,
        values,
        draws: pass.draws(),
        end: cut(&end, false).into(),
        memory: history,
        start: starts,
        slot: Arc::clone(&slot),
        bundle,
    };
    let token = record(&inputs, node);
    let stored = Stored { slot, ..end.stored };
    let end = Fused {
        stored,
        token,
        parameters: None,
        moments: end.moments,
    };
    Ok(Some(Features(Layout::Fused(Box::new(end)))))
}
