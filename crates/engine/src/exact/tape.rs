//! Which loop does which operation? Each method of the tape passes on to the one that says the equation.

use super::channels::{Coefficient, pointwise};
use super::record::Record;
use super::tensor::{Place, Shape, Tensor};
use crate::shapes::adjoint_order;
use crate::{
    Backward, ConvSpec, End, Factor, GradientSink, ParamId, Recording, Sampling, Statistics, Tape,
    Targets, Value, Window,
};
use std::rc::Rc;

impl Record {
    /// `v = max(0, u)`; NaN stays. Back: `du = g` where `u` is above 0 or NaN, else 0.
    fn rectified(&self, input: &Tensor) -> Tensor {
        let value = |u: f64| if u < 0.0 { 0.0 } else { u };
        let slope = |u: f64, _: f64| if u <= 0.0 { 0.0 } else { 1.0 };
        pointwise(self, input, value, slope)
    }
}

impl Tape for Record {
    fn parameter(&self, id: ParamId) -> Value {
        let values = self.parameters[self.specs.range(id)].to_vec();
        let place = if self.wanted.of(&self.specs, id) {
            Place::Parameter(id)
        } else {
            Place::Nowhere
        };
        Tensor::new(Shape::Array([1, values.len()]), values, place).value()
    }

    fn array(&self, shape: [usize; 2], values: &[f64]) -> Value {
        Tensor::new(Shape::Array(shape), values.to_vec(), Place::Nowhere).value()
    }

    fn features(&self, dims: [usize; 4], values: &[f32], leaf: bool) -> Value {
        let values: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
        self.features_f64(dims, &values, leaf)
    }

    fn features_f64(&self, dims: [usize; 4], values: &[f64], leaf: bool) -> Value {
        Tensor::new(Shape::Features(dims), values.to_vec(), self.leaf(leaf)).value()
    }

    fn zeros(&self, dims: [usize; 4]) -> Value {
        self.nothing(dims).value()
    }

    fn dims(&self, features: &Value) -> [usize; 4] {
        Tensor::of(features).dims()
    }

    fn shape(&self, array: &Value) -> [usize; 2] {
        Tensor::of(array).rows()
    }

    fn read(&self, features: &Value) -> Vec<f64> {
        Tensor::of(features).data.to_vec()
    }

    fn read_array(&self, array: &Value) -> Vec<f64> {
        Tensor::of(array).data.to_vec()
    }

    fn dot(&self, a: &Value, b: &Value) -> f64 {
        let (a, b) = (Tensor::of(a), Tensor::of(b));
        a.data.iter().zip(b.data.iter()).map(|(a, b)| a * b).sum()
    }

    fn is_finite(&self, features: &Value) -> bool {
        Tensor::of(features).data.iter().all(|u| u.is_finite())
    }

    fn is_zero(&self, features: &Value) -> bool {
        Tensor::of(features).zero
    }

    fn conv2d(&self, input: &Value, weight: &Value, spec: &ConvSpec) -> Value {
        self.convolution(Tensor::of(input), Tensor::of(weight), spec)
            .value()
    }

    fn add_bias(&self, input: &Value, bias: &Value) -> Value {
        self.biased(Tensor::of(input), Tensor::of(bias)).value()
    }

    fn norm_train(
        &self,
        input: &Value,
        scale: &Value,
        shift: &Value,
        epsilon: f64,
    ) -> (Value, Statistics) {
        let [input, scale, shift] = [input, scale, shift].map(Tensor::of);
        let (out, statistics) = self.norm_by_batch(input, scale, shift, epsilon);
        (out.value(), statistics)
    }

    fn norm_eval(
        &self,
        input: &Value,
        learned: [&Value; 2],
        fixed: [&Value; 2],
        epsilon: f64,
    ) -> Value {
        let [learned, fixed] = [learned, fixed].map(|pair| pair.map(Tensor::of));
        self.norm_by_constants(Tensor::of(input), learned, fixed, epsilon)
            .value()
    }

    fn relu(&self, input: &Value) -> Value {
        self.rectified(Tensor::of(input)).value()
    }

    fn combine(&self, terms: &[(Factor<'_>, &Value)]) -> Value {
        let coefficient = |factor: &_| match *factor {
            Factor::Number(c) => Coefficient::Number(c),
            Factor::Learned(c) => Coefficient::Learned(Tensor::of(c)),
        };
        let terms: Vec<(Coefficient<'_>, &Tensor)> = terms
            .iter()
            .map(|(factor, u)| (coefficient(factor), Tensor::of(u)))
            .collect();
        self.combination(&terms).value()
    }

    fn narrow(&self, input: &Value, first: usize, count: usize) -> Value {
        self.narrowed(Tensor::of(input), first, count).value()
    }

    fn join(&self, parts: &[&Value]) -> Value {
        let parts: Vec<&Tensor> = parts.iter().map(|part| Tensor::of(part)).collect();
        self.joined(&parts).value()
    }

    fn embed(&self, input: &Value, first: usize, channels: usize) -> Value {
        self.embedded(Tensor::of(input), first, channels).value()
    }

    fn sample(&self, input: &Value, sampling: Sampling) -> Value {
        self.sampled(Tensor::of(input), sampling).value()
    }

    fn max_pool(&self, input: &Value, window: Window) -> Value {
        self.largest(Tensor::of(input), window).value()
    }

    fn mean_pool(&self, input: &Value, window: Window) -> Value {
        self.means(Tensor::of(input), window).value()
    }

    fn gate(&self, input: &Value, gates: &Value) -> Value {
        self.gated(Tensor::of(input), Tensor::of(gates)).value()
    }

    fn mask(&self, input: &Value, mask: &[f32]) -> Value {
        self.masked(Tensor::of(input), mask).value()
    }

    fn mix(&self, terms: &[(&Value, &[f32], &[f32])]) -> Value {
        let terms: Vec<(&Tensor, &[f32], &[f32])> = terms
            .iter()
            .map(|(u, forward, backward)| (Tensor::of(u), *forward, *backward))
            .collect();
        self.mixed(&terms).value()
    }

    fn attention(&self, input: &Value, heads: usize) -> Value {
        self.attended(Tensor::of(input), heads).value()
    }

    fn layer_norm(&self, input: &Value, learned: [&Value; 2], epsilon: f64) -> Value {
        self.layer_normed(Tensor::of(input), learned.map(Tensor::of), epsilon)
            .value()
    }

    fn global_average_pool(&self, input: &Value) -> Value {
        self.average(Tensor::of(input)).value()
    }

    fn linear(&self, input: &Value, weight: &Value, bias: &Value) -> Value {
        let [input, weight, bias] = [input, weight, bias].map(Tensor::of);
        self.linear_rows(input, weight, bias).value()
    }

    fn add(&self, a: &Value, b: &Value) -> Value {
        self.sum(Tensor::of(a), Tensor::of(b)).value()
    }

    fn multiply(&self, a: &Value, b: &Value) -> Value {
        self.product(Tensor::of(a), Tensor::of(b)).value()
    }

    /// `v = f a + o`. Back: `da = f g`.
    fn affine(&self, a: &Value, factor: f64, offset: f64) -> Value {
        let value = |a: f64| factor * a + offset;
        pointwise(self, Tensor::of(a), value, move |_, _| factor).value()
    }

    fn adjoint(&self, weight: &Value, shape: [usize; 4]) -> Value {
        self.reordered(Tensor::of(weight), adjoint_order(shape))
            .value()
    }

    fn relu_array(&self, a: &Value) -> Value {
        self.rectified(Tensor::of(a)).value()
    }

    /// `v = 1 / (1 + e^{-a})`. Back: `da = v (1 - v) g`.
    fn sigmoid(&self, a: &Value) -> Value {
        let value = |a: f64| 1.0 / (1.0 + (-a).exp());
        pointwise(self, Tensor::of(a), value, |_, v| v * (1.0 - v)).value()
    }

    fn cross_entropy(&self, logits: &Value, targets: &Targets) -> Value {
        self.loss(Tensor::of(logits), targets).value()
    }

    fn backward(&self, ends: &[End<'_>], into: &mut dyn GradientSink) {
        self.go_back(ends, into);
    }

    fn gradient(&self, leaf: &Value) -> Option<Value> {
        self.found(Tensor::of(leaf)).map(Tensor::value)
    }

    fn epsilon(&self) -> f64 {
        f64::EPSILON
    }

    fn can_splice(&self) -> bool {
        true
    }

    fn is_recorded(&self, features: &Value) -> bool {
        Tensor::of(features).place.is_wanted()
    }

    fn fork_with(&self, recording: &Recording, others: &[(ParamId, Vec<f64>)]) -> Rc<dyn Tape> {
        let (specs, mut parameters) = (self.specs.clone(), self.parameters.clone());
        for (id, numbers) in others {
            Rc::make_mut(&mut parameters)[specs.range(*id)].copy_from_slice(numbers);
        }
        Rc::new(Record::new(specs, parameters, recording))
    }

    fn adopt(&self, features: &Value, leaf: bool) -> Value {
        Tensor::of(features).moved(self.leaf(leaf)).value()
    }

    fn splice(&self, inputs: &[&Value], outputs: &[&Value], back: Backward) -> Vec<Value> {
        self.spliced(inputs, outputs, back)
    }
}
