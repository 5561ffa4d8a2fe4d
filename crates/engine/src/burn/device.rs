//! Which devices can Burn compute on, and is this one there?

use super::tape::Pass;
use crate::{Engine, Parameters, Recording, Tape};
use burn::tensor::Device;
use burn::tensor::wgpu::WgpuBackend;
use std::rc::Rc;
use std::sync::OnceLock;

/// Burn on one device, in `f32`.
///
/// A device is opened once a process, and every engine of its name shares it.
#[derive(Clone)]
pub struct Burn {
    name: &'static str,
    device: Device,
}

impl std::fmt::Debug for Burn {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Burn on {}", self.name)
    }
}

impl Burn {
    /// The engine on a device:
    ///
    /// | name | device |
    /// |---|---|
    /// | `vulkan` | a GPU through Vulkan, with kernels in SPIR-V where the driver takes them |
    /// | `wgpu` | a GPU through whatever this system offers: Vulkan, Metal, DirectX 12 |
    /// | `cuda` | the first NVIDIA GPU, in builds with the feature `cuda` |
    /// | `burn-cpu` | the CPU, through Burn: for tests of this engine |
    ///
    /// Of several GPUs, `vulkan` and `wgpu` take a fast one. `CUBECL_WGPU_DEFAULT_DEVICE=DiscreteGpu(1)` in the
    /// environment names another, `…=Cpu` a driver that computes in software.
    ///
    /// # Errors
    /// Why there is no such device.
    pub fn open(name: &str) -> Result<Self, String> {
        static VULKAN: OnceLock<Result<Device, String>> = OnceLock::new();
        static WGPU: OnceLock<Result<Device, String>> = OnceLock::new();
        let (name, device) = match name {
            #[cfg(feature = "cuda")]
            "cuda" => ("cuda", cuda()?),
            "vulkan" => {
                let opened = VULKAN.get_or_init(|| wgpu(WgpuBackend::Vulkan));
                ("vulkan", opened.clone()?)
            }
            "wgpu" => {
                let opened = WGPU.get_or_init(|| wgpu(WgpuBackend::Auto));
                ("wgpu", opened.clone()?)
            }
            "burn-cpu" => ("burn-cpu", Device::flex()),
            other => return Err(format!("no device of Burn is called `{other}`")),
        };
        Ok(Self { name, device })
    }
}

/// A device that wgpu drives. It can be initialised once: later ones share it.
fn wgpu(api: WgpuBackend) -> Result<Device, String> {
    let options = Device::wgpu_options().graphics_api(api);
    options.init().map_err(|error| error.to_string())
}

/// The first NVIDIA GPU. Asking for the list does not fail where there is no driver; opening a device would.
#[cfg(feature = "cuda")]
fn cuda() -> Result<Device, String> {
    use burn::tensor::DeviceType;
    let mut found = Device::enumerate(DeviceType::Cuda).into_iter();
    found
        .next()
        .ok_or_else(|| "no NVIDIA driver, or it knows no GPU".to_owned())
}

impl Engine for Burn {
    fn name(&self) -> &'static str {
        self.name
    }

    fn open(&self, parameters: &Parameters, recording: &Recording) -> Rc<dyn Tape> {
        Rc::new(Pass::new(&self.device, parameters, recording))
    }
}
