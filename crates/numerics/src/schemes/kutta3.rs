//! Kutta's Runge-Kutta method of order 3: Simpson's rule for the step.
//!
//! # Equation
//! `u_{n+1} = u_n + (h/6) (s1 + 4 s2 + s3)` with `s1 = f(u_n)`, `s2 = f(u_n + (h/2) s1)`,
//! `s3 = f(u_n + h (2 s2 - s1))`
//!
//! # As a network
//! Three passes through one block per step. No published architecture is exactly this.
//!
//! # Order and error constant
//! Order 3; the local error is `(h⁴/24) u^(4)` for linear `f`.
//!
//! # Stability
//! `R(z) = 1 + z + z²/2 + z³/6`: real interval `[-2.513, 0]`, imaginary interval `√3`.
//!
//! # Modified equation
//! For linear `f`: `u' + (h³/24) u^(4) - (h⁴/30) u^(5) + … = f(u)`
//!
//! # Start-up and restart
//! None needed: a one-step scheme.
//!
//! # Cost
//! Three evaluations of `f` a step, no extra memory between steps.
//!
//! # Parameters it adds
//! None; all stages use the weights of the step unless the network says otherwise.
//!
//! # When to use / when not
//! Between `heun` and `rk4` in price and accuracy; the first Runge-Kutta methods with a piece of the imaginary
//! axis are those of order 3.
//!
//! # Reference
//! W. Kutta, Beitrag zur näherungsweisen Integration totaler Differentialgleichungen, 1901.

use crate::{RungeKutta, SchemeFacts, Tableau};
use timestep_registry::{Facts, Kind};

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["runge-kutta-3"],
        references: &["kutta1901beitrag"],
        ..Facts::new(
            Kind::Scheme,
            "kutta3",
            "Kutta's method, order 3",
            include_str!("kutta3.rs"),
        )
    },
    equation: "u + h/6 (s1 + 4 s2 + s3)",
    order: 3,
    stages: 3,
    start_stages: 3,
    ..SchemeFacts::EXPLICIT
};

/// The method.
pub const KUTTA3: RungeKutta<3> = RungeKutta::new(
    &FACTS,
    Tableau::new(
        3,
        [[0.0; 3], [0.5, 0.0, 0.0], [-1.0, 2.0, 0.0]],
        [1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0],
        [0.0, 0.5, 1.0],
    ),
);
