//! How is a noisy picture cleaned? By a learned diffusion (TRD), or by one of the methods it is compared with.
//!
//! Every method works on [`Plane`]s: one channel each, `f32`, in units of 0..255, not clipped. A
//! [`Method`] gets all channels of a picture and the noise level of each.

mod error;
mod method;
pub mod methods;
pub mod metrics;
mod plane;
pub mod wnnm;

pub use error::RestoreError;
pub use method::{Method, MethodFacts, Tiling, check};
pub use plane::Plane;
