//! To which part of a network does a parameter belong? To the stem, a segment or the head.
//!
//! Parts are what can be frozen or made anew when a network is trained further. A segment is `layer1`,
//! `layer2` and so on, by its number, whatever its weights are called in files, and has the transition
//! that enters it.

use std::ops::Range;

/// A part of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// `stem`, `layer1` and so on, `head`.
    pub name: String,
    /// Its parameters, by position in the table; a stem may have none.
    pub parameters: Range<usize>,
}

/// The parts of a network of `total` parameters, of which all but the head end at `ends`.
pub(crate) fn named(ends: &[usize], total: usize) -> Vec<Part> {
    let mut parts = Vec::with_capacity(ends.len() + 1);
    let mut start = 0;
    for (number, end) in ends.iter().copied().chain([total]).enumerate() {
        let name = match number {
            0 => "stem".to_owned(),
            _ if number == ends.len() => "head".to_owned(),
            _ => format!("layer{number}"),
        };
        parts.push(Part {
            name,
            parameters: start..end,
        });
        start = end;
    }
    parts
}
