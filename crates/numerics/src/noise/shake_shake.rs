//! Shake-Shake: two branches of a block are mixed at random.
//!
//! # Equation
//! `u_{n+1} = u_n + η_n f₁(u_n) + (1-η_n) f₂(u_n)`, `η_n` uniform on [0, 1] in the forward pass and drawn again
//! in the backward pass; `η = ½` in evaluation.
//!
//! # Itô form
//! `dX = ½ (f₁ + f₂) dt + (1/√12) (f₁ - f₂) ⊙ [1, 0, …] dB`: one Brownian motion moves all entries of the
//! state.
//!
//! # As a network
//! Shake-Shake 26 2×32d, 2×64d, 2×96d (Gastaldi 2017), on the block `shake-shake`, which has two branches.
//! `forward` is `shake` (random) or `even` (½); `backward` is `shake` (drawn again), `keep` (the same as
//! forward) or `even`. Every image has draws of its own, or a batch shares them.
//!
//! # Moments
//! Of `η`: mean ½, variance 1/12, third central moment 0.
//!
//! # Weak order
//! `η` is symmetric about its mean, so the third moment of `ΔŴ = √Δt (η - ½) √12` is 0 and the condition of
//! weak order 1 holds by itself. Measure it: `timestep analyze weak-order shake-shake`.
//!
//! # When to use / when not
//! For long training (Gastaldi: 1800 epochs with one cosine) of networks that overfit. In short training it
//! only slows learning down.
//!
//! # Reference
//! X. Gastaldi, Shake-Shake regularization, arXiv:1705.07485, 2017; Lu, Zhong, Li, Dong 2018, section 3.

use super::{ActsOn, Control, Distribution, Moments, Noise, NoiseFacts, StepId};
use crate::random::Stream;
use timestep_registry::{Facts, Kind, Setting, words};

pub(super) static FACTS: NoiseFacts = NoiseFacts {
    named: Facts {
        settings: &[
            Setting::word(
                "noise.forward",
                Forward::KEYS,
                "mixture of the forward pass",
            ),
            Setting::word(
                "noise.backward",
                Backward::KEYS,
                "mixture of the backward pass",
            ),
        ],
        aliases: &["shake"],
        references: &["gastaldi2017shake", "lu2018beyond"],
        ..Facts::new(
            Kind::Noise,
            "shake-shake",
            "two branches of a block are mixed at random",
            include_str!("shake_shake.rs"),
        )
    },
    equation: "u + eta f1(u) + (1-eta) f2(u), eta uniform on [0, 1]",
    ito: "dX = 1/2 (f1 + f2) dt + 1/sqrt(12) (f1 - f2) [1, 0, ...] dB",
    acts_on: ActsOn::Branches,
    per_batch: false,
    make: |values| {
        Box::new(ShakeShake {
            forward: Forward::named(values.word("forward")),
            backward: Backward::named(values.word("backward")),
        })
    },
};

words! {
    /// The mixture of the forward pass.
    pub enum Forward {
        /// Uniform on [0, 1].
        #[default]
        Shake = "shake",
        /// One half.
        Even = "even",
    }
}

words! {
    /// The mixture of the backward pass.
    pub enum Backward {
        /// Drawn again.
        #[default]
        Shake = "shake",
        /// That of the forward pass: the gradient of what was computed.
        Keep = "keep",
        /// One half.
        Even = "even",
    }
}

/// Two branches of a block are mixed at random.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShakeShake {
    /// Forward pass.
    pub forward: Forward,
    /// Backward pass.
    pub backward: Backward,
}

impl Noise for ShakeShake {
    fn facts(&self) -> &'static NoiseFacts {
        &FACTS
    }

    fn control(&self, _at: StepId, _h: f64, stream: &mut Stream) -> Control {
        // Both are always drawn, so that one setting does not move the draws of the other.
        let (first, second) = (stream.unit(), stream.unit());
        let forward = match self.forward {
            Forward::Shake => first,
            Forward::Even => 0.5,
        };
        let backward = match self.backward {
            Backward::Shake => second,
            Backward::Keep => forward,
            Backward::Even => 0.5,
        };
        Control::Mix { forward, backward }
    }

    fn mean(&self, _at: StepId, h: f64) -> f64 {
        0.5 * h
    }

    fn moments(&self, _at: StepId) -> Moments {
        Moments {
            mean: 0.5,
            variance: match self.forward {
                Forward::Shake => 1.0 / 12.0,
                Forward::Even => 0.0,
            },
            third: 0.0,
        }
    }

    fn distribution(&self, _at: StepId) -> Distribution {
        match self.forward {
            Forward::Shake => Distribution::Uniform {
                low: 0.0,
                high: 1.0,
            },
            Forward::Even => Distribution::Points(vec![(0.5, 1.0)]),
        }
    }
}
