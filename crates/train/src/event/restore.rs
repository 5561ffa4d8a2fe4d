//! What does the training of a restorer say that no classifier does? Phases, pictures and PSNR.

use super::json::real;
use serde::{Deserialize, Serialize};

/// What is trained, and on which pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RestoreStart {
    /// The model: `trd-5x5`, `lm-trd-5x5`, `csf-7x7`.
    pub model: String,
    /// Standard deviation of the noise, in grey levels.
    pub sigma: f64,
    /// Learned numbers of the whole model.
    pub parameters: usize,
    /// Pictures trained on.
    pub train_pictures: usize,
    /// Their pixels together.
    pub train_pixels: usize,
    /// Pictures measured on.
    pub test_pictures: usize,
    /// Fingerprint of the pictures measured on, noise included; empty without any.
    pub test_data: String,
    /// Phases planned.
    pub phases: usize,
}

/// A restorer after a phase.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Restored {
    /// The phase, or the one under way when the time was up.
    pub phase: usize,
    /// Evaluations of the loss made, over all phases.
    pub evaluation: usize,
    /// Lowest loss of the phase.
    #[serde(with = "real")]
    pub loss: f64,
    /// The PSNR that it stands for, on the training pictures.
    #[serde(with = "real")]
    pub psnr: f64,
    /// On the test pictures; `null` if there are none.
    pub test: Option<RestoreTest>,
}

impl Restored {
    /// The PSNR that counts: on the test pictures where there are some.
    #[must_use]
    pub fn counted(&self) -> f64 {
        self.test.map_or(self.psnr, |test| test.psnr)
    }
}

/// A restorer on its test pictures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RestoreTest {
    /// Mean over the pictures, in dB.
    #[serde(with = "real")]
    pub psnr: f64,
}

/// The best phase of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BestPhase {
    /// The phase.
    pub phase: usize,
    /// Its PSNR on the test pictures; without any, on the training pictures of the last phase.
    #[serde(with = "real")]
    pub psnr: f64,
}
