//! What must be decided to build a network? Block, scheme, how many steps, how wide.

use serde::{Deserialize, Serialize};

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
}

/// One learned coefficient for all channels, or one for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Granularity {
    /// One number a step (the published LM-ResNet).
    #[default]
    Scalar,
    /// One number a step and channel.
    Channel,
}

/// Everything that determines the architecture of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Published name, or `block x scheme` for a free composition.
    pub name: String,
    /// Registry key of the block.
    pub block: String,
    /// Registry key of the scheme.
    pub scheme: String,
    /// Steps of each segment.
    pub steps: Vec<usize>,
    /// Inner width of the first segment; it doubles from segment to segment.
    pub width: usize,
    /// Number of classes.
    pub classes: usize,
    /// Images it takes.
    pub input: InputShape,
    /// How a changing shape is bridged.
    pub shortcut: Shortcut,
    /// What happens between segments.
    #[serde(default)]
    pub transition: Transition,
    /// Where a bottleneck has its stride.
    #[serde(default)]
    pub stride_at: crate::StrideAt,
    /// Granularity of learned coefficients.
    #[serde(default)]
    pub coefficient: Granularity,
}
