//! The trapezoidal rule: the mean of the slopes at both ends of the step.
//!
//! # Equation
//! `u_{n+1} = u_n + (h/2) f(u_n) + (h/2) f(u_{n+1})`
//!
//! # As a network
//! Half a step of forward Euler, then half a step of backward Euler. With blocks that have weights of their own in each step; with tied weights and many steps the
//! state goes to a fixed point of the block, which is what a deep equilibrium model computes (Bai, Kolter, Koltun 2019).
//!
//! # Order and error constant
//! Order 2; the local error is `-(h³/12) u'''`.
//!
//! # Stability
//! Stable exactly in the left half-plane, the imaginary axis included (A-stable). `R(-∞) = -1`: stiff modes swing.
//!
//! # Modified equation
//! For linear `f`: `u' - (h²/12) u''' + (h⁴/120) u^(5) - … = f(u)`, as of the implicit midpoint rule, to which it is conjugate.
//!
//! # Start-up and restart
//! None needed: a one-step scheme.
//!
//! # Cost
//! One equation `y = a + γ f(y)` a step, solved by fixed-point iteration with Anderson acceleration: an evaluation of `f` for each iteration,
//! whose number depends on how strongly `γ f` contracts. One more evaluation at the beginning of the step. No extra memory: a network keeps the solution alone and finds the
//! gradient by the implicit function theorem, so that memory does not grow with iterations.
//!
//! # Parameters it adds
//! None.
//!
//! # When to use / when not
//! Where damped modes are fast: no step size makes them grow. `implicit-midpoint` has the same stability with one evaluation less. A block whose `γ f` expands far needs many
//! iterations, or has no solution that they find; smaller steps (`network.h`) help. Growing modes, which classifiers have, are damped by an implicit step or blow up where `hλ` is
//! near 2: it is no cure for them.
//!
//! # Reference
//! E. Hairer, G. Wanner, Solving ordinary differential equations II, 2nd ed. 1996, section IV.3; S. Bai, J. Z. Kolter, V. Koltun, Deep equilibrium
//! models, NeurIPS 2019.

use crate::{Memory, Rhs, Scheme, SchemeFacts, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// The trapezoidal rule.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trapezoidal;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["crank-nicolson"],
        references: &["hairer1996solving", "bai2019deep"],
        ..Facts::new(
            Kind::Scheme,
            "trapezoidal",
            "trapezoidal rule, implicit",
            include_str!("trapezoidal.rs"),
        )
    },
    equation: "u + h/2 (f(u) + f(u_next))",
    order: 2,
    stages: 2,
    start_stages: 2,
    ..SchemeFacts::IMPLICIT
};

impl<S: State> Scheme<S> for Trapezoidal {
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
        let half = 0.5 * ctx.h;
        let slope = f.eval(ctx.stage(0), u)?;
        let ahead = S::lincomb(&[(1.0.into(), u), (half.into(), &slope)]);
        f.solve(ctx.stage(1), &ahead, half)
    }
}
