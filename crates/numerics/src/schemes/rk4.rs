//! The classical Runge-Kutta method of order 4.
//!
//! # Equation
//! `u_{n+1} = u_n + (h/6) (s1 + 2 s2 + 2 s3 + s4)` with `s1 = f(u_n)`, `s2 = f(u_n + (h/2) s1)`,
//! `s3 = f(u_n + (h/2) s2)`, `s4 = f(u_n + h s3)`
//!
//! # As a network
//! Four passes through one block per step: the "RK4" networks, and the usual fixed-step solver of
//! neural differential equations.
//!
//! # Order and error constant
//! Order 4; the local error is `(h⁵/120) u^(5)` for linear `f`.
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
//! To follow the differential equation of a trained block closely, as a reference for the cheaper
//! schemes. For training it costs four blocks a step.
//!
//! # Reference
//! W. Kutta, Beitrag zur näherungsweisen Integration totaler Differentialgleichungen, 1901.

use crate::{RungeKutta, SchemeFacts, Tableau};
use timestep_registry::{Facts, Kind};

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["runge-kutta", "runge-kutta-4"],
        references: &["kutta1901beitrag", "zhu2018convolutional"],
        ..Facts::new(
            Kind::Scheme,
            "rk4",
            "classical Runge-Kutta, order 4",
            include_str!("rk4.rs"),
        )
    },
    equation: "u + h/6 (s1 + 2 s2 + 2 s3 + s4)",
    network: "Runge-Kutta network",
    order: 4,
    stages: 4,
    start_stages: 4,
    ..SchemeFacts::EXPLICIT
};

/// The classical Runge-Kutta method.
pub const RK4: RungeKutta<4> = RungeKutta::new(
    &FACTS,
    Tableau::new(
        4,
        [
            [0.0; 4],
            [0.5, 0.0, 0.0, 0.0],
            [0.0, 0.5, 0.0, 0.0],
            [0.0, 0.0, 1.0, 0.0],
        ],
        [1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
        [0.0, 0.5, 0.5, 1.0],
    ),
);
