//! Which network estimates the noise? Convolutions of 3×3, norms and ReLUs; trained with its norms, used without them.

use super::Model;
use crate::RestoreError;
use crate::learned::bad;
use std::rc::Rc;
use std::sync::Arc;
use timestep_engine::{
    Array, ConvSpec, Features, Init, ParamId, Parameters, Role, Spec, Specs, Statistics, Tape, ops,
};
use timestep_numerics::random::Stream;

/// The network as it is trained: the first and the last convolution have a bias, all others are normalised.
#[derive(Clone, Debug)]
pub struct Network {
    layers: usize,
    width: usize,
    specs: Arc<Specs>,
}

/// What the norm of a layer measured on a batch.
pub type Measured = (usize, Statistics);

impl Network {
    /// So many convolutions, the inner ones with `width` channels.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] for fewer than 3 layers, or more than 64, or a width that is not between 1 and 512.
    pub fn new(layers: usize, width: usize) -> Result<Self, RestoreError> {
        check(layers, width)?;
        let mut specs = Vec::new();
        for layer in 0..layers {
            let (inputs, outputs) = channels(layers, width, layer);
            let mut add = |what: &str, shape: Vec<usize>, role, init| {
                specs.push(Spec {
                    name: format!("layers.{layer}.{what}"),
                    shape,
                    role,
                    init,
                });
            };
            // He et al. 2015; the network begins near the estimate that there is no noise.
            let gain = if layer + 1 == layers { 0.1 } else { 1.0 };
            let deviation = gain * (2.0 / (9 * inputs) as f64).sqrt();
            let shape = vec![outputs, inputs, 3, 3];
            add("weight", shape, Role::Weight, Init::Normal(deviation));
            let each = |value| (vec![outputs], Init::Constant(value));
            let numbers: &[(&str, Role, f64)] = if normalised(layers, layer) {
                &[
                    ("norm.weight", Role::Norm, 1.0),
                    ("norm.bias", Role::Norm, 0.0),
                    ("norm.running_mean", Role::Buffer, 0.0),
                    ("norm.running_var", Role::Buffer, 1.0),
                ]
            } else {
                &[("bias", Role::Bias, 0.0)]
            };
            for (what, role, value) in numbers {
                let (shape, init) = each(*value);
                add(what, shape, *role, init);
            }
        }
        Ok(Self {
            layers,
            width,
            specs: Arc::new(Specs::new(specs)),
        })
    }

    /// The table of its parameters.
    #[must_use]
    pub fn specs(&self) -> &Arc<Specs> {
        &self.specs
    }

    /// Values to begin with, drawn from this seed.
    #[must_use]
    pub fn start(&self, seed: u64) -> Parameters {
        let mut values = Vec::with_capacity(self.specs.total());
        for (number, spec) in (0..).zip(self.specs.iter()) {
            let mut stream = Stream::new(seed, "dncnn", 0, number);
            values.extend((0..spec.len()).map(|_| match spec.init {
                Init::Normal(deviation) => (deviation * stream.normal()) as f32,
                Init::Uniform(low, high) => (low + (high - low) * stream.unit()) as f32,
                Init::Constant(value) => value as f32,
            }));
        }
        Parameters::new(self.specs.clone(), values)
    }

    fn id(&self, layer: usize, what: &str) -> ParamId {
        let found = self.specs.find(&format!("layers.{layer}.{what}"));
        found.expect("the table has what the network was built with")
    }

    /// The noise of pictures `[batch, 1, height, width]`, in units of white, with the statistics of this batch.
    #[must_use]
    pub fn noise(&self, tape: &Rc<dyn Tape>, pictures: &Features) -> (Features, Vec<Measured>) {
        let array = |layer, what: &str| Array::parameter(tape, self.id(layer, what));
        let mut measured = Vec::new();
        let mut state = pictures.clone();
        for layer in 0..self.layers {
            let (_, outputs) = channels(self.layers, self.width, layer);
            let spec = ConvSpec::square(outputs, 3, 1);
            state = ops::conv2d(&state, &array(layer, "weight"), &spec);
            if normalised(self.layers, layer) {
                let (scale, shift) = (array(layer, "norm.weight"), array(layer, "norm.bias"));
                let (normed, found) = ops::norm_train(&state, &scale, &shift, ops::NORM_EPSILON);
                measured.push((layer, found));
                state = normed;
            } else {
                state = ops::add_bias(&state, &array(layer, "bias"));
            }
            if layer + 1 < self.layers {
                state = ops::relu(&state);
            }
        }
        (state, measured)
    }

    /// Takes what a batch measured into the running statistics, of which it becomes this share.
    pub fn absorb(&self, parameters: &mut Parameters, measured: &[Measured], share: f64) {
        for (layer, found) in measured {
            for (what, news) in [
                ("norm.running_mean", &found.mean),
                ("norm.running_var", &found.variance),
            ] {
                let own = parameters.value_mut(self.id(*layer, what));
                for (own, new) in own.iter_mut().zip(news) {
                    *own += (share * (new - f64::from(*own))) as f32;
                }
            }
        }
    }

    /// The same network with running statistics, its norms folded into the convolutions.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] if numbers are not finite.
    pub fn folded(&self, parameters: &Parameters) -> Result<Model, RestoreError> {
        let mut values = Vec::new();
        for layer in 0..self.layers {
            let value = |what: &str| parameters.value(self.id(layer, what));
            let weight = value("weight");
            if !normalised(self.layers, layer) {
                values.extend_from_slice(weight);
                values.extend_from_slice(value("bias"));
                continue;
            }
            let variance = value("norm.running_var").iter();
            let factors: Vec<f32> = variance
                .zip(value("norm.weight"))
                .map(|(variance, scale)| {
                    (f64::from(*scale) / (f64::from(*variance) + ops::NORM_EPSILON).sqrt()) as f32
                })
                .collect();
            let each = weight.len() / factors.len();
            for (weights, factor) in weight.chunks(each).zip(&factors) {
                values.extend(weights.iter().map(|w| w * factor));
            }
            let means = value("norm.running_mean").iter().zip(value("norm.bias"));
            values.extend(
                means
                    .zip(&factors)
                    .map(|((mean, shift), f)| shift - mean * f),
            );
        }
        Model::new(self.layers, self.width, values)
    }
}

/// Whether a layer is normalised.
fn normalised(layers: usize, layer: usize) -> bool {
    layer > 0 && layer + 1 < layers
}

/// Channels that go into a layer and out of it.
pub(super) fn channels(layers: usize, width: usize, layer: usize) -> (usize, usize) {
    let inputs = if layer == 0 { 1 } else { width };
    let outputs = if layer + 1 == layers { 1 } else { width };
    (inputs, outputs)
}

/// Is this a network?
pub(super) fn check(layers: usize, width: usize) -> Result<(), RestoreError> {
    if !(3..=64).contains(&layers) || !(1..=512).contains(&width) {
        return Err(bad(format!(
            "{layers} layers of {width} channels are not between 3 and 64, of 1 to 512"
        )));
    }
    Ok(())
}
