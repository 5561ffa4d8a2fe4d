//! How is one step spread over threads? In pieces of fixed size, each of which moves by itself.

use super::Group;
use rayon::prelude::*;
use std::ops::Range;

/// Numbers in a piece, at most. Fixed, so that no sum over pieces depends on the number of threads;
/// small enough that a piece and its state (256 KiB with two moments) stay in the cache of a core.
pub(crate) const CHUNK: usize = 16 * 1024;

/// A part of a group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Piece {
    pub(crate) range: Range<usize>,
    pub(crate) decay: f64,
}

/// The groups that move, cut into pieces of at most [`CHUNK`] numbers, in order.
///
/// # Panics
/// If the groups overlap, are not in order, or reach beyond `length`.
pub(crate) fn pieces(groups: &[Group], length: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut end = 0;
    for group in groups {
        let Range { start, end: stop } = group.range;
        assert!(
            end <= start && start <= stop && stop <= length,
            "the group {start}..{stop} overlaps another or does not fit {length} numbers"
        );
        end = stop;
        if group.frozen {
            continue;
        }
        pieces.extend((start..stop).step_by(CHUNK).map(|from| Piece {
            range: from..stop.min(from + CHUNK),
            decay: group.decay,
        }));
    }
    pieces
}

/// Calls `work` with values, state, gradients and decay of every piece, in parallel.
///
/// # Panics
/// If the groups overlap, are not in order or do not fit, or if the slices differ in length.
pub fn each<const N: usize>(
    values: &mut [f32],
    state: [&mut [f32]; N],
    gradients: &[f32],
    groups: &[Group],
    work: impl Fn(&mut [f32], [&mut [f32]; N], &[f32], f64) + Sync,
) {
    assert_eq!(values.len(), gradients.len(), "one gradient for each value");
    for part in &state {
        assert_eq!(values.len(), part.len(), "as much state as values");
    }
    let pieces = pieces(groups, values.len());
    let mut values = cut(values, &pieces);
    let mut state = state.map(|part| cut(part, &pieces).into_iter());
    let jobs: Vec<_> = values
        .drain(..)
        .zip(&pieces)
        .map(|(values, piece)| {
            // Every list has one slice for each piece.
            let state = state.each_mut().map(|part| part.next().unwrap_or_default());
            (values, state, &gradients[piece.range.clone()], piece.decay)
        })
        .collect();
    jobs.into_par_iter()
        .for_each(|(values, state, gradients, decay)| work(values, state, gradients, decay));
}

/// The slices of `numbers` that the pieces, which are in order, cover.
pub(crate) fn cut<'a>(mut numbers: &'a mut [f32], pieces: &[Piece]) -> Vec<&'a mut [f32]> {
    let mut at = 0;
    let mut slices = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let (_, rest) = numbers.split_at_mut(piece.range.start - at);
        let (own, rest) = rest.split_at_mut(piece.range.len());
        slices.push(own);
        numbers = rest;
        at = piece.range.end;
    }
    slices
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(range: Range<usize>, frozen: bool) -> Group {
        Group {
            range,
            decay: 0.0,
            frozen,
        }
    }

    #[test]
    fn pieces_cover_what_moves_and_nothing_else() {
        let groups = [
            group(1..1, false),
            group(1..CHUNK + 2, false),
            group(CHUNK + 2..CHUNK + 5, true),
            group(CHUNK + 7..CHUNK + 9, false),
        ];
        let ranges: Vec<Range<usize>> = pieces(&groups, CHUNK + 10)
            .into_iter()
            .map(|piece| piece.range)
            .collect();
        assert_eq!(
            ranges,
            [1..CHUNK + 1, CHUNK + 1..CHUNK + 2, CHUNK + 7..CHUNK + 9]
        );
        assert!(pieces(&[], 0).is_empty());
    }

    #[test]
    #[should_panic(expected = "overlaps another")]
    fn overlapping_groups_are_refused() {
        pieces(&[group(0..3, true), group(2..4, false)], 9);
    }

    #[test]
    #[should_panic(expected = "does not fit 3 numbers")]
    fn groups_beyond_the_end_are_refused() {
        pieces(&[group(0..4, true)], 3);
    }
}
