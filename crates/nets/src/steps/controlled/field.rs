//! What is the right-hand side of a segment whose weights are functions of time?

use super::{Control, Steps};
use crate::{Between, Features, Mode, Pass};
use std::ops::Range;
use std::sync::Arc;
use timestep_engine::{GradientSink, Numbers, ParamId, Recording, Wanted};
use timestep_numerics::adaptive::Moment;

/// The weights at some time: those of one step, and a share of what those of another differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) first: usize,
    pub(super) second: usize,
    pub(super) share: f64,
}

/// The right-hand side of a segment as a function of time.
pub(super) struct Field {
    pub(super) steps: Arc<Steps>,
    pub(super) control: Control,
    /// A pass without gradients on whose tape the states are.
    pub(super) pass: Pass,
    /// Where cells end, and their middles.
    pub(super) borders: Vec<f64>,
    pub(super) middles: Vec<f64>,
    /// The parameters of each step.
    pub(super) numbers: Vec<Vec<Vec<f64>>>,
}

/// A block that was evaluated on a tape of its own.
pub(super) struct Evaluation {
    pub(super) pass: Pass,
    pub(super) input: Features,
    pub(super) slope: Features,
}

impl Field {
    pub(super) fn new(steps: &Arc<Steps>, control: Control, pass: Pass) -> Self {
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
    pub(super) fn place(&self, at: Moment) -> Place {
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
    pub(super) fn evaluate(&self, at: Moment, u: &Features, recording: &Recording) -> Evaluation {
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
    pub(super) fn still(&self) -> Recording {
        Recording {
            wanted: Wanted::Nothing,
            statistics: self.pass.mode() == Mode::Train,
        }
    }

    /// The parameters of step `n`.
    pub(super) fn parameters(&self, n: usize) -> Range<usize> {
        self.steps.steps[n].parameters.clone()
    }

    /// Where the gradient of weights at a moment goes to.
    pub(super) fn scatter<'a>(&self, at: Moment, sink: &'a mut dyn GradientSink) -> Scatter<'a> {
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
pub(super) struct Scatter<'a> {
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
