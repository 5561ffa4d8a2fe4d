//! Which engine computes? The fused kernels on the CPU by default, or another engine of this build whose device is there.

use crate::{Engine, NetError};
use std::sync::Arc;
use timestep_engine::engine;

/// The engine of a device: the value of `--device`.
///
/// # Errors
/// [`NetError::Device`] for names this build does not have, [`NetError::NoDevice`] for devices that are not there.
pub fn device(name: &str) -> Result<Arc<dyn Engine>, NetError> {
    engine(name).map_err(|error| match error.reason() {
        None => NetError::Device(error.name().to_owned()),
        Some(_) => NetError::NoDevice(error),
    })
}
