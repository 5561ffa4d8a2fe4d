//! What does each way to compute a step of diffusion do in the end? A tile of the result, row by row.

use super::Bank;
use super::tile::{Border, Tile};
use crate::simd::Simd;

/// The plane that a step is computed on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plane<'a> {
    pub(super) pixels: &'a [f32],
    pub(super) size: (usize, usize),
    pub(super) border: Border,
}

/// One tile of `out = α g + β u + γ start`.
pub(super) struct Step<'a> {
    pub(super) bank: &'a Bank,
    pub(super) plane: Plane<'a>,
    pub(super) start: &'a [f32],
    pub(super) weights: [f32; 3],
    pub(super) tile: Tile,
    /// The strip's rows of the result, whole width.
    pub(super) out: &'a mut [f32],
}

impl Step<'_> {
    /// Writes row `y` of the tile, given its `g`.
    ///
    /// # Safety
    /// The processor has `S`; `g` holds the tile's columns in whole vectors.
    #[inline(always)]
    pub(super) unsafe fn finish<S: Simd>(&mut self, y: usize, g: *const f32) {
        let (w, width) = (self.tile.width, self.plane.size.0);
        let at = (self.tile.top + y) * width + self.tile.left;
        let u = &self.plane.pixels[at..at + w];
        let f = &self.start[at..at + w];
        let row = y * width + self.tile.left;
        let out = &mut self.out[row..row + w];
        // SAFETY: the caller's; rows are `w` floats long.
        unsafe {
            let [alpha, beta, gamma] = self.weights;
            let (alpha, beta, gamma) = (S::splat(alpha), S::splat(beta), S::splat(gamma));
            let mut x = 0;
            while x < w {
                let n = w - x;
                let u = S::load_some(u.as_ptr().add(x), n);
                let f = S::load_some(f.as_ptr().add(x), n);
                let v = S::fma(alpha, S::load(g.add(x)), S::fma(beta, u, S::mul(gamma, f)));
                S::store_some(out.as_mut_ptr().add(x), v, n);
                x += S::LANES;
            }
        }
    }
}
