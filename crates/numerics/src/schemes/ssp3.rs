//! The strong-stability-preserving Runge-Kutta method of order 3: means of Euler steps.
//!
//! # Equation
//! `u_{n+1} = u_n + (h/6) (s1 + s2 + 4 s3)` with `s1 = f(u_n)`, `s2 = f(u_n + h s1)`,
//! `s3 = f(u_n + (h/4) (s1 + s2))`
//!
//! # As a network
//! Three passes through one block per step, each result a mean of forward Euler steps: a bound that a residual
//! network keeps, this network keeps with the same `h`.
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
//! Where Euler steps do not let a norm or a variation grow and the order should be 3. Otherwise `kutta3` does as
//! well.
//!
//! # Reference
//! C.-W. Shu, S. Osher, Efficient implementation of essentially non-oscillatory shock-capturing schemes, J. Comp.
//! Phys. 77, 1988.

use crate::{RungeKutta, SchemeFacts, Tableau};
use timestep_registry::{Facts, Kind};

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["ssprk3", "shu-osher"],
        references: &["shu1988efficient"],
        ..Facts::new(
            Kind::Scheme,
            "ssp3",
            "strong-stability-preserving Runge-Kutta, order 3",
            include_str!("ssp3.rs"),
        )
    },
    equation: "u + h/6 (s1 + s2 + 4 s3)",
    order: 3,
    stages: 3,
    start_stages: 3,
    ..SchemeFacts::EXPLICIT
};

/// The method.
pub const SSP3: RungeKutta<3> = RungeKutta::new(
    &FACTS,
    Tableau::new(
        3,
        [[0.0; 3], [1.0, 0.0, 0.0], [0.25, 0.25, 0.0]],
        [1.0 / 6.0, 1.0 / 6.0, 2.0 / 3.0],
        [0.0, 1.0, 0.5],
    ),
);
