//! Momentum: the consistent two-step relative of `lm`.
//!
//! # Equation
//! `u_{n+1} = (1 - k_n) u_n + k_n u_{n-1} + (1 + k_n) h f(u_n)`
//!
//! # As a network
//! Momentum ResNet (Sander, Ablin, Blondel, Peyré 2021) with `gamma = -k`: its velocity form
//! `v_{n+1} = gamma v_n + (1 - gamma) h f(u_n)`, `u_{n+1} = u_n + v_{n+1}` is this step. It is
//! also `lm` with `f` scaled by `1+k`.
//!
//! # Order and error constant
//! Order 1 for `u' = f(u)` itself; the local error is `(1-k) (h²/2) u''`. For `k = 1` the step is
//! `leapfrog`, of order 2.
//!
//! # Stability
//! Zero-stable exactly for `-1 < k ≤ 1`. The real interval is `[-2(1-k)/(1+k), 0]` for
//! `-1 < k < 1`: `[-6, 0]` for `k = -0.5`. It grows because the new slope is weighted less.
//!
//! # Modified equation
//! `u' + (1-k)/(1+k) (h/2) u'' + (h²/6) u''' + … = f(u)`
//!
//! # Start-up and restart
//! The first step after a restart is forward Euler and uses no coefficient. (The published
//! network starts with velocity 0 instead, so its first step is `(1 - gamma) h f(u_0)`.)
//!
//! # Cost
//! One evaluation of `f` a step; one earlier state is kept.
//!
//! # Parameters it adds
//! One `memory_k` a step but the first of each segment, a scalar or one a channel.
//!
//! # When to use / when not
//! Where steps with different `k` shall advance the same time, for instance to compare trained
//! coefficients with a differential equation. `lm` is the published architecture; a network
//! absorbs the factor `1+k` in the weights of `f`.
//!
//! # Reference
//! M. Sander, P. Ablin, M. Blondel, G. Peyré, Momentum residual neural networks, ICML 2021.

use crate::{CoefficientFacts, Memory, Rhs, Scheme, SchemeFacts, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// Consistent two-step scheme with coefficient `k_n` taken from the context.
#[derive(Clone, Copy, Debug, Default)]
pub struct Momentum;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["momentum-resnet", "consistent-lm"],
        references: &["sander2021momentum", "lu2018beyond"],
        ..Facts::new(
            Kind::Scheme,
            "momentum",
            "consistent linear multistep, learned k",
            include_str!("momentum.rs"),
        )
    },
    equation: "(1-k) u + k u_prev + (1+k) h f(u)",
    network: "Momentum ResNet",
    memory: 1,
    coefficient: Some(CoefficientFacts {
        name: "memory_k",
        init: (-0.1, 0.0),
        decay: 0,
        at_restart: false,
        default: -0.5,
        older: &[],
    }),
    ..SchemeFacts::EXPLICIT
};

impl<S: State> Scheme<S> for Momentum {
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
        let h = S::Coef::from(ctx.h);
        let next = match memory.back(1) {
            Some(past) if !ctx.restart => {
                let k = ctx.coef(FACTS.key)?;
                let one = S::Coef::from(1.0);
                S::lincomb(&[
                    (one.clone() - k.clone(), u),
                    (k.clone(), &past.state),
                    (h * (one + k), &slope),
                ])
            }
            _ => S::lincomb(&[(1.0.into(), u), (h, &slope)]),
        };
        memory.push(u.clone(), None, FACTS.memory);
        Ok(next)
    }
}
