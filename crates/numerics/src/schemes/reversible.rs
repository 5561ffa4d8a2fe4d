//! Reversible pair: symplectic Euler on two halves of the state.
//!
//! # Equation
//! `y1 = x1 + h f0(x2)`, `y2 = x2 + h f1(y1)`
//!
//! # As a network
//! RevNet (Gomez, Ren, Urtasun, Grosse 2017): the channels are halved; `f0` and `f1` are two blocks
//! on half the channels. The table of Lu, Zhong, Li, Dong 2018 calls it forward Euler for
//! `x1' = f0(x2)`, `x2' = f1(x1)`; because the second half already sees `y1`, it is the symplectic
//! (semi-implicit) Euler scheme.
//!
//! # Order and error constant
//! Order 1: seen from either half at its own time the error is that of a shift by `h/2`, the local
//! error being `(h²/2) u''` in the two halves with opposite signs. It is conjugate to the
//! Störmer-Verlet scheme of order 2.
//!
//! # Stability
//! On `f(v) = λ v`, where the pair has the eigenvalues `±λ`: imaginary interval 2 (the oscillator
//! is stable for `hω < 2`). There is no real interval, because one of `±λ` always grows.
//!
//! # Modified equation
//! For linear `f`, along an eigenvector: `u' + (h²/24) u''' + (h⁴/1920) u^(5) + … = f(u)`, that is
//! `2 sinh(hD/2)/h u = f(u)`.
//!
//! # Start-up and restart
//! None needed: a one-step scheme.
//!
//! # Cost
//! Two evaluations of `f` a step, on half the channels each. Going back costs the same and makes
//! stored activations unnecessary.
//!
//! # Parameters it adds
//! None.
//!
//! # When to use / when not
//! To train deep networks in little memory. Needs a state with two equal halves (an even number of
//! channels); changes of shape between segments are not reversible.
//!
//! # Reference
//! A. Gomez, M. Ren, R. Urtasun, R. Grosse, The reversible residual network: backpropagation
//! without storing activations, NeurIPS 2017.

use crate::{Memory, Reversible, Rhs, Scheme, SchemeFacts, Sharing, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// `y1 = x1 + h f0(x2)`, `y2 = x2 + h f1(y1)`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReversiblePair;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["revnet", "symplectic-euler"],
        references: &["gomez2017reversible"],
        ..Facts::new(
            Kind::Scheme,
            "reversible",
            "reversible pair, symplectic Euler",
            include_str!("reversible.rs"),
        )
    },
    equation: "y1 = x1 + h f0(x2), y2 = x2 + h f1(y1)",
    network: "RevNet",
    stages: 2,
    start_stages: 2,
    sharing: Sharing::PerStage,
    parts: 2,
    ..SchemeFacts::EXPLICIT
};

impl<S: State> Scheme<S> for ReversiblePair {
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
        let y1 = {
            let slope = f.eval(ctx.stage(0), &x2)?;
            S::lincomb(&[(1.0.into(), &x1), (ctx.h.into(), &slope)])
        };
        let slope = f.eval(ctx.stage(1), &y1)?;
        let y2 = S::lincomb(&[(1.0.into(), &x2), (ctx.h.into(), &slope)]);
        FACTS.whole(&y1, &y2)
    }

    fn reversible(&self) -> Option<&dyn Reversible<S>> {
        Some(self)
    }
}

impl<S: State> Reversible<S> for ReversiblePair {
    fn unstep(
        &self,
        f: &mut dyn Rhs<S>,
        next: &S,
        _memory: &mut Memory<S>,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError> {
        let (y1, y2) = FACTS.halves(next)?;
        let slope = f.eval(ctx.stage(1), &y1)?;
        let x2 = S::lincomb(&[(1.0.into(), &y2), ((-ctx.h).into(), &slope)]);
        let slope = f.eval(ctx.stage(0), &x2)?;
        let x1 = S::lincomb(&[(1.0.into(), &y1), ((-ctx.h).into(), &slope)]);
        FACTS.whole(&x1, &x2)
    }
}
