//! The operations that a network needs, and the tape that runs them backward.
//!
//! An [`Engine`] is a way to compute: [`Fused`] (CPU, `f32`, the kernels of this project), [`Exact`] (`f64`, plain loops: the
//! proof of the others), and behind the feature `gpu` one on Burn. Networks are written with [`ops`] on [`Features`] and
//! [`Array`]s and do not know which of them computes. [`Parameters`] and [`Gradients`] are one flat buffer each.

mod array;
#[cfg(feature = "gpu")]
mod burn;
mod coef;
mod derived;
mod engines;
mod exact;
mod facts;
mod features;
mod fused;
mod gradients;
pub mod ops;
mod parameters;
mod shapes;
mod state;
mod tape;

#[cfg(feature = "gpu")]
pub use self::burn::Burn;
pub use array::Array;
pub use coef::Coef;
pub use engines::{ENGINES, engine, engines};
pub use exact::Exact;
pub use facts::{EngineFacts, NoEngine};
pub use features::Features;
pub use fused::{Fused, FusedBf16, FusedInt8, kernels};
pub use gradients::{GradientSink, Gradients, Numbers, WideGradients};
pub use parameters::{Init, ParamId, Parameters, Role, Spec, Specs};
pub use shapes::{ConvSpec, Mixed, Sampling, Size, Targets, Window};
pub use tape::{
    Backward, End, Engine, Factor, FixedNorm, Recording, Statistics, Tape, Value, Wanted,
};
pub use timestep_kernels::{MEMORY_VARIABLE, bad_memory_budget, memory_budget, parse_size};
