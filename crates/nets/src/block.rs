//! What is a block? A right-hand side `f` of `u_t = f(u)` with weights.

use crate::noise::{StepNoise, around};
use crate::{Builder, Features, Pass, Size};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use std::sync::Arc;
use timestep_numerics::noise::ActsOn;

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
    /// Puts a ReLU on the state after the step, which no scheme can undo.
    pub rectifies: bool,
    /// Is it the mean of two branches, which noise can mix?
    pub two_branches: bool,
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

    /// What happens to the state after a step: the identity, or ReLU for post-activation blocks.
    fn after_step(&self, u: Features) -> Features {
        u
    }
}

/// A function that builds a block under a name.
pub type MakeBlock = fn(&mut Builder, &str, &BlockShape) -> Box<dyn Block>;

/// A registered block, perhaps with squeeze-and-excitation around it.
#[derive(Clone, Debug)]
pub struct BlockKind {
    /// What is known about the block (about the one inside, if it is wrapped).
    pub facts: &'static BlockFacts,
    /// How it is built.
    pub(crate) make: MakeBlock,
    /// Is its result gated by squeeze-and-excitation?
    pub squeeze: bool,
    /// What makes its increments random.
    pub(crate) noise: Option<Arc<StepNoise>>,
}

impl BlockKind {
    /// Builds the block under `name`.
    pub fn build(&self, make: &mut Builder, name: &str, shape: &BlockShape) -> Box<dyn Block> {
        let noise = self.noise.as_ref();
        // Branches are mixed before their mixture is gated; the gated increment has the control.
        let mut block = around(
            (self.make)(make, name, shape),
            noise,
            ActsOn::Branches,
            shape,
        );
        if self.squeeze {
            block = crate::blocks::SqueezeExcite::wrap(make, name, shape, block);
        }
        around(block, noise, ActsOn::Increment, shape)
    }

    /// The same with the noise of a step.
    #[must_use]
    pub(crate) fn with_noise(&self, noise: Option<Arc<StepNoise>>) -> Self {
        Self {
            noise,
            ..self.clone()
        }
    }

    /// The value of `--block`: the key of the block, with `se-` before it if it is wrapped.
    #[must_use]
    pub fn key(&self) -> String {
        let prefix = if self.squeeze { "se-" } else { "" };
        format!("{prefix}{}", self.facts.key)
    }
}
