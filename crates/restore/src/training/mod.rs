//! How is a restorer trained, from a recipe to a run folder?
//!
//! A recipe names the method, its size and noise level, which pictures of a folder are used, and how many iterations of L-BFGS
//! each phase has. The run folder holds the recipe, every evaluation of the loss (`metrics.csv`), the weights so far, and in
//! `state/` what continues an interrupted run: the evaluations of every phase, replayed so that the result is the same bit for bit.

mod embedded;
mod log;
mod pictures;
mod recipe;
mod run;

pub use embedded::{embedded, embedded_text};
pub use pictures::samples;
pub use recipe::{DataSection, ModelSection, RestoreRecipe, TrainSection};
pub use run::{Event, Outcome, TrainingError, train};
