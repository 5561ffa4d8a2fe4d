//! Which cases are there? Those of all files here; a new operation of the trait `Tape` needs one.

mod arrays;
pub(crate) mod chains;
mod channels;
mod combine;
mod conv;
mod images;
mod norm;
mod pairs;
mod pool;
mod tokens;

use crate::case::Case;

/// All cases.
pub(crate) fn all() -> Vec<Case> {
    let files = [
        arrays::cases(),
        chains::cases(),
        channels::cases(),
        combine::cases(),
        conv::cases(),
        images::cases(),
        norm::cases(),
        pairs::cases(),
        pool::cases(),
        tokens::cases(),
    ];
    files.into_iter().flatten().collect()
}
