//! Dense multistep: every earlier state of the segment, with a learned coefficient each.
//!
//! # Equation
//! `u_{n+1} = (1 - Σ_j k_{n,j}) u_n + Σ_j k_{n,j} u_{n-j} + h f(u_n)`, `j = 1, …, min(n, 18)`
//!
//! # As a network
//! The LM-ResNet authors' code has a dense variant that weights all states of a segment and divides
//! by the sum of the weights, which can be close to zero. Here the weights sum to one because the
//! newest state takes what the others leave: nothing is divided.
//!
//! # Order and error constant
//! Order 1 in the time rescaled by `1/(1 + Σ_j j k_j)`: the scheme follows
//! `(1 + Σ_j j k_j) u' = f(u)`.
//!
//! # Stability
//! Zero-stable where all roots of the first characteristic polynomial but 1 lie inside the unit
//! circle. An analysis takes the given `k` for the newest earlier state, 0.1 and -0.05 for the two
//! before it and 0 for the others.
//!
//! Differences `d_n = u_{n+1} - u_n` follow `d_n = -Σ_i c_i d_{n-i}` with `c_i = Σ_{j≥i} k_{n,j}` where
//! `f = 0`, and `Σ_i |c_i| ≤ Σ_j j |k_{n,j}|`: below 1 they shrink, whatever the sequence of coefficients.
//! `k_{n,j}` therefore starts in `[-0.1/j², 0]`, which keeps the sum below
//! `0.1 (1 + 1/2 + … + 1/18) = 0.35`. Started in `[-0.1, 0]` for all `j` it would reach 17.
//!
//! # Modified equation
//! `(1 + Σ j k_j) u' + (1 - Σ j² k_j) (h/2) u'' + (1 + Σ j³ k_j) (h²/6) u''' + … = f(u)`
//!
//! # Start-up and restart
//! A step has the coefficients of the states that are there: none in the first step after a restart
//! (forward Euler), one in the second (`lm`), and so on.
//!
//! # Cost
//! One evaluation of `f` a step; all earlier states of the segment are kept, at most 18 (as many as a
//! segment of ResNet-110 has).
//!
//! # Parameters it adds
//! `memory_k`, `memory_k2`, …: `n` in step `n` of a segment, counted from 0. The one of the state `j` steps
//! back starts uniform in `[-0.1/j², 0]`.
//!
//! # When to use / when not
//! To see which states a network wants to remember. Costs memory and time that grow with the square
//! of the depth of a segment.
//!
//! # Reference
//! Y. Lu, A. Zhong, Q. Li, B. Dong, Beyond finite layer neural networks: bridging deep
//! architectures and numerical differential equations, ICML 2018.

use crate::{CoefficientFacts, Memory, Rhs, Scheme, SchemeFacts, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// Linear multistep scheme over all earlier states.
#[derive(Clone, Copy, Debug, Default)]
pub struct DenseMultistep;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["dense-multistep"],
        references: &["lu2018beyond"],
        ..Facts::new(
            Kind::Scheme,
            "dense",
            "dense multistep, a learned coefficient for every earlier state",
            include_str!("dense.rs"),
        )
    },
    equation: "(1 - sum k_j) u + sum k_j u_(n-j) + h f(u)",
    network: "dense LM-ResNet",
    memory: 18,
    coefficient: Some(CoefficientFacts {
        name: "memory_k",
        init: (-0.1, 0.0),
        decay: 2,
        at_restart: false,
        default: -0.5,
        older: &[
            0.1, -0.05, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
        ],
    }),
    ..SchemeFacts::EXPLICIT
};

/// `(1 - Σ k_j) u_n + Σ k_j u_{n-j} + h f(u_n)` over the history that is there, which then holds `u_n`.
pub(crate) fn weighted_step<S: State>(
    facts: &'static SchemeFacts,
    f: &mut dyn Rhs<S>,
    u: &S,
    memory: &mut Memory<S>,
    ctx: &StepCtx<S>,
) -> Result<S, StepError> {
    let slope = f.eval(ctx.stage(0), u)?;
    if ctx.restart {
        memory.clear();
    }
    let coefs = ctx.first_coefs(facts.key, memory.len())?;
    let own = (coefs.iter().cloned()).fold(S::Coef::from(1.0), |rest, k| rest - k);
    let mut terms = vec![(own, u)];
    for (back, k) in coefs.iter().enumerate() {
        if let Some(past) = memory.back(back + 1) {
            terms.push((k.clone(), &past.state));
        }
    }
    terms.push((ctx.h.into(), &slope));
    let next = S::lincomb(&terms);
    memory.push(u.clone(), None, facts.memory);
    Ok(next)
}

impl<S: State> Scheme<S> for DenseMultistep {
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
