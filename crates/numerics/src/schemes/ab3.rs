//! Adams-Bashforth of order 3: the slopes of 3 states extrapolated.
//!
//! # Equation
//! `u_{n+1} = u_n + (h/12) (23 f(u_n) - 16 f(u_{n-1}) + 5 f(u_{n-2}))`
//!
//! # As a network
//! A residual network whose step also sees the outputs of the two blocks before it, with fixed weights. No
//! published architecture is exactly this.
//!
//! # Order and error constant
//! Order 3; the local error is `(3/8) h⁴ u^(4)`.
//!
//! # Stability
//! Zero-stable, with two parasitic roots 0. Real interval `[-6/11, 0]`, imaginary interval 0.7236: the first
//! Adams-Bashforth method that damps waves.
//!
//! # Modified equation
//! `u' + (3/8) h³ u^(4) + … = f(u)`
//!
//! # Start-up and restart
//! Heun's method until two earlier slopes are there, that is in the first two steps after a restart; the
//! scheme stays of order 3.
//!
//! # Cost
//! One evaluation of `f` a step, two in a step of the start; two earlier states and their slopes are kept.
//!
//! # Parameters it adds
//! None.
//!
//! # When to use / when not
//! Third order at the price of Euler, where the block oscillates more than it decays. Its real interval is a
//! quarter of Euler's.
//!
//! # Reference
//! F. Bashforth, J. C. Adams, An attempt to test the theories of capillary action, 1883;
//! E. Hairer, S. P. Nørsett, G. Wanner, Solving ordinary differential equations I, 1993,
//! section III.1.

use crate::{Multistep, SchemeFacts, Start};
use timestep_registry::{Facts, Kind};

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["adams-bashforth-3"],
        references: &["bashforth1883attempt", "hairer1993solving"],
        ..Facts::new(
            Kind::Scheme,
            "ab3",
            "Adams-Bashforth, order 3",
            include_str!("ab3.rs"),
        )
    },
    equation: "u + h/12 (23 f(u) - 16 f(u_prev) + 5 f(u_(n-2)))",
    order: 3,
    start_stages: 2,
    memory: 2,
    keeps_slopes: true,
    ..SchemeFacts::EXPLICIT
};

/// The method with its starting procedure.
pub const AB3: Multistep = Multistep::new(
    &FACTS,
    &[1.0],
    &[23.0 / 12.0, -16.0 / 12.0, 5.0 / 12.0],
    Start::Heun,
);
