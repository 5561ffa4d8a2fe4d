//! Which weights does a forward pass read? The caller's, brought into its own order once.
//!
//! That costs as much as the convolution of a small image: who convolves with the same weights again keeps them.

use crate::buffer::Buffer;
use crate::conv::direct;
use crate::conv::merge::spread;
use crate::conv::pack::Forward;
use crate::conv::winograd;
use crate::kernels::Kernels;
use crate::shape::ConvShape;

/// What the order of packed weights depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Order {
    kernels: Kernels,
    winograd: bool,
    input: usize,
    output: usize,
    kernel: [usize; 2],
    /// Groups as they are computed, which may be fewer than those of the convolution.
    groups: usize,
}

impl Order {
    fn of(kernels: Kernels, shape: &ConvShape) -> Self {
        Self {
            kernels,
            winograd: kernels.uses_winograd(shape),
            input: shape.input,
            output: shape.output,
            kernel: shape.kernel,
            groups: kernels.grouping(shape).groups,
        }
    }
}

/// Weights of a convolution in the order in which forward passes read them, made by [`Kernels::pack_conv`].
#[derive(Debug)]
pub struct PackedConv {
    order: Order,
    weights: Buffer,
}

impl PackedConv {
    /// Are they in the order that a convolution of this shape reads? The number of images does not matter, their size does only where it decides
    /// between Winograd's method and direct sums.
    #[must_use]
    pub fn suits(&self, kernels: Kernels, shape: &ConvShape) -> bool {
        self.order == Order::of(kernels, shape)
    }

    /// Numbers in them: up to four times those of the weights.
    #[must_use]
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Are there none? Never, of a convolution that is possible.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// The numbers.
    pub(crate) fn numbers(&self) -> &[f32] {
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
        let weights = if order.winograd {
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
        PackedConv { order, weights }
    }
}
