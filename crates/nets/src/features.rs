//! What state does a network step? Image features: a batch of channels at one resolution.

use crate::{Coef, ops};
use burn::tensor::Tensor;
use timestep_numerics::State;

/// Features of a batch of images, the state `u` of a network.
///
/// The layout is private on purpose: everything outside [`ops`] treats features as opaque, so
/// the kernels may keep them in whatever order is fast.
#[derive(Clone, Debug)]
pub struct Features {
    tensor: Tensor<4>,
}

impl Features {
    /// Features from a tensor of shape `[batch, channels, height, width]`.
    #[must_use]
    pub fn from_nchw(tensor: Tensor<4>) -> Self {
        Self { tensor }
    }

    /// The features as a tensor of shape `[batch, channels, height, width]`.
    #[must_use]
    pub fn into_nchw(self) -> Tensor<4> {
        self.tensor
    }

    /// Borrowed tensor of shape `[batch, channels, height, width]`.
    #[must_use]
    pub fn nchw(&self) -> &Tensor<4> {
        &self.tensor
    }

    /// `[batch, channels, height, width]`.
    #[must_use]
    pub fn dims(&self) -> [usize; 4] {
        self.tensor.dims()
    }
}

impl State for Features {
    type Coef = Coef;

    fn lincomb(terms: &[(Coef, &Features)]) -> Features {
        ops::combine(terms)
    }

    /// The halves of the channels: what a partitioned (reversible) scheme steps in turn.
    fn split(&self) -> Option<(Self, Self)> {
        let [_, channels, _, _] = self.dims();
        if channels < 2 || channels % 2 != 0 {
            return None;
        }
        let half = channels / 2;
        Some((
            Self::from_nchw(self.tensor.clone().narrow(1, 0, half)),
            Self::from_nchw(self.tensor.clone().narrow(1, half, half)),
        ))
    }

    fn join(first: &Self, second: &Self) -> Option<Self> {
        Some(Self::from_nchw(Tensor::cat(
            vec![first.tensor.clone(), second.tensor.clone()],
            1,
        )))
    }

    fn is_finite(&self) -> bool {
        ops::is_finite(self)
    }
}
