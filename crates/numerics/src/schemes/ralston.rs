//! Ralston's method: the Runge-Kutta method of order 2 with the smallest error bound.
//!
//! # Equation
//! `u_{n+1} = u_n + (h/4) f(u_n) + (3h/4) f(u_n + (2h/3) f(u_n))`
//!
//! # As a network
//! The reading of a two-column fractal block with `a = 2/3`: weights `k1 = 5/8`, `k2 = 3/8`.
//!
//! # Order and error constant
//! Order 2; among two-stage methods it has the smallest bound on the truncation error. For linear
//! `f` all of them have the local error `(h³/6) u'''`.
//!
//! # Stability
//! `R(z) = 1 + z + z²/2`: real interval `[-2, 0]`, no imaginary interval.
//!
//! # Modified equation
//! For linear `f`: `u' + (h²/6) u''' - (h³/8) u^(4) + … = f(u)`
//!
//! # Start-up and restart
//! None needed: a one-step scheme.
//!
//! # Cost
//! Two evaluations of `f` a step, no extra memory between steps.
//!
//! # Parameters it adds
//! None; both stages use the weights of the step unless the network says otherwise.
//!
//! # When to use / when not
//! Where `midpoint` or `heun` would be used and accuracy for non-linear `f` is the point.
//!
//! # Reference
//! A. Ralston, Runge-Kutta methods with minimum error bounds, Math. Comp. 16, 1962.

use crate::{RungeKutta, SchemeFacts, Tableau};
use timestep_registry::{Facts, Kind};

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["rk2-ralston"],
        references: &["ralston1962runge"],
        ..Facts::new(
            Kind::Scheme,
            "ralston",
            "Ralston's Runge-Kutta method, order 2",
            include_str!("ralston.rs"),
        )
    },
    equation: "u + h/4 f(u) + 3h/4 f(u + 2h/3 f(u))",
    network: "Runge-Kutta network",
    order: 2,
    stages: 2,
    start_stages: 2,
    ..SchemeFacts::EXPLICIT
};

/// Ralston's method.
pub const RALSTON: RungeKutta<2> = RungeKutta::new(
    &FACTS,
    Tableau::new(
        2,
        [[0.0, 0.0], [2.0 / 3.0, 0.0]],
        [0.25, 0.75],
        [0.0, 2.0 / 3.0],
    ),
);
