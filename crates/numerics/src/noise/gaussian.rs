//! Gaussian noise: normal numbers are added to the state after each step.
//!
//! # Equation
//! `u_{n+1} = u_n + f(u_n) + σ ξ_n`, the entries of `ξ_n` independent and normal, `σ = level`.
//!
//! # Itô form
//! `dX = f(X) dt + (σ/√Δt) dB`: every entry of the state has a Brownian motion of its own.
//!
//! # As a network
//! Pre-activation ResNet-110 with level 0.001 (Lu et al. 2018, talk). Any block, any scheme; a scheme whose
//! activations are reconstructed cannot undo what was added and is refused.
//!
//! # Moments
//! Of the added number: mean 0, variance `σ²`, third moment 0.
//!
//! # Weak order
//! `ξ √Δt` is the increment of a Brownian motion itself, so every moment is right and Euler-Maruyama's weak
//! order 1 holds. Measure it: `timestep analyze weak-order gaussian`.
//!
//! # When to use / when not
//! The cheapest noise in mathematics, but not in time: a normal number is drawn for each feature of each
//! step. Batch normalisation in the next block takes the scale of the features out, so only a level near
//! theirs does anything.
//!
//! # Reference
//! Lu, Zhong, Li, Dong 2018, section 3 (their code adds numbers that are normal after the first block and
//! uniform on [0, level] after the others; here all are normal).

use super::{ActsOn, Control, Distribution, Moments, Noise, NoiseFacts, StepId};
use crate::random::Stream;
use timestep_registry::{Facts, Kind, Range, Setting};

pub(super) static FACTS: NoiseFacts = NoiseFacts {
    named: Facts {
        settings: &[Setting::number(
            "noise.level",
            0.001,
            Range::NotNegative,
            "standard deviation of what is added to features",
        )],
        aliases: &["normal"],
        references: &["lu2018beyond"],
        ..Facts::new(
            Kind::Noise,
            "gaussian",
            "normal numbers are added to the state after each step",
            include_str!("gaussian.rs"),
        )
    },
    equation: "u + f(u) + sigma xi, xi normal",
    ito: "dX = f(X) dt + sigma/sqrt(dt) dB",
    acts_on: ActsOn::State,
    per_batch: false,
    make: |values| {
        Box::new(Gaussian {
            level: values.number("level"),
        })
    },
};

/// Normal numbers are added to the state after each step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian {
    /// Standard deviation `σ`, in units of the features.
    pub level: f64,
}

impl Default for Gaussian {
    fn default() -> Self {
        Self { level: 0.001 }
    }
}

impl Noise for Gaussian {
    fn facts(&self) -> &'static NoiseFacts {
        &FACTS
    }

    fn control(&self, _at: StepId, _h: f64, _stream: &mut Stream) -> Control {
        Control::Add {
            deviation: self.level,
        }
    }

    fn mean(&self, _at: StepId, h: f64) -> f64 {
        h
    }

    fn moments(&self, _at: StepId) -> Moments {
        Moments {
            mean: 0.0,
            variance: self.level.powi(2),
            third: 0.0,
        }
    }

    fn distribution(&self, _at: StepId) -> Distribution {
        Distribution::Normal {
            deviation: self.level,
        }
    }
}
