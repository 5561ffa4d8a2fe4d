//! Which layers are blocks made of? Convolution, norm and linear, as positions in the table.
//!
//! A layer holds no numbers: it knows where its parameters are and what it costs.

use crate::parts::{self, Part};
use crate::{ConvSpec, Features, Init, ParamId, Pass, Role, Size, Spec, Specs, ops};
use timestep_engine::Array;

mod conv_norm;
mod dropout;
mod layer_norm;

pub(crate) use conv_norm::ConvNorm;
pub(crate) use dropout::Dropout;
pub(crate) use layer_norm::LayerNorm;

/// What a piece of a network costs per image. Numbers that do not fit are the largest there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Trained numbers, without coefficients.
    pub parameters: usize,
    /// Multiply-adds of convolutions and linear layers.
    pub multiply_adds: usize,
    /// Features kept for the backward pass by the fused kernels, in numbers: the inputs of
    /// convolutions as they are before norm and ReLU, and of norms that no convolution follows.
    pub activations: usize,
}

impl Cost {
    /// Adds another cost.
    pub fn add(&mut self, other: Cost) {
        self.parameters = self.parameters.saturating_add(other.parameters);
        self.multiply_adds = self.multiply_adds.saturating_add(other.multiply_adds);
        self.activations = self.activations.saturating_add(other.activations);
    }

    /// The cost of evaluating the same weights `times` times.
    #[must_use]
    pub fn repeated(self, times: usize) -> Self {
        Self {
            parameters: self.parameters,
            multiply_adds: self.multiply_adds.saturating_mul(times),
            activations: self.activations.saturating_mul(times),
        }
    }
}

/// A product of extents; the largest number there is if it does not fit.
fn product(extents: &[usize]) -> usize {
    let times = |all: usize, extent: &usize| all.saturating_mul(*extent);
    extents.iter().fold(1, times)
}

/// A convolution.
#[derive(Clone, Copy, Debug)]
pub struct Conv {
    weight: ParamId,
    bias: Option<ParamId>,
    input: usize,
    spec: ConvSpec,
}

impl Conv {
    /// Convolves features with the adjoint `Kᵀ` of the convolution `K`: of stride 1, in one group, without bias.
    #[must_use]
    pub fn adjoint(&self, pass: &Pass, input: &Features) -> Features {
        let [rows, columns] = self.spec.kernel;
        let shape = [self.spec.output, self.input, rows, columns];
        let weight = ops::adjoint(&pass.value(self.weight), shape);
        let spec = ConvSpec {
            output: self.input,
            ..self.spec
        };
        ops::conv2d(input, &weight, &spec)
    }

    /// Convolves features with `K - Kᵀ - γ`, an operator whose symmetric part is `-γ`: of stride 1, in one group, with as many
    /// channels out as in.
    #[must_use]
    pub fn antisymmetric(&self, pass: &Pass, input: &Features, gamma: f64) -> Features {
        let [rows, columns] = self.spec.kernel;
        let channels = self.input;
        let own = pass.value(self.weight);
        let turned = ops::adjoint(&own, [channels, channels, rows, columns]);
        let weight = own.plus(&turned.affine(-1.0, 0.0));
        let turning = ops::conv2d(input, &weight, &self.spec);
        ops::combine(&[(1.0.into(), &turning), ((-gamma).into(), input)])
    }

    /// Convolves features.
    #[must_use]
    pub fn forward(&self, pass: &Pass, input: &Features) -> Features {
        let out = ops::conv2d(input, &pass.value(self.weight), &self.spec);
        match self.bias {
            None => out,
            Some(bias) => ops::add_bias(&out, &pass.value(bias)),
        }
    }
}

/// Batch normalisation.
#[derive(Clone, Copy, Debug)]
pub struct Norm {
    scale: ParamId,
    shift: ParamId,
    mean: ParamId,
    variance: ParamId,
    epsilon: f64,
}

impl Norm {
    /// The same with another number added to the variance.
    #[must_use]
    pub fn with_epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// Normalises features; in training mode notes the batch statistics in the pass, unless it is frozen.
    #[must_use]
    pub fn forward(&self, pass: &Pass, input: &Features) -> Features {
        let (scale, shift) = (pass.value(self.scale), pass.value(self.shift));
        if pass.measures(self.scale) {
            let (out, measured) = ops::norm_train(input, &scale, &shift, self.epsilon);
            pass.note([self.mean, self.variance], &measured);
            return out;
        }
        let (mean, variance) = (pass.value(self.mean), pass.value(self.variance));
        ops::norm_eval(input, [&scale, &shift], [&mean, &variance], self.epsilon)
    }

    /// Normalises what a convolution makes of features.
    #[must_use]
    pub fn of(&self, pass: &Pass, conv: &Conv, input: &Features) -> Features {
        self.after(pass, conv, input, false)
    }

    /// The same, then `max(0, ·)`.
    #[must_use]
    pub fn relu_of(&self, pass: &Pass, conv: &Conv, input: &Features) -> Features {
        self.after(pass, conv, input, true)
    }

    /// A convolution, this norm, and perhaps a ReLU; in evaluation they are one operation.
    fn after(&self, pass: &Pass, conv: &Conv, input: &Features, relu: bool) -> Features {
        if pass.measures(self.scale) || conv.bias.is_some() {
            let normed = self.forward(pass, &conv.forward(pass, input));
            return if relu { ops::relu(&normed) } else { normed };
        }
        let [weight, scale, shift, mean, variance] = [
            conv.weight,
            self.scale,
            self.shift,
            self.mean,
            self.variance,
        ]
        .map(|id| pass.value(id));
        let norm = ([&scale, &shift], [&mean, &variance]);
        ops::conv2d_normed(input, (&weight, &conv.spec), norm, self.epsilon, relu)
    }

    /// Normalises, then `max(0, ·)`.
    #[must_use]
    pub fn relu(&self, pass: &Pass, input: &Features) -> Features {
        ops::relu(&self.forward(pass, input))
    }
}

/// A fully connected layer with bias.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    weight: ParamId,
    bias: ParamId,
}

impl Linear {
    /// Applies it to `[batch, in]`.
    #[must_use]
    pub fn forward(&self, pass: &Pass, input: &Array) -> Array {
        ops::linear(input, &pass.value(self.weight), &pass.value(self.bias))
    }
}

/// Collects the layout of a network while its layers are made, and counts their cost.
#[derive(Debug, Default)]
pub struct Builder {
    specs: Vec<Spec>,
    cost: Cost,
    /// Where each part but the head ends, in parameters.
    ends: Vec<usize>,
    /// While layers are made once more: the parameters that they have already.
    known: Option<std::vec::IntoIter<usize>>,
    /// Which term of a right-hand side is made, and how often a step evaluates it; `None`: all of it.
    term: Option<(usize, usize)>,
}

impl Builder {
    /// A builder with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The layout collected so far.
    #[must_use]
    pub fn into_specs(self) -> Specs {
        Specs::new(self.specs)
    }

    /// Ends a part of the network (the stem, a segment): what is made next belongs to the next one.
    pub(crate) fn close_part(&mut self) {
        self.ends.push(self.specs.len());
    }

    /// The parts so far, the head being what follows the last end.
    pub(crate) fn parts(&self) -> Vec<Part> {
        parts::named(&self.ends, self.specs.len())
    }

    /// Place of the next parameter.
    pub(crate) fn next_id(&self) -> usize {
        self.specs.len()
    }

    /// Counts a convolution that was made before and is used once more.
    pub(crate) fn again(&mut self, conv: &Conv, size: Size) {
        let ([rows, columns], output) = (conv.spec.kernel, conv.spec.output);
        let group = conv.input / conv.spec.groups;
        let pixels = conv.spec.size(size).area();
        self.count(
            product(&[group, rows, columns, output, pixels]),
            product(&[conv.input, size.area()]),
        );
    }

    /// Counts multiply-adds and features that are kept.
    fn count(&mut self, multiply_adds: usize, activations: usize) {
        self.cost.add(Cost {
            parameters: 0,
            multiply_adds,
            activations,
        });
    }

    /// Counts attention among the pixels of features: scores and their weighed sums, and the weights that are kept.
    pub(crate) fn count_attention(&mut self, channels: usize, size: Size) {
        let pixels = size.area();
        self.count(
            product(&[2, pixels, pixels, channels]),
            product(&[3, channels, pixels]),
        );
    }

    /// Counts the five-point Laplacian of features.
    pub(crate) fn count_laplacian(&mut self, channels: usize, size: Size) {
        let features = product(&[channels, size.area()]);
        self.count(features.saturating_mul(5), features);
    }

    /// Says of which term of a right-hand side blocks are made from here on, and how often a step evaluates it; `None`: of all of it.
    pub(crate) fn set_term(&mut self, term: Option<(usize, usize)>) {
        self.term = term;
    }

    /// The term of a right-hand side that is made, and how often a step evaluates it; `None` where a scheme steps all of it.
    #[must_use]
    pub(crate) fn term(&self) -> Option<(usize, usize)> {
        self.term
    }

    /// The cost since the last call.
    pub fn take_cost(&mut self) -> Cost {
        std::mem::take(&mut self.cost)
    }

    /// Makes layers once more that were made before with the parameters `known`: they get the same weights and
    /// running statistics of their own, because those belong to what a layer sees, not to what it is.
    ///
    /// Costs nothing: who evaluates them counts that.
    pub(crate) fn again_with<T>(
        &mut self,
        known: std::ops::Range<usize>,
        make: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let weights = known.filter(|at| self.specs[*at].role != Role::Buffer);
        self.known = Some(weights.collect::<Vec<_>>().into_iter());
        let cost = self.cost;
        let made = make(self);
        self.cost = cost;
        let left = self.known.take();
        // Only code of ours decides what is made again; a mistake there must not train with mixed-up weights.
        assert!(left.is_some_and(|left| left.len() == 0), "the same layers");
        made
    }

    /// Adds a parameter and returns its place.
    pub fn parameter(
        &mut self,
        name: String,
        shape: Vec<usize>,
        role: Role,
        init: Init,
    ) -> ParamId {
        let spec = Spec {
            name,
            shape,
            role,
            init,
        };
        if role != Role::Buffer
            && let Some(known) = &mut self.known
        {
            let at = known.next().expect("the layers that were made before");
            assert_eq!(
                (&self.specs[at].shape, self.specs[at].role),
                (&spec.shape, role),
                "{}",
                spec.name
            );
            return ParamId::new(at);
        }
        if !matches!(role, Role::Buffer | Role::Coefficient) {
            self.cost.parameters = self.cost.parameters.saturating_add(spec.len());
        }
        self.specs.push(spec);
        ParamId::new(self.specs.len() - 1)
    }

    /// A convolution without bias `input → output` channels with padding that keeps the size (up to
    /// stride).
    ///
    /// `size` is the size of its input.
    #[allow(clippy::too_many_arguments)]
    pub fn conv(
        &mut self,
        name: &str,
        input: usize,
        output: usize,
        kernel: usize,
        stride: usize,
        groups: usize,
        size: Size,
    ) -> Conv {
        let spec = ConvSpec::square(output, kernel, stride).grouped(groups);
        self.convolution(name, input, spec, size)
    }

    /// Any convolution of `input` channels of this size.
    pub fn convolution(&mut self, name: &str, input: usize, spec: ConvSpec, size: Size) -> Conv {
        let [rows, columns] = spec.kernel;
        let std = (2.0 / (rows * columns * spec.output) as f64).sqrt();
        self.convolution_from(name, input, spec, size, std)
    }

    /// A linear layer with bias for each pixel of features of this size, from and to so many channels; it begins with the variance of
    /// Glorot, Bengio 2010.
    pub(crate) fn token_layer(
        &mut self,
        name: &str,
        (input, output): (usize, usize),
        size: Size,
    ) -> Conv {
        let spec = ConvSpec {
            bias: true,
            ..ConvSpec::square(output, 1, 1)
        };
        let std = (2.0 / (input + output) as f64).sqrt();
        self.convolution_from(name, input, spec, size, std)
    }

    /// Any convolution, whose weights begin with this standard deviation.
    pub(crate) fn convolution_from(
        &mut self,
        name: &str,
        input: usize,
        spec: ConvSpec,
        size: Size,
        std: f64,
    ) -> Conv {
        let ([rows, columns], output) = (spec.kernel, spec.output);
        let group = input / spec.groups;
        let weight = self.parameter(
            format!("{name}.weight"),
            vec![output, group, rows, columns],
            Role::Weight,
            Init::Normal(std),
        );
        let bias = spec.bias.then(|| {
            let bound = 1.0 / ((group * rows * columns) as f64).sqrt();
            self.parameter(
                format!("{name}.bias"),
                vec![output],
                Role::Bias,
                Init::Uniform(-bound, bound),
            )
        });
        let pixels = spec.size(size).area();
        self.count(
            product(&[group, rows, columns, output, pixels]),
            product(&[input, size.area()]),
        );
        Conv {
            weight,
            bias,
            input,
            spec,
        }
    }

    /// A batch norm over `channels`.
    pub fn norm(&mut self, name: &str, channels: usize) -> Norm {
        let mut one = |part: &str, role, value| {
            self.parameter(
                format!("{name}.{part}"),
                vec![channels],
                role,
                Init::Constant(value),
            )
        };
        Norm {
            scale: one("weight", Role::Norm, 1.0),
            shift: one("bias", Role::Norm, 0.0),
            mean: one("running_mean", Role::Buffer, 0.0),
            variance: one("running_var", Role::Buffer, 1.0),
            epsilon: ops::NORM_EPSILON,
        }
    }

    /// Counts features that are kept for the backward pass though no convolution reads them.
    pub fn keep(&mut self, channels: usize, size: Size) {
        self.count(0, product(&[channels, size.area()]));
    }

    /// A fully connected layer.
    pub fn linear(&mut self, name: &str, input: usize, output: usize) -> Linear {
        let bound = 1.0 / (input as f64).sqrt();
        let init = Init::Uniform(-bound, bound);
        self.affine(name, vec![output, input], init)
    }

    /// The same with the weights stored as those of a 1×1 convolution, `[out, in, 1, 1]`.
    pub fn pointwise(&mut self, name: &str, input: usize, output: usize) -> Linear {
        let bound = 1.0 / (input as f64).sqrt();
        let init = Init::Uniform(-bound, bound);
        self.affine(name, vec![output, input, 1, 1], init)
    }

    fn affine(&mut self, name: &str, shape: Vec<usize>, init: Init) -> Linear {
        let (output, input) = (shape[0], shape[1]);
        let weight = self.parameter(format!("{name}.weight"), shape, Role::Weight, init);
        let bias = self.parameter(format!("{name}.bias"), vec![output], Role::Bias, init);
        self.count(product(&[input, output]), input);
        Linear { weight, bias }
    }
}
