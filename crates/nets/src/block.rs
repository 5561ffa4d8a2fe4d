//! What is a block? A right-hand side `f` of `u_t = f(u)` with weights.

use crate::lipschitz::Link;
use crate::{Builder, Features, Pass, Size};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use timestep_registry::Facts;

/// Which convolution of a bottleneck carries the stride.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StrideAt {
    /// The first 1×1 convolution (He et al. 2015, 2016).
    #[default]
    First,
    /// The 3×3 convolution (the LM-ResNet authors' code, torchvision).
    Middle,
}

/// The shape of one block.
#[derive(Clone, Copy, Debug)]
pub struct BlockShape {
    /// Channels of `u`.
    pub input: usize,
    /// Channels of `f(u)`.
    pub output: usize,
    /// Channels inside a bottleneck.
    pub inner: usize,
    /// Stride of the block, 1 except in a transition.
    pub stride: usize,
    /// Where the stride sits.
    pub stride_at: StrideAt,
    /// Size of `u`.
    pub size: Size,
    /// Groups of channels of the inner convolution; 0: as the block likes.
    pub groups: usize,
    /// Is `u` normalised and rectified already, so that a pre-activation block need not begin with
    /// that?
    pub activated: bool,
    /// Share of features set to zero between two convolutions in training.
    pub dropout: f64,
    /// Which evaluation of a step it is for, from 0, where each has a block of its own; else 0.
    pub stage: usize,
}

impl BlockShape {
    /// Strides of the first 1×1 and of the 3×3 convolution of a bottleneck.
    pub(crate) fn strides(&self) -> (usize, usize) {
        match self.stride_at {
            StrideAt::First => (self.stride, 1),
            StrideAt::Middle => (1, self.stride),
        }
    }
}

/// What is known about a block without building it.
#[derive(Debug)]
pub struct BlockFacts {
    /// What is known of everything that can be named.
    pub named: Facts,
    /// The right-hand side as one line.
    pub equation: &'static str,
    /// Output channels per unit of width.
    pub expansion: usize,
    /// Normalises before its convolutions: the stem then has no norm and the head has one.
    pub preactivation: bool,
    /// Normalises by the channels of each pixel, not by the batch, and so does the head then, without a ReLU.
    pub layer_norm: bool,
    /// Puts a ReLU on the state after the step, which no scheme can undo.
    pub rectifies: bool,
    /// Is it the mean of two branches, which noise can mix?
    pub two_branches: bool,
    /// How it is built.
    pub make: Make,
}

timestep_registry::named!(BlockFacts);

/// A right-hand side with weights.
pub trait Block: Debug + Send + Sync {
    /// What is known about it.
    fn facts(&self) -> &'static BlockFacts;

    /// `f(u)`.
    fn eval(&self, pass: &Pass, u: &Features) -> Features {
        let entry = self.entry(pass, u);
        self.eval_from(pass, u, entry.as_ref())
    }

    /// The normalised, rectified `u` that a pre-activation block starts with, which a projection
    /// shortcut may share (He et al. 2016). `None` for post-activation blocks.
    fn entry(&self, _pass: &Pass, _u: &Features) -> Option<Features> {
        None
    }

    /// `f(u)`, given what [`entry`](Block::entry) returned for the same `u`.
    fn eval_from(&self, pass: &Pass, u: &Features, entry: Option<&Features>) -> Features;

    /// The two branches whose mean is `f(u)`, for noise that mixes them; `None` for blocks without.
    fn eval_branches(&self, _pass: &Pass, _u: &Features) -> Option<[Features; 2]> {
        None
    }

    /// What `f` is a chain of in evaluation, if it is a chain of convolutions, norms and ReLUs: see
    /// [`Network::chains`](crate::Network::chains).
    fn links(&self) -> Option<Vec<Link>> {
        None
    }

    /// What happens to the state after a step: the identity, or ReLU for post-activation blocks.
    fn after_step(&self, u: Features) -> Features {
        u
    }
}

/// A function that builds a block under a name.
pub type MakeBlock = fn(&mut Builder, &str, &BlockShape) -> Box<dyn Block>;

/// A function that puts something around a block, which was built under a name.
pub type WrapBlock = fn(&mut Builder, &str, &BlockShape, Box<dyn Block>) -> Box<dyn Block>;

/// How a block is built.
#[derive(Clone, Copy, Debug)]
pub enum Make {
    /// By itself.
    Alone(MakeBlock),
    /// Around any block, which has this before its name then: `se-preact`.
    Around(&'static str, WrapBlock),
}
