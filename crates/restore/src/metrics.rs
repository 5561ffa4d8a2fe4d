//! How near is a restored picture to the clean one? PSNR in decibels.

use crate::Plane;

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
