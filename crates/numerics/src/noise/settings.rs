//! What is said of noise in a recipe or a network: which law, who shares a draw, and the settings of laws.

use serde::{Deserialize, Serialize};
use timestep_registry::{Setting, Value, Values, words};

words! {
    /// Do the images of a batch share a draw?
    pub enum Per {
        /// As the law was published: stochastic depth for a batch, shake-shake for an image.
        #[default]
        #[serde(alias = "published")]
        Published = "",
        /// One draw for a batch.
        Batch = "batch",
        /// One draw for each image.
        Image = "image",
    }
}

/// What every law has: who shares a draw.
pub static PER: Setting = Setting::word(
    "noise.per",
    Per::KEYS,
    "who shares a draw: a batch, or every image has its own; empty: as published",
);

/// A law with its settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NoiseSettings {
    /// Registry key of the law; empty: no noise.
    pub name: String,
    /// Do the images of a batch share a draw?
    pub per: Per,
    /// What laws declare in their files; each reads its own, and what is not given has its default.
    #[serde(flatten)]
    pub own: Values,
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

    /// The same with another value of a setting of the law.
    #[must_use]
    pub fn with<V: Into<Value>>(mut self, key: &str, value: V) -> Self {
        self.own = self.own.with(key, value);
        self
    }

    /// The same with draws shared otherwise.
    #[must_use]
    pub fn per(self, per: Per) -> Self {
        Self { per, ..self }
    }
}
