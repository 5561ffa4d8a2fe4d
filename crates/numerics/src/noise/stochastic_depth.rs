//! Stochastic depth: blocks are left out at random.
//!
//! # Equation
//! `u_{n+1} = u_n + η_n f(u_n)`, `η_n = 1` with probability `p_n`, else 0; the survivors are divided by `p_n`
//! in training, or `f` is multiplied by `p_n` at test.
//!
//! # Itô form
//! `dX = p f(X) dt + √(p (1-p)) f(X) ⊙ [1, 0, …] dB` for the undivided law: one Brownian motion moves all
//! entries of the state.
//!
//! # As a network
//! ResNets of Huang et al. (2016) and LM-ResNets of Lu et al. (2018). `p` falls linearly from the first block
//! to `p_L = keep` at the last, or is the same for all. A mini-batch shares its draws, as in both
//! publications, or every image has its own. With `lm`, a dropped block leaves the momentum part of
//! the step: `u_{n+1} = (1-k_n) u_n + k_n u_{n-1}`. A block that a whole batch drops is not evaluated.
//!
//! # Moments
//! Of `η`: mean `p`, variance `p (1-p)`, third central moment `p (1-p) (1-2p)`; divided by `p`: mean 1,
//! variance `(1-p)/p`, third central moment `(1-p) (1-2p)/p²`.
//!
//! # Weak order
//! The scheme with this noise has weak order 1 where `1 - 2p = O(√Δt)`: the third moment of
//! `ΔŴ = √Δt (η - p)/√(p (1-p))` must be `O(Δt²)`. At `p = 1/2` it is 0. With linear decay the first blocks
//! have `p` near 1, where the condition fails. Measure it: `timestep analyze weak-order stochastic-depth`.
//!
//! # When to use / when not
//! For deep networks that overfit, and to save time: on average `Σ p_n / N` of the work is done. Networks
//! of few blocks lose accuracy with it. The authors take `p_L` = 0.8 for 56 layers and 0.5 for 110.
//!
//! # Reference
//! G. Huang, Y. Sun, Z. Liu, D. Sedra, K. Q. Weinberger, Deep networks with stochastic depth, ECCV 2016;
//! Lu, Zhong, Li, Dong 2018, section 3.

use super::{ActsOn, Control, Distribution, Moments, Noise, NoiseFacts, StepId};
use crate::random::Stream;
use timestep_registry::{Facts, Kind, Range, Setting, words};

pub(super) static FACTS: NoiseFacts = NoiseFacts {
    named: Facts {
        settings: &[
            Setting::number(
                "noise.keep",
                0.5,
                Range::ShareAboveZero,
                "probability that the last block is kept",
            ),
            Setting::word("noise.decay", Decay::KEYS, "how that changes with depth"),
            Setting::word(
                "noise.count",
                Count::KEYS,
                "is the first block always kept (from-zero) or not (from-one)",
            ),
            Setting::word(
                "noise.scaling",
                Scaling::KEYS,
                "where the mean is put right",
            ),
        ],
        aliases: &["drop-layer", "sd"],
        references: &["huang2016deep", "lu2018beyond"],
        ..Facts::new(
            Kind::Noise,
            "stochastic-depth",
            "blocks are left out at random",
            include_str!("stochastic_depth.rs"),
        )
    },
    equation: "u + eta f(u), eta = 1 with probability p, else 0",
    ito: "dX = p f(X) dt + sqrt(p (1-p)) f(X) [1, 0, ...] dB",
    acts_on: ActsOn::Increment,
    per_batch: true,
    make: |values| {
        Box::new(StochasticDepth {
            keep: values.number("keep"),
            decay: Decay::named(values.word("decay")),
            count: Count::named(values.word("count")),
            scaling: Scaling::named(values.word("scaling")),
        })
    },
};

words! {
    /// How the probability to keep a block changes with depth.
    pub enum Decay {
        /// Linearly down to that of the last block.
        #[default]
        Linear = "linear",
        /// It is the same everywhere.
        Constant = "constant",
    }
}

words! {
    /// Which block the linear fall begins at.
    pub enum Count {
        /// The first block is never dropped: `p_i = 1 - i/(L-1) (1 - p_L)`, `i` from 0 (the code of Lu et al.).
        #[default]
        FromZero = "from-zero",
        /// It is dropped sometimes: `p_l = 1 - l/L (1 - p_L)`, `l` from 1 (Huang et al.).
        FromOne = "from-one",
    }
}

words! {
    /// Where the mean is put right.
    pub enum Scaling {
        /// Survivors are divided by `p` in training; evaluation is that of the network without noise (the
        /// code of Lu et al.).
        #[default]
        Train = "train",
        /// Blocks are multiplied by `p` in evaluation (Huang et al.).
        Test = "test",
    }
}

/// Blocks are left out at random.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StochasticDepth {
    /// Probability `p_L` that the last block is kept, in (0, 1].
    pub keep: f64,
    /// How it changes with depth.
    pub decay: Decay,
    /// Where the fall begins.
    pub count: Count,
    /// Where the mean is put right.
    pub scaling: Scaling,
}

impl Default for StochasticDepth {
    fn default() -> Self {
        Self {
            keep: 0.5,
            decay: Decay::Linear,
            count: Count::FromZero,
            scaling: Scaling::Train,
        }
    }
}

impl StochasticDepth {
    /// Probability that the block of a step is kept.
    #[must_use]
    pub fn survival(&self, at: StepId) -> f64 {
        let depth = match (self.decay, self.count) {
            (Decay::Constant, _) => 1.0,
            // A network of one block drops it like the last one.
            (Decay::Linear, Count::FromZero) if at.steps < 2 => 1.0,
            (Decay::Linear, Count::FromZero) => at.step as f64 / (at.steps - 1) as f64,
            (Decay::Linear, Count::FromOne) => (at.step + 1) as f64 / at.steps as f64,
        };
        1.0 - depth * (1.0 - self.keep)
    }

    /// What a survivor is multiplied by.
    fn reward(&self, p: f64) -> f64 {
        match self.scaling {
            Scaling::Train => 1.0 / p,
            Scaling::Test => 1.0,
        }
    }
}

impl Noise for StochasticDepth {
    fn facts(&self) -> &'static NoiseFacts {
        &FACTS
    }

    fn control(&self, at: StepId, h: f64, stream: &mut Stream) -> Control {
        let p = self.survival(at);
        let kept = stream.bernoulli(p);
        Control::Scale(if kept { h * self.reward(p) } else { 0.0 })
    }

    fn mean(&self, at: StepId, h: f64) -> f64 {
        let p = self.survival(at);
        h * p * self.reward(p)
    }

    fn moments(&self, at: StepId) -> Moments {
        let p = self.survival(at);
        let r = self.reward(p);
        Moments {
            mean: r * p,
            variance: r.powi(2) * p * (1.0 - p),
            third: r.powi(3) * p * (1.0 - p) * (1.0 - 2.0 * p),
        }
    }

    fn distribution(&self, at: StepId) -> Distribution {
        let p = self.survival(at);
        Distribution::Points(vec![(self.reward(p), p), (0.0, 1.0 - p)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_counting_are_those_of_their_authors() {
        let p = |count, step| {
            let law = StochasticDepth {
                count,
                ..Default::default()
            };
            law.survival(StepId { step, steps: 54 })
        };
        assert_eq!(p(Count::FromZero, 0), 1.0);
        assert_eq!(p(Count::FromZero, 53), 0.5);
        assert!((p(Count::FromOne, 0) - (1.0 - 0.5 / 54.0)).abs() < 1e-15);
        assert_eq!(p(Count::FromOne, 53), 0.5);
    }

    #[test]
    fn a_kept_block_everywhere_is_no_noise() {
        let law = StochasticDepth {
            keep: 1.0,
            ..Default::default()
        };
        let mut stream = Stream::new(1, "test", 0, Stream::WHOLE);
        for step in 0..50 {
            let control = law.control(StepId { step, steps: 50 }, 1.0, &mut stream);
            assert_eq!(control, Control::Scale(1.0));
        }
    }
}
