//! Are the networks what their papers say, and their parts consistent?
//!
//! One program: each would be linked anew with all libraries.

mod common;

mod controlled;
mod devices;
mod every_noise;
mod every_pair;
mod fused;
mod golden;
mod golden_networks;
mod jacobian;
mod memory;
mod micro_batches;
mod noise;
mod parts;
mod presets;
mod randomness;
mod reversal;
mod visit;
