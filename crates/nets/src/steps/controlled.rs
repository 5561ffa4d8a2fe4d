//! How does a network take steps whose sizes follow from their error? It follows its equation with an embedded pair, and goes back over the
//! steps that were taken.
//!
//! The weights of a segment are functions of time: those of its steps in the middles of their cells and linear in between, or constant in each
//! cell. The forward pass records nothing and keeps the state before each step that was taken. The way back takes these steps once
//! more, one at a time, the last first, from the same state and with the same size: what it finds is the gradient of the numbers that were computed (the
//! equation is discretised first and differentiated then), with sizes of steps taken as given. Memory is one state for each step, and the activations
//! of the stages of one.

use super::Steps;
use crate::pass::Measured;
use crate::{Between, Effort, Features, Mode, Pass};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use timestep_engine::{End, GradientSink, Numbers, ParamId, Recording, Tape, Value, Wanted};
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

/// The weights at some time: those of one step, and a share of what those of another differ.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    first: usize,
    second: usize,
    share: f64,
}

/// The right-hand side of a segment as a function of time.
struct Field {
    steps: Arc<Steps>,
    control: Control,
    /// A pass without gradients on whose tape the states are.
    pass: Pass,
    /// Where cells end, and their middles.
    borders: Vec<f64>,
    middles: Vec<f64>,
    /// The parameters of each step.
    numbers: Vec<Vec<Vec<f64>>>,
}

/// A block that was evaluated on a tape of its own.
struct Evaluation {
    pass: Pass,
    input: Features,
    slope: Features,
}

impl Field {
    fn new(steps: &Arc<Steps>, control: Control, pass: Pass) -> Self {
        let (mut borders, mut middles) = (vec![0.0], Vec::new());
        for step in &steps.steps {
            let from = borders[borders.len() - 1];
            middles.push(from + 0.5 * step.h);
            borders.push(from + step.h);
        }
        if control.between == Between::Linear {
            // Weights do not jump anywhere: the segment is one piece.
            borders = vec![0.0, borders[borders.len() - 1]];
        }
        let read = |at: usize| pass.value(ParamId::new(at)).read();
        let numbers = steps.steps.iter();
        let numbers = numbers
            .map(|step| step.parameters.clone().map(read).collect())
            .collect();
        Self {
            steps: steps.clone(),
            control,
            borders,
            middles,
            numbers,
            pass,
        }
    }

    /// Between which steps a moment lies.
    fn place(&self, at: Moment) -> Place {
        let alone = |first| Place {
            first,
            second: first,
            share: 0.0,
        };
        if self.control.between == Between::Constant {
            return alone(at.piece);
        }
        let middles = &self.middles;
        match middles.iter().position(|middle| at.time < *middle) {
            Some(0) => alone(0),
            None => alone(middles.len() - 1),
            Some(second) => {
                let (from, to) = (middles[second - 1], middles[second]);
                Place {
                    first: second - 1,
                    second,
                    share: (at.time - from) / (to - from),
                }
            }
        }
    }

    /// The weights there, in place of those of the first of both steps.
    fn weights(&self, place: Place) -> Vec<(ParamId, Vec<f64>)> {
        if place.share == 0.0 {
            return Vec::new();
        }
        let ids = self.steps.steps[place.first].parameters.clone();
        let pairs = self.numbers[place.first]
            .iter()
            .zip(&self.numbers[place.second]);
        let blend = |(a, b): (&Vec<f64>, &Vec<f64>)| {
            let pairs = a.iter().zip(b);
            pairs.map(|(a, b)| a + place.share * (b - a)).collect()
        };
        ids.map(ParamId::new).zip(pairs.map(blend)).collect()
    }

    /// `f` at a moment and a state, on a tape of its own.
    fn evaluate(&self, at: Moment, u: &Features, recording: &Recording) -> Evaluation {
        let place = self.place(at);
        let tape = self.pass.tape().fork_with(recording, &self.weights(place));
        let pass = self.pass.beside(tape.clone());
        let input = u.onto(&tape, true);
        let slope = self.steps.steps[place.first].blocks[0].eval(&pass, &input);
        let slope = match slope.is_zero() {
            true => slope,
            false => Features::new(&tape, tape.plain(slope.value())),
        };
        Evaluation { pass, input, slope }
    }

    /// Gathers no gradients.
    fn still(&self) -> Recording {
        Recording {
            wanted: Wanted::Nothing,
            statistics: self.pass.mode() == Mode::Train,
        }
    }

    /// The parameters of step `n`.
    fn parameters(&self, n: usize) -> Range<usize> {
        self.steps.steps[n].parameters.clone()
    }

    /// Where the gradient of weights at a moment goes to.
    fn scatter<'a>(&self, at: Moment, sink: &'a mut dyn GradientSink) -> Scatter<'a> {
        let place = self.place(at);
        Scatter {
            sink,
            from: self.parameters(place.first),
            second: self.parameters(place.second).start,
            share: place.share,
        }
    }
}

/// Divides the gradient of weights between those of two steps.
struct Scatter<'a> {
    sink: &'a mut dyn GradientSink,
    /// Parameters of the step in whose place the weights were.
    from: Range<usize>,
    /// Where those of the other one begin.
    second: usize,
    share: f64,
}

impl GradientSink for Scatter<'_> {
    fn add(&mut self, id: ParamId, gradient: Numbers<'_>) {
        if self.share == 0.0 || !self.from.contains(&id.index()) {
            return self.sink.add(id, gradient);
        }
        let other = ParamId::new(self.second + id.index() - self.from.start);
        for (id, share) in [(id, 1.0 - self.share), (other, self.share)] {
            let scaled: Vec<f64> = match gradient {
                Numbers::F32(all) => all.iter().map(|g| share * f64::from(*g)).collect(),
                Numbers::F64(all) => all.iter().map(|g| share * g).collect(),
            };
            self.sink.add(id, Numbers::F64(&scaled));
        }
    }
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
        let tolerance = &self.field.control.tolerance;
        tolerance.size(&error.read(), &before.read(), &after.read())
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
    let value = tape
        .splice(&[start.value()], &[end.value()], Box::new(back))
        .into_iter()
        .next();
    Ok(Features::new(
        tape,
        value.expect("one result for one output"),
    ))
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
        let spliced = self
            .tape
            .splice(&[u.value()], &[known.value()], Box::new(back));
        let value = spliced.into_iter().next();
        Ok(Features::new(
            self.tape,
            value.expect("one result for one output"),
        ))
    }
}
