//! RMSprop: gradients divided by their usual size.
//!
//! # Equation
//! With weight `w`, gradient `g`, mean square `s`, rate `η` and decay `λ` of the group: `g ← g + λ w`,
//! `s ← ρ s + (1 - ρ) g²`, then `w ← w - η g / (√s + δ)`.
//!
//! # As a scheme
//! Forward Euler on the gradient flow, with a step size of its own for every weight.
//!
//! # Memory
//! One mean square for each weight.
//!
//! # When to use / when not
//! Where gradients of different layers differ in size. `adamw` also averages the gradient and is the usual choice today.
//!
//! # Reference
//! T. Tieleman, G. Hinton, Neural networks for machine learning, lecture 6.5, Coursera, 2012.

use super::{Group, Optimiser, OptimiserFacts, RestoreError, parts, pieces};
use timestep_registry::{Facts, Kind, Range, Setting};

pub(super) static FACTS: OptimiserFacts = OptimiserFacts {
    named: Facts {
        settings: &[
            Setting::number(
                "optimiser.rho",
                0.99,
                Range::ShareBelowOne,
                "how slowly the mean square forgets",
            ),
            Setting::number(
                "optimiser.eps",
                1e-8,
                Range::Positive,
                "added to the size of a gradient",
            ),
        ],
        ..Facts::new(
            Kind::Optimiser,
            "rmsprop",
            "gradients divided by their usual size",
            include_str!("rmsprop.rs"),
        )
    },
    equation: "s = rho s + (1 - rho) g^2; w = w - eta g / (sqrt(s) + eps)",
    memory: 1,
    lr: 0.001,
    weight_decay: 0.0,
    usual_lr: 0.02,
    clash: |_| None,
    make: |values| {
        Box::new(RmsProp {
            rho: values.number("rho"),
            eps: values.number("eps"),
            steps: 0,
            square: Vec::new(),
        })
    },
};

/// RMSprop, and its mean squares.
#[derive(Clone, Debug)]
pub struct RmsProp {
    rho: f64,
    eps: f64,
    steps: u64,
    square: Vec<f32>,
}

impl Optimiser for RmsProp {
    fn facts(&self) -> &'static OptimiserFacts {
        &FACTS
    }

    fn update(&mut self, values: &mut [f32], gradients: &[f32], groups: &[Group], lr: f64) {
        if self.steps == 0 {
            self.square = vec![0.0; values.len()];
        }
        self.steps += 1;
        let (rho, eps, lr) = (self.rho as f32, self.eps as f32, lr as f32);
        let state = [&mut self.square[..]];
        pieces::each(
            values,
            state,
            gradients,
            groups,
            |values, [square], gradients, decay| {
                for ((w, s), g) in values.iter_mut().zip(square).zip(gradients) {
                    let g = g + decay as f32 * *w;
                    *s = rho * *s + (1.0 - rho) * g * g;
                    *w -= lr * g / (s.sqrt() + eps);
                }
            },
        );
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn state(&self) -> Vec<(&'static str, &[f32])> {
        match self.steps {
            0 => Vec::new(),
            _ => vec![("square", &self.square[..])],
        }
    }

    fn restore(&mut self, steps: u64, state: Vec<(String, Vec<f32>)>) -> Result<(), RestoreError> {
        [self.square] = parts(FACTS.key, ["square"], steps, state)?;
        self.steps = steps;
        Ok(())
    }
}
