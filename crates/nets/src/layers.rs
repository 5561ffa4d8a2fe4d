//! Which layers are blocks made of? Convolution, norm and linear, as positions in the table.
//!
//! A layer holds no numbers: it knows where its parameters are and what it costs.

use crate::lipschitz::{Link, NormLink};
use crate::{ConvSpec, Features, ParamId, Pass, ops};
use timestep_engine::Array;

mod builder;
mod conv_norm;
mod cost;
mod dropout;
mod layer_norm;

pub use builder::Builder;
pub(crate) use conv_norm::ConvNorm;
pub use cost::Cost;
pub(crate) use dropout::Dropout;
pub(crate) use layer_norm::LayerNorm;

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
    /// As a link of a chain; its adjoint is the same.
    pub(crate) fn link(&self) -> Link {
        Link::Conv {
            weight: self.weight,
            groups: self.spec.groups,
        }
    }

    /// What [`antisymmetric`](Self::antisymmetric) computes as a link of a chain.
    pub(crate) fn antisymmetric_link(&self, friction: f64) -> Link {
        Link::Antisymmetric {
            weight: self.weight,
            friction,
        }
    }

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
    /// As a link of a chain.
    pub(crate) fn link(&self) -> Link {
        self.link_of(false)
    }

    /// The same where scales below 0 break what the block promises.
    pub(crate) fn signed_link(&self) -> Link {
        self.link_of(true)
    }

    fn link_of(&self, keeps_sign: bool) -> Link {
        Link::Norm(NormLink {
            scale: self.scale,
            variance: self.variance,
            epsilon: self.epsilon,
            keeps_sign,
        })
    }

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
