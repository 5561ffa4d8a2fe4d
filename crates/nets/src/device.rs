//! Which device computes? The CPU by default; GPUs where the build has them.

use crate::NetError;
use burn::tensor::Device;

/// A device by name: `cpu`, and in builds with the feature also `vulkan`, `wgpu` or `cuda`.
///
/// # Errors
/// [`NetError::Device`] for names this build does not have.
pub fn device(name: &str) -> Result<Device, NetError> {
    match name {
        "cpu" => Ok(Device::flex()),
        #[cfg(feature = "vulkan")]
        "vulkan" => Ok(Device::vulkan(Default::default())),
        #[cfg(feature = "wgpu")]
        "wgpu" => Ok(Device::wgpu(Default::default())),
        #[cfg(feature = "cuda")]
        "cuda" => Ok(Device::cuda(0)),
        other => Err(NetError::Device(other.to_string())),
    }
}
