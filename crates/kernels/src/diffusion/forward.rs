//! How is one step of diffusion computed on all cores? Strips of rows in parallel, tile by tile.

use super::direct::Direct;
use super::step::{Plane, Step};
use super::stream::{Stream, WIDEST};
use super::tile::{Border, Tile};
use super::{Bank, GROUP};
use crate::kernels::Kernels;
use crate::parallel::each;

/// Rows of a tile of direct sums: the two that filters reach beyond cost 6 % of the first filtering.
const ROWS: usize = 64;
/// Columns of a tile of direct sums, at most: two maps of a tile, its input and its sums stay in the second cache.
const COLUMNS: usize = 512;
/// Rows of a strip, where there are enough of them: the group that filters reach beyond costs 3 %.
const STRIP: usize = 128;
/// Fewest rows of a strip.
const LOWEST: usize = 16;

impl Kernels {
    /// `out = α g + β u + γ start` with `g = Σ_i k̄_i * φ_i(k_i ⋆ ũ)` and `weights = [α, β, γ]`, on all threads.
    ///
    /// The sums are taken by values at points (Toom and Cook), four rows at a time: a row's rounding depends on the rows of
    /// its [`GROUP`] and of those that [`Bank::halo`] reaches, nothing else.
    ///
    /// A step of trained reaction-diffusion has the slope `-g - λ (u - f)`: weights `[-1, -λ, λ]`. `u`, `start` and
    /// `out` are planes of `size = (width, height)`.
    ///
    /// # Panics
    /// If a length does not fit.
    #[allow(clippy::too_many_arguments)]
    pub fn diffuse(
        &self,
        bank: &Bank,
        u: &[f32],
        start: &[f32],
        size: (usize, usize),
        border: Border,
        weights: [f32; 3],
        out: &mut [f32],
    ) {
        let (width, height) = size;
        assert!(width > 0 && height > 0, "a plane has pixels");
        // Strips of nearly one height, equally many for every thread, if that leaves them high enough. They begin with a group.
        let threads = rayon::current_num_threads();
        let strips = height.div_ceil(STRIP).next_multiple_of(threads);
        let strips = strips.min(height.div_ceil(LOWEST));
        let rows = height.div_ceil(strips).next_multiple_of(GROUP);
        let columns = width.div_ceil(width.div_ceil(WIDEST - bank.reach()));
        let plane = Plane {
            pixels: u,
            size,
            border,
        };
        let cut = (columns, rows);
        let strips = Strips::new(Sums::AtPoints, bank, plane, start, weights, cut, out.len());
        each(out.chunks_mut(rows * width).enumerate(), |(strip, out)| {
            strips.run(*self, strip, out)
        });
    }

    /// The same on this thread only and by direct sums, for training: it has a plane for each thread, and the backward pass
    /// computes direct sums.
    ///
    /// # Panics
    /// If a length does not fit.
    #[allow(clippy::too_many_arguments)]
    pub fn diffuse_alone(
        &self,
        bank: &Bank,
        u: &[f32],
        start: &[f32],
        size: (usize, usize),
        border: Border,
        weights: [f32; 3],
        out: &mut [f32],
    ) {
        assert!(size.0 > 0 && size.1 > 0, "a plane has pixels");
        let plane = Plane {
            pixels: u,
            size,
            border,
        };
        let cut = (COLUMNS, ROWS);
        let strips = Strips::new(Sums::Direct, bank, plane, start, weights, cut, out.len());
        for (strip, out) in out.chunks_mut(ROWS * size.0).enumerate() {
            strips.run(*self, strip, out);
        }
    }
}

/// How the sums of a step are taken.
#[derive(Clone, Copy, Debug)]
enum Sums {
    Direct,
    AtPoints,
}

/// How a plane is cut.
struct Strips<'a> {
    sums: Sums,
    bank: &'a Bank,
    plane: Plane<'a>,
    start: &'a [f32],
    weights: [f32; 3],
    rows: usize,
    columns: usize,
}

impl<'a> Strips<'a> {
    /// Cuts a plane into tiles of `columns × rows`.
    fn new(
        sums: Sums,
        bank: &'a Bank,
        plane: Plane<'a>,
        start: &'a [f32],
        weights: [f32; 3],
        (columns, rows): (usize, usize),
        out: usize,
    ) -> Self {
        for len in [plane.pixels.len(), start.len(), out] {
            assert_eq!(len, plane.size.0 * plane.size.1, "a pixel each");
        }
        Self {
            sums,
            bank,
            plane,
            start,
            weights,
            rows,
            columns,
        }
    }

    /// Computes one strip, tile by tile.
    fn run(&self, kernels: Kernels, strip: usize, out: &mut [f32]) {
        let width = self.plane.size.0;
        for left in (0..width).step_by(self.columns) {
            let step = Step {
                bank: self.bank,
                plane: self.plane,
                start: self.start,
                weights: self.weights,
                tile: Tile {
                    left,
                    top: strip * self.rows,
                    width: self.columns.min(width - left),
                    height: out.len() / width,
                },
                out: &mut *out,
            };
            // SAFETY: the processor has the instructions.
            unsafe {
                match self.sums {
                    Sums::Direct => kernels.isa().run(Direct { step }),
                    Sums::AtPoints => kernels.isa().run(Stream { step }),
                }
            }
        }
    }
}
