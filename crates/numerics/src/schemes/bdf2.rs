//! Backward differentiation of order 2: the slope at the end of the step, and one earlier state.
//!
//! # Equation
//! `u_{n+1} = (4/3) u_n - (1/3) u_{n-1} + (2/3) h f(u_{n+1})`
//!
//! # As a network
//! The implicit relative of `lm` with `k = -1/3`: the same weights of states, the slope at the end. With blocks that have weights of their own in each step; with tied weights and many steps the
//! state goes to a fixed point of the block, which is what a deep equilibrium model computes (Bai, Kolter, Koltun 2019).
//!
//! # Order and error constant
//! Order 2; the local error is `-(2/9) h³ u'''`.
//!
//! # Stability
//! A-stable and L-stable; the region of instability is a bounded set in the right half-plane that touches the axis at 0 only. Zero-stable: roots 1 and 1/3.
//!
//! # Modified equation
//! `u' - (h²/3) u''' + (h³/4) u'''' - … = f(u)`
//!
//! # Start-up and restart
//! The first step after a restart is one of backward Euler.
//!
//! # Cost
//! One equation `y = a + γ f(y)` a step, solved by fixed-point iteration with Anderson acceleration: an evaluation of `f` for each iteration,
//! whose number depends on how strongly `γ f` contracts. One earlier state is kept. No other memory: a network keeps the solution alone and finds the
//! gradient by the implicit function theorem, so that memory does not grow with iterations.
//!
//! # Parameters it adds
//! None.
//!
//! # When to use / when not
//! Where damped modes are fast: no step size makes them grow. The default for stiff equations in solvers. A block whose `γ f` expands far needs many
//! iterations, or has no solution that they find; smaller steps (`network.h`) help. Growing modes, which classifiers have, are damped by an implicit step or blow up where `hλ` is
//! near 3/2: it is no cure for them.
//!
//! # Reference
//! E. Hairer, G. Wanner, Solving ordinary differential equations II, 2nd ed. 1996, section V.1.

use crate::{Memory, Rhs, Scheme, SchemeFacts, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// Backward differentiation of order 2.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bdf2;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &[],
        references: &["hairer1996solving", "bai2019deep"],
        ..Facts::new(
            Kind::Scheme,
            "bdf2",
            "backward differentiation of order 2, implicit",
            include_str!("bdf2.rs"),
        )
    },
    equation: "4/3 u - 1/3 u_prev + 2/3 h f(u_next)",
    order: 2,
    memory: 1,
    ..SchemeFacts::IMPLICIT
};

impl<S: State> Scheme<S> for Bdf2 {
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
        let next = match memory.back(1) {
            Some(past) if !ctx.restart => {
                let known = [(4.0 / 3.0, u), (-1.0 / 3.0, &past.state)];
                let known = known.map(|(weight, state)| (S::Coef::from(weight), state));
                f.solve(ctx.stage(0), &S::lincomb(&known), 2.0 / 3.0 * ctx.h)?
            }
            _ => f.solve(ctx.stage(0), u, ctx.h)?,
        };
        if ctx.restart {
            memory.clear();
        }
        memory.push(u.clone(), None, FACTS.memory);
        Ok(next)
    }
}
