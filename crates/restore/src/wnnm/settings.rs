//! Which patches, how many of them and how many iterations? The published settings by noise level.

/// The settings of one plane.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct WnnmSettings {
    /// Rows and columns of a patch, in pixels.
    pub patch: usize,
    /// Patches of a group, before the first reduction.
    pub patches: usize,
    /// Fewer patches at every matching, the first included.
    pub fewer: usize,
    /// Iterations.
    pub iterations: usize,
    /// Iterations between two matchings.
    pub rematch: usize,
    /// λ, by which the estimate of the noise that is left is multiplied.
    pub lambda: f64,
    /// δ, the part of the removed noise that comes back before each iteration.
    pub delta: f64,
    /// c, the weight of the singular values.
    pub weight: f64,
    /// Pixels between reference patches.
    pub step: usize,
    /// Pixels that a similar patch may be away, in each direction.
    pub search: usize,
}

impl WnnmSettings {
    /// The published settings for noise of standard deviation `sigma`, in grey levels: patches of 6 to 9 pixels,
    /// 70 to 140 of them, 8 to 14 iterations, where sigma is up to 20, 40, 60, or higher.
    #[must_use]
    pub fn for_sigma(sigma: f64) -> Self {
        let (patch, patches, iterations, lambda) = match sigma {
            s if s <= 20.0 => (6, 70, 8, 0.54),
            s if s <= 40.0 => (7, 90, 12, 0.56),
            s if s <= 60.0 => (8, 120, 14, 0.58),
            _ => (9, 140, 14, 0.58),
        };
        Self {
            patch,
            patches,
            fewer: 10,
            iterations,
            rematch: 2,
            lambda,
            delta: 0.1,
            weight: 2.0 * std::f64::consts::SQRT_2,
            step: patch / 2 - 1,
            search: 30,
        }
    }

    /// Patches of a group in iteration `k`, counted from 0.
    #[must_use]
    pub fn patches_at(&self, k: usize) -> usize {
        let fewer = self.fewer * (k / self.rematch + 1);
        self.patches.saturating_sub(fewer).max(1)
    }
}
