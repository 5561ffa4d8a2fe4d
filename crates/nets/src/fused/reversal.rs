//! How is a segment trained without its activations? From its last state, one step at a time, backward.
//!
//! The forward pass of the segment is not recorded: one node stands for all its steps and keeps the last
//! state. Its backward pass undoes a step, evaluating the blocks with a tape of their own, and then takes
//! the step again, with the slopes that were just found in place of the blocks: so a block is evaluated
//! once forward, once more in the backward pass, and never stored (Gomez et al. 2017, section 3.2, for
//! any scheme that can be undone).

use super::recorded::{Recorder, Replay, collect};
use super::stored::{Fused, Once, Place, Stored, once, taken};
use super::tape::{INPUTS, Node, Output, Values, record};
use super::{lock, settle};
use crate::pass::Draws;
use crate::segment::{StepRhs, Steps};
use crate::{Features, Mode, NetError, Pass};
use burn::tensor::Tensor;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use timestep_kernels::Buffer;
use timestep_numerics::{Memory, State as _, StepCtx, StepError};

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

/// [`cut`] for features of a scheme, piece by piece.
fn cut_features(features: &Features, leaf: bool) -> Features {
    let pieces = features.0.pieces().iter().map(|piece| cut(piece, leaf));
    // The first state is fused, and everything computed from it.
    Features::from_pieces(pieces.collect()).unwrap_or_else(|| features.clone())
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
    /// The last state and the history then, which the backward pass takes.
    end: Once<(Features, Memory<Features>)>,
    /// Where the gradients of the first state and of the history before it go, piece by piece.
    start: Vec<Vec<Place>>,
    /// Where the gradients of the last state come.
    own: Vec<Place>,
    bundle: Bundle,
}

/// Gradients of features, piece by piece.
type Grads = Vec<Option<Arc<Buffer>>>;

impl std::fmt::Debug for Reconstruction {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Reconstruction of segment {}", self.reversal.number)
    }
}

/// Where the gradients of the pieces of features go.
fn places(features: &Features) -> Vec<Place> {
    let pieces = features.0.pieces().iter();
    pieces.map(|piece| piece.stored.place()).collect()
}

/// Deposits the gradients that are there.
fn deposit(places: &[Place], grads: &Grads) {
    for (place, grad) in places.iter().zip(grads) {
        if let Some(grad) = grad {
            place.add(grad);
        }
    }
}

/// The gradients that were deposited.
fn deposited(places: &[Place]) -> Grads {
    places.iter().map(Place::take).collect()
}

/// Makes one token of several, so that a backward pass can begin at all of them.
#[derive(Debug)]
struct Together;

impl Node for Together {
    fn forward(&self, _values: &Values) -> Output {
        Output::token()
    }

    fn backward(
        &self,
        _values: &Values,
        _wanted: [bool; INPUTS],
        _grad: Option<&[f32]>,
    ) -> [Option<Vec<f32>>; INPUTS] {
        [const { None }; INPUTS]
    }
}

/// A token that stands for all pieces of features; none if they are not kept for the fused kernels.
fn token_of(features: &Features) -> Option<Tensor<1>> {
    let tokens: Vec<Tensor<1>> = (features.0.pieces().iter())
        .map(|piece| piece.token.clone())
        .collect();
    match tokens.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        all => Some(record(all, Together)),
    }
}

impl Reconstruction {
    /// Gradients of the first state and of the history before it, given those of the last.
    fn back(&self, own: Grads) -> Result<Vec<Grads>, StepError> {
        let steps = &self.reversal.steps;
        let (mut state, mut memory) = taken(&self.end);
        let mut grads = vec![own];
        grads.resize(1 + memory.len(), Vec::new());
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
            state = cut_features(&before, false);
            memory = cut_memory(&memory, false);
            // Now the step again, from leaves.
            let leaf = cut_features(&before, true);
            drop(before);
            let mut after = cut_memory(&memory, true);
            let starts: Vec<Vec<Place>> = std::iter::once(places(&leaf))
                .chain((1..=after.len()).filter_map(|back| Some(places(&after.back(back)?.state))))
                .collect();
            let mut replay = Replay {
                rhs: StepRhs { step, pass: &pass },
                known: recorder.found,
                parameters: &own,
                bundle: &self.bundle,
            };
            let ctx = steps.context(n, &pass);
            let next = step.scheme.step(&mut replay, &leaf, &mut after, &ctx)?;
            deposit(&places(&next), &grads[0]);
            for (back, grads) in grads[1..].iter().enumerate() {
                if let Some(past) = after.back(back + 1) {
                    deposit(&places(&past.state), grads);
                }
            }
            // Nobody needs the numbers again that the step led to, only the way back from there.
            let token = token_of(&next);
            drop((leaf, after, next, grads));
            if let Some(token) = token {
                // Coefficients, and weights of blocks that were evaluated just now.
                collect(&token, &own, &self.bundle);
            }
            grads = starts.iter().map(|places| deposited(places)).collect();
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
        let own = deposited(&self.own);
        if own.iter().any(Option::is_some) {
            let grads = self
                .back(own)
                .expect("the steps were taken forward with the same blocks");
            for (places, grads) in self.start.iter().zip(&grads) {
                deposit(places, grads);
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
    let (steps, number) = (reversal.steps.clone(), reversal.number);
    let on_tape = |u: &Features| u.0.pieces().iter().any(Fused::is_on_tape);
    let Some(start) = start(&steps, u).filter(on_tape) else {
        return Ok(None);
    };
    let values: Vec<Tensor<1>> = pass.values().iter().map(still_value).collect();
    let still = Pass::new(&values, Mode::Train).with_draws(pass.draws());
    let mut state = cut_features(&start, false);
    let mut history = cut_memory(memory, false);
    for n in 0..steps.steps.len() {
        state = steps.step(n, &still, &state, &mut history, number)?;
    }
    for (id, measured) in still.into_statistics() {
        pass.note(id, measured);
    }
    let end: Vec<Fused> = state.0.pieces().iter().map(settle).collect();
    drop(state);
    let bundle = Bundle::default();
    let used: Vec<(usize, Tensor<1>)> = (steps.parameters.clone())
        .map(|id| (id, pass.values()[id].clone()))
        .collect();
    let mut inputs: Vec<Tensor<1>> = token_of(&start).into_iter().collect();
    let mut starts = vec![places(&start)];
    for back in 1..=memory.len() {
        if let Some(past) = memory.back(back) {
            let past: Vec<Fused> = past.state.0.pieces().iter().map(settle).collect();
            starts.push(past.iter().map(|piece| piece.stored.place()).collect());
            inputs.extend(Features::from_pieces(past).as_ref().and_then(token_of));
        }
    }
    inputs.extend(outlets(&used, &bundle));
    // The same numbers with slots for the gradients that users will find.
    let pieces: Vec<Fused> = end
        .iter()
        .map(|piece| Fused {
            stored: Stored {
                slot: Arc::default(),
                ..piece.stored.clone()
            },
            ..piece.clone()
        })
        .collect();
    let end = end.iter().map(|piece| cut(piece, false)).collect();
    let Some(end) = Features::from_pieces(end) else {
        return Ok(None);
    };
    let node = Reconstruction {
        reversal,
        values,
        draws: pass.draws(),
        end: once((end, history)),
        start: starts,
        own: pieces.iter().map(|piece| piece.stored.place()).collect(),
        bundle,
    };
    let token = record(&inputs, node);
    let pieces = pieces.into_iter().map(|piece| Fused {
        token: token.clone(),
        parameters: None,
        ..piece
    });
    Ok(Features::from_pieces(pieces.collect()))
}

/// What the steps start from: halves if the scheme leaves halves, so that all states have the same
/// pieces. `None` for features that are not kept for the fused kernels.
fn start(steps: &Steps, u: &Features) -> Option<Features> {
    let parts = steps.steps.first().map_or(1, |s| s.scheme.facts().parts);
    let u = match parts {
        2 => u
            .split()
            .and_then(|(first, second)| Features::join(&first, &second))?,
        _ => u.clone(),
    };
    Features::from_pieces(u.0.pieces().iter().map(settle).collect())
}
