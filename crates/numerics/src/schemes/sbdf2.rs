//! Semi-implicit backward differentiation of order 2: one term is extrapolated, the stiff one implicit.
//!
//! # Equation
//! `u_{n+1} = 4/3 u_n - 1/3 u_{n-1} + 2/3 h (2 f0(u_n) - f0(u_{n-1})) + 2/3 h f1(u_{n+1})` for `u' = f0(u) + f1(u)`
//!
//! # As a network
//! IMEXnet with memory: a second skip of fixed weight, and the residual block of the step before once more. With the block
//! `reaction-diffusion`. No published architecture is exactly this.
//!
//! # Order and error constant
//! Order 2; the local error is `h³ (4/9 (f0(u))'' - 2/9 (f1(u))'')`.
//!
//! # Stability
//! Zero-stable, with parasitic root 1/3. With `λ0 = 0` it is `bdf2`, stable in the left half-plane, and damps the fastest modes most; with
//! `λ1 = 0` real interval `[-4/3, 0]`. With equal halves of `λ` real interval `[-4, 0]`.
//!
//! # Modified equation
//! Of linear, equal terms: `u' + (h²/6) u''' + … = f(u)`.
//!
//! # Start-up and restart
//! The first step after a restart is `imex-euler`, whose slope is kept.
//!
//! # Cost
//! One evaluation of `f0` and one equation of `f1` per step; one earlier state and its slope `f0` are kept.
//!
//! # Parameters it adds
//! None with a block of two terms; with other blocks a second block per step.
//!
//! # When to use / when not
//! Second order at the price of `imex-euler`, where steps are small enough for the order to show.
//!
//! # Reference
//! U. M. Ascher, S. J. Ruuth, B. T. R. Wetton, Implicit-explicit methods for time-dependent partial differential equations, SIAM J.
//! Numer. Anal. 32, 1995.

use crate::{Memory, Rhs, Scheme, SchemeFacts, Sharing, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// Semi-implicit backward differentiation of order 2.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sbdf2;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["semi-implicit-bdf2"],
        references: &["ascher1995implicit"],
        ..Facts::new(
            Kind::Scheme,
            "sbdf2",
            "semi-implicit backward differentiation of order 2, of two terms",
            include_str!("sbdf2.rs"),
        )
    },
    equation: "4/3 u - 1/3 u_prev + 2/3 h (2 f0(u) - f0(u_prev) + f1(u_next))",
    order: 2,
    stages: 2,
    start_stages: 2,
    memory: 1,
    keeps_slopes: true,
    sharing: Sharing::PerStage,
    ..SchemeFacts::IMPLICIT
};

impl<S: State> Scheme<S> for Sbdf2 {
    fn facts(&self) -> &'static SchemeFacts {
        &FACTS
    }

    fn step(
        &self,
        f: &mut dyn Rhs<S>,
        u: &S,
        memory: &mut Memory<S>,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError> {
        let slope = f.eval(ctx.stage(0), u)?;
        let past = memory.back(1).filter(|_| !ctx.restart);
        let old = past.and_then(|past| Some((&past.state, past.slope.as_ref()?)));
        let (known, length) = match old {
            Some((before, old)) => {
                let known = S::lincomb(&[
                    ((4.0 / 3.0).into(), u),
                    ((-1.0 / 3.0).into(), before),
                    ((4.0 / 3.0 * ctx.h).into(), &slope),
                    ((-2.0 / 3.0 * ctx.h).into(), old),
                ]);
                (known, 2.0 / 3.0 * ctx.h)
            }
            None => {
                let known = S::lincomb(&[(1.0.into(), u), (ctx.h.into(), &slope)]);
                (known, ctx.h)
            }
        };
        let next = f.solve(ctx.stage(1), &known, length)?;
        if ctx.restart {
            memory.clear();
        }
        memory.push(u.clone(), Some(slope), FACTS.memory);
        Ok(next)
    }

    fn terms(&self) -> &'static [usize] {
        &[0, 1]
    }
}
