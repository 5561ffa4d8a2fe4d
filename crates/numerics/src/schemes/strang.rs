//! Strang's splitting: half a step of one term, a step of the other, half a step of the first again.
//!
//! # Equation
//! `v = u_n + h/2 f1(u_n)`, `w = v + h f0(v)`, `u_{n+1} = w + h/2 f1(w)` for `u' = f0(u) + f1(u)`
//!
//! # As a network
//! The macaron network (Lu et al. 2019) with the block `transformer`: half a step of feed-forward, attention, half a step of
//! feed-forward with weights of its own.
//!
//! # Order and error constant
//! The splitting is of order 2: with exact sub-flows the local error is `h³ ([f0, [f0, f1]] / 12 - [f1, [f1, f0]] / 24)` up to
//! sign. The sub-steps are those of forward Euler, as in the published network, and with these the step has order 1.
//!
//! # Stability
//! `R = (1 + h λ0)(1 + h λ1/2)²`. With equal halves of `λ` it is `(1 + z/2)(1 + z/4)²`: real interval `[-6.63, 0]`, no imaginary
//! interval.
//!
//! # Modified equation
//! Of linear, equal terms: `u' + (3h/16) u'' + … = f(u)`.
//!
//! # Start-up and restart
//! None needed: a one-step scheme.
//!
//! # Cost
//! Two evaluations of one term and one of the other per step. The block `transformer` gives each half step of feed-forward half
//! of the width, so that a step costs what one of `lie` costs.
//!
//! # Parameters it adds
//! None with a block of two terms; with other blocks a second and a third block per step.
//!
//! # When to use / when not
//! With blocks of two terms, instead of `lie`.
//!
//! # Reference
//! G. Strang, On the construction and comparison of difference schemes, SIAM J. Numer. Anal. 5, 1968; Y. Lu, Z. Li, D. He,
//! Z. Sun, B. Dong, T. Qin, L. Wang, T.-Y. Liu, Understanding and improving transformer from a multi-particle dynamic system
//! point of view, 2019.

use super::lie::composed;
use crate::{Memory, Rhs, Scheme, SchemeFacts, Sharing, State, StepCtx, StepError, Substep};
use timestep_registry::{Facts, Kind};

/// Forward Euler sub-steps of half, whole and half length.
#[derive(Clone, Copy, Debug, Default)]
pub struct Strang;

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["strang-splitting", "macaron"],
        references: &["strang1968construction", "lu2019understanding"],
        ..Facts::new(
            Kind::Scheme,
            "strang",
            "Strang's splitting, half, whole and half a step in turn",
            include_str!("strang.rs"),
        )
    },
    equation: "v = u + h/2 f1(u), w = v + h f0(v), u' = w + h/2 f1(w)",
    network: "macaron network",
    stages: 3,
    start_stages: 3,
    sharing: Sharing::PerStage,
    ..SchemeFacts::EXPLICIT
};

impl<S: State> Scheme<S> for Strang {
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
        &[1, 0, 1]
    }

    fn substeps(&self) -> &'static [Substep] {
        &SUBSTEPS
    }
}

/// Sub-steps of Strang's splitting.
static SUBSTEPS: [Substep; 3] = [
    Substep { term: 1, part: 0.5 },
    Substep { term: 0, part: 1.0 },
    Substep { term: 1, part: 0.5 },
];
