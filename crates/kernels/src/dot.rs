//! How are scalar products and errors of features summed? In double precision, chunk by chunk, the chunks added in order.

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

/// A piece of an error, the states that it lies between, and the tolerance.
struct Scaled<'a> {
    error: &'a [f32],
    states: [&'a [f32]; 2],
    absolute: f64,
    relative: f64,
}

impl Loops for Scaled<'_> {
    type Out = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let (error, rest) = self.error.as_chunks::<LANES>();
        let [(u, u_rest), (v, v_rest)] = self.states.map(<[f32]>::as_chunks::<LANES>);
        let square = |e: f32, u: f32, v: f32| {
            let size = f64::from(u.abs().max(v.abs()));
            let part = f64::from(e) / (self.absolute + self.relative * size);
            part * part
        };
        let mut sums = [0.0_f64; LANES];
        for ((e, u), v) in error.iter().zip(u).zip(v) {
            for i in 0..LANES {
                sums[i] += square(e[i], u[i], v[i]);
            }
        }
        for (i, sum) in sums.iter_mut().enumerate().take(rest.len()) {
            *sum += square(rest[i], u_rest[i], v_rest[i]);
        }
        sums.iter().sum()
    }
}

impl Kernels {
    /// `Σ (eᵢ / (absolute + relative max(|uᵢ|, |vᵢ|)))²`, in double precision; the same bits for any number of threads.
    ///
    /// # Panics
    /// If the error and the states `u`, `v` differ in length.
    #[must_use]
    pub fn scaled_squares(
        &self,
        error: &[f32],
        states: [&[f32]; 2],
        absolute: f64,
        relative: f64,
    ) -> f64 {
        let [u, v] = states;
        assert!(
            error.len() == u.len() && error.len() == v.len(),
            "an error and states of one length"
        );
        let states = u.chunks(CHUNK).zip(v.chunks(CHUNK));
        let sums = map(error.chunks(CHUNK).zip(states), |(error, (u, v))| {
            let piece = Scaled {
                error,
                states: [u, v],
                absolute,
                relative,
            };
            run_loops(*self, piece)
        });
        sums.iter().sum()
    }

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
    fn errors_are_those_of_double_precision() {
        let numbers = |count: usize, by: f32| -> Vec<f32> {
            (0..count).map(|i| (i as f32 * by).sin()).collect()
        };
        let kernels = Kernels::detect();
        for count in [0, 1, LANES - 1, LANES + 3, CHUNK, 3 * CHUNK + 17] {
            let (e, u, v) = (
                numbers(count, 0.37),
                numbers(count, 0.11),
                numbers(count, 0.23),
            );
            let exact: f64 = (0..count)
                .map(|i| {
                    let size = f64::from(u[i].abs().max(v[i].abs()));
                    (f64::from(e[i]) / (0.01 + 0.1 * size)).powi(2)
                })
                .sum();
            let found = kernels.scaled_squares(&e, [&u, &v], 0.01, 0.1);
            assert!(
                (found - exact).abs() <= 1e-13 * exact,
                "{count}: {found} {exact}"
            );
        }
        // What is no number stays none, so that a step is refused for it.
        let found = kernels.scaled_squares(&[f32::NAN], [&[1.0], &[1.0]], 0.01, 0.1);
        assert!(found.is_nan(), "{found}");
    }

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
