//! Which engine computes? The fused kernels on the CPU by default, or another engine of this build.

use crate::{Engine, NetError};
use std::sync::Arc;
use timestep_engine::engine;

/// The engine of a device: the value of `--device`.
///
/// # Errors
/// [`NetError::Device`] for names this build does not have.
pub fn device(name: &str) -> Result<Arc<dyn Engine>, NetError> {
    engine(name).map_err(|e| NetError::Device(e.name().to_owned()))
}
