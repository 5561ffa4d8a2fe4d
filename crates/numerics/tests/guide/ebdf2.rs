//! Extrapolated backward differentiation of order 2: both states and both slopes count.
//!
//! # Equation
//! `u_{n+1} = 4/3 u_n - 1/3 u_{n-1} + 2/3 h (2 f(u_n) - f(u_{n-1}))`
//!
//! # As a network
//! A residual network with a second skip of fixed weight -1/3 that also sees the output of the
//! previous block. No published architecture is exactly this.
//!
//! # Order and error constant
//! Order 2; the local error is `(4/9) h³ u'''`.
//!
//! # Stability
//! Zero-stable, with parasitic root 1/3. Real interval `[-4/3, 0]`, no imaginary interval.
//!
//! # Modified equation
//! `u' + (2/3) h² u''' + … = f(u)`
//!
//! # Start-up and restart
//! The first step after a restart is forward Euler, whose slope is kept.
//!
//! # Cost
//! One evaluation of `f` a step; one earlier state and its slope are kept.
//!
//! # Parameters it adds
//! None.
//!
//! # When to use / when not
//! Second order at the price of Euler, with a longer real interval than `ab2`.
//!
//! # Reference
//! E. Hairer, S. P. Nørsett, G. Wanner, Solving ordinary differential equations I, 1993,
//! section III.1.

use crate::{Memory, Rhs, Scheme, SchemeFacts, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// `4/3 u - 1/3 u_prev + 2/3 h (2 f(u) - f(u_prev))`, with the old state and slope from memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExtrapolatedBdf2;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["extrapolated-bdf-2"],
        references: &["hairer1993solving"],
        ..Facts::new(
            Kind::Scheme,
            "ebdf2",
            "extrapolated backward differentiation, order 2",
            include_str!("ebdf2.rs"),
        )
    },
    equation: "4/3 u - 1/3 u_prev + 2/3 h (2 f(u) - f(u_prev))",
    order: 2,
    memory: 1,
    keeps_slopes: true,
    ..SchemeFacts::EXPLICIT
};

impl<S: State> Scheme<S> for ExtrapolatedBdf2 {
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
        let next = match old {
            Some((before, old)) => S::lincomb(&[
                ((4.0 / 3.0).into(), u),
                ((-1.0 / 3.0).into(), before),
                ((4.0 / 3.0 * ctx.h).into(), &slope),
                ((-2.0 / 3.0 * ctx.h).into(), old),
            ]),
            None => S::lincomb(&[(1.0.into(), u), (ctx.h.into(), &slope)]),
        };
        memory.push(u.clone(), Some(slope), FACTS.memory);
        Ok(next)
    }
}
