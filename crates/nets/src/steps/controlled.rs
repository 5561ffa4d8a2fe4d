//! How does a network take steps whose sizes follow from their error? It follows its equation with an embedded pair, and goes back over the
//! steps that were taken.
//!
//! The weights of a segment are functions of time: those of its steps in the middles of their cells and linear in between, or constant in each
//! cell. The forward pass records nothing and keeps the state before each step that was taken. The way back takes these steps once
//! more, one at a time, the last first, from the same state and with the same size: what it finds is the gradient of the numbers that were computed (the
//! equation is discretised first and differentiated then), with sizes of steps taken as given. Memory is one state for each step, and the activations
//! of the stages of one.

mod field;

use super::{Steps, spliced};
use crate::pass::Measured;
use crate::{Between, Effort, Features, Mode, Pass};
use field::{Evaluation, Field};
use std::rc::Rc;
use std::sync::Arc;
use timestep_engine::{End, GradientSink, ParamId, Recording, Tape, Value, Wanted};
use timestep_numerics::adaptive::{Equation, Moment, Pair, Step, Stopped, Tolerance, follow};
use timestep_numerics::{Rhs, StageId, StepError};

/// How sizes of steps follow from their error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Control {
    pub(crate) pair: &'static Pair,
    pub(crate) tolerance: Tolerance,
    /// What weights are between the middles of the cells.
    pub(crate) between: Between,
}

/// A state of the solution, and the step that was taken from it.
struct Checkpoint {
    at: Moment,
    h: f64,
    state: Features,
}

/// What norms measured at a moment, by place in the block.
type Noted = (Moment, Vec<(usize, Vec<f32>)>);

/// The way forward.
struct Forward<'a> {
    field: &'a Field,
    last: Option<Noted>,
    /// At the states of the solution.
    noted: Vec<Noted>,
    /// Are states wanted for the way back?
    keeps: bool,
    kept: Vec<Checkpoint>,
}

impl Equation<Features> for Forward<'_> {
    fn slope(&mut self, at: Moment, u: &Features) -> Result<Features, StepError> {
        let field = self.field;
        let found = field.evaluate(at, u, &field.still());
        let slope = found.slope.onto(field.pass.tape(), false);
        let start = field.parameters(field.place(at).first).start;
        let Evaluation {
            pass,
            input,
            slope: own,
        } = found;
        drop((input, own));
        let measured = pass.into_statistics().into_iter();
        let measured = measured.map(|(id, values)| (id.index() - start, values));
        self.last = Some((at, measured.collect()));
        Ok(slope)
    }

    fn size(&self, error: &Features, before: &Features, after: &Features) -> f64 {
        let Tolerance {
            absolute, relative, ..
        } = self.field.control.tolerance;
        let count: usize = error.dims().iter().product();
        let states = [before.value(), after.value()];
        let squares = error
            .tape()
            .scaled_squares(error.value(), states, absolute, relative);
        (squares / count as f64).sqrt()
    }

    fn kept(&mut self) {
        self.noted.extend(self.last.take());
    }

    fn taken(&mut self, step: &Step<'_, Features>) {
        if self.keeps {
            self.kept.push(Checkpoint {
                at: step.from,
                h: step.taken.h,
                state: step.before.onto(self.field.pass.tape(), false),
            });
        }
    }
}

impl Forward<'_> {
    /// What norms are told of the batch: what was measured at the states of the solution, linear in time, in the middle of each cell.
    fn statistics(&self) -> Measured {
        let field = self.field;
        let mut all = Measured::new();
        for (n, middle) in field.middles.iter().enumerate() {
            let own: Vec<&Noted> = match field.control.between {
                Between::Linear => self.noted.iter().collect(),
                Between::Constant => self.noted.iter().filter(|(at, _)| at.piece == n).collect(),
            };
            let later = own.iter().position(|(at, _)| at.time >= *middle);
            let later = later.unwrap_or(own.len().saturating_sub(1));
            let earlier = later.saturating_sub(1);
            let (Some((from, first)), Some((to, second))) = (own.get(earlier), own.get(later))
            else {
                continue;
            };
            let share = match to.time > from.time {
                true => ((middle - from.time) / (to.time - from.time)).clamp(0.0, 1.0) as f32,
                false => 0.0,
            };
            let start = field.parameters(n).start;
            for ((place, a), (_, b)) in first.iter().zip(second) {
                let values = a.iter().zip(b).map(|(a, b)| a + share * (b - a));
                all.push((ParamId::new(start + place), values.collect()));
            }
        }
        all
    }
}

/// The state at the end of a segment.
///
/// # Errors
/// [`StepError::Uncontrolled`] if no steps are found that keep the tolerance.
pub(crate) fn solve(
    steps: &Arc<Steps>,
    control: Control,
    pass: &Pass,
    u: &Features,
) -> Result<Features, StepError> {
    let tape = pass.tape();
    let start = Features::new(tape, tape.plain(u.value()));
    let trained = (u.is_recorded() || pass.is_recorded()) && tape.can_splice();
    let still = tape.fork(&Recording {
        wanted: Wanted::Nothing,
        statistics: pass.mode() == Mode::Train,
    });
    let field = Field::new(steps, control, pass.beside(still.clone()));
    let mut forward = Forward {
        field: &field,
        last: None,
        noted: Vec::new(),
        keeps: trained,
        kept: Vec::new(),
    };
    let from = start.onto(&still, false);
    let course = follow(
        control.pair,
        &mut forward,
        from,
        &field.borders,
        &control.tolerance,
    )
    .map_err(stopped)?;
    pass.take(&Effort {
        steps: course.taken as u64,
        evaluations: course.evaluations as u64,
        refused: course.refused as u64,
        ..Effort::default()
    });
    pass.note_all(forward.statistics());
    let kept = forward.kept;
    let end = course.end.onto(tape, false);
    if !trained {
        return Ok(end);
    }
    // Behind a frozen stem nothing is recorded, and the weights of the blocks are trained all the same.
    let start = match u.is_recorded() {
        true => start,
        false => u.onto(tape, true),
    };
    let way = Rc::new(field);
    let back = move |grads: &[Option<Value>], sink: &mut dyn GradientSink| {
        vec![grads[0].as_ref().map(|grad| back(&way, kept, grad, sink))]
    };
    Ok(spliced(&start, &end, Box::new(back)))
}

/// Why steps were not found, as the failure of a step.
fn stopped(why: Stopped) -> StepError {
    match why {
        Stopped::Step(error) => error,
        other => StepError::Uncontrolled(other.to_string()),
    }
}

/// The gradient of the first state, given that of the last; those of weights go into the sink.
fn back(
    field: &Rc<Field>,
    kept: Vec<Checkpoint>,
    last: &Value,
    sink: &mut dyn GradientSink,
) -> Value {
    let own = field.pass.tape();
    let mut grad = last.clone();
    let mut evaluations = 0;
    for Checkpoint { at, h, state } in kept.into_iter().rev() {
        let tape = own.fork(&Recording {
            wanted: Wanted::Leaves,
            statistics: true,
        });
        let leaf = state.onto(&tape, true);
        let mut rhs = Replay {
            field,
            tape: &tape,
            at,
            h,
            nodes: field.control.pair.nodes(),
        };
        evaluations += rhs.nodes.len() as u64;
        let next = field.control.pair.advance(&mut rhs, &leaf, h);
        let next = next.expect("the step was taken forward with the same blocks");
        tape.backward(&[End::Features(next.value(), &grad)], sink);
        let dims = state.dims();
        let found = tape.gradient(leaf.value());
        grad = found.unwrap_or_else(|| tape.zeros(dims));
    }
    field.pass.take(&Effort {
        backward: evaluations,
        ..Effort::default()
    });
    grad
}

/// Takes a step once more, with stages whose activations are kept.
struct Replay<'a> {
    field: &'a Rc<Field>,
    tape: &'a Rc<dyn Tape>,
    at: Moment,
    h: f64,
    nodes: Vec<f64>,
}

impl Rhs<Features> for Replay<'_> {
    fn eval(&mut self, stage: StageId, u: &Features) -> Result<Features, StepError> {
        let at = Moment {
            time: self.at.time + self.nodes[stage.stage] * self.h,
            ..self.at
        };
        let recording = Recording {
            wanted: self.field.pass.wanted(),
            statistics: true,
        };
        let Evaluation { input, slope, .. } = self.field.evaluate(at, u, &recording);
        if slope.is_zero() {
            return Ok(Features::zeros(u, slope.dims()));
        }
        let known = slope.onto(self.tape, false);
        let field = self.field.clone();
        let back = move |grads: &[Option<Value>], sink: &mut dyn GradientSink| {
            let own = slope.tape();
            if let Some(grad) = &grads[0] {
                let ends = [End::Features(slope.value(), grad)];
                own.backward(&ends, &mut field.scatter(at, sink));
            }
            vec![own.gradient(input.value())]
        };
        Ok(spliced(u, &known, Box::new(back)))
    }
}
