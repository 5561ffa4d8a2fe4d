//! # Trained reaction-diffusion (TRD)
//!
//! ## What it is
//! A network that is a discretised equation of reaction and diffusion (Chen, Yu and Pock, CVPR 2015): `u_t = f_t(u)` with
//!
//! ```text
//! f_t(u) = - Σ_i k̄_i * φ_i(k_i ⋆ u) - λ (u - u_0)
//! ```
//!
//! The filters `k_i`, the influence functions `φ_i` and `λ` are learned, each step has its own. Plain Perona-Malik diffusion has
//! two derivatives for filters and a fixed `φ`.
//!
//! ## As a scheme
//! The block is `reaction-diffusion`; stepped by `euler` it is the published model, by `lm` (a linear multistep method with
//! learned `k_n`) it is LM-TRD: `u_{n+1} = (1-k_n) u_n + k_n u_{n-1} + f_n(u_n)`. Schemes are those of networks.
//!
//! ## Parameters
//! Filters are combinations of the two-dimensional cosine basis without the constant, of unit norm: `k = B c / |c|`, 24 of 5×5 or
//! 48 of 7×7. Functions are sums of 63 Gaussians `exp(-(z-μ_j)²/(2·10²))`, `μ_j` from -310 to 310 in steps of 10, computed as
//! piecewise cubics. `λ = exp(p)`. Five steps have 10,445 (5×5) or 26,645 (7×7) parameters.
//!
//! ## Border
//! At every step the plane is reflected beyond its border, edge pixel repeated, by twice the reach of a filter.
//!
//! ## Between trained noise levels
//! A model is trained for one noise level; for another one the nearest model is used and the picture scaled so that its noise
//! has the model's level.
//!
//! ## Cost
//! 6,000 multiply-adds a pixel (5×5, five steps), 23,520 (7×7).
//!
//! ## References
//! Y. Chen, W. Yu, T. Pock: On learning optimized reaction diffusion processes for effective image restoration, CVPR 2015;
//! Y. Chen, T. Pock: Trainable nonlinear reaction diffusion, TPAMI 2017.

mod file;
mod flow;
mod method;
mod model;
mod objective;
mod tape;

pub(crate) use file::FORMAT;
pub use flow::Flow;
pub(crate) use method::FACTS;
pub use method::Trd;
pub use model::Model;
pub use objective::Objective;
