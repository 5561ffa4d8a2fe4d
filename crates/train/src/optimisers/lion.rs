//! Lion: every weight moves by the same distance, in the direction of a sign.
//!
//! # Equation
//! With weight `w`, gradient `g`, momentum `m`, rate `η` and decay `λ` of the group:
//! `w ← (1 - η λ) w - η sign(β₁ m + (1 - β₁) g)`, then `m ← β₂ m + (1 - β₂) g`; `sign(0) = 0`.
//!
//! # As a scheme
//! Forward Euler with step `η` on `w' = -sign(m) - λ w`, where `m` follows the gradient. The step is the
//! same in every weight, so the size of gradients is forgotten altogether. In the limit it solves
//! `min L(w)` under `|w| ≤ 1/λ` in every weight (Chen, Liu, Liang, Liu 2024).
//!
//! # Memory
//! One momentum for each weight, half of what `adamw` keeps.
//!
//! # When to use / when not
//! With large batches and little memory. Its authors take a rate three to ten times smaller than for
//! `adamw` and a decay as many times larger, so that their product stays. With small batches the sign is
//! mostly noise, and `adamw` or `sgd` does better.
//!
//! # Reference
//! X. Chen, C. Liang, D. Huang, E. Real, K. Wang, H. Pham, X. Dong, T. Luong, C.-J. Hsieh, Y. Lu,
//! Q. V. Le, Symbolic discovery of optimization algorithms, NeurIPS 2023, algorithm 2.

use super::{Group, Optimiser, OptimiserFacts, RestoreError, parts, pieces};
use timestep_registry::{Facts, Kind, Range, Setting};

pub(super) static FACTS: OptimiserFacts = OptimiserFacts {
    named: Facts {
        settings: &[
            Setting::number(
                "optimiser.beta1",
                0.9,
                Range::ShareBelowOne,
                "weight of the momentum in the direction of a step",
            ),
            Setting::number(
                "optimiser.beta2",
                0.99,
                Range::ShareBelowOne,
                "how slowly the momentum forgets",
            ),
        ],
        references: &["chen2023symbolic", "chen2024lion"],
        ..Facts::new(
            Kind::Optimiser,
            "lion",
            "steps of one size in the direction of a sign",
            include_str!("lion.rs"),
        )
    },
    equation: "w = (1 - eta lambda) w - eta sign(beta1 m + (1 - beta1) g); m = beta2 m + (1 - beta2) g",
    memory: 1,
    lr: 3e-4,
    weight_decay: 0.1,
    usual_lr: 0.003,
    clash: |_| None,
    make: |values| Box::new(Lion::new(values.number("beta1"), values.number("beta2"))),
};

/// Lion, and its momentum.
#[derive(Clone, Debug)]
pub struct Lion {
    beta1: f64,
    beta2: f64,
    steps: u64,
    momentum: Vec<f32>,
}

impl Lion {
    /// An optimiser at rest.
    #[must_use]
    pub fn new(beta1: f64, beta2: f64) -> Self {
        Self {
            beta1,
            beta2,
            steps: 0,
            momentum: Vec::new(),
        }
    }
}

impl Optimiser for Lion {
    fn facts(&self) -> &'static OptimiserFacts {
        &FACTS
    }

    fn update(&mut self, values: &mut [f32], gradients: &[f32], groups: &[Group], lr: f64) {
        if self.steps == 0 {
            self.momentum = vec![0.0; values.len()];
        }
        self.steps += 1;
        let (b1, w1) = (self.beta1 as f32, (1.0 - self.beta1) as f32);
        let (b2, w2) = (self.beta2 as f32, (1.0 - self.beta2) as f32);
        let size = lr as f32;
        let state = [&mut self.momentum[..]];
        pieces::each(
            values,
            state,
            gradients,
            groups,
            |values, [momentum], gradients, decay| {
                let kept = (1.0 - lr * decay) as f32;
                for ((w, m), g) in values.iter_mut().zip(momentum).zip(gradients) {
                    *w = *w * kept - size * sign(*m * b1 + g * w1);
                    *m = *m * b2 + g * w2;
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
        vec![("momentum", &self.momentum)]
    }

    fn restore(&mut self, steps: u64, state: Vec<(String, Vec<f32>)>) -> Result<(), RestoreError> {
        [self.momentum] = parts(FACTS.key, ["momentum"], steps, state)?;
        self.steps = steps;
        Ok(())
    }
}

/// -1, 0 or 1; NaN stays NaN. `f32::signum` says 1 of 0, which would move weights that have no
/// gradient.
fn sign(x: f32) -> f32 {
    if x.is_nan() {
        x
    } else {
        f32::from(i8::from(x > 0.0) - i8::from(x < 0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::sign;

    #[test]
    fn signs() {
        let found = [-2.0, -0.0, 0.0, f32::MIN_POSITIVE, f32::INFINITY].map(sign);
        assert_eq!(found, [-1.0, 0.0, 0.0, 1.0, 1.0]);
        assert!(sign(f32::NAN).is_nan());
    }
}
