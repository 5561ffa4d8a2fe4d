//! The implicit midpoint rule: the slope in the middle of the step.
//!
//! # Equation
//! `y = u_n + (h/2) f(y)`, `u_{n+1} = 2 y - u_n`
//!
//! # As a network
//! A step that is its own mirror image, and keeps quadratic invariants: symplectic for Hamiltonian blocks. With blocks that have weights of their own in each step; with tied weights and many steps the
//! state goes to a fixed point of the block, which is what a deep equilibrium model computes (Bai, Kolter, Koltun 2019).
//!
//! # Order and error constant
//! Order 2; the local error is that of a step and its mirror image, `-(h³/12) u'''` for linear `f`.
//!
//! # Stability
//! Stable in the whole left half-plane (A-stable); on the imaginary axis it neither damps nor amplifies. `R(-∞) = -1`: stiff modes swing.
//!
//! # Modified equation
//! For linear `f`: `u' - (h²/12) u''' + (h⁴/120) u^(5) - … = f(u)`, that is `(2/h) tanh(hD/2) u = f(u)`.
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
//! Where damped modes are fast: no step size makes them grow. Oscillations keep their size. A block whose `γ f` expands far needs many
//! iterations, or has no solution that they find; smaller steps (`network.h`) help. Growing modes, which classifiers have, are damped by an implicit step or blow up where `hλ` is
//! near 2: it is no cure for them.
//!
//! # Reference
//! E. Hairer, G. Wanner, Solving ordinary differential equations II, 2nd ed. 1996, section IV.3; S. Bai, J. Z. Kolter, V. Koltun, Deep equilibrium
//! models, NeurIPS 2019.

use crate::{Memory, Rhs, Scheme, SchemeFacts, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// The implicit midpoint rule.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImplicitMidpoint;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["gauss1"],
        references: &["hairer1996solving", "bai2019deep"],
        ..Facts::new(
            Kind::Scheme,
            "implicit-midpoint",
            "implicit midpoint rule",
            include_str!("implicit_midpoint.rs"),
        )
    },
    equation: "y = u + h/2 f(y), 2y - u",
    order: 2,
    ..SchemeFacts::IMPLICIT
};

impl<S: State> Scheme<S> for ImplicitMidpoint {
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
        let middle = f.solve(ctx.stage(0), u, 0.5 * ctx.h)?;
        Ok(S::lincomb(&[(2.0.into(), &middle), ((-1.0).into(), u)]))
    }
}
