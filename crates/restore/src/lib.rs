//! How is a noisy picture cleaned? By a learned diffusion (TRD), or by one of the methods it is compared with.
//!
//! Every method works on [`Plane`](timestep_picture::Plane)s: one channel each, `f32`, in units of 0..255, not clipped. A
//! [`Method`] gets all channels of a picture and the noise level of each.

pub mod batch;
mod error;
pub mod job;
pub mod learned;
mod method;
pub mod methods;
mod opponent;
pub mod photo;
#[cfg(test)]
mod sample_method;

timestep_registry::registry! {
    /// All methods, in the order of lists.
    pub static METHODS: [MethodFacts] = FACTS;

    pub mod trd;
    pub mod blind;
    pub mod bm3d;
    pub mod csf;
    pub mod wnnm;
    pub mod dncnn;
}

pub use bm3d::Bm3d;
pub use dncnn::Dncnn;
pub use error::RestoreError;
pub use method::{Method, MethodFacts, check};
