//! What do inception networks stack? A convolution, a norm and a ReLU.

use super::{Builder, Conv, Norm};
use crate::{ConvSpec, Features, Pass, Size};

/// A convolution, a norm and a ReLU.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConvNorm {
    conv: Conv,
    norm: Norm,
}

impl ConvNorm {
    /// Named `name.conv` and `name.bn`.
    pub(crate) fn new(
        make: &mut Builder,
        name: &str,
        input: usize,
        spec: ConvSpec,
        size: Size,
        epsilon: f64,
    ) -> Self {
        Self {
            conv: make.convolution(&format!("{name}.conv"), input, spec, size),
            norm: make
                .norm(&format!("{name}.bn"), spec.output)
                .with_epsilon(epsilon),
        }
    }

    /// The same convolution with a norm of its own, named `name`, for an evaluation that shares
    /// weights but not statistics.
    pub(crate) fn renormed(&self, make: &mut Builder, name: &str, size: Size) -> Self {
        make.again(&self.conv, size);
        let norm = make.norm(name, self.conv.spec.output);
        Self {
            norm: norm.with_epsilon(self.norm.epsilon),
            ..*self
        }
    }

    /// Size of its result.
    pub(crate) fn size(&self, input: Size) -> Size {
        self.conv.spec.size(input)
    }

    /// `ReLU(BN(W * u))`
    pub(crate) fn forward(&self, pass: &Pass, input: &Features) -> Features {
        self.norm.relu_of(pass, &self.conv, input)
    }
}
