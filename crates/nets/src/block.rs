//! What is a block? A right-hand side `f` of `u_t = f(u)` with weights.

use crate::{Builder, Features, Pass, Size};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

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
}

/// What is known about a block without building it.
#[derive(Debug)]
pub struct BlockFacts {
    /// Registry key: the value of `--block`.
    pub key: &'static str,
    /// Other accepted names.
    pub aliases: &'static [&'static str],
    /// One line for lists.
    pub title: &'static str,
    /// The right-hand side as one line.
    pub equation: &'static str,
    /// Output channels per unit of width.
    pub expansion: usize,
    /// Normalises before its convolutions: the stem then has no norm and the head has one.
    pub preactivation: bool,
    /// BibTeX keys.
    pub references: &'static [&'static str],
    /// The page shown by `explain`.
    pub source: &'static str,
}

/// A right-hand side with weights.
pub trait Block: Debug + Send + Sync {
    /// What is known about it.
    fn facts(&self) -> &'static BlockFacts;

    /// `f(u)`.
    fn eval(&self, pass: &Pass<'_>, u: &Features) -> Features {
        let entry = self.entry(pass, u);
        self.eval_from(pass, u, entry.as_ref())
    }

    /// The normalised, rectified `u` that a pre-activation block starts with, which a projection
    /// shortcut may share (He et al. 2016). `None` for post-activation blocks.
    fn entry(&self, _pass: &Pass<'_>, _u: &Features) -> Option<Features> {
        None
    }

    /// `f(u)`, given what [`entry`](Block::entry) returned for the same `u`.
    fn eval_from(&self, pass: &Pass<'_>, u: &Features, entry: Option<&Features>) -> Features;

    /// What happens to the state after a step: the identity, or ReLU for post-activation blocks.
    fn after_step(&self, u: Features) -> Features {
        u
    }
}

/// A function that builds a block under a name.
pub type MakeBlock = fn(&mut Builder, &str, &BlockShape) -> Box<dyn Block>;
