//! How does a pass carry out the operations of a [`Tape`]? Each records what its backward pass needs; the backward pass
//! takes the records from their end.

use super::arrays::{Pairwise, Row, Single, Target};
use super::back::{Back, Slot};
use super::channels::extent;
use super::combine::Coefficient;
use super::conv::Convolved;
use super::record::{Precision, Products, Record};
use super::splice::{deposit, gathered, places};
use super::stored::Held;
use super::value::Kept;
use crate::shapes::adjoint_order;
use crate::{
    Backward, ConvSpec, End, Factor, FixedNorm, GradientSink, ParamId, Recording, Sampling,
    Statistics, Tape, Targets, Value, Window,
};
use std::cell::OnceCell;
use std::rc::Rc;
use timestep_kernels::Kernels;

fn one(held: Held) -> Value {
    Kept::Held(held).value()
}

impl Tape for Record {
    fn parameter(&self, id: ParamId) -> Value {
        let target = if self.wanted.parameter(&self.parameters, id) {
            Target::Parameter(id)
        } else {
            Target::Nothing
        };
        Rc::new(Row {
            shape: [1, self.parameters.specs()[id.index()].len()],
            data: super::arrays::Data::Parameter(id),
            target,
        })
    }

    fn array(&self, shape: [usize; 2], values: &[f64]) -> Value {
        let values = values.iter().map(|v| *v as f32).collect();
        Rc::new(Row::constant(shape, values))
    }

    fn features(&self, dims: [usize; 4], values: &[f32], leaf: bool) -> Value {
        one(self.import(dims, values, leaf && self.wanted.anything()))
    }

    fn zeros(&self, dims: [usize; 4]) -> Value {
        Kept::Zero(extent(dims), OnceCell::new()).value()
    }

    fn dims(&self, features: &Value) -> [usize; 4] {
        Kept::of(features).dims()
    }

    fn shape(&self, array: &Value) -> [usize; 2] {
        self.row(array).shape
    }

    fn read(&self, features: &Value) -> Vec<f64> {
        self.export(self.held(features))
    }

    fn read_array(&self, array: &Value) -> Vec<f64> {
        let values = self.row(array).data.of(&self.parameters).iter();
        values.map(|v| f64::from(*v)).collect()
    }

    fn dot(&self, a: &Value, b: &Value) -> f64 {
        let (a, b) = (self.settle(self.held(a)), self.settle(self.held(b)));
        debug_assert_eq!(a.dims(), b.dims(), "features of one shape");
        Kernels::detect().dot(&a.stored.data, &b.stored.data)
    }

    fn scaled_squares(
        &self,
        error: &Value,
        states: [&Value; 2],
        absolute: f64,
        relative: f64,
    ) -> f64 {
        let error = self.settle(self.held(error));
        let states = states.map(|state| self.settle(self.held(state)));
        let [u, v] = states.each_ref().map(|state| &state.stored.data[..]);
        Kernels::detect().scaled_squares(&error.stored.data, [u, v], absolute, relative)
    }

    fn is_finite(&self, features: &Value) -> bool {
        let pieces = Kept::of(features).pieces(self);
        pieces.iter().all(Held::is_finite)
    }

    fn is_zero(&self, features: &Value) -> bool {
        matches!(Kept::of(features), Kept::Zero(..))
    }

    fn compute(&self, features: &Value) {
        match Kept::of(features) {
            Kept::Convolved(convolved) => {
                convolved.result(self);
            }
            Kept::Multiple(_, of, _) => self.compute(of),
            _ => {}
        }
    }

    fn conv2d(&self, input: &Value, weight: &Value, spec: &ConvSpec) -> Value {
        let input = self.held(input).clone();
        Kept::Convolved(Convolved::new(input, self.row(weight), spec)).value()
    }

    fn add_bias(&self, input: &Value, bias: &Value) -> Value {
        one(self.biased(self.held(input), self.row(bias)))
    }

    fn norm_train(
        &self,
        input: &Value,
        scale: &Value,
        shift: &Value,
        epsilon: f64,
    ) -> (Value, Statistics) {
        let (scale, shift) = (self.row(scale), self.row(shift));
        let (held, statistics) = self.norm_by_batch(self.held(input), scale, shift, epsilon);
        (one(held), statistics)
    }

    fn norm_eval(
        &self,
        input: &Value,
        learned: [&Value; 2],
        fixed: [&Value; 2],
        epsilon: f64,
    ) -> Value {
        let [learned, fixed] = [learned, fixed].map(|pair| pair.map(|v| self.row(v)));
        let norm = self.norm_of_constants(learned, fixed, epsilon);
        one(self.norm_by_constants(self.held(input), norm))
    }

    fn conv2d_normed(
        &self,
        input: &Value,
        (weight, spec): (&Value, &ConvSpec),
        norm: &FixedNorm<'_>,
        relu: bool,
    ) -> Value {
        let input = self.held(input).clone();
        let convolved = Convolved::new(input, self.row(weight), spec);
        let [learned, fixed] = [norm.learned, norm.fixed].map(|pair| pair.map(|v| self.row(v)));
        let norm = self.norm_of_constants(learned, fixed, norm.epsilon);
        if self.wanted.anything() {
            let normed = self.norm_by_constants(convolved.result(self), norm);
            return one(if relu {
                Self::rectified(&normed)
            } else {
                normed
            });
        }
        Kept::Convolved(convolved.followed_by(norm, relu)).value()
    }

    fn relu(&self, input: &Value) -> Value {
        one(Self::rectified(self.held(input)))
    }

    fn combine(&self, terms: &[(Factor<'_>, &Value)]) -> Value {
        let lazy = |v: &Value| matches!(Kept::of(v), Kept::Multiple(..) | Kept::Zero(..));
        if !terms.iter().any(|(_, v)| lazy(v)) {
            let plain: Vec<(Coefficient, &Value)> = terms
                .iter()
                .map(|(factor, v)| (self.coefficient(*factor), *v))
                .collect();
            let alone = self.alone(&plain, 1);
            return one(self.combined(&plain, alone));
        }
        let kept = self.controlled(terms);
        match kept.as_slice() {
            // All of them are 0, and so is their sum.
            [] => terms[0].1.clone(),
            [(Coefficient::Number(1.0), u)] => u.clone(),
            kept => {
                let plain: Vec<(Coefficient, &Value)> =
                    kept.iter().map(|(c, v)| (c.clone(), v)).collect();
                // The list itself holds every value once more.
                let alone = self.alone(&plain, 2);
                one(self.combined(&plain, alone))
            }
        }
    }

    fn scaled(&self, input: &Value, factor: f64) -> Value {
        Kept::Multiple(factor, input.clone(), OnceCell::new()).value()
    }

    fn narrow(&self, input: &Value, first: usize, count: usize) -> Value {
        let [_, channels, _, _] = self.dims(input);
        assert!(first + count <= channels, "as many channels as are taken");
        one(self.placed(&[(self.held(input), -(first as isize))], count))
    }

    fn join(&self, parts: &[&Value]) -> Value {
        let held: Vec<&Held> = parts.iter().map(|part| self.held(part)).collect();
        match held.as_slice() {
            [first, second] if first.dims() == second.dims() => {
                // Halves stay apart until somebody asks for one array.
                let halves = [self.settle(first), self.settle(second)];
                Kept::Halves(halves, OnceCell::new()).value()
            }
            all => one(self.joined(all)),
        }
    }

    fn halves(&self, features: &Value) -> Option<[Value; 2]> {
        match Kept::of(features) {
            Kept::Halves(parts, _) if parts[0].dims() == parts[1].dims() => {
                Some(parts.clone().map(one))
            }
            _ => None,
        }
    }

    fn embed(&self, input: &Value, first: usize, channels: usize) -> Value {
        let [_, own, _, _] = self.dims(input);
        assert!(first + own <= channels, "as many channels as fit");
        one(self.placed(&[(self.held(input), first as isize)], channels))
    }

    fn sample(&self, input: &Value, sampling: Sampling) -> Value {
        one(self.subsampled(self.held(input), sampling))
    }

    fn max_pool(&self, input: &Value, window: Window) -> Value {
        one(self.largest(self.held(input), window))
    }

    fn mean_pool(&self, input: &Value, window: Window) -> Value {
        one(self.means(self.held(input), window))
    }

    fn gate(&self, input: &Value, gates: &Value) -> Value {
        one(self.gated(self.held(input), self.row(gates)))
    }

    fn mask(&self, input: &Value, mask: &[f32]) -> Value {
        one(self.masked(self.held(input), mask))
    }

    fn mix(&self, terms: &[(&Value, &[f32], &[f32])]) -> Value {
        let held: Vec<(&Held, &[f32], &[f32])> = terms
            .iter()
            .map(|(v, forward, backward)| (self.held(v), *forward, *backward))
            .collect();
        one(self.mixed(&held))
    }

    fn attention(&self, input: &Value, heads: usize) -> Value {
        one(self.attended(self.held(input), heads))
    }

    fn layer_norm(&self, input: &Value, learned: [&Value; 2], epsilon: f64) -> Value {
        one(self.layer_normed(self.held(input), learned.map(|v| self.row(v)), epsilon))
    }

    fn global_average_pool(&self, input: &Value) -> Value {
        Rc::new(self.average(self.held(input)))
    }

    fn linear(&self, input: &Value, weight: &Value, bias: &Value) -> Value {
        let [input, weight, bias] = [input, weight, bias].map(|v| self.row(v));
        Rc::new(self.linear_rows(input, weight, bias))
    }

    fn add(&self, a: &Value, b: &Value) -> Value {
        Rc::new(self.pair(self.row(a), self.row(b), Pairwise::Add))
    }

    fn multiply(&self, a: &Value, b: &Value) -> Value {
        Rc::new(self.pair(self.row(a), self.row(b), Pairwise::Multiply))
    }

    fn affine(&self, a: &Value, factor: f64, offset: f64) -> Value {
        Rc::new(self.single(self.row(a), Single::Affine(factor, offset)))
    }

    fn adjoint(&self, weight: &Value, shape: [usize; 4]) -> Value {
        Rc::new(self.reordered(self.row(weight), adjoint_order(shape)))
    }

    fn relu_array(&self, a: &Value) -> Value {
        Rc::new(self.single(self.row(a), Single::Relu))
    }

    fn sigmoid(&self, a: &Value) -> Value {
        Rc::new(self.single(self.row(a), Single::Sigmoid))
    }

    fn cross_entropy(&self, logits: &Value, targets: &Targets) -> Value {
        Rc::new(self.loss(self.row(logits), targets))
    }

    fn backward(&self, ends: &[End<'_>], into: &mut dyn GradientSink) {
        // Whatever is still pending at an end, or in the gradient given there, is computed and recorded first.
        let begins: Vec<[Vec<Held>; 2]> = ends
            .iter()
            .map(|end| match end {
                End::Loss(..) => [Vec::new(), Vec::new()],
                End::Features(value, gradient) => {
                    [value, gradient].map(|value| self.plain_pieces(value))
                }
            })
            .collect();
        let counts = (self.slots.get(), self.arrays.get());
        let mut back = Back::new(&self.parameters, into, counts.0, counts.1);
        for (end, [begin, gradient]) in ends.iter().zip(begins) {
            match end {
                End::Loss(value, factor) => {
                    back.add_array(self.row(value).target, vec![*factor as f32]);
                }
                End::Features(..) => deposit(&mut back, &places(&begin), &gradient),
            }
        }
        let mut nodes = std::mem::take(&mut *self.nodes.borrow_mut());
        while let Some(node) = nodes.pop() {
            node.backward(&mut back);
        }
        let leaves = self.leaves.borrow();
        let found = leaves.iter().map(|(slot, extent)| {
            let gradient = back.take_whole(*slot, extent);
            (*slot, gradient)
        });
        *self.found.borrow_mut() = found.collect();
    }

    fn gradient(&self, leaf: &Value) -> Option<Value> {
        let places = places(Kept::of(leaf).pieces(self));
        let found = self.found.borrow();
        let of = |slot: Option<Slot>| {
            let at = found
                .binary_search_by_key(&slot?.0, |(held, _)| held.0)
                .ok()?;
            found[at].1.clone()
        };
        gathered(&places, places.iter().map(|place| of(place.slot)).collect())
    }

    fn can_splice(&self) -> bool {
        true
    }

    fn is_recorded(&self, features: &Value) -> bool {
        Kept::of(features).is_recorded()
    }

    fn fork_with(&self, recording: &Recording, others: &[(ParamId, Vec<f64>)]) -> Rc<dyn Tape> {
        // Searches, and what is computed again, need every digit.
        let precision = Precision {
            products: Products::F32,
            ..self.precision
        };
        let parameters = self.parameters.with(others);
        Rc::new(Record::new(&parameters, recording, precision))
    }

    fn plain(&self, features: &Value) -> Value {
        Kept::from_pieces(self.plain_pieces(features)).value()
    }

    fn adopt(&self, features: &Value, leaf: bool) -> Value {
        let leaf = leaf && self.wanted.anything();
        let pieces = Kept::of(features).pieces(self).iter().map(|piece| {
            let slot = leaf.then(|| self.leaf(piece.stored.extent));
            piece.moved(slot)
        });
        Kept::from_pieces(pieces.collect()).value()
    }

    fn splice(&self, inputs: &[&Value], outputs: &[&Value], back: Backward) -> Vec<Value> {
        self.spliced(inputs, outputs, back)
    }
}
