//! PolyNet's poly-2 and poly-3: a truncated backward Euler step.
//!
//! # Equation
//! `u_{n+1} = u_n + F(u_n) + F(F(u_n))` (poly-2), `+ F(F(F(u_n)))` (poly-3), with `F = h f`
//!
//! # As a network
//! PolyNet (Zhang, Li, Loy, Lin 2017): one block, applied two or three times in a row with the same
//! weights, all intermediate results added up.
//!
//! # Order and error constant
//! Order 1, like backward Euler, for `u' = f(u)` with `f(0) = 0`; for linear `f` the local error is
//! `-(h²/2) u''`. For linear `f` the step is the truncated Neumann series of
//! `(1 - hf)^{-1}`, which converges for `‖hf‖ < 1`. For non-linear `f` the name is formal:
//! `F(F(u))` evaluates `f` near 0, not near `u`, and is not the second Neumann term of the true
//! backward Euler step. Where `f(0) ≠ 0` the scheme is not even consistent: to leading order it
//! follows `u' = f(u) + f(0)` (poly-2) or `u' = f(u) + 2 f(0)` (poly-3).
//!
//! # Stability
//! `R(z) = 1 + z + z²`: real interval `[-1, 0]`, imaginary interval 1. With `z³`: real interval
//! `[-1.353, 0]`, imaginary interval `1.272` (the root of the golden ratio). Truncation loses the
//! unconditional stability of backward Euler.
//!
//! # Modified equation
//! For linear `f`: `u' - (h/2) u'' + (7/6) h² u''' + … = f(u)` (poly-2),
//! `u' - (h/2) u'' + (h²/6) u''' + … = f(u)` (poly-3, which agrees with backward Euler so far).
//!
//! # Start-up and restart
//! None needed: one-step schemes.
//!
//! # Cost
//! Two (three) evaluations of `f` a step, one set of weights, no extra memory between steps.
//!
//! # Parameters it adds
//! None.
//!
//! # When to use / when not
//! To spend computation without spending parameters. Not as a numerical method: both accuracy and
//! stability are below those of `heun` at the same cost.
//!
//! # Reference
//! X. Zhang, Z. Li, C. C. Loy, D. Lin, PolyNet: a pursuit of structural diversity in very deep
//! networks, CVPR 2017.

use crate::{Memory, Rhs, Scheme, SchemeFacts, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// `u + F(u) + … + F^degree(u)`.
#[derive(Clone, Copy, Debug)]
pub struct Poly {
    facts: &'static SchemeFacts,
}

/// The polynomial of degree 2.
pub const POLY2: Poly = Poly { facts: &FACTS2 };

/// The polynomial of degree 3.
pub const POLY3: Poly = Poly { facts: &FACTS3 };

static FACTS2: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["poly-2", "polynet"],
        references: &["zhang2017polynet"],
        ..Facts::new(
            Kind::Scheme,
            "poly2",
            "PolyNet poly-2, truncated backward Euler",
            include_str!("poly.rs"),
        )
    },
    equation: "u + F(u) + F(F(u)), F = h f",
    network: "PolyNet",
    stages: 2,
    start_stages: 2,
    ..SchemeFacts::EXPLICIT
};

static FACTS3: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["poly-3"],
        references: &["zhang2017polynet"],
        ..Facts::new(
            Kind::Scheme,
            "poly3",
            "PolyNet poly-3, truncated backward Euler",
            include_str!("poly.rs"),
        )
    },
    equation: "u + F(u) + F(F(u)) + F(F(F(u))), F = h f",
    network: "PolyNet",
    stages: 3,
    start_stages: 3,
    ..SchemeFacts::EXPLICIT
};

impl<S: State> Scheme<S> for Poly {
    fn facts(&self) -> &'static SchemeFacts {
        self.facts
    }

    fn step(
        &self,
        f: &mut dyn Rhs<S>,
        u: &S,
        _memory: &mut Memory<S>,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError> {
        let mut slopes: Vec<S> = Vec::with_capacity(self.facts.stages);
        for stage in 0..self.facts.stages {
            let slope = match slopes.last() {
                None => f.eval(ctx.stage(stage), u)?,
                Some(last) => f.eval(ctx.stage(stage), &S::lincomb(&[(ctx.h.into(), last)]))?,
            };
            slopes.push(slope);
        }
        let terms: Vec<(S::Coef, &S)> = std::iter::once((1.0.into(), u))
            .chain(slopes.iter().map(|slope| (ctx.h.into(), slope)))
            .collect();
        Ok(S::lincomb(&terms))
    }
}
