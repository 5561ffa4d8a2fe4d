//! Backward Euler: the slope at the end of the step.
//!
//! # Equation
//! `u_{n+1} = u_n + h f(u_{n+1})`
//!
//! # As a network
//! The scheme that PolyNet truncates: `poly2` and `poly3` are the first terms of its Neumann series. With blocks that have weights of their own in each step; with tied weights and many steps the
//! state goes to a fixed point of the block, which is what a deep equilibrium model computes (Bai, Kolter, Koltun 2019).
//!
//! # Order and error constant
//! Order 1; the local error is `-(h²/2) u''`.
//!
//! # Stability
//! Stable outside of the disc `|1 - z| < 1`: the whole left half-plane and the imaginary axis (A-stable), and `R(-∞) = 0` (L-stable).
//!
//! # Modified equation
//! `u' - (h/2) u'' + (h²/6) u''' - … = f(u)`
//!
//! # Start-up and restart
//! None needed: a one-step scheme.
//!
//! # Cost
//! One equation `y = a + γ f(y)` a step, solved by fixed-point iteration with Anderson acceleration: an evaluation of `f` for each iteration,
//! whose number depends on how strongly `γ f` contracts. No extra memory: a network keeps the solution alone and finds the
//! gradient by the implicit function theorem, so that memory does not grow with iterations.
//!
//! # Parameters it adds
//! None.
//!
//! # When to use / when not
//! Where damped modes are fast: no step size makes them grow. Stiff modes are gone after a step. A block whose `γ f` expands far needs many
//! iterations, or has no solution that they find; smaller steps (`network.h`) help. Growing modes, which classifiers have, are damped by an implicit step or blow up where `hλ` is
//! near 1: it is no cure for them.
//!
//! # Reference
//! E. Hairer, G. Wanner, Solving ordinary differential equations II, 2nd ed. 1996, section IV.3; S. Bai, J. Z. Kolter, V. Koltun, Deep equilibrium
//! models, NeurIPS 2019.

use crate::{Memory, Rhs, Scheme, SchemeFacts, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// Backward Euler, `u⁺ = u + h f(u⁺)`.
#[derive(Clone, Copy, Debug, Default)]
pub struct BackwardEuler;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["implicit-euler"],
        references: &["hairer1996solving", "bai2019deep"],
        ..Facts::new(
            Kind::Scheme,
            "backward-euler",
            "backward Euler, implicit",
            include_str!("backward_euler.rs"),
        )
    },
    equation: "u + h f(u_next)",
    network: "implicit residual network",
    ..SchemeFacts::IMPLICIT
};

impl<S: State> Scheme<S> for BackwardEuler {
    fn facts(&self) -> &'static SchemeFacts {
        &FACTS
    }

    fn step(
        &self,
        f: &mut dyn Rhs<S>,
        u: &S,
        _memory: &mut Memory<S>,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError> {
        f.solve(ctx.stage(0), u, ctx.h)
    }
}
