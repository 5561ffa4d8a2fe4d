//! Stochastic gradient descent with momentum.
//!
//! # Equation
//! With weight `w`, gradient `g`, velocity `v`, rate `η`, momentum `μ` and decay `λ` of the group:
//! `g ← g + λ w`, `v ← μ v + g` (`v ← g` in the first step), then `w ← w - η v`, or
//! `w ← w - η (g + μ v)` with Nesterov's correction: PyTorch's `SGD` with dampening 0.
//!
//! # As a scheme
//! Without momentum it is forward Euler with step `η` on the gradient flow `w' = -∇L(w)`. With
//! momentum it is a linear two-step method on the same equation,
//! `w_{n+1} = (1 + μ) w_n - μ w_{n-1} - η g_n`: the scheme of LM-ResNet with `k = -μ`, one level up.
//!
//! # Memory
//! One velocity for each weight; none without momentum.
//!
//! # When to use / when not
//! For convolutional networks with batch normalisation, which is what every recipe of this program
//! holds: a rate of 0.1, momentum 0.9 and decay 1e-4 are the published protocol. It needs its rate
//! chosen for the network and its warm-up for large batches; where layers have gradients of very
//! different size, `adamw` is less sensitive.
//!
//! # Reference
//! B. T. Polyak, Some methods of speeding up the convergence of iteration methods, USSR Comput. Math.
//! Math. Phys. 4(5), 1964; I. Sutskever, J. Martens, G. Dahl, G. Hinton, On the importance of
//! initialization and momentum in deep learning, ICML 2013 (the form of Nesterov's correction).

use super::{Clash, Group, Optimiser, OptimiserFacts, RestoreError, parts, pieces};
use timestep_kernels::SgdStep;
use timestep_registry::{Facts, Kind, Range, Setting, Values};

pub(super) static FACTS: OptimiserFacts = OptimiserFacts {
    named: Facts {
        settings: &[
            Setting::number(
                "optimiser.momentum",
                0.9,
                Range::ShareBelowOne,
                "share of the last move that is repeated",
            ),
            Setting::switch(
                "optimiser.nesterov",
                false,
                "take the gradient where the momentum leads",
            ),
        ],
        references: &["polyak1964some", "sutskever2013importance"],
        ..Facts::new(
            Kind::Optimiser,
            "sgd",
            "stochastic gradient descent with momentum",
            include_str!("sgd.rs"),
        )
    },
    equation: "v = mu v + g; w = w - eta v",
    memory: 1,
    lr: 0.1,
    weight_decay: 1e-4,
    usual_lr: 10.0,
    clash: needs_momentum,
    make: |values| {
        Box::new(Sgd::new(
            values.number("momentum"),
            values.is_on("nesterov"),
        ))
    },
};

/// Nesterov's correction looks where the momentum leads, so there must be one.
fn needs_momentum(values: &Values) -> Option<Clash> {
    (values.is_on("nesterov") && values.number("momentum") == 0.0).then_some(Clash {
        path: "optimiser.nesterov",
        message: "needs a momentum above 0",
        hint: "set `optimiser.momentum = 0.9`, or `optimiser.nesterov = false`",
    })
}

/// Stochastic gradient descent, and its velocities.
#[derive(Clone, Debug)]
pub struct Sgd {
    momentum: f64,
    nesterov: bool,
    steps: u64,
    velocity: Vec<f32>,
}

impl Sgd {
    /// An optimiser at rest with momentum `momentum`, 0 for none.
    #[must_use]
    pub fn new(momentum: f64, nesterov: bool) -> Self {
        Self {
            momentum,
            nesterov,
            steps: 0,
            velocity: Vec::new(),
        }
    }

    fn names(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 {
            &[]
        } else {
            &["velocity"]
        }
    }
}

impl Optimiser for Sgd {
    fn facts(&self) -> &'static OptimiserFacts {
        &FACTS
    }

    fn update(&mut self, values: &mut [f32], gradients: &[f32], groups: &[Group], lr: f64) {
        if self.momentum == 0.0 {
            pieces::each(
                values,
                [],
                gradients,
                groups,
                |values, [], gradients, decay| {
                    plain(values, gradients, lr as f32, decay as f32);
                },
            );
        } else {
            if self.steps == 0 {
                self.velocity = vec![0.0; values.len()];
            }
            let (momentum, nesterov, first) = (self.momentum, self.nesterov, self.steps == 0);
            let state = [&mut self.velocity[..]];
            pieces::each(
                values,
                state,
                gradients,
                groups,
                |values, [velocity], gradients, decay| {
                    let step = SgdStep {
                        lr,
                        momentum,
                        decay,
                        nesterov,
                        first,
                    };
                    step.apply(values, velocity, gradients);
                },
            );
        }
        self.steps += 1;
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn state(&self) -> Vec<(&'static str, &[f32])> {
        if self.steps == 0 {
            return Vec::new();
        }
        let names = self.names().iter();
        names.map(|name| (*name, &self.velocity[..])).collect()
    }

    fn restore(&mut self, steps: u64, state: Vec<(String, Vec<f32>)>) -> Result<(), RestoreError> {
        self.velocity = match self.names() {
            [] => parts(FACTS.key, [], steps, state).map(|[]| Vec::new())?,
            _ => parts(FACTS.key, ["velocity"], steps, state).map(|[velocity]| velocity)?,
        };
        self.steps = steps;
        Ok(())
    }
}

/// A step without momentum, the same bits as [`SgdStep`] gives in a first step.
fn plain(values: &mut [f32], gradients: &[f32], lr: f32, decay: f32) {
    for (w, g) in values.iter_mut().zip(gradients) {
        *w -= lr * (g + decay * *w);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_momentum_the_bits_are_those_of_the_kernel() {
        let gradients: Vec<f32> = (0..999).map(|i| (i as f32).sin()).collect();
        let mut ours: Vec<f32> = (0..999).map(|i| (i as f32).cos()).collect();
        let mut theirs = ours.clone();
        let group = Group {
            range: 0..999,
            decay: 0.3,
            frozen: false,
        };
        let mut sgd = Sgd::new(0.0, false);
        for _ in 0..3 {
            sgd.update(&mut ours, &gradients, std::slice::from_ref(&group), 0.1);
            let step = SgdStep {
                lr: 0.1,
                momentum: 0.0,
                decay: 0.3,
                nesterov: false,
                first: true,
            };
            step.apply(&mut theirs, &mut [0.0; 999], &gradients);
        }
        assert_eq!(ours, theirs);
        assert!(sgd.state().is_empty());
        assert_eq!(sgd.steps(), 3);
    }
}
