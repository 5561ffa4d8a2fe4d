//! What state does a network step? Image features: a batch of channels at one resolution.

use crate::fused::{self, Convolved, Fused};
use crate::{Coef, ops};
use burn::tensor::{Device, Tensor};
use std::sync::{Arc, OnceLock};
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
    /// Halves for the fused kernels: a scheme that joins them to split them in its next step copies
    /// nothing.
    Halves(Arc<Halves>),
    /// A multiple of other features for the fused kernels: a linear combination takes the factor along.
    Multiple(Arc<Multiple>),
    /// Zeros for the fused kernels: the increment of a dropped block, which a linear combination leaves out.
    Zero(Arc<Zero>),
}

/// A multiple of features, as an array only where somebody asks for that.
#[derive(Debug)]
pub(crate) struct Multiple {
    pub(crate) factor: f64,
    pub(crate) of: Features,
    whole: OnceLock<Fused>,
}

impl Multiple {
    fn whole(&self) -> &Fused {
        let of = self
            .of
            .0
            .fused()
            .expect("only fused features are multiplied lazily");
        let term = (Coef::Number(self.factor), of);
        self.whole.get_or_init(|| fused::combine(&[term], false))
    }
}

/// Zeros, as an array only where somebody asks for that.
#[derive(Debug)]
pub(crate) struct Zero {
    dims: [usize; 4],
    device: Device,
    whole: OnceLock<Fused>,
}

impl Zero {
    fn whole(&self) -> &Fused {
        let zeros = || fused::import(Tensor::<4>::zeros(self.dims, &self.device));
        self.whole.get_or_init(zeros)
    }
}

/// Two halves of the channels, as one array only where somebody asks for that.
#[derive(Debug)]
pub(crate) struct Halves {
    parts: [Fused; 2],
    whole: OnceLock<Fused>,
}

impl Halves {
    fn whole(&self) -> &Fused {
        let [first, second] = &self.parts;
        self.whole.get_or_init(|| fused::join(&[first, second]))
    }
}

impl Layout {
    /// The features for the fused kernels, if they are kept for them.
    pub(crate) fn fused(&self) -> Option<&Fused> {
        match self {
            Layout::Tensor(_) => None,
            Layout::Fused(fused) => Some(fused),
            Layout::Convolved(convolved) => Some(convolved.result()),
            Layout::Halves(halves) => Some(halves.whole()),
            Layout::Multiple(multiple) => Some(multiple.whole()),
            Layout::Zero(zero) => Some(zero.whole()),
        }
    }

    /// The features for the fused kernels in the pieces that they lie in; none if they are not kept for
    /// them.
    pub(crate) fn pieces(&self) -> &[Fused] {
        match self {
            Layout::Halves(halves) => &halves.parts,
            other => other.fused().map_or(&[], std::slice::from_ref),
        }
    }

    /// The features as a Burn tensor `[batch, channels, height, width]`.
    pub(crate) fn tensor(&self) -> Tensor<4> {
        match self {
            Layout::Tensor(tensor) => tensor.clone(),
            Layout::Fused(fused) => fused::export(fused),
            Layout::Convolved(convolved) => fused::export(convolved.result()),
            Layout::Halves(halves) => fused::export(halves.whole()),
            Layout::Multiple(multiple) => fused::export(multiple.whole()),
            Layout::Zero(zero) => fused::export(zero.whole()),
        }
    }
}

impl From<Fused> for Features {
    fn from(fused: Fused) -> Self {
        Self(Layout::Fused(Box::new(fused)))
    }
}

impl Features {
    /// Features from the pieces that they lie in, of which there are one or two.
    pub(crate) fn from_pieces(pieces: Vec<Fused>) -> Option<Self> {
        match <[Fused; 2]>::try_from(pieces) {
            Ok(parts) => Some(Self(Layout::Halves(Arc::new(Halves {
                parts,
                whole: OnceLock::new(),
            })))),
            Err(one) => one.into_iter().next().map(Self::from),
        }
    }

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
            Layout::Halves(halves) => {
                let [first, second] = halves.parts.each_ref().map(Fused::dims);
                [first[0], first[1] + second[1], first[2], first[3]]
            }
            Layout::Multiple(multiple) => multiple.of.dims(),
            Layout::Zero(zero) => zero.dims,
        }
    }

    /// Makes sure that the features exist, for users that come more than once: features that are
    /// used once may be computed together with their use.
    pub(crate) fn compute(&self) {
        match &self.0 {
            Layout::Convolved(convolved) => {
                convolved.result();
            }
            Layout::Multiple(multiple) => multiple.of.compute(),
            _ => {}
        }
    }

    /// The features times a number.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        match &self.0 {
            _ if factor == 1.0 => self,
            Layout::Tensor(tensor) => Self(Layout::Tensor(tensor.clone().mul_scalar(factor))),
            _ => Self(Layout::Multiple(Arc::new(Multiple {
                factor,
                of: self,
                whole: OnceLock::new(),
            }))),
        }
    }

    /// Zeros of extents `dims`, where `like` is.
    pub(crate) fn zeros(like: &Self, dims: [usize; 4]) -> Self {
        match &like.0 {
            Layout::Tensor(tensor) => {
                let options = (&tensor.device(), tensor.dtype());
                Self(Layout::Tensor(Tensor::zeros(dims, options)))
            }
            Layout::Zero(zero) => Self(Layout::Zero(Arc::new(Zero {
                dims,
                device: zero.device.clone(),
                whole: OnceLock::new(),
            }))),
            other => {
                let device = match other.pieces().first() {
                    Some(piece) => piece.device(),
                    None => unreachable!("features that are no tensor are fused"),
                };
                Self(Layout::Zero(Arc::new(Zero {
                    dims,
                    device,
                    whole: OnceLock::new(),
                })))
            }
        }
    }

    /// Is it the increment of a dropped block?
    pub(crate) fn is_zero(&self) -> bool {
        matches!(self.0, Layout::Zero(_))
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
        if let Layout::Halves(halves) = &self.0
            && halves.parts[0].dims()[1] == half
        {
            let [first, second] = halves.parts.each_ref().map(|part| part.clone().into());
            return Some((first, second));
        }
        Some((ops::narrow(self, 0, half), ops::narrow(self, half, half)))
    }

    fn join(first: &Self, second: &Self) -> Option<Self> {
        match (first.0.fused(), second.0.fused()) {
            (Some(first), Some(second)) => {
                Self::from_pieces(vec![fused::settle(first), fused::settle(second)])
            }
            _ => Some(ops::join(&[first, second])),
        }
    }

    fn is_finite(&self) -> bool {
        ops::is_finite(self)
    }
}
