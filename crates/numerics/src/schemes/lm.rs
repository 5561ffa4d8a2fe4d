//! Linear multistep with a learned coefficient: the LM-ResNet.
//!
//! # Equation
//! `u_{n+1} = (1 - k_n) u_n + k_n u_{n-1} + h f(u_n)`
//!
//! # As a network
//! LM-ResNet and LM-ResNeXt: one trainable number `k_n` a step (Lu, Zhong, Li, Dong 2018,
//! section 3). In difference form `d_n = -k_n d_{n-1} + h f(u_n)` with `d_n = u_{n+1} - u_n`, so
//! `-k_n` is the momentum of a heavy ball.
//!
//! # Order and error constant
//! Order 1 in the time rescaled by `1/(1+k)`: the scheme follows `(1+k) u' = f(u)`. It is
//! consistent with `u' = f(u)` only for `k = 0`; the consistent relative is `momentum`.
//!
//! # Stability
//! Zero-stable exactly for `-1 < k ≤ 1` (the roots of the first characteristic polynomial are 1
//! and `-k`). The real interval is `[-2(1-k), 0]` for `-1 < k < 1`: it doubles as `k → -1`.
//!
//! # Modified equation
//! `(1+k) u' + (1-k) (h/2) u'' + (1+k) (h²/6) u''' + … = f(u)`: damping `1+k`, inertia `1-k`.
//!
//! # Start-up and restart
//! The first step after a restart is forward Euler and uses no coefficient.
//!
//! # Cost
//! One evaluation of `f` a step; one earlier state is kept.
//!
//! # Parameters it adds
//! One `memory_k` a step but the first of each segment, a scalar or one a channel.
//!
//! # When to use / when not
//! Where a residual network would be used and depth is dear. With `k` near -1 the parasitic root
//! nears the unit circle: look at `analyze momentum`.
//!
//! # Reference
//! Y. Lu, A. Zhong, Q. Li, B. Dong, Beyond finite layer neural networks: bridging deep
//! architectures and numerical differential equations, ICML 2018.

use crate::{CoefficientFacts, Memory, Rhs, Scheme, SchemeFacts, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// Two-step linear multistep scheme with coefficient `k_n` taken from the context.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinearMultistep;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["linear-multistep", "lm-resnet"],
        references: &["lu2018beyond"],
        ..Facts::new(
            Kind::Scheme,
            "lm",
            "linear multistep, learned k",
            include_str!("lm.rs"),
        )
    },
    equation: "(1-k) u + k u_prev + h f(u)",
    network: "LM-ResNet",
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

impl<S: State> Scheme<S> for LinearMultistep {
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
        let h = ctx.h.into();
        let next = match memory.back(1) {
            Some(past) if !ctx.restart => {
                let k = ctx.coef(FACTS.key)?;
                let one = S::Coef::from(1.0);
                S::lincomb(&[(one - k.clone(), u), (k, &past.state), (h, &slope)])
            }
            _ => S::lincomb(&[(1.0.into(), u), (h, &slope)]),
        };
        memory.push(u.clone(), None, FACTS.memory);
        Ok(next)
    }
}
