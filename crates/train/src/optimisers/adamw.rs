//! Adam with decoupled weight decay.
//!
//! # Equation
//! With weight `w`, gradient `g`, rate `η`, decay `λ` of the group and `t` the step, from 1:
//! `w ← (1 - η λ) w`, `m ← m + (1 - β₁)(g - m)`, `s ← β₂ s + (1 - β₂) g²`, then
//! `w ← w - (η / (1 - β₁ᵗ)) m / (√s / √(1 - β₂ᵗ) + ε)`: PyTorch's `AdamW` without AMSGrad, in its
//! order of operations.
//!
//! # As a scheme
//! Gradient flow in a metric that is learned on the way: `w' = -D⁻¹ ∇L(w)` with the diagonal
//! `D = √(E g²)`, and the gradient averaged over about `1 / (1 - β₁)` steps. Where the signs of
//! gradients do not change, every weight moves by `η` a step, whatever the size of its gradient;
//! so a rate is a distance here, a hundred times smaller than for `sgd`.
//!
//! # Memory
//! Two moments for each weight.
//!
//! # When to use / when not
//! Where layers have gradients of very different size, for short runs, and where a rate cannot be
//! searched: 0.001 to 0.005 with a decay (`optimiser.weight_decay`) of 0.01 to 0.1 is usual. The decay is
//! multiplied by the rate, so it is a larger number than for `sgd`. On long runs of convolutional networks
//! `sgd` usually ends a little better.
//!
//! # Reference
//! D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, ICLR 2015; I. Loshchilov, F. Hutter,
//! Decoupled weight decay regularization, ICLR 2019.

use super::{Group, Optimiser, OptimiserFacts, RestoreError, parts, pieces};
use timestep_registry::{Facts, Kind, Range, Setting};

pub(super) static FACTS: OptimiserFacts = OptimiserFacts {
    named: Facts {
        aliases: &["adam-w"],
        settings: &[
            Setting::number(
                "optimiser.beta1",
                0.9,
                Range::ShareBelowOne,
                "how slowly the averaged gradient forgets",
            ),
            Setting::number(
                "optimiser.beta2",
                0.999,
                Range::ShareBelowOne,
                "how slowly the averaged square of the gradient forgets",
            ),
            Setting::number(
                "optimiser.eps",
                1e-8,
                Range::Positive,
                "added to the root of the averaged square, against division by 0",
            ),
        ],
        references: &["kingma2015adam", "loshchilov2019decoupled"],
        ..Facts::new(
            Kind::Optimiser,
            "adamw",
            "Adam with decoupled weight decay",
            include_str!("adamw.rs"),
        )
    },
    equation: "w = (1 - eta lambda) w - eta m / (sqrt(s) + eps), moments m and s of g without bias",
    memory: 2,
    lr: 0.001,
    weight_decay: 0.01,
    usual_lr: 0.02,
    clash: |_| None,
    make: |values| {
        Box::new(AdamW::new(
            values.number("beta1"),
            values.number("beta2"),
            values.number("eps"),
        ))
    },
};

/// Adam with decoupled weight decay, and its moments.
#[derive(Clone, Debug)]
pub struct AdamW {
    beta1: f64,
    beta2: f64,
    eps: f64,
    steps: u64,
    /// `β₁ᵗ` and `β₂ᵗ` after `t` steps.
    powers: [f64; 2],
    first: Vec<f32>,
    second: Vec<f32>,
}

impl AdamW {
    /// An optimiser at rest.
    #[must_use]
    pub fn new(beta1: f64, beta2: f64, eps: f64) -> Self {
        Self {
            beta1,
            beta2,
            eps,
            steps: 0,
            powers: [1.0; 2],
            first: Vec::new(),
            second: Vec::new(),
        }
    }

    /// The powers one step later. Products, not `powi`: the same bits on every machine.
    fn next(&self, [p1, p2]: [f64; 2]) -> [f64; 2] {
        [p1 * self.beta1, p2 * self.beta2]
    }
}

impl Optimiser for AdamW {
    fn facts(&self) -> &'static OptimiserFacts {
        &FACTS
    }

    fn update(&mut self, values: &mut [f32], gradients: &[f32], groups: &[Group], lr: f64) {
        if self.steps == 0 {
            self.first = vec![0.0; values.len()];
            self.second = vec![0.0; values.len()];
        }
        self.powers = self.next(self.powers);
        self.steps += 1;
        let [power1, power2] = self.powers;
        let (w1, b2, w2) = (
            (1.0 - self.beta1) as f32,
            self.beta2 as f32,
            (1.0 - self.beta2) as f32,
        );
        let size = (lr / (1.0 - power1)) as f32;
        let root = (1.0 - power2).sqrt() as f32;
        let eps = self.eps as f32;
        let state = [&mut self.first[..], &mut self.second[..]];
        pieces::each(
            values,
            state,
            gradients,
            groups,
            |values, [first, second], gradients, decay| {
                let kept = (1.0 - lr * decay) as f32;
                let moments = first.iter_mut().zip(second);
                for ((w, (m, s)), g) in values.iter_mut().zip(moments).zip(gradients) {
                    // PyTorch changes to the other form of the mean for a weight of 0.5 or more,
                    // which is exact at 1; the settings here are far below.
                    *m = if w1 < 0.5 {
                        *m + w1 * (g - *m)
                    } else {
                        g - (g - *m) * (1.0 - w1)
                    };
                    *s = *s * b2 + w2 * g * g;
                    *w = *w * kept - size * (*m / (s.sqrt() / root + eps));
                }
            },
        );
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn state(&self) -> Vec<(&'static str, &[f32])> {
        if self.steps == 0 {
            return Vec::new();
        }
        vec![
            ("first_moment", &self.first),
            ("second_moment", &self.second),
        ]
    }

    fn restore(&mut self, steps: u64, state: Vec<(String, Vec<f32>)>) -> Result<(), RestoreError> {
        let names = ["first_moment", "second_moment"];
        [self.first, self.second] = parts(FACTS.key, names, steps, state)?;
        self.steps = steps;
        self.powers = (0..steps).fold([1.0; 2], |powers, _| self.next(powers));
        Ok(())
    }
}
