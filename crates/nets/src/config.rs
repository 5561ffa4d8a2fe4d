//! What must be decided to build a network? Block, scheme, how many steps, how wide.

use serde::{Deserialize, Serialize};
use timestep_numerics::NoiseSettings;

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
    /// A 7×7 convolution of stride 2, norm, ReLU, and a 3×3 maximum of stride 2.
    Imagenet,
    /// The same for networks whose first block does not begin with norm and ReLU again (RevNet).
    ImagenetNormed,
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

/// The body of networks that name none.
fn residual() -> String {
    "residual".to_owned()
}

/// Everything that determines the architecture of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Published name, or `block x scheme` for a free composition.
    pub name: String,
    /// Registry key of the block.
    pub block: String,
    /// Registry key of the scheme, or the text of its definition.
    pub scheme: String,
    /// Steps of each segment.
    pub steps: Vec<usize>,
    /// Width of the first segment; it doubles from segment to segment.
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
    /// Registry key of the body: what stands around the steps.
    #[serde(default = "residual")]
    pub body: String,
    /// First layers.
    #[serde(default)]
    pub stem: StemKind,
    /// Channels of the stem; 0: as `width`.
    #[serde(default)]
    pub stem_width: usize,
    /// Width of each segment where it does not double; empty: it does.
    #[serde(default)]
    pub widths: Vec<usize>,
    /// Channels inside the bottlenecks of the first segment (all groups together); 0: as `width`.
    #[serde(default)]
    pub inner_width: usize,
    /// Groups of channels of the inner convolution; 0: as the block likes.
    #[serde(default)]
    pub groups: usize,
    /// What a multistep scheme remembers across a transition.
    #[serde(default)]
    pub history: History,
    /// Where the backward pass gets activations from.
    #[serde(default)]
    pub activations: Activations,
    /// Share of features set to zero between the convolutions of a block in training.
    #[serde(default)]
    pub dropout: f64,
    /// FractalNet: probability that a branch is left out of a join in training.
    #[serde(default)]
    pub drop_path: f64,
    /// What makes steps random in training; drop-path has its own share above.
    #[serde(default)]
    pub noise: NoiseSettings,
}

impl NetworkConfig {
    /// A small network: three segments of three steps, 16 channels, projections of their own.
    #[must_use]
    pub fn new(block: &str, scheme: &str, input: InputShape, classes: usize) -> Self {
        Self {
            name: format!(
                "{block} x {}",
                timestep_numerics::facts(scheme).map_or(scheme, |f| f.key)
            ),
            block: block.into(),
            scheme: scheme.into(),
            steps: vec![3, 3, 3],
            width: 16,
            classes,
            input,
            shortcut: Shortcut::Projection,
            transition: Transition::StridedStep,
            stride_at: crate::StrideAt::Middle,
            coefficient: Granularity::Scalar,
            body: residual(),
            stem: StemKind::Cifar,
            stem_width: 0,
            widths: Vec::new(),
            inner_width: 0,
            groups: 0,
            history: History::Restart,
            activations: Activations::Stored,
            dropout: 0.0,
            drop_path: 0.0,
            noise: NoiseSettings::default(),
        }
    }

    /// The same network with another width of the first segment; everything else that is counted in
    /// channels changes in proportion.
    #[must_use]
    pub fn scaled_to(self, width: usize) -> Self {
        let first = self.width_of(0).max(1);
        let scale = |n: usize| match n {
            0 => 0,
            n => scaled(n, width, first).max(1),
        };
        Self {
            width,
            widths: self.widths.iter().map(|w| scale(*w)).collect(),
            inner_width: scale(self.inner_width),
            stem_width: scale(self.stem_width),
            ..self
        }
    }

    /// What decides which weights fit, without what only concerns training.
    #[must_use]
    pub fn architecture(&self) -> Self {
        Self {
            activations: Activations::Stored,
            dropout: 0.0,
            drop_path: 0.0,
            noise: NoiseSettings::default(),
            ..self.clone()
        }
    }

    /// Width of segment `index` (from 0).
    ///
    /// # Panics
    /// If `widths` is given but has no such segment; a built network always has.
    #[must_use]
    pub fn width_of(&self, index: usize) -> usize {
        match self.widths.as_slice() {
            [] => self
                .width
                .saturating_mul(1usize.checked_shl(index as u32).unwrap_or(usize::MAX)),
            widths => widths[index],
        }
    }

    /// Channels inside the bottlenecks of segment `index`.
    #[must_use]
    pub fn inner_of(&self, index: usize) -> usize {
        let width = self.width_of(index);
        if self.inner_width == 0 || self.width == 0 {
            width
        } else {
            scaled(width, self.inner_width, self.width)
        }
    }

    /// Channels of the stem.
    #[must_use]
    pub fn stem_channels(&self) -> usize {
        if self.stem_width == 0 {
            self.width_of(0)
        } else {
            self.stem_width
        }
    }
}

/// `n · times / over`, rounded down; the largest number there is if it does not fit.
fn scaled(n: usize, times: usize, over: usize) -> usize {
    let exact = n as u128 * times as u128 / over as u128;
    usize::try_from(exact).unwrap_or(usize::MAX)
}
