//! How is a segment trained without its activations? From its last state, one step at a time, backward.
//!
//! The forward pass of the segment is not recorded: one operation stands for all its steps and keeps the last
//! state. Its backward pass undoes a step, evaluating the blocks on a tape of their own, and then takes
//! the step again, with the slopes that were just found in place of the blocks: so a block is evaluated
//! once forward, once more in the backward pass, and never stored (Gomez et al. 2017, section 3.2, for
//! any scheme that can be undone).

use crate::steps::{StepRhs, Steps, spliced};
use crate::{Features, NetError, Pass};
use std::rc::Rc;
use std::sync::Arc;
use timestep_engine::{End, GradientSink, Recording, Tape, Value, Wanted};
use timestep_numerics::{Memory, Rhs, StageId, State as _, StepCtx, StepError};

/// The steps that are to be undone.
#[derive(Clone)]
pub(crate) struct Reversal {
    /// The steps.
    pub(crate) steps: Arc<Steps>,
    /// Number of the segment, for errors.
    pub(crate) number: usize,
}

/// A pass without gradients, in the mode of training.
fn still() -> Recording {
    Recording {
        wanted: Wanted::Nothing,
        statistics: true,
    }
}

/// A pass with gradients of leaves, and of the parameters that `pass` trains.
fn recorded(pass: &Pass) -> Recording {
    Recording {
        wanted: pass.wanted(),
        statistics: true,
    }
}

/// All entries of a memory as beginnings on a tape.
fn memory_onto(memory: &Memory<Features>, tape: &Rc<dyn Tape>, leaf: bool) -> Memory<Features> {
    let mut all = Memory::new();
    for back in (1..=memory.len()).rev() {
        if let Some(past) = memory.back(back) {
            all.push(past.state.onto(tape, leaf), None, memory.len());
        }
    }
    all
}

/// The states of a memory, newest first.
fn states(memory: &Memory<Features>) -> Vec<Features> {
    let past = (1..=memory.len()).filter_map(|back| memory.back(back));
    past.map(|past| past.state.clone()).collect()
}

/// An evaluation of a block in the backward pass, on a tape of its own.
struct Evaluation {
    stage: usize,
    /// What the block was evaluated at, a leaf.
    input: Features,
    /// What it found.
    slope: Features,
}

/// Undoes a step and keeps the evaluations of its blocks.
struct Recorder<'a> {
    /// The pass without gradients in which the step is undone.
    rhs: StepRhs<'a>,
    found: Vec<Evaluation>,
}

impl Rhs<Features> for Recorder<'_> {
    fn eval(&mut self, at: StageId, u: &Features) -> Result<Features, StepError> {
        let still = self.rhs.pass;
        let pass = still.beside(still.tape().fork(&recorded(still)));
        let input = u.onto(pass.tape(), true);
        let slope = self.rhs.block(at).eval(&pass, &input);
        if slope.is_zero() {
            // A dropped block leaves no tape to go back through.
            return Ok(Features::zeros(u, slope.dims()));
        }
        let end = Features::new(pass.tape(), pass.tape().plain(slope.value()));
        let known = end.onto(still.tape(), false);
        self.found.push(Evaluation {
            stage: at.stage,
            input,
            slope: end,
        });
        Ok(known)
    }
}

/// Takes a step with the slopes that are known.
struct Replay<'a> {
    rhs: StepRhs<'a>,
    known: Vec<Evaluation>,
}

impl Rhs<Features> for Replay<'_> {
    fn eval(&mut self, at: StageId, u: &Features) -> Result<Features, StepError> {
        let Some(found) = self.known.iter().position(|e| e.stage == at.stage) else {
            // Undoing the step needed no slope, as after a restart: it is evaluated now.
            let slope = self.rhs.block(at).eval(self.rhs.pass, u);
            slope.compute();
            return Ok(slope);
        };
        let Evaluation { input, slope, .. } = self.known.swap_remove(found);
        let tape = self.rhs.pass.tape();
        let known = slope.onto(tape, false);
        // The way back is through the tape of that evaluation.
        let back = move |grads: &[Option<Value>], sink: &mut dyn GradientSink| {
            if let Some(grad) = &grads[0] {
                let own = slope.tape();
                own.backward(&[End::Features(slope.value(), grad)], sink);
            }
            vec![input.tape().gradient(input.value())]
        };
        Ok(spliced(u, &known, Box::new(back)))
    }
}

/// All steps of a segment.
struct Reconstruction {
    reversal: Reversal,
    /// A pass without gradients on whose tape the states are.
    pass: Pass,
    /// The last state and the history then.
    end: (Features, Memory<Features>),
}

impl Reconstruction {
    /// Gradients of the first state and of the history before it, newest first, given that of the last.
    fn back(
        self,
        last: Option<Value>,
        sink: &mut dyn GradientSink,
    ) -> Result<Vec<Option<Value>>, StepError> {
        let steps = &self.reversal.steps;
        let own = self.pass.tape();
        let (mut state, mut memory) = self.end;
        let mut grads = vec![last];
        grads.resize(1 + memory.len(), None);
        for n in (0..steps.steps.len()).rev() {
            let step = &steps.steps[n];
            let Some(scheme) = step.scheme.reversible() else {
                return Err(StepError::Rhs("the scheme cannot be undone".into()));
            };
            let still = self.pass.beside(own.clone());
            let mut recorder = Recorder {
                rhs: StepRhs {
                    step,
                    pass: &still,
                    owner: None,
                },
                found: Vec::new(),
            };
            let ctx: StepCtx<Features> = steps.context(n, &still);
            let before = scheme.unstep(&mut recorder, &state, &mut memory, &ctx)?;
            state = before.onto(own, false);
            memory = memory_onto(&memory, own, false);
            drop(before);
            // Now the step again, from leaves.
            let pass = still.beside(own.fork(&recorded(&still)));
            let leaf = state.onto(pass.tape(), true);
            let mut after = memory_onto(&memory, pass.tape(), true);
            let mut starts = vec![leaf.clone()];
            starts.extend(states(&after));
            let mut replay = Replay {
                rhs: StepRhs {
                    step,
                    pass: &pass,
                    owner: None,
                },
                known: recorder.found,
            };
            let ctx = steps.context(n, &pass);
            let next = step.scheme.step(&mut replay, &leaf, &mut after, &ctx)?;
            let mut ends = vec![next];
            ends.extend(states(&after));
            // Nobody needs the numbers again that the step led to, only the way back from there.
            drop((leaf, after));
            let found: Vec<End<'_>> = ends
                .iter()
                .zip(&grads)
                .filter_map(|(end, grad)| Some(End::Features(end.value(), grad.as_ref()?)))
                .collect();
            pass.tape().backward(&found, sink);
            drop(found);
            drop(ends);
            grads = starts
                .iter()
                .map(|start| pass.tape().gradient(start.value()))
                .collect();
        }
        Ok(grads)
    }
}

/// The last state of a segment whose activations are reconstructed; `None` where they cannot be,
/// because the engine keeps them or nobody wants gradients.
///
/// # Errors
/// [`NetError::Step`] if the scheme refuses a step.
pub(crate) fn reconstructed(
    reversal: Reversal,
    pass: &Pass,
    u: &Features,
    memory: &Memory<Features>,
) -> Result<Option<Features>, NetError> {
    let tape = pass.tape();
    if !tape.can_splice() || !u.is_recorded() {
        return Ok(None);
    }
    let (steps, number) = (reversal.steps.clone(), reversal.number);
    let Some(start) = start(&steps, u) else {
        return Ok(None);
    };
    let past: Vec<Features> = states(memory)
        .iter()
        .map(|state| Features::new(tape, tape.plain(state.value())))
        .collect();
    let still = pass.beside(tape.fork(&still()));
    let mut state = start.onto(still.tape(), false);
    let mut history = memory_onto(memory, still.tape(), false);
    for n in 0..steps.steps.len() {
        state = steps.step(n, &still, &state, &mut history, number)?;
    }
    let own = still.tape().clone();
    let beside = still.beside(own.clone());
    pass.note_all(still.into_statistics());
    let end = state.onto(&own, false);
    drop(state);
    let output = end.onto(tape, false);
    let work = Reconstruction {
        reversal,
        pass: beside,
        end: (end, history),
    };
    let back = move |grads: &[Option<Value>], sink: &mut dyn GradientSink| {
        work.back(grads[0].clone(), sink)
            .expect("the steps were taken forward with the same blocks")
    };
    let mut inputs = vec![start.value()];
    inputs.extend(past.iter().map(Features::value));
    let value = tape
        .splice(&inputs, &[output.value()], Box::new(back))
        .into_iter()
        .next();
    Ok(value.map(|value| Features::new(tape, value)))
}

/// What the steps start from: halves if the scheme leaves halves, so that all states have the same
/// pieces.
fn start(steps: &Steps, u: &Features) -> Option<Features> {
    let parts = steps.steps.first().map_or(1, |s| s.scheme.facts().parts);
    let u = match parts {
        2 => u
            .split()
            .and_then(|(first, second)| Features::join(&first, &second))?,
        _ => u.clone(),
    };
    Some(Features::new(u.tape(), u.tape().plain(u.value())))
}
