//! Dormand and Prince's method of order 5, of the pair `dopri5`.
//!
//! # Equation
//! `u_{n+1} = u_n + h (35/384 s1 + 500/1113 s3 + 125/192 s4 - 2187/6784 s5 + 11/84 s6)` with the six slopes of Dormand and Prince's tableau
//!
//! # As a network
//! Six passes through one block per step. With control of the error it is the default solver of torchdiffeq and of the neural differential
//! equations of Chen et al. 2018, and with `network.rtol` it is here too; else its steps are fixed.
//!
//! # Order and error constant
//! Order 5; the local error is `(h⁶/3600) u^(6)` for linear `f`.
//!
//! # Stability
//! `R(z) = 1 + z + z²/2 + z³/6 + z⁴/24 + z⁵/120 + z⁶/600`: real interval `[-3.307, 0]`, imaginary interval 0.997.
//!
//! # Modified equation
//! For linear `f`: `u' - (h⁵/3600) u^(6) + … = f(u)`
//!
//! # Start-up and restart
//! None needed: a one-step scheme.
//!
//! # Cost
//! Six evaluations of `f` a step, no extra memory between steps.
//!
//! # Parameters it adds
//! None; all stages use the weights of the step unless the network says otherwise.
//!
//! # When to use / when not
//! To follow the differential equation of a trained block closely. For training it costs six blocks a step. `analyze adaptive dopri5` solves
//! equations with control of the error.
//!
//! # Reference
//! J. R. Dormand, P. J. Prince, A family of embedded Runge-Kutta formulae, J. Comput. Appl. Math. 6, 1980.

use crate::{RungeKutta, SchemeFacts, Tableau};
use timestep_registry::{Facts, Kind};

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["dormand-prince", "rk45"],
        references: &["dormand1980family"],
        ..Facts::new(
            Kind::Scheme,
            "dopri5",
            "Dormand-Prince, order 5",
            include_str!("dopri5.rs"),
        )
    },
    equation: "u + h (35/384 s1 + 500/1113 s3 + 125/192 s4 - 2187/6784 s5 + 11/84 s6)",
    network: "neural differential equation",
    order: 5,
    stages: 6,
    start_stages: 6,
    ..SchemeFacts::EXPLICIT
};

/// The method.
pub const DOPRI5: RungeKutta<6> = RungeKutta::new(
    &FACTS,
    Tableau::new(
        5,
        [
            [0.0; 6],
            [1.0 / 5.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [3.0 / 40.0, 9.0 / 40.0, 0.0, 0.0, 0.0, 0.0],
            [44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0, 0.0, 0.0, 0.0],
            [
                19372.0 / 6561.0,
                -25360.0 / 2187.0,
                64448.0 / 6561.0,
                -212.0 / 729.0,
                0.0,
                0.0,
            ],
            [
                9017.0 / 3168.0,
                -355.0 / 33.0,
                46732.0 / 5247.0,
                49.0 / 176.0,
                -5103.0 / 18656.0,
                0.0,
            ],
        ],
        [
            35.0 / 384.0,
            0.0,
            500.0 / 1113.0,
            125.0 / 192.0,
            -2187.0 / 6784.0,
            11.0 / 84.0,
        ],
        [0.0, 0.2, 0.3, 0.8, 8.0 / 9.0, 1.0],
    ),
);
