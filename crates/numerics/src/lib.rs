//! Time-stepping schemes that know their own theory.
//!
//! A scheme is written once, generic over its [`State`]; the same lines then run on numbers
//! (order of convergence), complex numbers (stability), truncated power series (modified
//! equation) and, in `timestep-nets`, image tensors (the network).
//!
//! | key | step | published network |
//! |---|---|---|
//! | [`euler`](schemes::euler) | `u + h f(u)` | ResNet |
//! | [`lm`](schemes::lm) | `(1-k) u + k u_prev + h f(u)`, learned `k` | LM-ResNet |
//! | [`momentum`](schemes::momentum) | `(1-k) u + k u_prev + (1+k) h f(u)`, learned `k` | Momentum ResNet |
//! | [`leapfrog`](schemes::leapfrog) | `u_prev + 2h f(u)` | leapfrog network |
//! | [`ab2`](schemes::ab2), [`ab3`](schemes::ab3), [`ab4`](schemes::ab4) | `u + h Σ b_j f(u_(n-j))` | |
//! | [`midpoint`](schemes::midpoint), [`heun`](schemes::heun), [`ralston`](schemes::ralston), [`kutta3`](schemes::kutta3), [`ssp3`](schemes::ssp3), [`rk4`](schemes::rk4), [`rk38`](schemes::rk38) | Runge-Kutta by a checked tableau | Runge-Kutta networks |
//! | [`poly2`, `poly3`](schemes::poly) | `u + F(u) + F(F(u)) (+ F(F(F(u))))` | PolyNet |
//! | [`mpoly2`](schemes::mpoly2), [`two-way`](schemes::two_way) | `u + F0(u) + F1(F0(u))`, `u + F0(u) + F1(u)` | PolyNet |
//! | [`fractal2`, `fractal3`, `fractal4`](schemes::fractal) | mean of two half steps and one step, nested | FractalNet |
//! | [`backward-euler`](schemes::backward_euler), [`implicit-midpoint`](schemes::implicit_midpoint), [`trapezoidal`](schemes::trapezoidal), [`bdf2`](schemes::bdf2) | the slope at the end, in the middle, at both ends of the step: implicit | implicit residual networks |
//! | [`reversible`](schemes::reversible) | `y1 = x1 + h f0(x2)`, `y2 = x2 + h f1(y1)` | RevNet |
//!
//! A scheme need not be part of the program: wherever the name of one is asked for, the text of a
//! [`Definition`] will do.
//!
//! ```
//! use timestep_numerics::{Memory, StageId, StepCtx, StepError, scheme};
//!
//! // Two steps of the LM scheme with k = -0.5 on u' = -u.
//! let lm = scheme::<f64>("lm").unwrap();
//! let mut decay = |_: StageId, u: &f64| Ok::<_, StepError>(-u);
//! let (mut u, mut memory) = (1.0, Memory::new());
//! for step in 0..2 {
//!     let ctx = StepCtx::new(step, 0.1).with_coefs(vec![-0.5]);
//!     u = lm.step(&mut decay, &u, &mut memory, &ctx).unwrap();
//! }
//! // 1 -> 0.9 (Euler start) -> 1.5 * 0.9 - 0.5 * 1 - 0.1 * 0.9
//! assert!((u - 0.76).abs() < 1e-15);
//! ```

pub mod adaptive;
pub mod analysis;
mod definition;
pub mod implicit;
pub mod linear_algebra;
mod multistep;
pub mod noise;
pub mod problems;
pub mod random;
mod scheme;
pub mod schemes;
mod series;
mod state;
mod tableau;

pub use definition::{Definition, DefinitionError};
pub use multistep::{Multistep, Start};
pub use noise::{NoiseSettings, Per};
/// Complex numbers, as the analyses take and return them.
pub use num_complex::Complex64;
pub use scheme::{
    CoefficientFacts, Memory, Past, Reversible, Rhs, Scheme, SchemeFacts, Sharing, StageId,
    StepCtx, StepError, Substep,
};
pub use schemes::fractal::PlainFractal;
pub use schemes::{HEADINGS, UnknownScheme, facts, scheme, schemes};
pub use series::Series;
pub use state::{Coefficient, State};
pub use tableau::{Butcher, RungeKutta, Tableau};
