//! PolyNet's 2-way: forward Euler for a sum of two right-hand sides.
//!
//! # Equation
//! `u_{n+1} = u_n + F0(u_n) + F1(u_n)` with `F_i = h f_i`
//!
//! # As a network
//! PolyNet's 2-way module (Zhang, Li, Loy, Lin 2017); the two branches of Shake-Shake have the same
//! shape, with random weights in place of 1 and 1.
//!
//! # Order and error constant
//! Order 1 for `u' = f0(u) + f1(u)`; the local error is `(h²/2) u''`. With both stages equal to `f`
//! the scheme follows `½ u' = f(u)`: its own time runs twice as fast.
//!
//! # Stability
//! With equal stages `R(z) = 1 + 2z`: real interval `[-1, 0]`, no imaginary interval.
//!
//! # Modified equation
//! With equal stages: `½ u' + (h/4) u'' + (h²/12) u''' + … = f(u)`
//!
//! # Start-up and restart
//! None needed: a one-step scheme.
//!
//! # Cost
//! Two evaluations of `f` a step, each with weights of its own; they can run side by side.
//!
//! # Parameters it adds
//! No coefficients, but twice the blocks: the second stage has its own weights.
//!
//! # When to use / when not
//! Width instead of depth. As a numerical method it is Euler.
//!
//! # Reference
//! X. Zhang, Z. Li, C. C. Loy, D. Lin, PolyNet: a pursuit of structural diversity in very deep
//! networks, CVPR 2017.

use crate::{Memory, Rhs, Scheme, SchemeFacts, Sharing, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// `u + F0(u) + F1(u)`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TwoWay;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["2-way", "2way", "two_way"],
        references: &["zhang2017polynet"],
        ..Facts::new(
            Kind::Scheme,
            "two-way",
            "PolyNet 2-way, two blocks side by side",
            include_str!("two_way.rs"),
        )
    },
    equation: "u + F0(u) + F1(u), F_i = h f_i",
    network: "PolyNet",
    stages: 2,
    start_stages: 2,
    sharing: Sharing::PerStage,
    ..SchemeFacts::EXPLICIT
};

impl<S: State> Scheme<S> for TwoWay {
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
        let second = f.eval(ctx.stage(1), u)?;
        Ok(S::lincomb(&[
            (1.0.into(), u),
            (ctx.h.into(), &first),
            (ctx.h.into(), &second),
        ]))
    }
}
