//! What can be decided about each part of a network?

use crate::StrideAt;
use crate::steps::controlled::Control;
use serde::{Deserialize, Serialize};
use timestep_numerics::adaptive::{Tolerance, pair_of};

/// Channels, rows and columns of the images a network takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputShape {
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

/// How the state gets across a change of shape in a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shortcut {
    /// Every second pixel and zero channels; no weights (He et al. 2015, option A).
    OptionA,
    /// A 1×1 convolution of its own: conv-BN for post-activation blocks, BN-ReLU-conv for
    /// pre-activation ones (the LM-ResNet authors' code).
    Projection,
    /// A 1×1 convolution of the block's own BN-ReLU (He et al. 2016).
    SharedProjection,
    /// The mean of every 2×2 pixels, and zero channels on both sides; no weights (RevNet's basic
    /// blocks).
    PooledOptionA,
    /// A 1×1 convolution without norm (RevNet's bottlenecks).
    PlainProjection,
    /// Two 1×1 convolutions of the rectified state, the second shifted by one pixel, side by side,
    /// then a norm (Shake-Shake).
    ShiftedPaths,
}

/// What happens between two segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transition {
    /// The first step of the segment is a forward Euler step with a strided block; the projected
    /// state becomes the history (He et al.; the LM-ResNet authors' code).
    #[default]
    StridedStep,
    /// The state is projected, then the segment starts with an ordinary step and no history.
    ProjectThenStep,
    /// The first step of the segment is a step of the reversible pair whose first block is strided;
    /// each half has a shortcut (RevNet).
    ReversibleStep,
}

/// One learned coefficient for all channels, or one for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Granularity {
    /// One number per step (the published LM-ResNet).
    #[default]
    Scalar,
    /// One number per step and channel.
    Channel,
}

/// The first layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StemKind {
    /// A 3×3 convolution; norm and ReLU before blocks that do not begin with them.
    #[default]
    Cifar,
    /// The same with norm and ReLU always; the first block then does not begin with them again
    /// (RevNet).
    CifarNormed,
    /// A 3×3 convolution and a norm, no ReLU (Shake-Shake).
    CifarLinear,
    /// A 3×3 convolution of stride 2; norm and ReLU as in [`Cifar`](Self::Cifar).
    Strided,
    /// A 7×7 convolution of stride 2, norm, ReLU, and a 3×3 maximum of stride 2.
    Imagenet,
    /// The same for networks whose first block does not begin with norm and ReLU again (RevNet).
    ImagenetNormed,
    /// Patches side by side, of 2×2 pixels up to 16 pixels of an image, 4×4 up to 64, 16×16 above, made channels by a convolution that
    /// does not overlap; then waves over rows and columns, for blocks that do not see places (transformers).
    Patches,
}

/// What a multistep scheme remembers across a transition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum History {
    /// Nothing: the transition is a forward Euler step (the LM-ResNet authors' code).
    #[default]
    Restart,
    /// The earlier state, through a projection of its own, so that the transition is a step of the
    /// scheme too (what the parameter counts of the published LM-ResNeXt amount to).
    Projected,
}

/// Where the backward pass gets the activations of a segment from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activations {
    /// They were stored in the forward pass.
    #[default]
    Stored,
    /// They are computed backward from the last state of the segment; needs a reversible scheme.
    Reconstructed,
}

/// What is decided about the first layers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StemConfig {
    /// Which layers they are.
    pub kind: StemKind,
    /// Their channels; 0: as many as the first segment has.
    pub width: usize,
}

/// What is decided about the segments and what stands around their steps.
#[derive(Clone, Debug, PartialEq)]
pub struct BodyConfig {
    /// Registry key of the body.
    pub name: String,
    /// Steps of each segment.
    pub steps: Vec<usize>,
    /// Width of the first segment; it doubles from segment to segment.
    pub width: usize,
    /// Width of each segment where it does not double; empty: it does.
    pub widths: Vec<usize>,
    /// What happens between segments.
    pub transition: Transition,
    /// How a changing shape is bridged.
    pub shortcut: Shortcut,
    /// FractalNet: probability that a branch is left out of a join in training.
    pub drop_path: f64,
    /// Where the backward pass gets activations from.
    pub activations: Activations,
}

/// What is decided about the block, the right-hand side of every step.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockConfig {
    /// Registry key of the block.
    pub name: String,
    /// Where a bottleneck has its stride.
    pub stride_at: StrideAt,
    /// Channels inside the bottlenecks of the first segment (all groups together); 0: as many as the
    /// segment has.
    pub inner_width: usize,
    /// Groups of channels of the inner convolution; 0: as the block likes.
    pub groups: usize,
    /// Share of features set to zero between the convolutions of a block in training.
    pub dropout: f64,
}

/// What is decided about the scheme, by which the state goes from step to step.
#[derive(Clone, Debug, PartialEq)]
pub struct SchemeConfig {
    /// Registry key of the scheme, or the text of its definition.
    pub name: String,
    /// Granularity of learned coefficients.
    pub coefficient: Granularity,
    /// What a multistep scheme remembers across a transition.
    pub history: History,
    /// Step size: one number for all steps, one for each segment, or one for each step; empty: 1. The step that a
    /// transition takes always has the size 1.
    pub h: Vec<f64>,
    /// How the sizes of steps follow from their error, if they do.
    pub control: Option<ControlConfig>,
}

impl SchemeConfig {
    /// The control of the error, with the pair of the scheme; `None` if steps are fixed, or the scheme is no pair.
    pub(crate) fn control(&self) -> Option<Control> {
        let config = self.control?;
        let key = timestep_numerics::facts(&self.name).ok()?.key;
        Some(Control {
            pair: pair_of(key)?,
            tolerance: config.tolerance(),
            between: config.between,
        })
    }
}

/// How the sizes of steps follow from their error: they are as long as a tolerance allows, whatever their number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlConfig {
    /// Error that a step may make, as a share of the size of a number of the state.
    pub rtol: f64,
    /// Least size of a number that counts, times this share.
    pub atol: f64,
    /// Most evaluations of the block in a segment.
    pub evaluations: usize,
    /// What weights are between those of two steps.
    pub between: Between,
}

impl ControlConfig {
    /// Evaluations that are allowed unless another number is given.
    pub const EVALUATIONS: usize = 1000;

    /// The part of the relative tolerance that the absolute one is, unless another is given.
    pub const ABSOLUTE: f64 = 0.01;

    /// The control with this relative tolerance, and everything else as usual.
    #[must_use]
    pub fn new(rtol: f64) -> Self {
        Self {
            rtol,
            atol: Self::ABSOLUTE * rtol,
            evaluations: Self::EVALUATIONS,
            between: Between::Linear,
        }
    }

    /// As the analyses have it.
    pub(crate) fn tolerance(&self) -> Tolerance {
        Tolerance {
            relative: self.rtol,
            absolute: self.atol,
            evaluations: self.evaluations,
        }
    }
}

/// What weights are between the middles of the cells of the steps that have them, where they are functions of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Between {
    /// Linear; constant before the first middle and after the last.
    #[default]
    Linear,
    /// Those of the cell.
    Constant,
}
