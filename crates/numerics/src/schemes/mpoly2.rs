//! PolyNet's mpoly-2: poly-2 with a second block for the second power.
//!
//! # Equation
//! `u_{n+1} = u_n + F0(u_n) + F1(F0(u_n))` with `F_i = h f_i`
//!
//! # As a network
//! PolyNet (Zhang, Li, Loy, Lin 2017): two blocks in a row, both results added to the identity.
//!
//! # Order and error constant
//! With equal stages it is `poly2`: order 1 for `u' = f(u)` with `f(0) = 0`. With different stages
//! the leading equation is `u' = f0(u)` if `f1(0) = 0`; `f1` acts from the second order on. As for
//! `poly2`, the reading as backward Euler is formal for non-linear `f`.
//!
//! # Stability
//! With equal stages `R(z) = 1 + z + z²`: real interval `[-1, 0]`, imaginary interval 1.
//!
//! # Modified equation
//! For equal, linear stages: `u' - (h/2) u'' + (7/6) h² u''' + … = f(u)`
//!
//! # Start-up and restart
//! None needed: a one-step scheme.
//!
//! # Cost
//! Two evaluations of `f` a step, each with weights of its own.
//!
//! # Parameters it adds
//! No coefficients, but twice the blocks: the second stage has its own weights.
//!
//! # When to use / when not
//! The stronger module of PolyNet where parameters are affordable. Not as a numerical method.
//!
//! # Reference
//! X. Zhang, Z. Li, C. C. Loy, D. Lin, PolyNet: a pursuit of structural diversity in very deep
//! networks, CVPR 2017.

use crate::{Memory, Rhs, Scheme, SchemeFacts, Sharing, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// `u + F0(u) + F1(F0(u))`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mpoly2;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["mpoly-2"],
        references: &["zhang2017polynet"],
        ..Facts::new(
            Kind::Scheme,
            "mpoly2",
            "PolyNet mpoly-2, two blocks in a row",
            include_str!("mpoly2.rs"),
        )
    },
    equation: "u + F0(u) + F1(F0(u)), F_i = h f_i",
    network: "PolyNet",
    stages: 2,
    start_stages: 2,
    sharing: Sharing::PerStage,
    ..SchemeFacts::EXPLICIT
};

impl<S: State> Scheme<S> for Mpoly2 {
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
        let first = f.eval(ctx.stage(0), u)?;
        let second = f.eval(ctx.stage(1), &S::lincomb(&[(ctx.h.into(), &first)]))?;
        Ok(S::lincomb(&[
            (1.0.into(), u),
            (ctx.h.into(), &first),
            (ctx.h.into(), &second),
        ]))
    }
}
