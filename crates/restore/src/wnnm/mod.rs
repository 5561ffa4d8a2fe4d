//! How does weighted nuclear norm minimisation (WNNM) clean a picture? Similar patches are of low rank.
//!
//! # What it is
//! Patches that look alike are put side by side as the columns of a matrix. Without noise this matrix has few
//! large singular values; noise adds small ones. WNNM finds `X` with
//!
//! `min_X ‖Y - X‖²_F + Σ_i w_i σ_i(X)`,
//!
//! where large singular values, which carry the picture, get small weights.
//!
//! # The iteration
//! With the noisy picture `y`, and `x = y` at first, `K` times:
//!
//! 1. `x ← x + δ (y - x)`: a part of what was removed comes back, since some of it was picture.
//! 2. For patches on a grid of reference patches: the noise that is left,
//!    `σ_loc = λ √|σ² - mean (y - x)²|` over the patch (`σ` in the first iteration).
//! 3. Every second time: the `n` patches of `x` nearest to each reference by squared distance, within a window of
//!    61 × 61 positions; `n` falls by 10 before each matching.
//! 4. For each group: the mean patch is subtracted, singular values are shrunk, the mean is added again.
//! 5. `x` is the mean of all cleaned patches that cover a pixel.
//!
//! # The weighted nuclear norm step
//! Weights are `w = c √n σ_loc² / (s + ε)` with the clean singular value `s`, which is not known. Shrinking
//! again and again, `s ← max(s_Y - w, 0)`, has a limit in closed form, with `C = c √n σ_loc²`:
//!
//! `s = (s_Y - ε + √Δ) / 2`, `Δ = (s_Y - ε)² - 4 (C - ε s_Y)`; 0 where `Δ < 0`.
//!
//! So with `ε → 0`, only singular values above `2 √C` stay. They and their vectors come from the eigenvalues of `Y Yᵀ`
//! (or `Yᵀ Y`, if that is smaller): `X = U diag(s / s_Y) Uᵀ Y`.
//!
//! # Parameters by noise level
//! `c = 2 √2`, `δ = 0.1`, and by σ in grey levels:
//!
//! | σ up to | patch | n at first | K | λ | grid |
//! |---|---|---|---|---|---|
//! | 20 | 6 × 6 | 70 - 10 | 8 | 0.54 | 2 |
//! | 40 | 7 × 7 | 90 - 10 | 12 | 0.56 | 2 |
//! | 60 | 8 × 8 | 120 - 10 | 14 | 0.58 | 3 |
//! | more | 9 × 9 | 140 - 10 | 14 | 0.58 | 3 |
//!
//! # Cost
//! An eigenproblem of 36 to 81 rows for every 4 to 9 pixels in each iteration, and 3721 distances of patches for each
//! reference in every second one. As many groups are solved at once as a vector register has floats. Memory: about
//! 60 bytes per pixel.
//!
//! # Limits
//! White Gaussian noise of known level only. Each plane by itself: channels of a colour picture do not help
//! each other. Numbers are `f32`: singular values below a thousandth of the root of their sum of squares are dropped, which
//! matters for noise of less than about one grey level only. No tiles: what one pixel of the result depends on reaches
//! tens of pixels farther in each iteration, so that the border of a tile would be larger than the tile.
//!
//! # References
//! S. Gu, L. Zhang, W. Zuo, X. Feng, Weighted nuclear norm minimization with application to image denoising, CVPR 2014.

// Loops over vectors and registers index several arrays at once; iterators hide which.
#![allow(clippy::needless_range_loop)]

mod eigen;
mod grid;
mod group;
mod iterate;
mod matching;
mod settings;
mod shrinkage;
#[cfg(test)]
mod tests;

pub use settings::WnnmSettings;
pub use shrinkage::shrink;

use crate::methods::untrained;
use crate::{Method, MethodFacts, RestoreError, check};
use timestep_kernels::Isa;
#[cfg(target_arch = "x86_64")]
use timestep_kernels::simd::{Avx2, Avx512};
use timestep_kernels::simd::{Fours, Lanes, Plain};
use timestep_picture::Plane;
use timestep_picture::tiles::{Need, Tiling};
use timestep_registry::{Facts, Kind};

/// Weighted nuclear norm minimisation with its published settings.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wnnm;

/// What is known about WNNM.
pub static FACTS: MethodFacts = MethodFacts {
    named: Facts {
        references: &["gu2014weighted"],
        ..Facts::new(
            Kind::Method,
            "wnnm",
            "weighted nuclear norm minimisation: groups of similar patches made low-rank",
            include_str!("mod.rs"),
        )
    },
    make: |options| untrained("wnnm", options, Wnnm),
    format: None,
};

/// Rows and columns that a picture gets, by mirroring, if it has fewer: so that every group finds its patches.
const SMALLEST: usize = 24;

impl Method for Wnnm {
    fn facts(&self) -> &'static MethodFacts {
        &FACTS
    }

    /// Cleans each plane by itself.
    ///
    /// # Errors
    /// As [`Method::denoise`] says.
    fn denoise(&self, planes: &[Plane], sigmas: &[f64]) -> Result<Vec<Plane>, RestoreError> {
        check(planes, sigmas)?;
        Ok(planes
            .iter()
            .zip(sigmas)
            .map(|(plane, sigma)| {
                if *sigma == 0.0 {
                    plane.clone()
                } else {
                    clean(plane, *sigma, isa())
                }
            })
            .collect())
    }

    /// None: 8 to 14 iterations, each with a window of ±30 pixels, reach farther than any tile.
    fn tiling(&self) -> Option<Tiling> {
        None
    }

    fn need(&self) -> Need {
        // Lines of squared differences have a margin on both sides (measured).
        Need {
            bytes_per_pixel: 112,
            border: (40, 40),
        }
    }
}

/// The instruction set: what the environment asks for, or the best there is.
fn isa() -> Isa {
    timestep_kernels::forced()
        .and_then(Result::ok)
        .unwrap_or(Isa::Avx512)
}

/// Cleans one plane with these instructions, or the next best that the processor has.
fn clean(plane: &Plane, sigma: f64, isa: Isa) -> Plane {
    #[cfg(target_arch = "x86_64")]
    {
        if let (Isa::Avx512, Some(s)) = (isa, Lanes::<Avx512>::detect()) {
            return clean_with(s, plane, sigma);
        }
        if let (Isa::Avx512 | Isa::Avx2, Some(s)) = (isa, Lanes::<Avx2>::detect()) {
            return clean_with(s, plane, sigma);
        }
    }
    clean_with(Lanes::<Plain<8>>::plain(), plane, sigma)
}

/// Mirrors small pictures, cleans, and takes the part that was there.
fn clean_with<S: Fours>(s: Lanes<S>, plane: &Plane, sigma: f64) -> Plane {
    let (width, height) = (plane.width().max(SMALLEST), plane.height().max(SMALLEST));
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        let row = plane.row(mirrored(y, plane.height()));
        pixels.extend((0..width).map(|x| row[mirrored(x, row.len())]));
    }
    let cleaned = iterate::clean(s, &pixels, width, sigma, &WnnmSettings::for_sigma(sigma));
    let mut kept = Vec::with_capacity(plane.pixels().len());
    for row in cleaned.chunks_exact(width).take(plane.height()) {
        kept.extend_from_slice(&row[..plane.width()]);
    }
    plane.with_pixels(kept)
}

/// Where position `at` of an axis is found if `length` pixels are mirrored again and again, `a b c c b a a …`.
fn mirrored(at: usize, length: usize) -> usize {
    let at = at % (2 * length);
    at.min(2 * length - 1 - at)
}
