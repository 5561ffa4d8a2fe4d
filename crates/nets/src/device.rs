//! Which engine computes? The fused kernels on the CPU by default, or another engine of this build whose device is there.

use crate::{Engine, NetError};
use std::sync::Arc;
use timestep_engine::{ENGINES, engine};

/// The engine of a device that is to learn something.
///
/// # Errors
/// As [`device`], and [`NetError::OnlyEvaluates`] for devices that are as `cpu` where something is learned.
pub fn learning_device(name: &str) -> Result<Arc<dyn Engine>, NetError> {
    match ENGINES.find(name) {
        Some(facts) if facts.evaluated > 0.0 => Err(NetError::OnlyEvaluates(facts.key.to_owned())),
        _ => device(name),
    }
}

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
