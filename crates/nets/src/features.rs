//! What state does a network step? Image features: a batch of channels at one resolution.

use crate::fused::{self, Convolved, Fused};
use crate::{Coef, ops};
use burn::tensor::Tensor;
use std::sync::Arc;
use timestep_numerics::State;

/// Features of a batch of images, the state `u` of a network.
///
/// The layout is private on purpose: everything outside [`ops`] treats features as opaque, so
/// the kernels may keep them in whatever order is fast.
#[derive(Clone, Debug)]
pub struct Features(pub(crate) Layout);

/// How features are kept.
// A handful live at a time, on the stack of one step: boxing the tensor would only cost.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
pub(crate) enum Layout {
    /// A Burn tensor `[batch, channels, height, width]`, for composed operations.
    Tensor(Tensor<4>),
    /// Channels last, for the fused kernels; a norm and a ReLU may still be pending.
    Fused(Box<Fused>),
    /// A convolution for the fused kernels that nobody has used yet.
    Convolved(Arc<Convolved>),
}

impl Layout {
    /// The features for the fused kernels, if they are kept for them.
    pub(crate) fn fused(&self) -> Option<&Fused> {
        match self {
            Layout::Tensor(_) => None,
            Layout::Fused(fused) => Some(fused),
            Layout::Convolved(convolved) => Some(convolved.result()),
        }
    }

    /// The features as a Burn tensor `[batch, channels, height, width]`.
    pub(crate) fn tensor(&self) -> Tensor<4> {
        match self {
            Layout::Tensor(tensor) => tensor.clone(),
            Layout::Fused(fused) => fused::export(fused),
            Layout::Convolved(convolved) => fused::export(convolved.result()),
        }
    }
}

impl From<Fused> for Features {
    fn from(fused: Fused) -> Self {
        Self(Layout::Fused(Box::new(fused)))
    }
}

impl Features {
    /// Features from a tensor of shape `[batch, channels, height, width]`.
    #[must_use]
    pub fn from_nchw(tensor: Tensor<4>) -> Self {
        if fused::suits(&tensor) {
            fused::import(tensor).into()
        } else {
            Self(Layout::Tensor(tensor))
        }
    }

    /// The features as a tensor of shape `[batch, channels, height, width]`.
    #[must_use]
    pub fn into_nchw(self) -> Tensor<4> {
        self.0.tensor()
    }

    /// The same for borrowed features.
    #[must_use]
    pub fn to_nchw(&self) -> Tensor<4> {
        self.0.tensor()
    }

    /// `[batch, channels, height, width]`.
    #[must_use]
    pub fn dims(&self) -> [usize; 4] {
        match &self.0 {
            Layout::Tensor(tensor) => tensor.dims(),
            Layout::Fused(fused) => fused.dims(),
            Layout::Convolved(convolved) => {
                let e = convolved.extent();
                [e.batch, e.channels, e.height, e.width]
            }
        }
    }

    /// Makes sure that the features exist, for users that come more than once: features that are
    /// used once may be computed together with their use.
    pub(crate) fn compute(&self) {
        if let Layout::Convolved(convolved) = &self.0 {
            convolved.result();
        }
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
        Some((ops::narrow(self, 0, half), ops::narrow(self, half, half)))
    }

    fn join(first: &Self, second: &Self) -> Option<Self> {
        Some(ops::join(&[first, second]))
    }

    fn is_finite(&self) -> bool {
        ops::is_finite(self)
    }
}
