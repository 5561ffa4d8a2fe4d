//! The engine that networks train with: `f32` on the CPU, on the kernels of this project.
//!
//! A norm and a ReLU are noted and applied by whoever reads the features next; a convolution is computed when it is
//! used, together with the scheme's step that uses it; gradients are deposited as terms of a sum and added up where
//! they are read. The tape is a list of nodes in the order of recording, walked in reverse.

mod arrays;
mod back;
mod bf16;
mod channels;
mod combine;
mod conv;
mod images;
mod int8;
mod norm;
mod packed;
mod pool;
mod record;
mod saved;
mod splice;
mod stored;
mod tape;
mod tokens;
mod value;

pub(crate) use bf16::FACTS as BF16;
pub use bf16::FusedBf16;
pub(crate) use int8::FACTS as INT8;
pub use int8::FusedInt8;
pub use record::Fused;

use crate::EngineFacts;
use std::sync::Arc;
use timestep_registry::{Facts, Kind};

pub(crate) static FACTS: EngineFacts = EngineFacts {
    named: Facts::new(
        Kind::Device,
        "cpu",
        "fused kernels on the processor",
        include_str!("mod.rs"),
    ),
    precision: "f32, statistics of norms in f64",
    stored: 0.0,
    evaluated: 0.0,
    when: "to train and to apply networks: the default",
    open: || Ok(Arc::new(Fused)),
};

/// The instruction set of the kernels that compute on the CPU here.
///
/// # Errors
/// What the environment variable `TIMESTEP_ISA` asks for, if it is none of `avx512`, `avx2`,
/// `portable` or this processor lacks it; the best set is used then.
pub fn kernels() -> Result<&'static str, String> {
    match timestep_kernels::forced() {
        Some(Err(name)) => Err(name),
        _ => Ok(timestep_kernels::Kernels::detect().isa().name()),
    }
}
