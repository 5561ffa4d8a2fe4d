//! Forward Euler: the residual network.
//!
//! # Equation
//! `u_{n+1} = u_n + h f(u_n)`
//!
//! # As a network
//! ResNet, pre-activation ResNet, ResNeXt, Wide ResNet, SENet: one block per step, added to the
//! identity (Lu, Zhong, Li, Dong 2018, Table 1).
//!
//! # Order and error constant
//! Order 1; the local error is `(h²/2) u''`.
//!
//! # Stability
//! Stable in the disc `|1 + z| ≤ 1`: real interval `[-2, 0]`, no imaginary interval.
//!
//! # Modified equation
//! `u' + (h/2) u'' + (h²/6) u''' + … = f(u)`
//!
//! # Start-up and restart
//! None needed: a one-step scheme.
//!
//! # Cost
//! One evaluation of `f` a step, no extra memory.
//!
//! # Parameters it adds
//! None.
//!
//! # When to use / when not
//! The baseline for everything else. Not when the block's eigenvalues lie near the imaginary axis.
//!
//! # Reference
//! K. He, X. Zhang, S. Ren, J. Sun, Deep residual learning for image recognition, CVPR 2016;
//! E. Weinan, A proposal on machine learning via dynamical systems, 2017.

use crate::{Butcher, Memory, Rhs, Scheme, SchemeFacts, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// Forward Euler, `u + h f(u)`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Euler;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["forward-euler", "resnet"],
        references: &["he2016deep", "weinan2017proposal"],
        ..Facts::new(
            Kind::Scheme,
            "euler",
            "forward Euler",
            include_str!("euler.rs"),
        )
    },
    equation: "u + h f(u)",
    network: "ResNet",
    ..SchemeFacts::EXPLICIT
};

impl<S: State> Scheme<S> for Euler {
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
        Ok(S::lincomb(&[(1.0.into(), u), (ctx.h.into(), &slope)]))
    }

    fn tableau(&self) -> Option<Butcher> {
        Some(Butcher::new(vec![Vec::new()], vec![1.0]))
    }
}
