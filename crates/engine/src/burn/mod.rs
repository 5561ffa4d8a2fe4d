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
mod value;

pub use device::Burn;
