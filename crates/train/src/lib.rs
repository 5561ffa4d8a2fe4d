//! Training: recipes, the loop, the optimiser, checkpoints, events and their logs.
//!
//! [`recipe::Layers`] resolves settings, [`tasks::Job`] turns them into data and model ([`Setup`] for a
//! classifier, [`RestoreSetup`] for a restorer), [`trainer::train`] runs them into a folder, [`Trained`]
//! reads a classifier back.

pub mod checkpoint;
pub mod clip;
pub mod cluster;
mod depth;
pub mod ema;
mod error;
pub mod evaluate;
pub mod event;
mod freeze;
mod lipschitz;
mod network;
pub mod optimisers;
pub mod plain;
pub mod range;
pub mod recipe;
pub mod run;
pub mod schedules;
mod setup;
pub mod sinks;
mod start;
pub mod statistics;
mod step;
pub mod tasks;
mod trained;
pub mod trainer;

pub use depth::DepthPenalty;
pub use error::TrainError;
pub use freeze::groups;
pub use lipschitz::{LimitState, LipschitzLimit};
pub use network::network_config;
pub use setup::Setup;
pub use start::Start;
pub use step::{Examples, Learner, StepResult};
pub use tasks::{Job, RestoreSetup};
pub use timestep_files as files;

pub use trained::{Card, Trained, check_finite};

/// Reads a file whose contents are held once more in another form: of at most half of the memory there is.
///
/// # Errors
/// As [`files::read_bytes`].
pub fn read_bytes(path: &std::path::Path) -> Result<Vec<u8>, files::FileError> {
    files::read_bytes(path, timestep_kernels::memory_budget() / 2)
}
