//! What must an engine be able to do? The operations of a network, and going back through them.
//!
//! An [`Engine`] is a way to compute: a processor and a precision. For every pass it opens a [`Tape`], which does the
//! operations and remembers what a backward pass needs. What operations return is opaque: a [`Value`] belongs to the
//! engine that made it. Networks do not call these methods; they use [`ops`](crate::ops) on
//! [`Features`](crate::Features) and [`Array`](crate::Array), which carry their tape along.

use crate::{ConvSpec, GradientSink, ParamId, Parameters, Sampling, Specs, Targets, Window};
use std::any::Any;
use std::fmt::Debug;
use std::rc::Rc;
use std::sync::Arc;

/// Numbers as an engine keeps them: *features* `[batch, channels, height, width]`, or an *array* `[rows, columns]`
/// (a parameter, coefficients, gates, logits).
pub type Value = Rc<dyn Any>;

/// A way to compute.
pub trait Engine: Debug + Send + Sync {
    /// The value of `--device`: `cpu`, `exact`, `vulkan`, ….
    fn name(&self) -> &'static str;

    /// Opens a tape on these parameters.
    fn open(&self, parameters: &Parameters, recording: &Recording) -> Rc<dyn Tape>;
}

/// What a pass is for.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// Whose gradients are wanted.
    pub wanted: Wanted,
    /// Will norms ask for the statistics of the batch? Engines may gather them ahead.
    pub statistics: bool,
}

/// Whose gradients a backward pass is to find.
#[derive(Clone, Debug, Default)]
pub enum Wanted {
    /// Nobody's: nothing is recorded.
    #[default]
    Nothing,
    /// Those of features that are declared as leaves, not those of parameters.
    Leaves,
    /// Those of leaves and of all trained parameters.
    Parameters,
    /// Those of leaves and of the parameters marked here, in the order of the table.
    Marked(Arc<[bool]>),
}

impl Wanted {
    /// Is the gradient of a parameter wanted?
    #[must_use]
    pub fn parameter(&self, parameters: &Parameters, id: ParamId) -> bool {
        self.of(parameters.specs(), id)
    }

    /// Is the gradient of a parameter of this table wanted?
    #[must_use]
    pub fn of(&self, specs: &Specs, id: ParamId) -> bool {
        match self {
            Wanted::Nothing | Wanted::Leaves => false,
            Wanted::Parameters => specs[id.index()].is_trained(),
            Wanted::Marked(marked) => marked[id.index()],
        }
    }

    /// Is there anything to record?
    #[must_use]
    pub fn anything(&self) -> bool {
        !matches!(self, Wanted::Nothing)
    }
}

/// What multiplies features in a linear combination.
#[derive(Clone, Copy, Debug)]
pub enum Factor<'a> {
    /// A fixed number.
    Number(f64),
    /// An array of one number, or of one for each channel.
    Learned(&'a Value),
}

/// A norm with given statistics, whose gradient nobody wants.
#[derive(Clone, Copy, Debug)]
pub struct FixedNorm<'a> {
    /// Scale and shift, `γ` and `β`.
    pub learned: [&'a Value; 2],
    /// Mean and variance.
    pub fixed: [&'a Value; 2],
    /// Added to the variance.
    pub epsilon: f64,
}

/// What a norm measured on a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// Mean of each channel.
    pub mean: Vec<f64>,
    /// **Unbiased** variance of each channel: the running variance of PyTorch is an average of these.
    pub variance: Vec<f64>,
}

/// Where a backward pass begins.
#[derive(Clone, Copy, Debug)]
pub enum End<'a> {
    /// An array of one number, and what its gradient is multiplied by.
    Loss(&'a Value, f64),
    /// Features, and the gradient with respect to them: features of the same shape.
    Features(&'a Value, &'a Value),
}

/// The backward pass of an operation of the caller's: from the gradients of the outputs to those of the inputs.
/// `None` stands for a gradient of zero.
pub type Backward = Box<dyn FnOnce(&[Option<Value>], &mut dyn GradientSink) -> Vec<Option<Value>>>;

/// One pass: its operations, and the way back through them.
///
/// Operations on features whose gradient nobody wants leave nothing behind. Methods panic if shapes do not fit, which
/// the builder of a network has excluded, or if a value belongs to another engine.
pub trait Tape: Debug {
    // --- values in and out

    /// The numbers of a parameter, as an array `[1, n]`.
    fn parameter(&self, id: ParamId) -> Value;

    /// An array of constants, `shape = [rows, columns]`.
    fn array(&self, shape: [usize; 2], values: &[f64]) -> Value;

    /// Features from numbers in the order `[batch, channels, height, width]`; `leaf` asks for their gradient.
    fn features(&self, dims: [usize; 4], values: &[f32], leaf: bool) -> Value;

    /// The same from double precision, for engines that keep it.
    fn features_f64(&self, dims: [usize; 4], values: &[f64], leaf: bool) -> Value {
        let values: Vec<f32> = values.iter().map(|v| *v as f32).collect();
        self.features(dims, &values, leaf)
    }

    /// Features of zeros, like others in kind but with extents `dims`: the increment of a dropped block.
    fn zeros(&self, dims: [usize; 4]) -> Value;

    /// Extents `[batch, channels, height, width]` of features.
    fn dims(&self, features: &Value) -> [usize; 4];

    /// Extents `[rows, columns]` of an array.
    fn shape(&self, array: &Value) -> [usize; 2];

    /// The numbers of features in the order `[batch, channels, height, width]`.
    fn read(&self, features: &Value) -> Vec<f64>;

    /// The numbers of an array, row after row.
    fn read_array(&self, array: &Value) -> Vec<f64>;

    /// The scalar product of features of one shape, in double precision: how searches measure what they found.
    fn dot(&self, a: &Value, b: &Value) -> f64 {
        let (a, b) = (self.read(a), self.read(b));
        a.iter().zip(&b).map(|(a, b)| a * b).sum()
    }

    /// `Σ (eᵢ / (absolute + relative max(|uᵢ|, |vᵢ|)))²` of an error and the states `u`, `v` that it lies between, all of one shape, in
    /// double precision: how a step is judged whose size follows from its error.
    fn scaled_squares(
        &self,
        error: &Value,
        states: [&Value; 2],
        absolute: f64,
        relative: f64,
    ) -> f64 {
        let ([u, v], error) = (states.map(|state| self.read(state)), self.read(error));
        let scaled = error.iter().zip(u.iter().zip(&v)).map(|(e, (u, v))| {
            let part = e / (absolute + relative * u.abs().max(v.abs()));
            part * part
        });
        scaled.sum()
    }

    /// Is every feature finite?
    fn is_finite(&self, features: &Value) -> bool;

    /// Are these features known to be zero, so that nothing need be computed with them?
    fn is_zero(&self, _features: &Value) -> bool {
        false
    }

    /// Makes sure that features exist, for users that come more than once: those that are used once may be computed
    /// together with their use.
    fn compute(&self, _features: &Value) {}

    // --- operations on features

    /// Convolution, without the bias; the weights are flat, of PyTorch's shape `[out, in / groups, rows, columns]`.
    fn conv2d(&self, input: &Value, weight: &Value, spec: &ConvSpec) -> Value;

    /// Adds a number to each channel.
    fn add_bias(&self, input: &Value, bias: &Value) -> Value;

    /// Batch normalisation with the statistics of this batch: `γ (u - μ) / √(σ² + ε) + β`, `σ²` biased.
    fn norm_train(
        &self,
        input: &Value,
        scale: &Value,
        shift: &Value,
        epsilon: f64,
    ) -> (Value, Statistics);

    /// Batch normalisation with given statistics, whose gradient nobody wants: `learned` are scale and shift, `fixed` mean
    /// and variance.
    fn norm_eval(
        &self,
        input: &Value,
        learned: [&Value; 2],
        fixed: [&Value; 2],
        epsilon: f64,
    ) -> Value;

    /// `max(0, u)`. NaN stays NaN.
    fn relu(&self, input: &Value) -> Value;

    /// A convolution, a norm with given statistics, and a ReLU if `relu`: the three operations above. An engine that records nothing may
    /// do them in one, since nobody else can ask for what is between them.
    fn conv2d_normed(
        &self,
        input: &Value,
        (weight, spec): (&Value, &ConvSpec),
        norm: &FixedNorm<'_>,
        relu: bool,
    ) -> Value {
        let convolved = self.conv2d(input, weight, spec);
        let normed = self.norm_eval(&convolved, norm.learned, norm.fixed, norm.epsilon);
        if relu { self.relu(&normed) } else { normed }
    }

    /// `Σ cᵢ uᵢ`, in this order. A factor of exactly 1 is not multiplied.
    fn combine(&self, terms: &[(Factor<'_>, &Value)]) -> Value;

    /// `factor · u`, perhaps only when somebody asks for the numbers.
    fn scaled(&self, input: &Value, factor: f64) -> Value {
        self.combine(&[(Factor::Number(factor), input)])
    }

    /// Channels `first .. first + count`.
    fn narrow(&self, input: &Value, first: usize, count: usize) -> Value;

    /// The channels of all, one after the other.
    fn join(&self, parts: &[&Value]) -> Value;

    /// The two halves of the channels, where they lie apart already.
    fn halves(&self, _features: &Value) -> Option<[Value; 2]> {
        None
    }

    /// The features as channels `first ..` of `channels`; the others are 0.
    fn embed(&self, input: &Value, first: usize, channels: usize) -> Value;

    /// Every `stride`-th pixel, and zero channels appended (He et al. 2015, section 3.3, option A).
    fn sample(&self, input: &Value, sampling: Sampling) -> Value;

    /// The largest value in every window.
    fn max_pool(&self, input: &Value, window: Window) -> Value;

    /// The mean of every window over the pixels inside the image.
    fn mean_pool(&self, input: &Value, window: Window) -> Value;

    /// Every feature times the gate of its image and channel; `gates` is `[batch, channels]`.
    fn gate(&self, input: &Value, gates: &Value) -> Value;

    /// Every feature times a number of its own, in the order `[batch, height, width, channels]`.
    fn mask(&self, input: &Value, mask: &[f32]) -> Value;

    /// `Σ wᵢ(image) uᵢ`: terms are features, the weights of each image, and those that take their place in the backward
    /// pass (Gastaldi 2017).
    fn mix(&self, terms: &[(&Value, &[f32], &[f32])]) -> Value;

    /// Softmax attention within each image: a third of the channels are queries, a third keys, a third values, and `heads` divide the
    /// third, `o_i = Σ_j w_ij v_j` with `w_i = softmax_j(q_i · k_j / √d)` over the pixels of the image, `d` channels in a head.
    fn attention(&self, input: &Value, heads: usize) -> Value;

    /// `γ (u - μ) / √(σ² + ε) + β` with mean and biased variance over the channels of each pixel; `learned` are `γ` and `β`.
    fn layer_norm(&self, input: &Value, learned: [&Value; 2], epsilon: f64) -> Value;

    // --- operations on arrays

    /// Mean over height and width: `[batch, channels]`.
    fn global_average_pool(&self, input: &Value) -> Value;

    /// `x Wᵀ + b`: `x` is `[batch, in]`, the weights are `out · in` numbers, row after row, the bias `out`.
    fn linear(&self, input: &Value, weight: &Value, bias: &Value) -> Value;

    /// `a + b`, number by number; an array of one number is added to all.
    fn add(&self, a: &Value, b: &Value) -> Value;

    /// `a · b`, number by number; an array of one number multiplies all.
    fn multiply(&self, a: &Value, b: &Value) -> Value;

    /// `factor · a + offset`.
    fn affine(&self, a: &Value, factor: f64, offset: f64) -> Value;

    /// The weights of the adjoint of a convolution of stride 1 in one group, whose own are of the shape
    /// `[out, in, rows, columns]`: in and out exchanged, the kernel turned by half a turn.
    fn adjoint(&self, weight: &Value, shape: [usize; 4]) -> Value;

    /// `max(0, a)`.
    fn relu_array(&self, a: &Value) -> Value;

    /// `1 / (1 + e^{-a})`.
    fn sigmoid(&self, a: &Value) -> Value;

    /// Mean cross-entropy of logits `[batch, classes]` against targets: an array of one number.
    fn cross_entropy(&self, logits: &Value, targets: &Targets) -> Value;

    // --- the way back

    /// Goes back from the ends, once: gradients of parameters are added to `into`, those of leaves are kept for
    /// [`gradient`](Tape::gradient), and what was recorded is freed on the way.
    fn backward(&self, ends: &[End<'_>], into: &mut dyn GradientSink);

    /// The gradient that a backward pass found for a leaf, as features; `None` if it is zero.
    fn gradient(&self, leaf: &Value) -> Option<Value>;

    /// Rounding of its numbers: the distance from 1 to the next.
    fn epsilon(&self) -> f64 {
        f64::from(f32::EPSILON)
    }

    // --- operations of the caller's, for segments whose activations are computed again

    /// Can this engine do what follows? Where not, activations are kept.
    fn can_splice(&self) -> bool {
        false
    }

    /// Does a gradient flow back through this value?
    fn is_recorded(&self, features: &Value) -> bool;

    /// Another tape on the same parameters.
    fn fork(&self, recording: &Recording) -> Rc<dyn Tape> {
        self.fork_with(recording, &[])
    }

    /// Another tape on the same parameters but for those given, whose numbers are others.
    fn fork_with(&self, recording: &Recording, others: &[(ParamId, Vec<f64>)]) -> Rc<dyn Tape>;

    /// The features with everything that is pending written down.
    fn plain(&self, features: &Value) -> Value {
        features.clone()
    }

    /// Features of another tape of this engine, plain, as a beginning on this one: the same numbers, nothing behind them.
    fn adopt(&self, features: &Value, leaf: bool) -> Value;

    /// Records an operation whose way back the caller knows: the results are copies of `outputs`, which have nothing
    /// behind them.
    fn splice(&self, inputs: &[&Value], outputs: &[&Value], back: Backward) -> Vec<Value>;
}
