//! How is one bad batch kept from spoiling a network? Gradients that are too long together are shortened.
//!
//! With `G = √(Σ gᵢ²)` over all numbers that move and the bound `C`: `g ← g · min(1, C / (G + 1e-6))`,
//! the formula of PyTorch's `clip_grad_norm_`. The direction stays; only the length of the step changes.
//! R. Pascanu, T. Mikolov, Y. Bengio, On the difficulty of training recurrent neural networks, ICML 2013.

use crate::optimisers::{Group, Piece, cut, pieces};
use rayon::prelude::*;

/// Independent sums inside a piece: a fixed number, so that the order of additions is.
const LANES: usize = 8;

/// The norm `√(Σ gᵢ²)` of the gradients in groups that are not frozen; the same bits for any number
/// of threads, because pieces have a fixed size and their sums are added in order.
///
/// # Panics
/// If the groups overlap, are not in order or do not fit.
#[must_use]
pub fn norm(gradients: &[f32], groups: &[Group]) -> f64 {
    norm_of(gradients, &pieces(groups, gradients.len()))
}

/// Shortens the gradients to a norm of at most `longest`; the norm that they had.
///
/// If that is not finite, the gradients are left as they are: no factor makes a direction of them.
///
/// # Panics
/// As [`norm`].
pub fn clip(gradients: &mut [f32], groups: &[Group], longest: f64) -> f64 {
    let pieces = pieces(groups, gradients.len());
    let norm = norm_of(gradients, &pieces);
    let factor = longest / (norm + 1e-6);
    if norm.is_finite() && factor < 1.0 {
        let factor = factor as f32;
        cut(gradients, &pieces)
            .into_par_iter()
            .for_each(|piece| piece.iter_mut().for_each(|g| *g *= factor));
    }
    norm
}

fn norm_of(gradients: &[f32], pieces: &[Piece]) -> f64 {
    let sums: Vec<f64> = pieces
        .par_iter()
        .map(|piece| squares(&gradients[piece.range.clone()]))
        .collect();
    sums.iter().sum::<f64>().sqrt()
}

/// The sum of squares of a piece, in f64: no gradient in f32 is too large or too small for it.
fn squares(numbers: &[f32]) -> f64 {
    let mut sums = [0.0; LANES];
    let (whole, rest) = numbers.as_chunks::<LANES>();
    for lane in whole {
        for (sum, g) in sums.iter_mut().zip(lane) {
            *sum += f64::from(*g) * f64::from(*g);
        }
    }
    for (sum, g) in sums.iter_mut().zip(rest) {
        *sum += f64::from(*g) * f64::from(*g);
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimisers::CHUNK;
    use std::ops::Range;

    fn group(range: Range<usize>, frozen: bool) -> Group {
        Group {
            range,
            decay: 0.0,
            frozen,
        }
    }

    #[test]
    fn only_what_is_too_long_is_shortened() {
        let all = [group(0..2, false)];
        let mut gradients = [3.0, 4.0];
        assert_eq!(clip(&mut gradients, &all, 5.1), 5.0);
        assert_eq!(gradients, [3.0, 4.0]);
        assert_eq!(clip(&mut gradients, &all, 1.0), 5.0);
        // torch.nn.utils.clip_grad_norm_([3., 4.], 1.0)
        assert_eq!(gradients, [0.599_999_9, 0.799_999_83]);
        assert_eq!(clip(&mut [0.0; 2], &all, 1.0), 0.0);
    }

    #[test]
    fn frozen_numbers_and_statistics_do_not_count() {
        let groups = [group(0..1, false), group(1..2, true), group(3..4, false)];
        let mut gradients = [3.0, 1e30, f32::NAN, 4.0];
        assert_eq!(clip(&mut gradients, &groups, 2.5), 5.0);
        assert_eq!(gradients[1], 1e30);
        assert!(gradients[2].is_nan());
        assert!((gradients[0] - 1.5).abs() < 1e-6 && (gradients[3] - 2.0).abs() < 1e-6);
    }

    #[test]
    fn numbers_of_any_size_have_a_norm() {
        let large = norm(&[3e38, 3e38], &[group(0..2, false)]);
        assert!((large / 3e38 - 2_f64.sqrt()).abs() < 1e-6);
        assert!(norm(&[1e-40], &[group(0..1, false)]) > 0.0);
    }

    #[test]
    fn gradients_without_a_direction_are_left_alone() {
        let mut gradients = [1.0, f32::INFINITY];
        assert_eq!(
            clip(&mut gradients, &[group(0..2, false)], 1.0),
            f64::INFINITY
        );
        assert_eq!(gradients, [1.0, f32::INFINITY]);
        let mut gradients = [1.0, f32::NAN];
        assert!(clip(&mut gradients, &[group(0..2, false)], 1.0).is_nan());
        assert_eq!(gradients[0], 1.0);
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let n = 5 * CHUNK + 77;
        let start: Vec<f32> = (0..n).map(|i| (i as f32 * 0.7).sin()).collect();
        let groups = [
            group(0..0, false),
            group(0..CHUNK / 2, false),
            group(CHUNK / 2..n, false),
        ];
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads").install(|| {
                let mut gradients = start.clone();
                let norm = clip(&mut gradients, &groups, 1.0);
                (norm.to_bits(), gradients)
            })
        };
        let one = run(1);
        assert_eq!(one, run(4));
        let exact: f64 = start.iter().map(|g| f64::from(*g).powi(2)).sum();
        assert!((f64::from_bits(one.0) - exact.sqrt()).abs() < 1e-9);
    }
}
