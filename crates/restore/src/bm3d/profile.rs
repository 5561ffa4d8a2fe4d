//! Which constants does BM3D use for a noise level? Those of its authors' normal profile, and of `vn` above 40.

/// Blocks are searched at most this many pixels away from their reference, per axis (a 39×39 window).
pub(super) const RADIUS: usize = 19;

/// Rows of pixels whose reference blocks are summed into one buffer: a multiple of all steps.
pub(super) const STRIP: usize = 24;

/// Constants of one of the two steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spec {
    /// Rows and columns of a block.
    pub(super) block: usize,
    /// Pixels from one reference block to the next.
    pub(super) step: usize,
    /// Most blocks of a group, a power of two.
    pub(super) group: usize,
    /// Blocks match below this mean squared difference per pixel, in squared grey levels.
    pub(super) tau: f64,
    /// Coefficients up to `lambda · sigma` are set to zero (hard thresholding).
    pub(super) lambda: f64,
}

/// Constants of both steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Profile {
    /// Hard thresholding.
    pub(super) hard: Spec,
    /// Wiener filter.
    pub(super) wiener: Spec,
}

/// The profile called normal.
pub(super) const NORMAL: Profile = Profile {
    hard: Spec {
        block: 8,
        step: 3,
        group: 16,
        tau: 3000.0,
        lambda: 2.7,
    },
    wiener: Spec {
        block: 8,
        step: 3,
        group: 32,
        tau: 400.0,
        lambda: 0.0,
    },
};

/// The profile called vn ("very noisy").
pub(super) const VERY_NOISY: Profile = Profile {
    hard: Spec {
        block: 8,
        step: 4,
        group: 32,
        tau: 25000.0,
        lambda: 2.8,
    },
    wiener: Spec {
        block: 11,
        step: 6,
        group: 32,
        tau: 3500.0,
        lambda: 0.0,
    },
};

impl Profile {
    /// The profile for noise of this standard deviation, in grey levels.
    pub(super) fn of(sigma: f64) -> &'static Self {
        if sigma > 40.0 { &VERY_NOISY } else { &NORMAL }
    }
}

/// The window of `n` numbers that blocks are weighted with before they are averaged: Kaiser's, β = 2.
///
/// `I₀(β √(1 - (2i/(n-1) - 1)²)) / I₀(β)`, 0.4387 at the ends.
pub(super) fn kaiser(n: usize) -> Vec<f32> {
    let beta = 2.0;
    (0..n)
        .map(|i| {
            let at = 2.0 * i as f64 / (n - 1) as f64 - 1.0;
            (bessel(beta * (1.0 - at * at).max(0.0).sqrt()) / bessel(beta)) as f32
        })
        .collect()
}

/// The modified Bessel function `I₀` by its series `Σ ((x/2)^k / k!)²`.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..30 {
        term *= x / 2.0 / f64::from(k);
        sum += term * term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_the_published_one() {
        let window = kaiser(8);
        for (i, want) in [0.4386, 0.6813, 0.8768, 0.9858].into_iter().enumerate() {
            assert!((window[i] - want).abs() < 1e-4, "{window:?}");
            assert!((window[7 - i] - want).abs() < 1e-4, "{window:?}");
        }
    }

    #[test]
    fn steps_divide_strips() {
        for profile in [NORMAL, VERY_NOISY] {
            assert_eq!(STRIP % profile.hard.step, 0);
            assert_eq!(STRIP % profile.wiener.step, 0);
        }
        assert_eq!(*Profile::of(40.0), NORMAL);
        assert_eq!(*Profile::of(40.1), VERY_NOISY);
    }
}
