//! How is an answer told to a person? One file for each room of `timestep-study`, and [`Page`], which knows how wide a line
//! may be.

mod analyses;
mod compare;
mod convergence;
mod curve;
mod diffusion;
mod dry_run;
mod evaluated;
pub mod events;
mod files;
mod import;
mod learned;
mod machine;
mod names;
pub mod page;
pub mod pictures;
mod spectrum;
mod summary;
mod tables;
mod trace;
pub mod training;
mod watch;
mod weak_order;

pub use analyses::{intervals, with_k};
pub use learned::{Place, at, equations, learns, places};
pub use machine::rate;
pub use names::cell;

use page::Page;
use serde::Serialize;

/// What was found out, in a form for people. As JSON it is one object, or a list of objects of which each gets a line.
pub trait Answer: Serialize {
    /// What a person reads: rounded, with words where the numbers need some.
    fn text(&self, page: &mut Page);
}

/// The text of an answer, in lines of at most `width` characters.
#[must_use]
pub fn text(answer: &impl Answer, width: usize) -> String {
    let mut page = Page::new(width);
    answer.text(&mut page);
    page.into_text()
}
