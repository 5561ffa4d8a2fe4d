//! Random steps: every step has a size of its own, drawn about 1.
//!
//! # Equation
//! `u_{n+1} = u_n + η_n f(u_n)`, `η_n` uniform on `[1 - s, 1 + s]` (`law = uniform`), or `1 - s` or `1 + s` with
//! probability ½ each (`law = coin`); `s = spread`.
//!
//! # Itô form
//! `dX = f(X) dt + √(Var η) f(X) ⊙ [1, 0, …] dB`: one Brownian motion moves all entries of the state.
//!
//! # As a network
//! A residual network whose step sizes are drawn anew for every image in training. No block is ever dropped, so it
//! costs as much as the network without noise.
//!
//! # Moments
//! Of `η`: mean 1, variance `s²/3` (uniform) or `s²` (coin), third central moment 0.
//!
//! # Weak order
//! `η` is symmetric about its mean, so the condition of weak order 1 holds by itself.
//!
//! # When to use / when not
//! To ask whether a trained network is robust against its step sizes. To save time, use stochastic depth.
//!
//! # Reference
//! A. Abdulle, G. Garegnani, Random time step probabilistic methods for uncertainty quantification in chaotic and
//! geometric numerical integration, Statistics and Computing 30, 2020.

use super::{ActsOn, Control, Distribution, Moments, Noise, NoiseFacts, StepId};
use crate::random::Stream;
use timestep_registry::{Facts, Kind, Range, Setting, words};

pub(super) static FACTS: NoiseFacts = NoiseFacts {
    named: Facts {
        aliases: &["random-step-size"],
        settings: &[
            Setting::number(
                "noise.spread",
                0.5,
                Range::ShareBelowOne,
                "largest change of a step size",
            ),
            Setting::word("noise.law", Law::KEYS, "how step sizes are drawn"),
        ],
        ..Facts::new(
            Kind::Noise,
            "random-step",
            "every step has a size of its own",
            include_str!("random_step.rs"),
        )
    },
    equation: "u + eta f(u), eta about 1",
    ito: "dX = f(X) dt + sqrt(Var eta) f(X) [1, 0, ...] dB",
    acts_on: ActsOn::Increment,
    per_batch: false,
    make: |values| {
        Box::new(RandomStep {
            spread: values.number("spread"),
            law: Law::named(values.word("law")),
        })
    },
};

words! {
    /// How step sizes are drawn.
    pub enum Law {
        /// Uniformly.
        #[default]
        Uniform = "uniform",
        /// The smallest or the largest.
        Coin = "coin",
    }
}

/// Every step has a size of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomStep {
    /// Largest change `s` of a step size, in [0, 1).
    pub spread: f64,
    /// How step sizes are drawn.
    pub law: Law,
}

impl Noise for RandomStep {
    fn facts(&self) -> &'static NoiseFacts {
        &FACTS
    }

    fn control(&self, _at: StepId, h: f64, stream: &mut Stream) -> Control {
        let drawn = 2.0 * stream.unit() - 1.0;
        let change = match self.law {
            Law::Uniform => drawn,
            Law::Coin => drawn.signum(),
        };
        Control::Scale(h * (1.0 + self.spread * change))
    }

    fn mean(&self, _at: StepId, h: f64) -> f64 {
        h
    }

    fn moments(&self, _at: StepId) -> Moments {
        Moments {
            mean: 1.0,
            variance: match self.law {
                Law::Uniform => self.spread.powi(2) / 3.0,
                Law::Coin => self.spread.powi(2),
            },
            third: 0.0,
        }
    }

    fn distribution(&self, _at: StepId) -> Distribution {
        let (low, high) = (1.0 - self.spread, 1.0 + self.spread);
        match self.law {
            Law::Uniform => Distribution::Uniform { low, high },
            Law::Coin => Distribution::Points(vec![(low, 0.5), (high, 0.5)]),
        }
    }
}
