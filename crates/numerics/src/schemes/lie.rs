//! Lie's splitting: one term of the right-hand side after the other.
//!
//! # Equation
//! `v = u_n + h f0(u_n)`, `u_{n+1} = v + h f1(v)` for `u' = f0(u) + f1(u)`
//!
//! # As a network
//! The transformer (Vaswani et al. 2017) with the block `transformer`: attention, then feed-forward (Lu et al. 2019). With a
//! block of one term, each stage has a block of its own: two residual blocks one after the other.
//!
//! # Order and error constant
//! Order 1: the splitting has the local error `(h²/2) [f0, f1]`, a commutator, and its sub-steps are those of forward
//! Euler. With exact sub-flows it is the splitting of Lie and Trotter, of order 1 as well unless the terms commute.
//!
//! # Stability
//! `R = (1 + h λ0)(1 + h λ1)`. With equal halves of `λ` it is `(1 + z/2)²`: real interval `[-4, 0]`, no imaginary interval.
//!
//! # Modified equation
//! Of linear, equal terms: `u' + (h/4) u'' + … = f(u)`, that of two Euler steps of half the length.
//!
//! # Start-up and restart
//! None needed: a one-step scheme.
//!
//! # Cost
//! One evaluation of each term per step.
//!
//! # Parameters it adds
//! None with a block of two terms, whose weights it divides among two stages; with other blocks a second block per step.
//!
//! # When to use / when not
//! With blocks of two terms. `strang` is closer to the equation of both terms at the price of one more evaluation.
//!
//! # Reference
//! H. F. Trotter, On the product of semi-groups of operators, 1959; Y. Lu, Z. Li, D. He, Z. Sun, B. Dong, T. Qin, L. Wang,
//! T.-Y. Liu, Understanding and improving transformer from a multi-particle dynamic system point of view, 2019.

use crate::{Memory, Rhs, Scheme, SchemeFacts, Sharing, State, StepCtx, StepError, Substep};
use timestep_registry::{Facts, Kind};

/// A forward Euler step of each term, the second from where the first has led.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lie;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["lie-splitting", "lie-trotter"],
        references: &["trotter1959product", "lu2019understanding"],
        ..Facts::new(
            Kind::Scheme,
            "lie",
            "Lie's splitting, one term after the other",
            include_str!("lie.rs"),
        )
    },
    equation: "v = u + h f0(u), u' = v + h f1(v)",
    network: "transformer",
    stages: 2,
    start_stages: 2,
    sharing: Sharing::PerStage,
    ..SchemeFacts::EXPLICIT
};

impl<S: State> Scheme<S> for Lie {
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
        composed(&SUBSTEPS, f, u, ctx)
    }

    fn terms(&self) -> &'static [usize] {
        &[0, 1]
    }

    fn substeps(&self) -> &'static [Substep] {
        &SUBSTEPS
    }
}

/// Sub-steps of Lie's splitting.
static SUBSTEPS: [Substep; 2] = [
    Substep { term: 0, part: 1.0 },
    Substep { term: 1, part: 1.0 },
];

/// Forward Euler sub-steps, each from where the last one has led.
pub(super) fn composed<S: State>(
    substeps: &[Substep],
    f: &mut dyn Rhs<S>,
    u: &S,
    ctx: &StepCtx<S>,
) -> Result<S, StepError> {
    let mut state = u.clone();
    for (stage, substep) in substeps.iter().enumerate() {
        let slope = f.eval(ctx.stage(stage), &state)?;
        let length = (substep.part * ctx.h).into();
        state = S::lincomb(&[(1.0.into(), &state), (length, &slope)]);
    }
    Ok(state)
}
