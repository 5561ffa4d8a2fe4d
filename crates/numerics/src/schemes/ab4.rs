//! Adams-Bashforth of order 4: the slopes of 4 states extrapolated.
//!
//! # Equation
//! `u_{n+1} = u_n + (h/24) (55 f(u_n) - 59 f(u_{n-1}) + 37 f(u_{n-2}) - 9 f(u_{n-3}))`
//!
//! # As a network
//! A residual network whose step also sees the outputs of the three blocks before it, with fixed weights. No
//! published architecture is exactly this.
//!
//! # Order and error constant
//! Order 4; the local error is `(251/720) h⁵ u^(5)`.
//!
//! # Stability
//! Zero-stable, with three parasitic roots 0. Real interval `[-3/10, 0]`, imaginary interval 0.4300.
//!
//! # Modified equation
//! `u' + (251/720) h⁴ u^(5) + … = f(u)`
//!
//! # Start-up and restart
//! The classical Runge-Kutta method until three earlier slopes are there, that is in the first three steps
//! after a restart; the scheme stays of order 4.
//!
//! # Cost
//! One evaluation of `f` a step, four in a step of the start; three earlier states and their slopes are kept.
//!
//! # Parameters it adds
//! None.
//!
//! # When to use / when not
//! Fourth order at the price of Euler, for smooth blocks of small slope: its real interval is 0.3. In short segments
//! most steps are those of the start.
//!
//! # Reference
//! F. Bashforth, J. C. Adams, An attempt to test the theories of capillary action, 1883;
//! E. Hairer, S. P. Nørsett, G. Wanner, Solving ordinary differential equations I, 1993,
//! section III.1.

use crate::{Multistep, SchemeFacts, Start};
use timestep_registry::{Facts, Kind};

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["adams-bashforth-4"],
        references: &["bashforth1883attempt", "hairer1993solving"],
        ..Facts::new(
            Kind::Scheme,
            "ab4",
            "Adams-Bashforth, order 4",
            include_str!("ab4.rs"),
        )
    },
    equation: "u + h/24 (55 f(u) - 59 f(u_prev) + 37 f(u_(n-2)) - 9 f(u_(n-3)))",
    order: 4,
    start_stages: 4,
    memory: 3,
    keeps_slopes: true,
    ..SchemeFacts::EXPLICIT
};

/// The method with its starting procedure.
pub const AB4: Multistep = Multistep::new(
    &FACTS,
    &[1.0],
    &[55.0 / 24.0, -59.0 / 24.0, 37.0 / 24.0, -9.0 / 24.0],
    Start::Rk4,
);
