//! Which layers are blocks made of? Convolution, norm and linear, as positions in the table.
//!
//! A layer holds no numbers: it knows where its parameters are and what it costs.

use crate::{Features, Init, Mode, ParamId, Pass, Role, Spec, ops};
use burn::tensor::Tensor;

/// Height and width of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Size {
    /// Size after a stride, rounding up.
    #[must_use]
    pub fn strided(self, stride: usize) -> Self {
        Self {
            height: self.height.div_ceil(stride),
            width: self.width.div_ceil(stride),
        }
    }

    /// Number of pixels.
    #[must_use]
    pub fn area(self) -> usize {
        self.height * self.width
    }
}

/// What a piece of a network costs per image.
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
        self.parameters += other.parameters;
        self.multiply_adds += other.multiply_adds;
        self.activations += other.activations;
    }

    /// The cost of evaluating the same weights `times` times.
    #[must_use]
    pub fn repeated(self, times: usize) -> Self {
        Self {
            parameters: self.parameters,
            multiply_adds: self.multiply_adds * times,
            activations: self.activations * times,
        }
    }
}

/// A square convolution without bias.
#[derive(Clone, Copy, Debug)]
pub struct Conv {
    weight: ParamId,
    shape: [usize; 4],
    stride: usize,
    groups: usize,
}

impl Conv {
    /// Convolves features.
    #[must_use]
    pub fn forward(&self, pass: &Pass<'_>, input: &Features) -> Features {
        ops::conv2d(
            input,
            pass.value(self.weight),
            self.shape,
            self.stride,
            (self.shape[2] - 1) / 2,
            self.groups,
        )
    }
}

/// Batch normalisation.
#[derive(Clone, Copy, Debug)]
pub struct Norm {
    scale: ParamId,
    shift: ParamId,
    mean: ParamId,
    variance: ParamId,
}

impl Norm {
    /// Normalises features; in training mode notes the batch statistics in the pass.
    #[must_use]
    pub fn forward(&self, pass: &Pass<'_>, input: &Features) -> Features {
        let (scale, shift) = (pass.value(self.scale), pass.value(self.shift));
        match pass.mode() {
            Mode::Train => {
                let (out, mean, variance) = ops::norm_train(input, scale, shift);
                pass.note(self.mean, mean);
                pass.note(self.variance, variance);
                out
            }
            Mode::Eval => {
                let (mean, variance) = (pass.value(self.mean), pass.value(self.variance));
                ops::norm_eval(input, scale, shift, mean, variance)
            }
        }
    }

    /// Normalises, then `max(0, ·)`.
    #[must_use]
    pub fn relu(&self, pass: &Pass<'_>, input: &Features) -> Features {
        ops::relu(self.forward(pass, input))
    }
}

/// A fully connected layer with bias.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    weight: ParamId,
    bias: ParamId,
    shape: [usize; 2],
}

impl Linear {
    /// Applies it to `[batch, in]`.
    #[must_use]
    pub fn forward(&self, pass: &Pass<'_>, input: Tensor<2>) -> Tensor<2> {
        ops::linear(
            input,
            pass.value(self.weight).reshape(self.shape),
            pass.value(self.bias),
        )
    }
}

/// Collects the layout of a network while its layers are made, and counts their cost.
#[derive(Debug, Default)]
pub struct Builder {
    specs: Vec<Spec>,
    cost: Cost,
}

impl Builder {
    /// A builder with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The layout collected so far.
    #[must_use]
    pub fn into_specs(self) -> Vec<Spec> {
        self.specs
    }

    /// The cost since the last call.
    pub fn take_cost(&mut self) -> Cost {
        std::mem::take(&mut self.cost)
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
        if !matches!(role, Role::Buffer | Role::Coefficient) {
            self.cost.parameters += spec.len();
        }
        self.specs.push(spec);
        ParamId(self.specs.len() - 1)
    }

    /// A convolution `input → output` channels with padding that keeps the size (up to stride).
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
        let shape = [output, input / groups, kernel, kernel];
        let std = (2.0 / (kernel * kernel * output) as f64).sqrt();
        let name = format!("{name}.weight");
        let weight = self.parameter(name, shape.to_vec(), Role::Weight, Init::Normal(std));
        let per_pixel = (input / groups) * kernel * kernel * output;
        self.cost.multiply_adds += per_pixel * size.strided(stride).area();
        self.cost.activations += input * size.area();
        Conv {
            weight,
            shape,
            stride,
            groups,
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
        }
    }

    /// Counts features that are kept for the backward pass though no convolution reads them.
    pub fn keep(&mut self, channels: usize, size: Size) {
        self.cost.activations += channels * size.area();
    }

    /// A fully connected layer.
    pub fn linear(&mut self, name: &str, input: usize, output: usize) -> Linear {
        let bound = 1.0 / (input as f64).sqrt();
        let init = Init::Uniform(-bound, bound);
        let weight = self.parameter(
            format!("{name}.weight"),
            vec![output, input],
            Role::Weight,
            init,
        );
        let bias = self.parameter(format!("{name}.bias"), vec![output], Role::Bias, init);
        self.cost.multiply_adds += input * output;
        self.cost.activations += input;
        Linear {
            weight,
            bias,
            shape: [output, input],
        }
    }
}
