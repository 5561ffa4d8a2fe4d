//! # Denoising convolutional network (DnCNN)
//!
//! ## What it is
//! Seventeen convolutions that estimate the noise, which is subtracted (Zhang, Zuo, Chen, Meng and Zhang 2017): the deep network
//! that learned diffusion is compared with. It has 3×3 filters, 64 channels, a batch norm and a ReLU after every inner convolution,
//! and was trained for all levels of white noise from 0 to 55 at once.
//!
//! ## As a scheme
//! None: its layers have weights of their own and no step between them that could be made smaller. The whole is one step
//! `u - f(u)`. Twenty times the multiplications of `trd` (7×7) are what the comparison is about.
//!
//! ## Parameters
//! 556,033 of convolutions and biases; norms are folded into the convolutions when training is over. On disk they are in half precision.
//!
//! ## Border
//! Zeros around every layer, as published.
//!
//! ## Noise levels
//! The network is not told the level. What is known of it is used twice: above 55 the picture is scaled down to noise of that level, and where
//! the estimated noise is stronger than the known one, less of it is subtracted. A colour picture is cleaned channel by channel.
//!
//! ## Training
//! `cargo run --release --example train_dncnn`: Adam on patches of the 400 crops of BSDS500 that all denoisers here are trained on, with
//! this project's engine. The bundled network is **far from trained**: it saw 24,000 patches in twenty minutes of CPU time, where the published one
//! saw millions, and is more than a decibel behind both that one and `trd` (`results/details/denoising.md`). The example goes on from where it stopped.
//!
//! ## Cost
//! 554,112 multiply-adds a pixel; 3×3 convolutions are computed by Winograd's method.
//!
//! ## References
//! K. Zhang, W. Zuo, Y. Chen, D. Meng, L. Zhang: Beyond a Gaussian denoiser: residual learning of deep CNN for image denoising, IEEE
//! Transactions on Image Processing 26(7), 2017.
//!
//! # References
//! As above.

mod method;
mod model;
mod network;
#[cfg(test)]
mod tests;

pub use method::Dncnn;
pub(crate) use method::FACTS;
pub(crate) use model::FORMAT;
pub use model::Model;
pub use network::{Measured, Network};
