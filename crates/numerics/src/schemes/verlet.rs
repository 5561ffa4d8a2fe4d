//! Störmer-Verlet: symplectic and of order 2 on two halves of the state.
//!
//! # Equation
//! `m = x1 + (h/2) f0(x2)`, `y2 = x2 + h f1(m)`, `y1 = m + (h/2) f2(y2)`
//!
//! # As a network
//! A RevNet whose first half moves half a step before and half a step after the second. With the block `hamiltonian` the network of
//! Chang et al. 2018 in its symmetric form.
//!
//! # Order and error constant
//! Order 2, because a step is its own mirror image; `f2` is `f0` where weights are shared.
//!
//! # Stability
//! On `f(v) = λ v`, where the pair has the eigenvalues `±λ`: imaginary interval 2, as of `reversible`, to which it is conjugate.
//! There is no real interval, because one of `±λ` always grows.
//!
//! # Modified equation
//! For linear `f`, along an eigenvector: `u' + (h²/24) u''' + (h⁴/1920) u^(5) + … = f(u)`, that is `2 sinh(hD/2)/h u = f(u)`.
//!
//! # Start-up and restart
//! None needed: a one-step scheme.
//!
//! # Cost
//! Three evaluations of `f` a step, on half the channels each. Going back costs the same and makes stored activations unnecessary.
//!
//! # Parameters it adds
//! None.
//!
//! # When to use / when not
//! Where the pair should follow its equation to order 2. `reversible` has two thirds of its cost and the same stability; seen over many
//! steps both make the same error but at the ends.
//!
//! # Reference
//! E. Hairer, C. Lubich, G. Wanner, Geometric numerical integration, 2nd ed. 2006, section I.1.4; B. Chang et al., Reversible
//! architectures for arbitrarily deep residual neural networks, AAAI 2018.

use crate::{Memory, Reversible, Rhs, Scheme, SchemeFacts, Sharing, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// `m = x1 + (h/2) f0(x2)`, `y2 = x2 + h f1(m)`, `y1 = m + (h/2) f2(y2)`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verlet;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["stormer-verlet"],
        references: &["hairer2006geometric", "chang2018reversible"],
        ..Facts::new(
            Kind::Scheme,
            "verlet",
            "Stormer-Verlet on two halves, order 2",
            include_str!("verlet.rs"),
        )
    },
    equation: "m = x1 + h/2 f0(x2), y2 = x2 + h f1(m), y1 = m + h/2 f2(y2)",
    network: "Hamiltonian network",
    order: 2,
    stages: 3,
    start_stages: 3,
    sharing: Sharing::PerStage,
    parts: 2,
    ..SchemeFacts::EXPLICIT
};

impl<S: State> Scheme<S> for Verlet {
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
        let (x1, x2) = FACTS.halves(u)?;
        let half = 0.5 * ctx.h;
        let slope = f.eval(ctx.stage(0), &x2)?;
        let middle = S::lincomb(&[(1.0.into(), &x1), (half.into(), &slope)]);
        let slope = f.eval(ctx.stage(1), &middle)?;
        let y2 = S::lincomb(&[(1.0.into(), &x2), (ctx.h.into(), &slope)]);
        let slope = f.eval(ctx.stage(2), &y2)?;
        let y1 = S::lincomb(&[(1.0.into(), &middle), (half.into(), &slope)]);
        FACTS.whole(&y1, &y2)
    }

    fn reversible(&self) -> Option<&dyn Reversible<S>> {
        Some(self)
    }
}

impl<S: State> Reversible<S> for Verlet {
    fn unstep(
        &self,
        f: &mut dyn Rhs<S>,
        next: &S,
        _memory: &mut Memory<S>,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError> {
        let (y1, y2) = FACTS.halves(next)?;
        let half = -0.5 * ctx.h;
        let slope = f.eval(ctx.stage(2), &y2)?;
        let middle = S::lincomb(&[(1.0.into(), &y1), (half.into(), &slope)]);
        let slope = f.eval(ctx.stage(1), &middle)?;
        let x2 = S::lincomb(&[(1.0.into(), &y2), ((-ctx.h).into(), &slope)]);
        let slope = f.eval(ctx.stage(0), &x2)?;
        let x1 = S::lincomb(&[(1.0.into(), &middle), (half.into(), &slope)]);
        FACTS.whole(&x1, &x2)
    }
}
