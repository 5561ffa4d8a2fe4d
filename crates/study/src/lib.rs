//! Questions about schemes, runs and trained networks, and their answers.
//!
//! An answer is a plain value ([`answer!`]) whose fields are documented, with units, where they are declared; it says
//! everything that was found out, exactly. How it is shown is not its matter: the program makes text or JSON of it, the
//! reports draw it. [`json`] is the one rule for numbers that JSON does not have.

pub mod adaptive;
pub mod answer;
pub mod baselines;
pub mod catalogue;
pub mod coded;
pub mod codes;
pub mod compare;
pub mod conditions;
pub mod convergence;
pub mod diffusion;
pub mod doctor;
pub mod dry_run;
pub mod evaluation;
pub mod files;
pub mod imported;
pub mod json;
pub mod learned;
pub mod lr_find;
pub mod map;
pub mod measure;
pub mod names;
pub mod pictures;
pub mod predict;
pub mod reproduce;
pub mod resampled;
pub mod runs;
pub mod runtime;
pub mod sample;
pub mod schemes;
pub mod scores;
pub mod spectrum;
pub mod statistics;
pub mod summary;
pub mod tables;
pub mod trace;
pub mod training;
pub mod watch;
pub mod weak_order;
pub mod weights;
