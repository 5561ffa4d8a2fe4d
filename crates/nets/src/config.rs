//! What must be decided to build a network? Stem, body, block, scheme and noise, and what goes in and out.

mod flat;
mod parts;

pub use parts::{
    Activations, Between, BlockConfig, BodyConfig, ControlConfig, Granularity, History, InputShape,
    SchemeConfig, Shortcut, StemConfig, StemKind, Transition,
};

use flat::Flat;
use serde::{Deserialize, Serialize};
use timestep_numerics::{NoiseSettings, SchemeFacts};

/// Everything that determines the architecture of a network.
///
/// Files hold it as one flat object without the parts: see `config/flat.rs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Flat", into = "Flat")]
pub struct NetworkConfig {
    /// Published name, or `block x scheme` for a free composition.
    pub name: String,
    /// Images it takes.
    pub input: InputShape,
    /// Number of classes.
    pub classes: usize,
    /// First layers.
    pub stem: StemConfig,
    /// Segments, and what stands around their steps.
    pub body: BodyConfig,
    /// Right-hand side of the steps.
    pub block: BlockConfig,
    /// How the state goes from step to step.
    pub scheme: SchemeConfig,
    /// What makes steps random in training; drop-path has a share of its own in the body.
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
            input,
            classes,
            stem: StemConfig::default(),
            body: BodyConfig {
                name: "residual".to_owned(),
                steps: vec![3, 3, 3],
                width: 16,
                widths: Vec::new(),
                transition: Transition::StridedStep,
                shortcut: Shortcut::Projection,
                drop_path: 0.0,
                activations: Activations::Stored,
            },
            block: BlockConfig {
                name: block.to_owned(),
                stride_at: crate::StrideAt::Middle,
                inner_width: 0,
                groups: 0,
                dropout: 0.0,
            },
            scheme: SchemeConfig {
                name: scheme.to_owned(),
                coefficient: Granularity::Scalar,
                history: History::Restart,
                h: Self::usual_h(scheme),
                control: None,
            },
            noise: NoiseSettings::default(),
        }
    }

    /// The step sizes of a network with this scheme that does not say any: none, which is 1, where the scheme takes steps of this size.
    #[must_use]
    pub fn usual_h(scheme: &str) -> Vec<f64> {
        match timestep_numerics::facts(scheme).map_or(1.0, SchemeFacts::usual_h) {
            1.0 => Vec::new(),
            h => vec![h],
        }
    }

    /// The same network with so many steps per segment, and this width of the first one.
    #[must_use]
    pub fn with_segments(mut self, steps: &[usize], width: usize) -> Self {
        (self.body.steps, self.body.width) = (steps.to_vec(), width);
        self
    }

    /// The same network with another width of the first segment; everything else that is counted in
    /// channels changes in proportion.
    #[must_use]
    pub fn scaled_to(mut self, width: usize) -> Self {
        let first = self.width_of(0).max(1);
        let counts = self.body.widths.iter_mut();
        let counts = counts.chain([&mut self.block.inner_width, &mut self.stem.width]);
        for count in counts.filter(|count| **count > 0) {
            *count = scaled(*count, width, first).max(1);
        }
        self.body.width = width;
        self
    }

    /// What decides which weights fit, without what only concerns training.
    #[must_use]
    pub fn architecture(&self) -> Self {
        let mut bare = self.clone();
        bare.body.activations = Activations::Stored;
        (bare.body.drop_path, bare.block.dropout) = (0.0, 0.0);
        bare.noise = NoiseSettings::default();
        bare
    }

    /// Width of segment `index` (from 0).
    ///
    /// # Panics
    /// If `widths` is given but has no such segment; a built network always has.
    #[must_use]
    pub fn width_of(&self, index: usize) -> usize {
        match self.body.widths.as_slice() {
            [] => self
                .body
                .width
                .saturating_mul(1usize.checked_shl(index as u32).unwrap_or(usize::MAX)),
            widths => widths[index],
        }
    }

    /// Size of step `step` of segment `index` (both from 0); 1 where there is none.
    #[must_use]
    pub fn h_of(&self, index: usize, step: usize) -> f64 {
        let (h, steps) = (&self.scheme.h, &self.body.steps);
        let before: usize = steps.iter().take(index).sum();
        let place = match h.len() {
            0 => return 1.0,
            1 => 0,
            n if n == steps.len() => index,
            _ => before + step,
        };
        h.get(place).copied().unwrap_or(1.0)
    }

    /// Channels inside the bottlenecks of segment `index`.
    #[must_use]
    pub fn inner_of(&self, index: usize) -> usize {
        let width = self.width_of(index);
        if self.block.inner_width == 0 || self.body.width == 0 {
            width
        } else {
            scaled(width, self.block.inner_width, self.body.width)
        }
    }

    /// Channels of the stem.
    #[must_use]
    pub fn stem_channels(&self) -> usize {
        if self.stem.width == 0 {
            self.width_of(0)
        } else {
            self.stem.width
        }
    }
}

/// `n · times / over`, rounded down; the largest number there is if it does not fit.
fn scaled(n: usize, times: usize, over: usize) -> usize {
    let exact = n as u128 * times as u128 / over as u128;
    usize::try_from(exact).unwrap_or(usize::MAX)
}
