//! Fused CPU kernels for residual networks: slices in, slices out.
//!
//! Features are NHWC `f32` (channels contiguous). A batch norm and a ReLU are never written to memory:
//! a convolution applies them as it loads its input ([`View`]), gathers the statistics for the next
//! norm as it stores ([`Moments`]), and its backward pass takes the gradient back through both. Gradients that are
//! sums of several arrays are added up as they are loaded ([`Sum`]).
//!
//! Everything is written once, generic over a vector type, and compiled for AVX-512, AVX2 and plain
//! Rust; [`Kernels::detect`] picks at run time. Work is cut by shape alone and sums are merged in
//! order, so results are the same bits for any number of threads. [`mod@reference`] computes the same in
//! `f64`, slowly.

// Raw pointers and vector instructions live here; each block says why it is sound.
#![allow(unsafe_code)]
// Loops over pixels, vectors and registers index several arrays at once; iterators hide which.
#![allow(clippy::needless_range_loop)]

mod attention;
pub mod bf16;
mod buffer;
mod conv;
pub mod diffusion;
mod dot;
mod elementwise;
mod elementwise_backward;
mod fill;
mod kernels;
mod layer_norm;
pub mod layout;
mod linear;
mod loss;
mod max_pool;
mod mean_pool;
mod memory;
mod parallel;
mod peak;
mod pool;
mod prefetch;
pub mod reference;
mod scratch;
mod sgd;
mod shape;
pub mod simd;
mod sums;
mod view;
mod windows;

pub use attention::Attention;
pub use buffer::Buffer;
pub use conv::{ConvGrads, Finish, PackedConv};
pub use elementwise::Term;
pub use elementwise_backward::{TermBack, TermGrads};
pub use kernels::{ISA_VARIABLE, Kernels, WINOGRAD_VARIABLE, forced};
pub use loss::{cross_entropy, soft_cross_entropy};
pub use max_pool::{MaxPool, max_pool_backward};
pub use mean_pool::MeanPool;
pub use memory::{MEMORY_VARIABLE, bad_memory_budget, memory_budget, parse_size};
pub use sgd::SgdStep;
pub use shape::ConvShape;
pub use simd::Isa;
pub use sums::{Moments, NormSums};
pub use view::{Affine, Scaled, Sum, View};
