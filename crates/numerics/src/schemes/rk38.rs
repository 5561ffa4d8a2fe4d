//! Kutta's 3/8 rule: the other Runge-Kutta method of order 4.
//!
//! # Equation
//! `u_{n+1} = u_n + (h/8) (s1 + 3 s2 + 3 s3 + s4)` with `s1 = f(u_n)`, `s2 = f(u_n + (h/3) s1)`,
//! `s3 = f(u_n + h (s2 - s1/3))`, `s4 = f(u_n + h (s1 - s2 + s3))`
//!
//! # As a network
//! Four passes through one block per step: the fixed-step `rk4` of torchdiffeq, the usual library of neural
//! differential equations, is this method.
//!
//! # Order and error constant
//! Order 4; the local error is `(h⁵/120) u^(5)` for linear `f`, for others mostly smaller than that of `rk4`.
//!
//! # Stability
//! `R(z) = 1 + z + z²/2 + z³/6 + z⁴/24`: real interval `[-2.785, 0]`, imaginary interval `2√2`.
//!
//! # Modified equation
//! For linear `f`: `u' + (h⁴/120) u^(5) - (h⁵/144) u^(6) + … = f(u)`
//!
//! # Start-up and restart
//! None needed: a one-step scheme.
//!
//! # Cost
//! Four evaluations of `f` a step, no extra memory between steps.
//!
//! # Parameters it adds
//! None; all stages use the weights of the step unless the network says otherwise.
//!
//! # When to use / when not
//! In place of `rk4` where its smaller error counts, or to compare with torchdiffeq.
//!
//! # Reference
//! W. Kutta, Beitrag zur näherungsweisen Integration totaler Differentialgleichungen, 1901.

use crate::{RungeKutta, SchemeFacts, Tableau};
use timestep_registry::{Facts, Kind};

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["three-eighths"],
        references: &["kutta1901beitrag"],
        ..Facts::new(
            Kind::Scheme,
            "rk38",
            "Kutta's 3/8 rule, order 4",
            include_str!("rk38.rs"),
        )
    },
    equation: "u + h/8 (s1 + 3 s2 + 3 s3 + s4)",
    order: 4,
    stages: 4,
    start_stages: 4,
    ..SchemeFacts::EXPLICIT
};

/// The method.
pub const RK38: RungeKutta<4> = RungeKutta::new(
    &FACTS,
    Tableau::new(
        4,
        [
            [0.0; 4],
            [1.0 / 3.0, 0.0, 0.0, 0.0],
            [-1.0 / 3.0, 1.0, 0.0, 0.0],
            [1.0, -1.0, 1.0, 0.0],
        ],
        [0.125, 0.375, 0.375, 0.125],
        [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0],
    ),
);
