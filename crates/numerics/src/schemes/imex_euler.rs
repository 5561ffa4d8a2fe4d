//! Implicit-explicit Euler: forward Euler for one term, backward Euler for the other, stiff one.
//!
//! # Equation
//! `u_{n+1} = u_n + h f0(u_n) + h f1(u_{n+1})` for `u' = f0(u) + f1(u)`
//!
//! # As a network
//! IMEXnet (Haber, Lensink, Treister, Ruthotto 2019): `f0` is a residual block, `f1` a diffusion that couples all pixels in one step. Here
//! with the block `reaction-diffusion`. With a block of one term, each stage has a block of its own.
//!
//! # Order and error constant
//! Order 1; the local error is `(h²/2) (u'' - 2 (f1(u))')`.
//!
//! # Stability
//! `R = (1 + h λ0) / (1 - h λ1)`: whatever `λ1` has a negative real part is damped, however large. With equal halves of `λ` it
//! is the trapezoidal rule: stable where `Re hλ ≤ 0`.
//!
//! # Modified equation
//! Of linear, equal terms: `u' - (h²/12) u''' + … = f(u)`, whose second-order error cancels.
//!
//! # Start-up and restart
//! None needed: a one-step scheme.
//!
//! # Cost
//! One evaluation of `f0` and one equation of `f1` per step, solved by as many evaluations as that takes ([implicit
//! steps](../../../../docs/concepts/implicit-steps.md)).
//!
//! # Parameters it adds
//! None with a block of two terms; with other blocks a second block per step.
//!
//! # When to use / when not
//! Where one term is stiff and easy to solve for, as diffusion is, and the other is neither. A non-linear `f1` that expands has no solution
//! that the iteration finds.
//!
//! # Reference
//! U. M. Ascher, S. J. Ruuth, B. T. R. Wetton, Implicit-explicit methods for time-dependent partial differential equations, SIAM J.
//! Numer. Anal. 32, 1995; E. Haber, K. Lensink, E. Treister, L. Ruthotto, IMEXnet: a forward stable deep neural network, ICML 2019.

use crate::{Memory, Rhs, Scheme, SchemeFacts, Sharing, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// `u + h f0(u) + h f1(u_next)`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImexEuler;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["semi-implicit-euler"],
        references: &["ascher1995implicit", "haber2019imexnet"],
        ..Facts::new(
            Kind::Scheme,
            "imex-euler",
            "implicit-explicit Euler, of two terms",
            include_str!("imex_euler.rs"),
        )
    },
    equation: "u + h f0(u) + h f1(u_next)",
    network: "IMEXnet",
    stages: 2,
    start_stages: 2,
    sharing: Sharing::PerStage,
    ..SchemeFacts::IMPLICIT
};

impl<S: State> Scheme<S> for ImexEuler {
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
        let slope = f.eval(ctx.stage(0), u)?;
        let known = S::lincomb(&[(1.0.into(), u), (ctx.h.into(), &slope)]);
        f.solve(ctx.stage(1), &known, ctx.h)
    }

    fn terms(&self) -> &'static [usize] {
        &[0, 1]
    }
}
