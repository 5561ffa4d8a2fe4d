//! Which settings does noise have, for all laws together? A recipe's section `[noise]`.

use crate::noise::{Backward, Count, Decay, Forward, Scaling};
use serde::{Deserialize, Serialize};

/// Do the images of a batch share a draw?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// As the law was published: stochastic depth for a batch, shake-shake for an image.
    #[default]
    Published,
    /// One draw for a batch.
    Batch,
    /// One draw for each image.
    Image,
}

/// The settings of all laws; each reads its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NoiseSettings {
    /// Registry key of the law; empty: no noise.
    pub name: String,
    /// Stochastic depth: probability that the last block is kept, in (0, 1].
    pub keep: f64,
    /// Stochastic depth: how the probability changes with depth.
    pub decay: Decay,
    /// Stochastic depth: where the fall begins.
    pub count: Count,
    /// Stochastic depth: where the mean is put right.
    pub scaling: Scaling,
    /// Do the images of a batch share a draw?
    pub per: Per,
    /// Shake-shake: the mixture of the forward pass.
    pub forward: Forward,
    /// Shake-shake: the mixture of the backward pass.
    pub backward: Backward,
    /// Gaussian: standard deviation, in units of the features.
    pub level: f64,
    /// Drop-path: probability that a branch is left out of a join.
    pub share: f64,
}

impl Default for NoiseSettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            keep: 0.5,
            decay: Decay::default(),
            count: Count::default(),
            scaling: Scaling::default(),
            per: Per::default(),
            forward: Forward::default(),
            backward: Backward::default(),
            level: 0.001,
            share: 0.15,
        }
    }
}

impl NoiseSettings {
    /// The settings of the law called `name`, as published.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }
}
