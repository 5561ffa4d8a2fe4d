//! ZeroSNet: three states with fixed weights, zero-stable by construction.
//!
//! # Equation
//! `u_{n+1} = (1/3) u_n + (5/9) u_{n-1} + (1/9) u_{n-2} + (16/9) h f(u_n)`
//!
//! # As a network
//! ZeroSNet (Chen, Jin, Shang 2022) takes weights `a0 = (3λ+3)/(4λ)`, `a1 = -1/λ`, `a2 = (λ+1)/(4λ)`,
//! `b0 = (3λ-1)/(2λ)` from one parameter; this is its choice `λ = -9/5`, which makes the parasitic
//! roots smallest.
//!
//! # Order and error constant
//! Order 2: the local error is `(11/48) h³ u'''` in the equation's own scale.
//!
//! # Stability
//! The first characteristic polynomial has the roots 1, -1/3, -1/3: zero-stable. Real interval
//! `[-0.5, 0]`.
//!
//! # Modified equation
//! `u' + (11/48) h² u''' + … = f(u)`
//!
//! # Start-up and restart
//! Forward Euler until two earlier states are there, that is in the first two steps after a restart.
//!
//! # Cost
//! One evaluation of `f` a step; two earlier states are kept.
//!
//! # Parameters it adds
//! None.
//!
//! # When to use / when not
//! As a multistep network without learned coefficients. Its stable interval is a quarter of Euler's.
//!
//! # Reference
//! Chen, Jin, Shang, arXiv:2206.13100, 2022 (ZeroSNet).

use crate::{Memory, Rhs, Scheme, SchemeFacts, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// The three-step scheme with `λ = -9/5`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ZeroSNet;

/// `a0`, `a1`, `a2`, `b0`.
const WEIGHTS: [f64; 4] = [1.0 / 3.0, 5.0 / 9.0, 1.0 / 9.0, 16.0 / 9.0];

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["zero-s-net"],
        references: &["chen2022zerosnet"],
        ..Facts::new(
            Kind::Scheme,
            "zerosnet",
            "ZeroSNet, three states with fixed weights",
            include_str!("zerosnet.rs"),
        )
    },
    equation: "1/3 u + 5/9 u_prev + 1/9 u_prevprev + 16/9 h f(u)",
    network: "ZeroSNet",
    order: 2,
    memory: 2,
    ..SchemeFacts::EXPLICIT
};

impl<S: State> Scheme<S> for ZeroSNet {
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
        if ctx.restart {
            memory.clear();
        }
        let next = match (memory.back(1), memory.back(2)) {
            (Some(one), Some(two)) => {
                let [a0, a1, a2, b0] = WEIGHTS;
                S::lincomb(&[
                    (a0.into(), u),
                    (a1.into(), &one.state),
                    (a2.into(), &two.state),
                    ((b0 * ctx.h).into(), &slope),
                ])
            }
            _ => S::lincomb(&[(1.0.into(), u), (ctx.h.into(), &slope)]),
        };
        memory.push(u.clone(), None, FACTS.memory);
        Ok(next)
    }
}
