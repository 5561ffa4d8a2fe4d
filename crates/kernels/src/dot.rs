//! How is a scalar product of features computed? In double precision, chunk by chunk, the chunks added in order.

use crate::kernels::Kernels;
use crate::parallel::map;
use crate::simd::{Loops, run_loops};

/// Numbers of a piece of work.
const CHUNK: usize = 1 << 14;
/// Independent sums inside a piece, so that they fill vectors.
const LANES: usize = 32;

/// A piece of both factors.
struct Piece<'a>(&'a [f32], &'a [f32]);

impl Loops for Piece<'_> {
    type Out = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut sums = [0.0_f64; LANES];
        let ((a, a_rest), (b, b_rest)) = (self.0.as_chunks::<LANES>(), self.1.as_chunks::<LANES>());
        for (a, b) in a.iter().zip(b) {
            for i in 0..LANES {
                sums[i] += f64::from(a[i]) * f64::from(b[i]);
            }
        }
        for (sum, (a, b)) in sums.iter_mut().zip(a_rest.iter().zip(b_rest)) {
            *sum += f64::from(*a) * f64::from(*b);
        }
        sums.iter().sum()
    }
}

impl Kernels {
    /// `Σ aᵢ bᵢ`, in double precision; the same bits for any number of threads.
    ///
    /// # Panics
    /// If the factors differ in length.
    #[must_use]
    pub fn dot(&self, a: &[f32], b: &[f32]) -> f64 {
        assert_eq!(a.len(), b.len(), "factors of one length");
        let pieces = a.chunks(CHUNK).zip(b.chunks(CHUNK));
        let sums = map(pieces, |(a, b)| run_loops(*self, Piece(a, b)));
        sums.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_double_precision() {
        let numbers = |count: usize, by: f32| -> Vec<f32> {
            (0..count).map(|i| (i as f32 * by).sin() * 1e3).collect()
        };
        for count in [0, 1, LANES - 1, LANES + 3, CHUNK, 3 * CHUNK + 17] {
            let (a, b) = (numbers(count, 0.37), numbers(count, 0.11));
            let exact: f64 = a
                .iter()
                .zip(&b)
                .map(|(a, b)| f64::from(*a) * f64::from(*b))
                .sum();
            let found = Kernels::detect().dot(&a, &b);
            // Each product is exact in double precision; sums of other orders differ by their rounding.
            let size: f64 = a
                .iter()
                .zip(&b)
                .map(|(a, b)| f64::from((a * b).abs()))
                .sum();
            assert!(
                (found - exact).abs() <= 1e-13 * size,
                "{count}: {found} {exact}"
            );
        }
    }
}
