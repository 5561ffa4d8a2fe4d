//! Leapfrog: the explicit midpoint rule over two steps.
//!
//! # Equation
//! `u_{n+1} = u_{n-1} + 2h f(u_n)`
//!
//! # As a network
//! The leapfrog and midpoint networks of Chang et al. 2018; `lm` and `momentum` at `k = 1`, with
//! `f` scaled by 2 in the former.
//!
//! # Order and error constant
//! Order 2; the local error is `(h³/3) u'''`.
//!
//! # Stability
//! Stable on the imaginary segment `|z| < 1` and nowhere else: no real interval, imaginary
//! interval 1. The parasitic root -1 lies on the unit circle (weakly stable).
//!
//! # Modified equation
//! `u' + (h²/6) u''' + (h⁴/120) u^(5) + … = f(u)`, that is `sinh(hD)/h u = f(u)`.
//!
//! # Start-up and restart
//! The first step after a restart is forward Euler; its local error is of second order, so the
//! scheme stays of order 2.
//!
//! # Cost
//! One evaluation of `f` a step; one earlier state is kept. The step can be undone from the two
//! newest states, so activations need not be stored.
//!
//! # Parameters it adds
//! None.
//!
//! # When to use / when not
//! For blocks with an almost imaginary spectrum (antisymmetric, Hamiltonian). Not with any
//! damping: the parasitic mode then grows.
//!
//! # Reference
//! B. Chang, L. Meng, E. Haber, L. Ruthotto, D. Begert, E. Holtham, Reversible architectures for
//! arbitrarily deep residual neural networks, AAAI 2018; E. Hairer, S. P. Nørsett, G. Wanner,
//! Solving ordinary differential equations I, 1993, section III.3.

use crate::{Memory, Reversible, Rhs, Scheme, SchemeFacts, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// `u_{n-1} + 2h f(u_n)`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Leapfrog;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["leapfrog-midpoint", "two-step-midpoint"],
        references: &["chang2018reversible", "hairer1993solving"],
        ..Facts::new(
            Kind::Scheme,
            "leapfrog",
            "leapfrog (two-step midpoint)",
            include_str!("leapfrog.rs"),
        )
    },
    equation: "u_prev + 2h f(u)",
    network: "leapfrog network",
    order: 2,
    memory: 1,
    ..SchemeFacts::EXPLICIT
};

impl<S: State> Scheme<S> for Leapfrog {
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
        let next = match memory.back(1) {
            Some(past) if !ctx.restart => {
                S::lincomb(&[(1.0.into(), &past.state), ((2.0 * ctx.h).into(), &slope)])
            }
            _ => S::lincomb(&[(1.0.into(), u), (ctx.h.into(), &slope)]),
        };
        memory.push(u.clone(), None, FACTS.memory);
        Ok(next)
    }

    fn reversible(&self) -> Option<&dyn Reversible<S>> {
        Some(self)
    }
}

impl<S: State> Reversible<S> for Leapfrog {
    /// `u_n` is the newest memory; `u_{n-1} = u_{n+1} - 2h f(u_n)` takes its place there.
    fn unstep(
        &self,
        f: &mut dyn Rhs<S>,
        next: &S,
        memory: &mut Memory<S>,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError> {
        let Some(past) = memory.pop() else {
            return Err(StepError::NotInvertible {
                scheme: FACTS.key,
                step: ctx.step,
                why: "the memory does not hold the state before the step".to_owned(),
            });
        };
        let u = past.state;
        // The Euler step after a restart had no earlier state, so there is none to restore.
        if !ctx.restart {
            let slope = f.eval(ctx.stage(0), &u)?;
            let before = S::lincomb(&[(1.0.into(), next), ((-2.0 * ctx.h).into(), &slope)]);
            memory.push(before, None, FACTS.memory);
        }
        Ok(u)
    }
}
