//! Bogacki and Shampine's method of order 3, of the pair `bosh3`.
//!
//! # Equation
//! `u_{n+1} = u_n + (h/9) (2 s1 + 3 s2 + 4 s3)` with `s1 = f(u_n)`, `s2 = f(u_n + (h/2) s1)`,
//! `s3 = f(u_n + (3h/4) s2)`
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
//! With fixed steps as good as `kutta3`. With control of the error (`analyze adaptive bosh3`) the slope at the new state serves the next
//! step, so that the estimate costs nothing.
//!
//! # Reference
//! P. Bogacki, L. F. Shampine, A 3(2) pair of Runge-Kutta formulas, Appl. Math. Lett. 2, 1989.

use crate::{RungeKutta, SchemeFacts, Tableau};
use timestep_registry::{Facts, Kind};

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["bogacki-shampine", "rk23"],
        references: &["bogacki1989pair"],
        ..Facts::new(
            Kind::Scheme,
            "bosh3",
            "Bogacki-Shampine, order 3",
            include_str!("bosh3.rs"),
        )
    },
    equation: "u + h/9 (2 s1 + 3 s2 + 4 s3)",
    order: 3,
    stages: 3,
    start_stages: 3,
    ..SchemeFacts::EXPLICIT
};

/// The method.
pub const BOSH3: RungeKutta<3> = RungeKutta::new(
    &FACTS,
    Tableau::new(
        3,
        [[0.0; 3], [0.5, 0.0, 0.0], [0.0, 0.75, 0.0]],
        [2.0 / 9.0, 1.0 / 3.0, 4.0 / 9.0],
        [0.0, 0.5, 0.75],
    ),
);
