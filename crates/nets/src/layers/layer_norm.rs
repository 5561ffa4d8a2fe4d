//! What do transformers normalise by? The mean and variance of the channels of each pixel.

use super::Builder;
use crate::{Features, Init, ParamId, Pass, Role, Size, ops};

/// Layer normalisation over the channels of each pixel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerNorm {
    scale: ParamId,
    shift: ParamId,
}

impl LayerNorm {
    /// Normalises features.
    pub(crate) fn forward(&self, pass: &Pass, input: &Features) -> Features {
        let (scale, shift) = (pass.value(self.scale), pass.value(self.shift));
        ops::layer_norm(input, [&scale, &shift], ops::NORM_EPSILON)
    }
}

impl Builder {
    /// A layer norm over `channels` of features of this size.
    pub(crate) fn layer_norm(&mut self, name: &str, channels: usize, size: Size) -> LayerNorm {
        let mut one = |part: &str, value| {
            self.parameter(
                format!("{name}.{part}"),
                vec![channels],
                Role::Norm,
                Init::Constant(value),
            )
        };
        let norm = LayerNorm {
            scale: one("weight", 1.0),
            shift: one("bias", 0.0),
        };
        self.keep(channels, size);
        norm
    }
}
