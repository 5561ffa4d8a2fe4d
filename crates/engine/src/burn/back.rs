//! How does a backward pass run through Burn's graph, which it goes back through in one piece? In several graphs.
//!
//! An operation of the caller's stands between two graphs: at a *cut*, every value that somebody still holds goes on as a
//! leaf of a new graph. The backward pass goes through the last graph, asks the caller for the way back, and begins the
//! graph before with the gradients of all that was cut.

use super::tape::Pass;
use super::value::{Kept, map, row, total, tracked};
use crate::{Backward, End, GradientSink, Numbers, Tape, Value};
use burn::tensor::{Gradients, Tensor, Transaction};
use std::rc::Rc;

/// An operation of the caller's.
pub(super) struct Cut {
    /// What values were, and what they went on as.
    maps: Vec<[Tensor<4>; 2]>,
    rows: Vec<[Tensor<2>; 2]>,
    inputs: Vec<Tensor<4>>,
    outputs: Vec<Tensor<4>>,
    back: Backward,
}

/// `⟨a, gradient⟩`, whose gradient with respect to `a` is the one given.
///
/// # Panics
/// If the shapes differ.
fn product<const D: usize>(a: &Tensor<D>, gradient: Tensor<D>) -> Tensor<1> {
    assert_eq!(a.dims(), gradient.dims(), "a gradient of the same shape");
    total(a.clone() * gradient.without_autodiff())
}

/// The number whose gradient is that of all parts together; nothing if no gradient flows back from any of them.
fn objective(parts: impl Iterator<Item = Tensor<1>>) -> Option<Tensor<1>> {
    parts
        .filter(Tensor::is_tracked)
        .reduce(|sum, part| sum + part)
}

/// What a backward pass begins with.
fn begin(ends: &[End<'_>]) -> Option<Tensor<1>> {
    objective(ends.iter().map(|end| match end {
        End::Loss(value, factor) => row(value).reshape([1]).mul_scalar(*factor),
        End::Features(value, gradient) => product(&map(value), map(gradient)),
    }))
}

impl Cut {
    /// Goes back through the caller's operation, given what was found in the graph after it; returns what the graph
    /// before begins with.
    fn cross(self, mut found: Gradients, into: &mut dyn GradientSink) -> Option<Tensor<1>> {
        let mut parts = Vec::new();
        for [before, after] in &self.maps {
            let gradient = after.grad_remove(&mut found);
            parts.extend(gradient.map(|gradient| product(before, gradient)));
        }
        for [before, after] in &self.rows {
            let gradient = after.grad_remove(&mut found);
            parts.extend(gradient.map(|gradient| product(before, gradient)));
        }
        let given: Vec<Option<Value>> = self
            .outputs
            .iter()
            .map(|output| {
                let gradient = output.grad_remove(&mut found)?;
                let value: Value = Rc::new(Kept::plain(gradient));
                Some(value)
            })
            .collect();
        // The caller's way back takes memory: what is done with goes first.
        drop((self.maps, self.rows, self.outputs, found));
        if given.iter().any(Option::is_some) {
            let asked = (self.back)(&given, into);
            for (input, gradient) in self.inputs.iter().zip(asked) {
                parts.extend(gradient.map(|gradient| product(input, map(&gradient))));
            }
        }
        objective(parts.into_iter())
    }
}

impl Pass {
    /// Records an operation of the caller's.
    pub(super) fn spliced(
        &self,
        inputs: &[&Value],
        outputs: &[&Value],
        back: Backward,
    ) -> Vec<Value> {
        if !self.wanted.anything() {
            let copies = outputs.iter().map(|output| self.adopt(output, false));
            return copies.collect();
        }
        let inputs = inputs.iter().map(|input| map(input)).collect();
        let (maps, rows) = (self.maps.cut(), self.rows.cut());
        let copies = outputs
            .iter()
            .map(|output| tracked(map(output).without_autodiff()));
        let outputs: Vec<Tensor<4>> = copies.collect();
        let results = outputs.iter().map(|output| self.maps.value(output.clone()));
        let results = results.collect();
        self.cuts.borrow_mut().push(Cut {
            maps,
            rows,
            inputs,
            outputs,
            back,
        });
        results
    }

    /// Goes back from the ends through all graphs.
    pub(super) fn run_back(&self, ends: &[End<'_>], into: &mut dyn GradientSink) {
        let mut begin = begin(ends);
        loop {
            let mut found = begin.map(|objective| objective.backward());
            if let Some(gradients) = &mut found {
                self.hand_over(gradients, into);
                for leaf in self.maps.all() {
                    leaf.collect(gradients);
                }
            }
            let Some(cut) = self.cuts.borrow_mut().pop() else {
                return;
            };
            begin = found.and_then(|found| cut.cross(found, into));
        }
    }

    /// Adds the gradients of parameters to a sink; the device is waited for once.
    fn hand_over(&self, gradients: &mut Gradients, into: &mut dyn GradientSink) {
        let mut reading = Transaction::default();
        let mut ids = Vec::new();
        for (id, parameter) in self.parameters_in_use() {
            if let Some(gradient) = parameter.tensor().grad_remove(gradients) {
                reading = reading.register(gradient);
                ids.push(id);
            }
        }
        if ids.is_empty() {
            return;
        }
        for (id, data) in ids.into_iter().zip(reading.execute()) {
            let numbers = data.as_slice().expect("this engine computes in f32");
            into.add(id, Numbers::F32(numbers));
        }
    }
}
