//! How are GPUs reached? Through Burn: its tensors and its automatic differentiation, in `f32`.
//!
//! Every operation of a network is composed of operations of Burn on tensors `[batch, channels, height, width]`.
//! Burn records them; parameters and leaves are the only tensors that it tracks, so a pass whose gradients nobody wants
//! records nothing. Values of a device come back to the CPU only where the interface asks for numbers: the statistics of
//! a norm, a loss, and the gradients of all parameters, which are read in one go.
//!
//! Built with the feature `gpu` (`vulkan`, `wgpu`, `burn-cpu`), or `cuda` for that one too.

mod arrays;
mod back;
mod device;
mod images;
mod tape;
mod tokens;
mod value;

pub use device::Burn;

use crate::{Engine, EngineFacts};
use std::sync::Arc;
use timestep_registry::{Facts, Kind};

/// Opens Burn on a device.
fn open(device: &str) -> Result<Arc<dyn Engine>, String> {
    Ok(Arc::new(Burn::open(device)?))
}

/// What is known of Burn on a device.
const fn facts(
    device: &'static str,
    title: &'static str,
    when: &'static str,
    open: fn() -> Result<Arc<dyn Engine>, String>,
) -> EngineFacts {
    EngineFacts {
        named: Facts::new(Kind::Device, device, title, include_str!("mod.rs")),
        precision: "f32",
        stored: 0.0,
        evaluated: 0.0,
        when,
        open,
    }
}

#[cfg(feature = "cuda")]
pub(crate) static CUDA: EngineFacts = facts(
    "cuda",
    "Burn on the first NVIDIA GPU",
    "to train large networks on an NVIDIA GPU",
    || open("cuda"),
);

pub(crate) static VULKAN: EngineFacts = facts(
    "vulkan",
    "Burn on a GPU through Vulkan",
    "to train large networks on any GPU with a Vulkan driver",
    || open("vulkan"),
);

pub(crate) static WGPU: EngineFacts = facts(
    "wgpu",
    "Burn on a GPU through what the system offers: Vulkan, Metal, DirectX 12",
    "to train large networks on a GPU without Vulkan",
    || open("wgpu"),
);

pub(crate) static CPU: EngineFacts = facts(
    "burn-cpu",
    "Burn on the processor",
    "to test what runs on GPUs where there is none; `cpu` is faster",
    || open("burn-cpu"),
);
