//! Where are operations recorded? In Burn's graph; the tape knows its leaves.

use super::back::Cut;
use super::value::{Kept, Live, constant, flat, map, numbers, row, total};
use super::{arrays, images, tokens};
use crate::{
    Backward, ConvSpec, End, Factor, GradientSink, ParamId, Parameters, Recording, Sampling,
    Statistics, Tape, Targets, Value, Wanted, Window,
};
use burn::tensor::module::batch_norm;
use burn::tensor::{Device, Tensor, activation};
use std::cell::RefCell;
use std::rc::Rc;

/// Parameters, and those of them that are on the device already.
struct Uploaded {
    parameters: Parameters,
    there: RefCell<Vec<Option<Tensor<2>>>>,
}

impl Uploaded {
    /// A parameter as one row.
    fn get(&self, device: &Device, id: ParamId) -> Tensor<2> {
        let mut there = self.there.borrow_mut();
        let values = self.parameters.value(id);
        let put = || constant(device, values, [1, values.len()]);
        there[id.index()].get_or_insert_with(put).clone()
    }

    /// The same but for some; what is on the device of the others stays there.
    fn with(&self, others: &[(ParamId, Vec<f64>)]) -> Self {
        let mut there = self.there.borrow().clone();
        others.iter().for_each(|(id, _)| there[id.index()] = None);
        Self {
            parameters: self.parameters.with(others),
            there: RefCell::new(there),
        }
    }
}

/// One pass.
pub(super) struct Pass {
    device: Device,
    uploaded: Rc<Uploaded>,
    pub(super) wanted: Wanted,
    /// The parameters in use, leaves of all graphs where their gradient is wanted.
    parameters: RefCell<Vec<Option<Rc<Kept<2>>>>>,
    /// Features and arrays that are recorded.
    pub(super) maps: Live<4>,
    pub(super) rows: Live<2>,
    /// Operations of the caller's, with a graph of Burn's before, between and after them.
    pub(super) cuts: RefCell<Vec<Cut>>,
}

impl std::fmt::Debug for Pass {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Burn does not tell how many operations its graph has: these are the caller's.
        write!(out, "tape of {} operations", self.cuts.borrow().len())
    }
}

impl Pass {
    /// A tape on parameters, which are brought to the device as they are asked for.
    pub(super) fn new(device: &Device, parameters: &Parameters, recording: &Recording) -> Self {
        let uploaded = Uploaded {
            parameters: parameters.clone(),
            there: RefCell::new(vec![None; parameters.specs().len()]),
        };
        Self::on(device, &Rc::new(uploaded), recording)
    }

    fn on(device: &Device, uploaded: &Rc<Uploaded>, recording: &Recording) -> Self {
        Self {
            device: device.clone(),
            uploaded: uploaded.clone(),
            wanted: recording.wanted.clone(),
            parameters: RefCell::new(vec![None; uploaded.parameters.specs().len()]),
            maps: Live::default(),
            rows: Live::default(),
            cuts: RefCell::default(),
        }
    }

    /// Features as a beginning, as a leaf if their gradient is asked for.
    fn begin(&self, tensor: Tensor<4>, leaf: bool) -> Value {
        if leaf && self.wanted.anything() {
            self.maps.note(Kept::leaf(tensor))
        } else {
            Rc::new(Kept::plain(tensor))
        }
    }

    /// The parameters that were asked for.
    pub(super) fn parameters_in_use(&self) -> Vec<(ParamId, Rc<Kept<2>>)> {
        let parameters = self.parameters.borrow();
        let used = parameters.iter().enumerate();
        used.filter_map(|(at, own)| Some((ParamId::new(at), own.clone()?)))
            .collect()
    }
}

impl Tape for Pass {
    fn parameter(&self, id: ParamId) -> Value {
        let mut parameters = self.parameters.borrow_mut();
        let own = parameters[id.index()].get_or_insert_with(|| {
            let numbers = self.uploaded.get(&self.device, id);
            // Not among the recorded arrays: a parameter is a leaf of every graph and never cut.
            Rc::new(match self.wanted.parameter(&self.uploaded.parameters, id) {
                true => Kept::leaf(numbers),
                false => Kept::plain(numbers),
            })
        });
        own.clone()
    }

    fn array(&self, shape: [usize; 2], values: &[f64]) -> Value {
        let values: Vec<f32> = values.iter().map(|v| *v as f32).collect();
        Rc::new(Kept::plain(constant(&self.device, &values, shape)))
    }

    fn features(&self, dims: [usize; 4], values: &[f32], leaf: bool) -> Value {
        self.begin(constant(&self.device, values, dims), leaf)
    }

    fn zeros(&self, dims: [usize; 4]) -> Value {
        Rc::new(Kept::<4>::zeros(dims, &self.device))
    }

    fn dims(&self, features: &Value) -> [usize; 4] {
        map(features).dims()
    }

    fn shape(&self, array: &Value) -> [usize; 2] {
        row(array).dims()
    }

    fn read(&self, features: &Value) -> Vec<f64> {
        numbers(map(features)).into_iter().map(f64::from).collect()
    }

    fn read_array(&self, array: &Value) -> Vec<f64> {
        numbers(row(array)).into_iter().map(f64::from).collect()
    }

    fn is_finite(&self, features: &Value) -> bool {
        // The sum of magnitudes is finite only if every one is; one that overflows counts as divergence.
        let sum = total(map(features).without_autodiff().abs());
        numbers(sum).iter().all(|v| v.is_finite())
    }

    fn is_zero(&self, features: &Value) -> bool {
        Kept::<4>::of(features).zero
    }

    fn conv2d(&self, input: &Value, weight: &Value, spec: &ConvSpec) -> Value {
        self.maps
            .value(images::conv2d(map(input), flat(weight), spec))
    }

    fn add_bias(&self, input: &Value, bias: &Value) -> Value {
        self.maps.value(images::add_bias(map(input), flat(bias)))
    }

    fn norm_train(
        &self,
        input: &Value,
        scale: &Value,
        shift: &Value,
        epsilon: f64,
    ) -> (Value, Statistics) {
        let (scale, shift) = (flat(scale), flat(shift));
        let (out, statistics) = images::norm_by_batch(map(input), scale, shift, epsilon);
        (self.maps.value(out), statistics)
    }

    fn norm_eval(
        &self,
        input: &Value,
        learned: [&Value; 2],
        fixed: [&Value; 2],
        epsilon: f64,
    ) -> Value {
        let [scale, shift] = learned.map(flat);
        let [mean, variance] = fixed.map(|value| flat(value).without_autodiff());
        let out = batch_norm(map(input), scale, shift, mean, variance, epsilon);
        self.maps.value(out)
    }

    fn relu(&self, input: &Value) -> Value {
        self.maps.value(activation::relu(map(input)))
    }

    fn combine(&self, terms: &[(Factor<'_>, &Value)]) -> Value {
        // Burn would stretch an extent of 1 to that of the other term.
        let dims = self.dims(terms[0].1);
        assert!(
            terms.iter().all(|(_, value)| self.dims(value) == dims),
            "terms of one shape"
        );
        let kept = terms.iter().filter(|(_, value)| !Kept::<4>::of(value).zero);
        let kept: Vec<&(Factor<'_>, &Value)> = kept.collect();
        match kept.as_slice() {
            // All of them are 0, and so is their sum.
            [] => return terms[0].1.clone(),
            [(Factor::Number(1.0), only)] => return (*only).clone(),
            _ => {}
        }
        let products = kept.iter().map(|(factor, value)| match factor {
            // Not multiplying by one keeps `k = 0` bitwise equal to the residual step.
            Factor::Number(1.0) => map(value),
            Factor::Number(number) => map(value).mul_scalar(*number),
            Factor::Learned(coefficient) => images::times(map(value), flat(coefficient)),
        });
        let sum = products.reduce(|sum, product| sum + product);
        self.maps
            .value(sum.expect("a linear combination has a term"))
    }

    fn narrow(&self, input: &Value, first: usize, count: usize) -> Value {
        self.maps.value(map(input).narrow(1, first, count))
    }

    fn join(&self, parts: &[&Value]) -> Value {
        let parts = parts.iter().map(|part| map(part)).collect();
        self.maps.value(Tensor::cat(parts, 1))
    }

    fn embed(&self, input: &Value, first: usize, channels: usize) -> Value {
        self.maps.value(images::embed(map(input), first, channels))
    }

    fn sample(&self, input: &Value, sampling: Sampling) -> Value {
        self.maps.value(images::sample(map(input), sampling))
    }

    fn max_pool(&self, input: &Value, window: Window) -> Value {
        self.maps.value(images::max_pool(map(input), window))
    }

    fn mean_pool(&self, input: &Value, window: Window) -> Value {
        self.maps.value(images::mean_pool(map(input), window))
    }

    fn gate(&self, input: &Value, gates: &Value) -> Value {
        self.maps.value(images::gate(map(input), row(gates)))
    }

    fn mask(&self, input: &Value, mask: &[f32]) -> Value {
        self.maps.value(images::mask(map(input), mask))
    }

    fn mix(&self, terms: &[(&Value, &[f32], &[f32])]) -> Value {
        let dims = self.dims(terms[0].0);
        assert!(
            terms.iter().all(|(value, _, _)| self.dims(value) == dims),
            "terms of one shape"
        );
        let weighed = terms
            .iter()
            .map(|(value, forward, backward)| images::weigh(map(value), forward, backward));
        let sum = weighed.reduce(|sum, term| sum + term);
        self.maps.value(sum.expect("a mixture has a term"))
    }

    fn attention(&self, input: &Value, heads: usize) -> Value {
        self.maps.value(tokens::attention(map(input), heads))
    }

    fn layer_norm(&self, input: &Value, learned: [&Value; 2], epsilon: f64) -> Value {
        let [scale, shift] = learned.map(flat);
        self.maps
            .value(tokens::layer_norm(map(input), scale, shift, epsilon))
    }

    fn global_average_pool(&self, input: &Value) -> Value {
        self.rows.value(images::global_average_pool(map(input)))
    }

    fn linear(&self, input: &Value, weight: &Value, bias: &Value) -> Value {
        self.rows
            .value(arrays::linear(row(input), flat(weight), flat(bias)))
    }

    fn add(&self, a: &Value, b: &Value) -> Value {
        let [a, b] = arrays::pair(row(a), row(b));
        self.rows.value(a + b)
    }

    fn multiply(&self, a: &Value, b: &Value) -> Value {
        let [a, b] = arrays::pair(row(a), row(b));
        self.rows.value(a * b)
    }

    fn affine(&self, a: &Value, factor: f64, offset: f64) -> Value {
        self.rows
            .value(row(a).mul_scalar(factor).add_scalar(offset))
    }

    fn adjoint(&self, weight: &Value, shape: [usize; 4]) -> Value {
        let count = shape.iter().product();
        let turned = row(weight).reshape(shape).swap_dims(0, 1).flip([2, 3]);
        self.rows.value(turned.reshape([1, count]))
    }

    fn relu_array(&self, a: &Value) -> Value {
        self.rows.value(activation::relu(row(a)))
    }

    fn sigmoid(&self, a: &Value) -> Value {
        self.rows.value(activation::sigmoid(row(a)))
    }

    fn cross_entropy(&self, logits: &Value, targets: &Targets) -> Value {
        self.rows.value(arrays::cross_entropy(row(logits), targets))
    }

    fn backward(&self, ends: &[End<'_>], into: &mut dyn GradientSink) {
        self.run_back(ends, into);
    }

    fn gradient(&self, leaf: &Value) -> Option<Value> {
        let gradient = Kept::<4>::of(leaf).gradient()?;
        Some(Rc::new(Kept::plain(gradient)))
    }

    fn can_splice(&self) -> bool {
        true
    }

    fn is_recorded(&self, features: &Value) -> bool {
        map(features).is_tracked()
    }

    fn fork_with(&self, recording: &Recording, others: &[(ParamId, Vec<f64>)]) -> Rc<dyn Tape> {
        let uploaded = match others {
            [] => self.uploaded.clone(),
            others => Rc::new(self.uploaded.with(others)),
        };
        Rc::new(Self::on(&self.device, &uploaded, recording))
    }

    fn adopt(&self, features: &Value, leaf: bool) -> Value {
        if Kept::<4>::of(features).zero && !leaf {
            return features.clone();
        }
        self.begin(map(features).without_autodiff(), leaf)
    }

    fn splice(&self, inputs: &[&Value], outputs: &[&Value], back: Backward) -> Vec<Value> {
        self.spliced(inputs, outputs, back)
    }
}
