//! How is a plane transformed? Rows first, then columns, on all cores.

use rayon::prelude::*;
use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner};
use std::fmt;
use std::sync::Arc;

/// The two-dimensional real Fourier transform of one size.
///
/// A spectrum is kept column by column: `width / 2 + 1` columns of `height` numbers.
pub(super) struct Fourier {
    width: usize,
    height: usize,
    rows: Arc<dyn RealToComplex<f32>>,
    rows_back: Arc<dyn ComplexToReal<f32>>,
    columns: Arc<dyn Fft<f32>>,
    columns_back: Arc<dyn Fft<f32>>,
}

impl fmt::Debug for Fourier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Fourier {}×{}", self.width, self.height)
    }
}

impl Fourier {
    pub(super) fn new(width: usize, height: usize) -> Self {
        let mut real = RealFftPlanner::new();
        let mut complex = FftPlanner::new();
        Self {
            width,
            height,
            rows: real.plan_fft_forward(width),
            rows_back: real.plan_fft_inverse(width),
            columns: complex.plan_fft_forward(height),
            columns_back: complex.plan_fft_inverse(height),
        }
    }

    /// Columns of a spectrum.
    fn half(&self) -> usize {
        self.width / 2 + 1
    }

    /// The spectrum of a plane.
    pub(super) fn forward(&self, plane: &[f32]) -> Vec<Complex32> {
        let half = self.half();
        let mut by_row = vec![Complex32::default(); half * self.height];
        by_row
            .par_chunks_mut(half)
            .zip(plane.par_chunks(self.width))
            .for_each_init(
                || (self.rows.make_input_vec(), self.rows.make_scratch_vec()),
                |(input, scratch), (out, row)| {
                    input.copy_from_slice(row);
                    // Lengths are those of the plan, so it cannot fail.
                    drop(self.rows.process_with_scratch(input, out, scratch));
                },
            );
        let mut by_column = transpose(&by_row, half, self.height);
        self.each_column(&self.columns, &mut by_column);
        by_column
    }

    /// The plane of a spectrum.
    pub(super) fn inverse(&self, mut spectrum: Vec<Complex32>) -> Vec<f32> {
        let half = self.half();
        self.each_column(&self.columns_back, &mut spectrum);
        let mut by_row = transpose(&spectrum, self.height, half);
        let mut plane = vec![0.0; self.width * self.height];
        let scale = 1.0 / plane.len() as f32;
        plane
            .par_chunks_mut(self.width)
            .zip(by_row.par_chunks_mut(half))
            .for_each_init(
                || self.rows_back.make_scratch_vec(),
                |scratch, (out, row)| {
                    // Of a real plane these are real; rounding must not stop the transform.
                    row[0].im = 0.0;
                    if self.width.is_multiple_of(2) {
                        row[half - 1].im = 0.0;
                    }
                    drop(self.rows_back.process_with_scratch(row, out, scratch));
                    for p in out {
                        *p *= scale;
                    }
                },
            );
        plane
    }

    fn each_column(&self, plan: &Arc<dyn Fft<f32>>, spectrum: &mut [Complex32]) {
        spectrum.par_chunks_mut(self.height).for_each_init(
            || vec![Complex32::default(); plan.get_inplace_scratch_len()],
            |scratch, column| plan.process_with_scratch(column, scratch),
        );
    }
}

/// Rows become columns, in blocks that fit the cache. `from` has rows of `width`.
fn transpose(from: &[Complex32], width: usize, height: usize) -> Vec<Complex32> {
    const BLOCK: usize = 16;
    let mut to = vec![Complex32::default(); from.len()];
    to.par_chunks_mut(BLOCK * height)
        .enumerate()
        .for_each(|(block, to)| {
            let first = block * BLOCK;
            let columns = to.len() / height;
            for top in (0..height).step_by(BLOCK) {
                for y in top..height.min(top + BLOCK) {
                    for x in 0..columns {
                        to[x * height + y] = from[y * width + first + x];
                    }
                }
            }
        });
    to
}

/// The smallest number from `n` on whose only prime factors are 2, 3 and 5: what transforms fast.
pub(super) fn smooth(n: usize) -> usize {
    let is_smooth = |mut m: usize| {
        for p in [2, 3, 5] {
            while m.is_multiple_of(p) {
                m /= p;
            }
        }
        m == 1
    };
    (n.max(1)..).find(|m| is_smooth(*m)).unwrap_or(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transform_is_the_sum_of_its_definition_and_inverts() {
        for (w, h) in [(6, 5), (5, 4), (1, 3), (20, 18)] {
            let plane: Vec<f32> = (0..w * h).map(|i| ((i * 7) % 11) as f32 - 4.0).collect();
            let fourier = Fourier::new(w, h);
            let spectrum = fourier.forward(&plane);
            for kx in 0..=w / 2 {
                for ky in 0..h {
                    let mut sum = Complex32::default();
                    for (i, p) in plane.iter().enumerate() {
                        let turn =
                            (kx * (i % w)) as f32 / w as f32 + (ky * (i / w)) as f32 / h as f32;
                        sum += Complex32::from_polar(*p, -std::f32::consts::TAU * turn);
                    }
                    assert!((spectrum[kx * h + ky] - sum).norm() < 2e-3);
                }
            }
            for (a, b) in fourier.inverse(spectrum).iter().zip(&plane) {
                assert!((a - b).abs() < 1e-5);
            }
        }
        assert_eq!(
            [smooth(1), smooth(7), smooth(31), smooth(532)],
            [1, 8, 32, 540]
        );
    }
}
