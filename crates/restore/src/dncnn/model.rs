//! What does the trained network do to a picture, and how is it kept? Convolutions with a bias, in half precision on disk.
//!
//! `layers.L.weight` is `[out, in, 3, 3]` and `layers.L.bias` `[out]`; between layers are ReLUs. What comes out is the noise in
//! units of white.

use super::network::{channels, check};
use crate::RestoreError;
use crate::learned::{Arrays, bad, write_half};
use std::sync::Arc;
use timestep_engine::{
    Array, ConvSpec, Engine, Features, Init, ParamId, Parameters, Recording, Role, Spec, Specs, ops,
};

/// What the metadata calls these files.
pub(crate) const FORMAT: &str = "timestep denoising-convolutions 1";

/// A network whose norms are folded into its convolutions.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    layers: usize,
    width: usize,
    parameters: Parameters,
}

impl Model {
    /// A network of these numbers, in the order of its files.
    pub(super) fn new(layers: usize, width: usize, values: Vec<f32>) -> Result<Self, RestoreError> {
        check(layers, width)?;
        let specs = table(layers, width);
        if values.len() != specs.total() || !values.iter().all(|v| v.is_finite()) {
            return Err(bad("it holds numbers that are not finite, or too few"));
        }
        Ok(Self {
            layers,
            width,
            parameters: Parameters::new(Arc::new(specs), values),
        })
    }

    /// Convolutions.
    #[must_use]
    pub fn layers(&self) -> usize {
        self.layers
    }

    /// Channels of the inner layers.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Numbers learned.
    #[must_use]
    pub fn count(&self) -> usize {
        self.parameters.values().len()
    }

    /// The noise of a picture of `(columns, rows)` pixels in units of white.
    #[must_use]
    pub fn noise(&self, engine: &dyn Engine, pixels: &[f32], size: (usize, usize)) -> Vec<f64> {
        let tape = engine.open(&self.parameters, &Recording::default());
        let array = |at: usize| Array::parameter(&tape, ParamId::new(at));
        let mut state = Features::images(&tape, [1, 1, size.1, size.0], pixels);
        for layer in 0..self.layers {
            let (_, outputs) = channels(self.layers, self.width, layer);
            let constant = |value: f64| Array::constant(&tape, [1, outputs], &vec![value; outputs]);
            let (weight, spec) = (array(2 * layer), ConvSpec::square(outputs, 3, 1));
            // A bias is a norm that divides by 1.
            let [one, zero, bias] = [constant(1.0), constant(0.0), array(2 * layer + 1)];
            let norm = ([&one, &bias], [&zero, &one]);
            let relu = layer + 1 < self.layers;
            state = ops::conv2d_normed(&state, (&weight, &spec), norm, 0.0, relu);
        }
        state.read()
    }

    /// The bytes of a safetensors file. `about` is kept in the metadata, for instance how it was trained.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] if a number is too large for half precision.
    pub fn to_bytes(&self, about: &[(&str, String)]) -> Result<Vec<u8>, RestoreError> {
        let specs = self.parameters.specs();
        let arrays: Vec<_> = (specs.iter().zip(self.parameters.ids()))
            .map(|(spec, id)| {
                let value = self.parameters.value(id);
                (spec.name.as_str(), spec.shape.as_slice(), value)
            })
            .collect();
        let mut settings = about.to_vec();
        settings.extend([
            ("layers", self.layers.to_string()),
            ("width", self.width.to_string()),
        ]);
        write_half(FORMAT, &arrays, &settings)
    }

    /// A network from the bytes of a safetensors file.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] says what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RestoreError> {
        let arrays = Arrays::open(bytes, FORMAT)?;
        let [layers, width] = ["layers", "width"].map(|key| arrays.number(key));
        let (layers, width) = (layers? as usize, width? as usize);
        check(layers, width)?;
        let mut values = Vec::new();
        for spec in table(layers, width).iter() {
            let numbers = arrays.numbers(&spec.name, spec.len())?;
            values.extend(numbers.iter().map(|v| *v as f32));
        }
        Self::new(layers, width, values)
    }
}

fn table(layers: usize, width: usize) -> Specs {
    let mut specs = Vec::new();
    for layer in 0..layers {
        let (inputs, outputs) = channels(layers, width, layer);
        for (what, shape, role) in [
            ("weight", vec![outputs, inputs, 3, 3], Role::Weight),
            ("bias", vec![outputs], Role::Bias),
        ] {
            specs.push(Spec {
                name: format!("layers.{layer}.{what}"),
                shape,
                role,
                init: Init::Constant(0.0),
            });
        }
    }
    Specs::new(specs)
}
