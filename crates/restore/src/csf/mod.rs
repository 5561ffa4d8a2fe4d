//! # Cascade of shrinkage fields (CSF)
//!
//! ## What it is
//! Stages of half-quadratic restoration with learned filters and shrinkage functions (Schmidt and Roth, CVPR 2014). With the
//! noisy picture `y`, filters `k_i` and functions `f_i` of stage `t`,
//!
//! ```text
//! x_t = F⁻¹[ F( λ y + Σ_i k̄_i * f_i(k_i ⋆ x_{t-1}) ) / ( λ + Σ_i |F(k_i)|² ) ]        x_0 = y
//! ```
//!
//! where `F` is the discrete Fourier transform. A stage solves a quadratic problem exactly, where a step of TRD takes one
//! step of gradient descent: an implicit against an explicit method.
//!
//! ## Parameters
//! 48 filters of 7×7 of unit norm in the cosine basis without the constant; functions are sums of 53 Gaussians on -260..260,
//! width 10, that start as the identity; `λ = exp(p)`, at first 0.1. Five stages of 4,849 parameters.
//!
//! ## Border
//! Before every stage the plane is extended by at least 10 pixels, edge pixel repeated, up to a size that transforms fast;
//! the transform is periodic. The result is cropped.
//!
//! ## Training
//! Stage by stage, L-BFGS, the negative PSNR of each picture (Schmidt and Roth, section 4; joint training hardly helped them).
//!
//! ## Cost
//! A stage costs a step of TRD of the same size and two Fourier transforms.
//!
//! ## Limits
//! A pixel depends on the whole picture, so pictures are not cut into tiles.
//!
//! ## References
//! U. Schmidt, S. Roth: Shrinkage fields for effective image restoration, CVPR 2014.

mod cascade;
mod fourier;
mod frame;
mod method;
mod model;
mod objective;

pub use cascade::Cascade;
pub use method::Csf;
pub(crate) use method::FACTS;
pub use model::CsfModel;
pub(crate) use model::FORMAT;
pub use objective::CsfObjective;
