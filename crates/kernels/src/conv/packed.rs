//! Which weights does a forward pass read? The caller's, brought into its own order once.
//!
//! That costs as much as the convolution of a small image: who convolves with the same weights again keeps them.

use crate::buffer::Buffer;
use crate::conv::direct;
use crate::conv::int8::{self, Int8Weights};
use crate::conv::merge::spread;
use crate::conv::pack::Forward;
use crate::conv::winograd;
use crate::kernels::Kernels;
use crate::shape::ConvShape;

/// How sums are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Direct,
    Winograd,
    Int8,
}

/// What the order of packed weights depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Order {
    kernels: Kernels,
    method: Method,
    input: usize,
    output: usize,
    kernel: [usize; 2],
    /// Groups as they are computed, which may be fewer than those of the convolution.
    groups: usize,
}

impl Order {
    /// The order of single precision.
    fn of(kernels: Kernels, shape: &ConvShape) -> Self {
        let method = match kernels.uses_winograd(shape) {
            true => Method::Winograd,
            false => Method::Direct,
        };
        Self {
            groups: kernels.grouping(shape).groups,
            ..Self::by(method, kernels, shape)
        }
    }

    fn by(method: Method, kernels: Kernels, shape: &ConvShape) -> Self {
        Self {
            kernels,
            method,
            input: shape.input,
            output: shape.output,
            kernel: shape.kernel,
            groups: shape.groups,
        }
    }
}

/// The weights themselves.
#[derive(Debug)]
pub(crate) enum Weights {
    /// In single precision.
    Floats(Buffer),
    /// As whole numbers of eight bits.
    Int8(Int8Weights),
}

/// Weights of a convolution in the order in which forward passes read them, made by [`Kernels::pack_conv`] or [`Kernels::pack_conv_int8`].
#[derive(Debug)]
pub struct PackedConv {
    order: Order,
    weights: Weights,
}

impl PackedConv {
    /// Are they in the order that a convolution of this shape reads? The number of images does not matter, their size does only where it decides
    /// between Winograd's method and direct sums.
    #[must_use]
    pub fn suits(&self, kernels: Kernels, shape: &ConvShape) -> bool {
        match &self.weights {
            Weights::Floats(_) => self.order == Order::of(kernels, shape),
            Weights::Int8(_) => self.order == Order::by(Method::Int8, kernels, shape),
        }
    }

    /// Floats of memory that they take: up to four times as many as there are weights, a quarter as whole numbers.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.weights {
            Weights::Floats(floats) => floats.len(),
            Weights::Int8(whole) => whole.len(),
        }
    }

    /// Are they whole numbers of eight bits?
    #[must_use]
    pub fn is_int8(&self) -> bool {
        matches!(self.weights, Weights::Int8(_))
    }

    /// Are there none? Never, of a convolution that is possible.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers.
    pub(crate) fn weights(&self) -> &Weights {
        &self.weights
    }
}

impl Kernels {
    /// Brings the weights of a convolution into the order in which [`conv_packed`](Self::conv_packed) reads them.
    ///
    /// # Panics
    /// If there are not as many weights as the shape asks for.
    #[must_use]
    pub fn pack_conv(&self, shape: &ConvShape, weights: &[f32]) -> PackedConv {
        shape.check();
        assert_eq!(weights.len(), shape.weight_len(), "length of the weights");
        let computed = &self.grouping(shape);
        let weights = &*spread(shape, computed, weights);
        let order = Order::of(*self, shape);
        let weights = if order.method == Method::Winograd {
            let channels = (computed.group_output(), computed.group_input());
            winograd::transform(
                &Forward(computed, weights),
                computed.groups,
                channels,
                self.isa(),
            )
        } else {
            direct::packed(computed, weights, self.isa().lanes())
        };
        PackedConv {
            order,
            weights: Weights::Floats(weights),
        }
    }

    /// The same as [`pack_conv`](Self::pack_conv), rounded to whole numbers of eight bits with one scale for each output channel: [`conv_packed`](Self::conv_packed) then rounds
    /// the features of each image to 256 levels too, and adds whole products. What would gain nothing stays in single precision: convolutions of fewer
    /// than 64 input or output channels of a group (128 input channels where Winograd's method spares products), of groups that fill no vectors of 16, and of
    /// input channels that are no multiple of 4.
    ///
    /// # Panics
    /// If there are not as many weights as the shape asks for.
    #[must_use]
    pub fn pack_conv_int8(&self, shape: &ConvShape, weights: &[f32]) -> PackedConv {
        shape.check();
        assert_eq!(weights.len(), shape.weight_len(), "length of the weights");
        if !int8::suits(shape) {
            return self.pack_conv(shape, weights);
        }
        PackedConv {
            order: Order::by(Method::Int8, *self, shape),
            weights: Weights::Int8(Int8Weights::new(shape, weights)),
        }
    }

    /// The weights that the gradient of the output is convolved with for that of the input: turned around, channels exchanged. For shapes that
    /// Winograd's method suits, of one group.
    pub(crate) fn pack_turned(&self, shape: &ConvShape, weights: &[f32]) -> PackedConv {
        let back = ConvShape {
            input: shape.output,
            output: shape.input,
            ..*shape
        };
        let order = Order::of(*self, &back);
        debug_assert_eq!(order.method, Method::Winograd);
        PackedConv {
            order,
            weights: Weights::Floats(winograd::whole::turned(shape, weights, self.isa())),
        }
    }
}
