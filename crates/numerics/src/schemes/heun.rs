//! Heun's method (strong-stability-preserving Runge-Kutta of order 2): the mean join.
//!
//! # Equation
//! `u_{n+1} = u_n + (h/2) (f(u_n) + f(u_n + h f(u_n)))`
//!
//! # As a network
//! A FractalNet join: the mean of the identity and of two Euler steps,
//! `½ u + ½ (Φ∘Φ)(u)` with `Φ(u) = u + h f(u)`, is exactly this step.
//!
//! # Order and error constant
//! Order 2; the local error is `(h³/6) u'''` for linear `f`.
//!
//! # Stability
//! `R(z) = 1 + z + z²/2`: real interval `[-2, 0]`, no imaginary interval. As a mean of Euler steps
//! it keeps every convex bound that Euler keeps (maximum principle, total variation).
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
//! The second-order method of choice for diffusion-like blocks (denoising). As with all of its
//! kind, it costs two blocks a step.
//!
//! # Reference
//! K. Heun, Neue Methoden zur approximativen Integration der Differentialgleichungen einer
//! unabhängigen Veränderlichen, 1900; S. Gottlieb, C.-W. Shu, E. Tadmor, Strong
//! stability-preserving high-order time discretization methods, SIAM Review 43, 2001.

use crate::{RungeKutta, SchemeFacts, Tableau};
use timestep_registry::{Facts, Kind};

static FACTS: SchemeFacts = SchemeFacts {
    named: Facts {
        aliases: &["ssprk2", "ssp-rk2", "heun-euler"],
        references: &["heun1900neue", "gottlieb2001strong"],
        ..Facts::new(
            Kind::Scheme,
            "heun",
            "Heun's method (SSP-RK2), order 2",
            include_str!("heun.rs"),
        )
    },
    equation: "u + h/2 (f(u) + f(u + h f(u)))",
    network: "Runge-Kutta network",
    order: 2,
    stages: 2,
    start_stages: 2,
    ..SchemeFacts::EXPLICIT
};

/// Heun's method.
pub const HEUN: RungeKutta<2> = RungeKutta::new(
    &FACTS,
    Tableau::new(2, [[0.0, 0.0], [1.0, 0.0]], [0.5, 0.5], [0.0, 1.0]),
);
