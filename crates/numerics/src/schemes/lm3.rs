//! Three-step linear multistep with two learned coefficients.
//!
//! # Equation
//! `u_{n+1} = (1 - k_n - m_n) u_n + k_n u_{n-1} + m_n u_{n-2} + h f(u_n)`
//!
//! # As a network
//! LM-ResNet with one more earlier state: the next member of the family of Lu, Zhong, Li, Dong 2018.
//! ZeroSNet (Chen, Jin, Shang 2022) has the same three states with weights from one fixed parameter:
//! see `zerosnet`.
//!
//! # Order and error constant
//! Order 1 in the time rescaled by `1/(1+k+2m)`: the scheme follows `(1+k+2m) u' = f(u)`.
//!
//! # Stability
//! Zero-stable where both roots of `ζ² + (k+m) ζ + m` lie inside the unit circle: `|m| < 1` and
//! `|k+m| < 1+m`. An analysis takes `m = 0.1`; then `k` may be anything in `(-1.2, 1)`.
//!
//! # Modified equation
//! `(1+k+2m) u' + (1-k-4m) (h/2) u'' + (1+k+8m) (h²/6) u''' + … = f(u)`
//!
//! # Start-up and restart
//! The first step after a restart is forward Euler, the second one is a step of `lm` (`m = 0`):
//! neither has the coefficients of states that are not there.
//!
//! # Cost
//! One evaluation of `f` a step; two earlier states are kept.
//!
//! # Parameters it adds
//! `memory_k` from the second step of a segment on, `memory_k2` from the third.
//!
//! # When to use / when not
//! To ask whether more memory helps. Two coefficients can bring two parasitic roots near the unit
//! circle: `lm` is easier to read.
//!
//! # Reference
//! Y. Lu, A. Zhong, Q. Li, B. Dong, Beyond finite layer neural networks: bridging deep
//! architectures and numerical differential equations, ICML 2018.

use crate::schemes::dense::weighted_step;
use crate::{CoefficientFacts, Memory, Rhs, Scheme, SchemeFacts, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// Three-step linear multistep scheme with coefficients `k_n`, `m_n` taken from the context.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinearMultistep3;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["linear-multistep-3", "three-step"],
        references: &["lu2018beyond", "chen2022zerosnet"],
        ..Facts::new(
            Kind::Scheme,
            "lm3",
            "three-step linear multistep, learned k and m",
            include_str!("lm3.rs"),
        )
    },
    equation: "(1-k-m) u + k u_prev + m u_prevprev + h f(u)",
    network: "three-step LM-ResNet",
    memory: 2,
    coefficient: Some(CoefficientFacts {
        name: "memory_k",
        init: (-0.1, 0.0),
        decay: 0,
        at_restart: false,
        default: -0.5,
        older: &[0.1],
    }),
    ..SchemeFacts::EXPLICIT
};

impl<S: State> Scheme<S> for LinearMultistep3 {
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
        weighted_step(&FACTS, f, u, memory, ctx)
    }
}
