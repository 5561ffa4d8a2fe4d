//! Deep networks as time-stepping schemes: block × scheme on image features, on any engine.
//!
//! A [`Network`] is an immutable architecture built from a [`NetworkConfig`]; its numbers are a
//! [`Parameters`] table; one evaluation is a [`Pass`]. Blocks are right-hand sides `f`, schemes
//! come from `timestep-numerics` and step [`Features`] with the same lines that are analysed there.

mod block;
mod block_kind;
pub mod blocks;
mod bodies;
mod branches;
mod carry;
mod check;
mod config;
mod device;
mod drop_path;
mod effort;
mod ends;
mod equation;
mod error;
pub mod foreign;
mod inception;
mod init;
mod jacobian;
mod layers;
mod lipschitz;
mod network;
mod noise;
mod operator_norm;
mod parts;
mod pass;
mod positions;
mod presets;
pub mod resample;
mod reversal;
mod segment;
mod spectrum;
mod steps;
mod trace;
mod transition;
mod visit;
mod weights;

pub use block::{Block, BlockFacts, BlockShape, Make, MakeBlock, StrideAt, WrapBlock};
pub use block_kind::BlockKind;
pub use blocks::{BLOCK_HEADINGS, BLOCKS, block, blocks};
pub use bodies::{BODIES, BODY_HEADINGS, BodyFacts, body};
pub use config::{
    Activations, Between, BlockConfig, BodyConfig, ControlConfig, Granularity, History, InputShape,
    NetworkConfig, SchemeConfig, Shortcut, StemConfig, StemKind, Transition,
};
pub use device::{device, learning_device};
pub use effort::Effort;
pub use equation::{SegmentEquation, all_coefficients, coefficients, equations, equations_of};
pub use error::NetError;
pub use jacobian::Measured;
pub use layers::{Builder, Conv, Cost, Linear, Norm};
pub use lipschitz::{Chain, Link, NormLink, Unbounded, chain_blocks};
pub use network::{Network, NonFinite};
pub use operator_norm::{Frequency, convolution_norm, convolution_norm_near};
pub use parts::Part;
pub use pass::{Draws, Measured as Statistics, Mode, Pass, Probe};
pub use positions::position_waves;
pub use presets::{Counts, Home, Preset, Published, preset, presets};
pub use segment::{Segment, SegmentSummary};
pub use spectrum::{Eigenvalue, MARGIN, StepSpectrum, Verdict};
pub use timestep_engine::{
    Array, Coef, ConvSpec, Engine, Features, Gradients, Init, Mixed, ParamId, Parameters, Role,
    Sampling, Size, Spec, Specs, Targets, Window, ops,
};
pub use trace::{SegmentTrace, TraceRow, Tracer};
pub use transition::{Arrival, Entrance, Reduction};
pub use visit::{StepAt, Visit};
pub use weights::{
    Metadata, WeightsFile, read_safetensors, to_half_safetensors, to_safetensors, write_arrays,
};
