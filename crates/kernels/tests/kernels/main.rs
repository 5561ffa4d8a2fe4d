//! Do the kernels compute what plain loops compute, on every set of instructions?
//!
//! One program: each would be linked anew with all libraries.

mod common;

mod arguments;
mod batch_norm;
mod convolution;
mod determinism;
mod diffusion;
mod elementwise;
mod int8;
mod mean_pool;
mod not_a_number;
mod packed;
mod properties;
mod reference;
mod tokens;
