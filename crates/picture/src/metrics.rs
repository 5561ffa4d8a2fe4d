//! How near is a restored picture to the clean one? PSNR in decibels, and structural similarity.

use crate::Plane;
use rayon::prelude::*;
use std::collections::VecDeque;

/// Mean squared difference of two pictures over all channels, in f64.
///
/// # Panics
/// If they differ in size.
#[must_use]
pub fn mse(a: &[Plane], b: &[Plane]) -> f64 {
    assert_eq!(a.len(), b.len(), "as many channels");
    let (mut sum, mut count) = (0.0, 0usize);
    for (a, b) in a.iter().zip(b) {
        assert_eq!((a.width(), a.height()), (b.width(), b.height()), "one size");
        for (x, y) in a.pixels().iter().zip(b.pixels()) {
            let d = f64::from(*x) - f64::from(*y);
            sum += d * d;
        }
        count += a.pixels().len();
    }
    sum / count as f64
}

/// Peak signal-to-noise ratio `10 log10(255² / MSE)` in dB, MSE over all channels; infinite for equal pictures.
///
/// Floats are compared as they are, neither clipped nor rounded, no border is left out.
///
/// # Panics
/// If the pictures differ in size.
#[must_use]
pub fn psnr(a: &[Plane], b: &[Plane]) -> f64 {
    10.0 * (255.0 * 255.0 / mse(a, b)).log10()
}

/// Side of the window of [`ssim`], and the deviation of its Gaussian weights.
const WINDOW: usize = 11;
const SPREAD: f64 = 1.5;

/// Structural similarity (Wang et al. 2004): 11 × 11 Gaussian window of deviation 1.5, K = 0.01 and 0.03,
/// L = 255, over windows that lie inside the picture, mean over channels. `None` below 11 × 11 pixels.
///
/// # Panics
/// If the pictures differ in size.
#[must_use]
pub fn ssim(a: &[Plane], b: &[Plane]) -> Option<f64> {
    let mut comparison = Comparison::new(a.len());
    comparison.push(a, b);
    comparison.ssim()
}

/// Compares two pictures a few rows at a time, with the same result however the rows are divided.
#[derive(Clone, Debug)]
pub struct Comparison {
    channels: Vec<Channel>,
}

#[derive(Clone, Debug, Default)]
struct Channel {
    /// The last rows, as many as a window has but one.
    rows: VecDeque<[Vec<f32>; 2]>,
    squares: f64,
    pixels: usize,
    similarity: f64,
    windows: usize,
}

impl Comparison {
    /// Of pictures with so many channels.
    #[must_use]
    pub fn new(channels: usize) -> Self {
        Self {
            channels: vec![Channel::default(); channels],
        }
    }

    /// Compares the next rows.
    ///
    /// # Panics
    /// If the parts differ in size or number of channels.
    pub fn push(&mut self, a: &[Plane], b: &[Plane]) {
        assert_eq!(a.len(), self.channels.len(), "as many channels");
        assert_eq!(b.len(), self.channels.len(), "as many channels");
        let planes = a.par_iter().zip(b);
        self.channels
            .par_iter_mut()
            .zip(planes)
            .for_each(|(channel, (a, b))| {
                assert_eq!((a.width(), a.height()), (b.width(), b.height()), "one size");
                for y in 0..a.height() {
                    channel.push(a.row(y), b.row(y));
                }
            });
    }

    /// Peak signal-to-noise ratio as [`psnr`] defines it.
    #[must_use]
    pub fn psnr(&self) -> f64 {
        let squares: f64 = self.channels.iter().map(|c| c.squares).sum();
        let pixels: usize = self.channels.iter().map(|c| c.pixels).sum();
        10.0 * (255.0 * 255.0 * pixels as f64 / squares).log10()
    }

    /// Structural similarity as [`ssim`] defines it.
    #[must_use]
    pub fn ssim(&self) -> Option<f64> {
        let mut sum = 0.0;
        for channel in &self.channels {
            if channel.windows == 0 {
                return None;
            }
            sum += channel.similarity / channel.windows as f64;
        }
        Some(sum / self.channels.len() as f64)
    }
}

impl Channel {
    fn push(&mut self, a: &[f32], b: &[f32]) {
        let square = |(x, y): (&f32, &f32)| (f64::from(*x) - f64::from(*y)).powi(2);
        self.squares += a.iter().zip(b).map(square).sum::<f64>();
        self.pixels += a.len();
        self.rows.push_back([a.to_vec(), b.to_vec()]);
        if self.rows.len() < WINDOW {
            return;
        }
        if a.len() >= WINDOW {
            self.similarity += self.row_of_windows(a.len());
            self.windows += a.len() + 1 - WINDOW;
        }
        self.rows.pop_front();
    }

    /// Sum of the similarity over the windows that end in the last row.
    fn row_of_windows(&self, width: usize) -> f64 {
        let weights = weights();
        // Weighted sums down the columns: of a, b, a², b² and ab.
        let mut columns = vec![[0.0_f64; 5]; width];
        for ([a, b], weight) in self.rows.iter().zip(weights) {
            for ((column, a), b) in columns.iter_mut().zip(a).zip(b) {
                let (a, b) = (f64::from(*a), f64::from(*b));
                for (sum, term) in column.iter_mut().zip([a, b, a * a, b * b, a * b]) {
                    *sum += weight * term;
                }
            }
        }
        let (c1, c2) = ((0.01 * 255.0_f64).powi(2), (0.03 * 255.0_f64).powi(2));
        let windows = columns.windows(WINDOW).map(|window| {
            let mut sums = [0.0; 5];
            for (column, weight) in window.iter().zip(weights) {
                for (sum, term) in sums.iter_mut().zip(column) {
                    *sum += weight * term;
                }
            }
            let [a, b, aa, bb, ab] = sums;
            let means = (2.0 * a * b + c1) / (a * a + b * b + c1);
            let structure = 2.0 * (ab - a * b) + c2;
            means * structure / ((aa - a * a) + (bb - b * b) + c2)
        });
        windows.sum()
    }
}

/// Gaussian weights that sum to 1.
fn weights() -> [f64; WINDOW] {
    let middle = (WINDOW / 2) as f64;
    let bell = std::array::from_fn(|i| (-((i as f64 - middle) / SPREAD).powi(2) / 2.0).exp());
    let total: f64 = bell.iter().sum();
    bell.map(|w: f64| w / total)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pictures of `tests/golden/ssim/ssim.py`.
    fn pictures(width: usize, height: usize, channels: usize) -> [Vec<Plane>; 2] {
        let channel = |c: usize, wrong: bool| {
            let pixel = |i: usize| {
                let (x, y) = (i % width, i / width);
                let v = (x * x + 3 * x * y + 7 * y + 31 * c) % 256;
                let e = if wrong {
                    (x * 13 + y * 29 + c * 5) % 41
                } else {
                    20
                };
                (v as f32) + (e as f32) - 20.0
            };
            Plane::new(width, height, (0..width * height).map(pixel).collect()).expect("fits")
        };
        [false, true].map(|wrong| (0..channels).map(|c| channel(c, wrong)).collect())
    }

    #[test]
    fn similarity_is_what_scikit_image_computes() {
        // tests/golden/ssim/ssim.py
        for (width, height, channels, expected) in [
            (48, 37, 1, 0.987_128_560_942_804_5),
            (33, 52, 3, 0.987_341_882_581_320_4),
            (11, 11, 1, 0.973_229_018_206_938_3),
        ] {
            let [a, b] = pictures(width, height, channels);
            let found = ssim(&a, &b).expect("large enough");
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
            assert_eq!(ssim(&a, &a), Some(1.0));
        }
        let [a, b] = pictures(10, 30, 1);
        assert_eq!(ssim(&a, &b), None);
    }

    #[test]
    fn rows_may_come_in_any_parts() {
        let [a, b] = pictures(40, 30, 3);
        let part = |p: &[Plane], top, height| -> Vec<Plane> {
            p.iter().map(|p| p.crop(0, top, 40, height)).collect()
        };
        let mut parted = Comparison::new(3);
        for (top, height) in [(0, 1), (1, 4), (5, 20), (25, 5)] {
            parted.push(&part(&a, top, height), &part(&b, top, height));
        }
        assert_eq!(parted.ssim(), ssim(&a, &b));
        assert!((parted.psnr() - psnr(&a, &b)).abs() < 1e-9);
        let mut whole = Comparison::new(3);
        whole.push(&a, &b);
        assert_eq!(whole.psnr().to_bits(), parted.psnr().to_bits());
    }
}
