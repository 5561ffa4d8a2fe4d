//! Which engine computes? The fused kernels on the CPU by default; GPUs where the build has them.

use crate::{Engine, NetError};
use std::sync::Arc;
use timestep_engine::Fused;

/// The engine of a device: the value of `--device`.
///
/// # Errors
/// [`NetError::Device`] for names this build does not have.
pub fn device(name: &str) -> Result<Arc<dyn Engine>, NetError> {
    match name {
        "cpu" => Ok(Arc::new(Fused)),
        other => Err(NetError::Device(other.to_string())),
    }
}
