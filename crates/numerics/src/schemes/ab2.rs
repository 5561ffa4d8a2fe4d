//! Adams-Bashforth of order 2: the multistep method that reuses slopes.
//!
//! # Equation
//! `u_{n+1} = u_n + h (3/2 f(u_n) - 1/2 f(u_{n-1}))`
//!
//! # As a network
//! A residual network whose step also sees the output of the previous block, with fixed weights
//! 3/2 and -1/2. No published architecture is exactly this.
//!
//! # Order and error constant
//! Order 2; the local error is `(5/12) h³ u'''`.
//!
//! # Stability
//! Zero-stable, with parasitic root 0. Real interval `[-1, 0]`, no imaginary interval.
//!
//! # Modified equation
//! `u' + (5/12) h² u''' + … = f(u)`
//!
//! # Start-up and restart
//! The first step after a restart is forward Euler, whose slope is kept; the scheme stays of
//! order 2.
//!
//! # Cost
//! One evaluation of `f` a step; one earlier state and its slope are kept.
//!
//! # Parameters it adds
//! None.
//!
//! # When to use / when not
//! Second order at the price of Euler. Not for stiff blocks: its real interval is half of Euler's.
//! Slopes are those computed under the weights of their own step.
//!
//! # Reference
//! F. Bashforth, J. C. Adams, An attempt to test the theories of capillary action, 1883;
//! E. Hairer, S. P. Nørsett, G. Wanner, Solving ordinary differential equations I, 1993,
//! section III.1.

use crate::{Multistep, SchemeFacts, Start};
use timestep_registry::{Facts, Kind};

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["adams-bashforth", "adams-bashforth-2"],
        references: &["bashforth1883attempt", "hairer1993solving"],
        ..Facts::new(
            Kind::Scheme,
            "ab2",
            "Adams-Bashforth, order 2",
            include_str!("ab2.rs"),
        )
    },
    equation: "u + h (3/2 f(u) - 1/2 f(u_prev))",
    order: 2,
    memory: 1,
    keeps_slopes: true,
    ..SchemeFacts::EXPLICIT
};

/// `u + h (3/2 f(u) - 1/2 f(u_prev))`, with the old slope taken from memory.
pub const AB2: Multistep = Multistep::new(&FACTS, &[1.0], &[1.5, -0.5], Start::Euler);
