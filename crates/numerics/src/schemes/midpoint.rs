//! The midpoint rule: a Runge-Kutta method of order 2.
//!
//! # Equation
//! `u_{n+1} = u_n + h f(u_n + (h/2) f(u_n))`
//!
//! # As a network
//! A step with two passes through one block; the reading of a two-column fractal block with
//! `k1 = 1`, `k2 = 0`. Used in Runge-Kutta networks.
//!
//! # Order and error constant
//! Order 2; the local error is `(h³/6) u'''` for linear `f`.
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
//! For a smooth block that is to be followed accurately at fixed depth. A trained network rarely
//! needs the accuracy and pays twice the time.
//!
//! # Reference
//! C. Runge, Über die numerische Auflösung von Differentialgleichungen, Math. Ann. 46, 1895;
//! M. Zhu, B. Chang, C. Fu, Convolutional neural networks combined with Runge-Kutta methods, 2018.

use crate::{RungeKutta, SchemeFacts, Tableau};
use timestep_registry::{Facts, Kind};

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["rk2-midpoint"],
        references: &["runge1895numerische", "zhu2018convolutional"],
        ..Facts::new(
            Kind::Scheme,
            "midpoint",
            "Runge-Kutta midpoint rule, order 2",
            include_str!("midpoint.rs"),
        )
    },
    equation: "u + h f(u + h/2 f(u))",
    network: "Runge-Kutta network",
    order: 2,
    stages: 2,
    start_stages: 2,
    ..SchemeFacts::EXPLICIT
};

/// The midpoint rule.
pub const MIDPOINT: RungeKutta<2> = RungeKutta::new(
    &FACTS,
    Tableau::new(2, [[0.0, 0.0], [0.5, 0.0]], [0.0, 1.0], [0.0, 0.5]),
);
