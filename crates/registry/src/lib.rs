//! What has everything that can be named in common? Facts, a page, settings, references.
//!
//! A scheme, a block, a noise, an optimiser, a data set: each is one file that holds its [`Facts`], and
//! one line in the [`registry!`] of its folder. The typed facts of a kind (the order of a scheme, the
//! memory of an optimiser) hold these as a part and give them on, so a loop over all kinds needs
//! no more than this crate: lists, look-ups, near names, pages, citations, the reference.
//!
//! Nothing here knows what is registered.

mod bibliography;
mod facts;
mod files;
mod macros;
mod near;
mod registry;
mod settings;

pub use bibliography::bibtex;
pub use facts::{Facts, Kind};
pub use files::{first_line, unregistered};
pub use near::{did_you_mean, near, quoted};
pub use registry::{NameTaken, Registry};
pub use settings::{Range, Setting, Value, Values};
