//! Drop-path: branches of a fractal are left out where they join.
//!
//! # Equation
//! `u = Σ_i w_i b_i` at a join of the branches `b_i`: each is left out with probability `share`, one at random
//! stays if all would go, and the weights `w_i` of those that stay are equal; without noise all are.
//!
//! # Itô form
//! At a join of two, `u = ½ (b₁ + b₂) + (w - ½) (b₁ - b₂)`:
//! `dX = ½ (b₁ + b₂) dt + √(Var w) (b₁ - b₂) ⊙ [1, 0, …] dB`, in the reading of Shake-Shake.
//!
//! # As a network
//! FractalNet (Larsson et al. 2017). Half of the mini-batches drop locally, as above; the other half keep one
//! column of the whole network, the same at every join.
//!
//! # Moments
//! Of the weight of one of two branches: mean ½, variance `(p (1-p) + p²/2)/2` with `p = share`, third
//! central moment 0.
//!
//! # Weak order
//! Symmetric in the two branches, so the third moment is 0 and the condition of weak order 1 holds by itself.
//!
//! # When to use / when not
//! For fractal networks, whose columns then also work alone: each can be cut out and used as a plain
//! network. Networks without joins cannot have it.
//!
//! # Reference
//! G. Larsson, M. Maire, G. Shakhnarovich, FractalNet: ultra-deep neural networks without residuals, ICLR 2017,
//! section 2.2.

use super::{ActsOn, Control, Distribution, Moments, Noise, NoiseFacts, StepId};
use crate::random::Stream;
use timestep_registry::{Facts, Kind, Range, Setting};

pub(super) static FACTS: NoiseFacts = NoiseFacts {
    named: Facts {
        settings: &[Setting::number(
            "noise.share",
            0.15,
            Range::ShareBelowOne,
            "probability that a branch is left out of a join",
        )],
        references: &["larsson2017fractalnet"],
        ..Facts::new(
            Kind::Noise,
            "drop-path",
            "branches of a fractal are left out where they join",
            include_str!("drop_path.rs"),
        )
    },
    equation: "sum of w_i b_i over the branches that are kept, equal weights",
    ito: "dX = 1/2 (b1 + b2) dt + sqrt(Var w) (b1 - b2) [1, 0, ...] dB",
    acts_on: ActsOn::Joins,
    per_batch: true,
    make: |values| {
        Box::new(DropPath {
            share: values.number("share"),
        })
    },
};

/// Branches of a fractal are left out where they join.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropPath {
    /// Probability that a branch is left out of a join.
    pub share: f64,
}

impl Default for DropPath {
    fn default() -> Self {
        Self { share: 0.15 }
    }
}

impl DropPath {
    /// The branches that a join of `branches` keeps in local sampling, in order; one at least.
    ///
    /// Takes one number for each branch and one for the branch that stays if all would go, needed or not: the
    /// numbers that follow do not depend on what is kept.
    pub fn local(&self, branches: usize, stream: &mut Stream) -> Vec<usize> {
        let mut kept: Vec<usize> = (0..branches)
            .filter(|_| !stream.bernoulli(self.share))
            .collect();
        let last = stream.below(branches);
        if kept.is_empty() {
            kept.push(last);
        }
        kept
    }

    /// The column that a mini-batch keeps everywhere; `None` for the half that drop locally.
    pub fn global(columns: usize, stream: &mut Stream) -> Option<usize> {
        (stream.unit() < 0.5).then(|| stream.below(columns))
    }
}

impl Noise for DropPath {
    fn facts(&self) -> &'static NoiseFacts {
        &FACTS
    }

    /// The weight of the first branch at a join of two, in local sampling.
    fn control(&self, _at: StepId, _h: f64, stream: &mut Stream) -> Control {
        let weight = match self.local(2, stream).as_slice() {
            [0] => 1.0,
            [1] => 0.0,
            _ => 0.5,
        };
        Control::Mix {
            forward: weight,
            backward: weight,
        }
    }

    fn mean(&self, _at: StepId, h: f64) -> f64 {
        0.5 * h
    }

    fn moments(&self, _at: StepId) -> Moments {
        let p = self.share;
        Moments {
            mean: 0.5,
            variance: (p * (1.0 - p) + p * p / 2.0) / 2.0,
            third: 0.0,
        }
    }

    fn distribution(&self, _at: StepId) -> Distribution {
        let p = self.share;
        // One branch stays alone if only the other goes, or if both would and the dice keep it.
        let alone = p * (1.0 - p) + p * p / 2.0;
        Distribution::Points(vec![(0.0, alone), (0.5, (1.0 - p).powi(2)), (1.0, alone)])
    }
}
