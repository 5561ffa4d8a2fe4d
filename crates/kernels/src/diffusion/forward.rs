//! How is one step of diffusion computed on all cores? Strips of rows in parallel, tile by tile.

use super::micro::{Finish, Source, sweep};
use super::tile::{Border, Tile, extend, pitch, zeroed};
use super::{Bank, PIECES};
use crate::kernels::Kernels;
use crate::scratch::{Arena, Scratch};
use crate::simd::{Op, Simd};
use rayon::prelude::*;

/// Rows of a tile: the two that filters reach beyond cost 6 % of the first filtering.
const ROWS: usize = 64;
/// Columns of a tile, at most: two maps of a tile, its input and its sums stay in the second cache.
const COLUMNS: usize = 512;
/// Filters whose maps are filtered back together: the sums are loaded and stored once for all of them.
const TOGETHER: usize = 2;

/// The plane that a step is computed on.
#[derive(Clone, Copy, Debug)]
struct Plane<'a> {
    pixels: &'a [f32],
    size: (usize, usize),
    border: Border,
}

/// One tile of `out = α g + β u + γ start`.
struct Step<'a> {
    bank: &'a Bank,
    plane: Plane<'a>,
    start: &'a [f32],
    weights: [f32; 3],
    tile: Tile,
    /// The strip's rows of the result, whole width.
    out: &'a mut [f32],
}

/// Functions of finished sums, into a map.
struct Influence {
    tables: *const f32,
    to: *mut f32,
    pitch: usize,
}

impl<S: Simd> Finish<S> for Influence {
    #[inline(always)]
    unsafe fn start(&self, _y: usize, _x: usize) -> S::V {
        // SAFETY: registers only.
        unsafe { S::splat(0.0) }
    }

    #[inline(always)]
    unsafe fn finish(&mut self, y: usize, x: usize, sum: S::V) {
        // SAFETY: the map has rows of whole vectors.
        unsafe { S::store(self.to.add(y * self.pitch + x), sum) }
    }

    #[inline(always)]
    unsafe fn stored(&mut self, y: usize, x: usize, rows: usize, vectors: usize) {
        // SAFETY: as above.
        unsafe {
            for row in y..y + rows {
                for vector in 0..vectors {
                    let at = self.to.add(row * self.pitch + x + vector * S::LANES);
                    S::store(at, S::cubic(self.tables, S::load(at)));
                }
            }
        }
    }
}

/// Sums that are added to.
pub(super) struct Add {
    pub(super) to: *mut f32,
    pub(super) pitch: usize,
}

impl<S: Simd> Finish<S> for Add {
    #[inline(always)]
    unsafe fn start(&self, y: usize, x: usize) -> S::V {
        // SAFETY: the sums have rows of whole vectors.
        unsafe { S::load(self.to.add(y * self.pitch + x)) }
    }

    #[inline(always)]
    unsafe fn finish(&mut self, y: usize, x: usize, sum: S::V) {
        // SAFETY: as above.
        unsafe { S::store(self.to.add(y * self.pitch + x), sum) }
    }
}

impl Step<'_> {
    /// Lengths of the scratch: the extended tile, the maps, the sums.
    fn lengths(&self) -> Vec<usize> {
        let reach = self.bank.reach();
        let (w, h) = (self.tile.width, self.tile.height);
        let map = (h + reach) * pitch(w + reach);
        let mut lengths = vec![(h + 2 * reach) * pitch(w + 2 * reach) + pitch(0)];
        lengths.extend([map + pitch(0); TOGETHER]);
        lengths.push(h * pitch(w));
        lengths
    }

    /// # Safety
    /// The processor has `S`.
    #[inline(always)]
    unsafe fn go<S: Simd, const F: usize>(self, mut scratch: Scratch<'_>) {
        let (w, h) = (self.tile.width, self.tile.height);
        let (reach, area) = (F - 1, F * F);
        let lengths = self.lengths();
        let wide = scratch.take(lengths[0]);
        extend(
            self.plane.pixels,
            self.plane.size,
            self.plane.border,
            self.tile,
            reach,
            wide,
        );
        let maps: [&mut [f32]; TOGETHER] = std::array::from_fn(|_| scratch.take(lengths[1]));
        let sums = zeroed(&mut scratch, lengths[1 + TOGETHER]);
        let (wide_pitch, map_pitch, sum_pitch) = (pitch(w + 2 * reach), pitch(w + reach), pitch(w));
        let bank = self.bank;
        let maps = maps.map(<[f32]>::as_mut_ptr);
        // SAFETY: scratch rows hold whole vectors and what filters reach beyond.
        unsafe {
            for first in (0..bank.count).step_by(TOGETHER) {
                let together = TOGETHER.min(bank.count - first);
                for (m, map) in maps.iter().enumerate().take(together) {
                    let source = Source {
                        from: wide.as_ptr(),
                        pitch: wide_pitch,
                        taps: bank.taps.as_ptr().add((first + m) * area),
                    };
                    let mut influence = Influence {
                        tables: bank.tables.as_ptr().add((first + m) * 4 * PIECES),
                        to: *map,
                        pitch: map_pitch,
                    };
                    sweep::<S, F>(&[source], (w + reach, h + reach), &mut influence);
                }
                let sources: [Source; TOGETHER] = std::array::from_fn(|m| Source {
                    from: maps[m],
                    pitch: map_pitch,
                    taps: bank
                        .turned
                        .as_ptr()
                        .add((first + m).min(bank.count - 1) * area),
                });
                let mut add = Add {
                    to: sums.as_mut_ptr(),
                    pitch: sum_pitch,
                };
                sweep::<S, F>(&sources[..together], (w, h), &mut add);
            }
            let [alpha, beta, gamma] = self.weights.map(|c| S::splat(c));
            let width = self.plane.size.0;
            for y in 0..h {
                let at = (self.tile.top + y) * width + self.tile.left;
                let u = &self.plane.pixels[at..at + w];
                let f = &self.start[at..at + w];
                let row = y * width + self.tile.left;
                let out = &mut self.out[row..row + w];
                let mut x = 0;
                while x < w {
                    let n = w - x;
                    let g = S::load(sums.as_ptr().add(y * sum_pitch + x));
                    let u = S::load_some(u.as_ptr().add(x), n);
                    let f = S::load_some(f.as_ptr().add(x), n);
                    let v = S::fma(alpha, g, S::fma(beta, u, S::mul(gamma, f)));
                    S::store_some(out.as_mut_ptr().add(x), v, n);
                    x += S::LANES;
                }
            }
        }
    }
}

impl<S: Simd> Op<S> for Step<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        let mut arena = Arena::borrow(&self.lengths());
        let scratch = arena.pieces();
        // SAFETY: the caller's condition.
        unsafe {
            match self.bank.size {
                3 => self.go::<S, 3>(scratch),
                5 => self.go::<S, 5>(scratch),
                _ => self.go::<S, 7>(scratch),
            }
        }
    }
}

impl Kernels {
    /// `out = α g + β u + γ start` with `g = Σ_i k̄_i * φ_i(k_i ⋆ ũ)` and `weights = [α, β, γ]`, on all threads.
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
        // Strips of nearly one height, as many as there are threads at least, if that leaves them high enough.
        let threads = rayon::current_num_threads();
        let strips = height.div_ceil(ROWS).max(threads.min(height.div_ceil(16)));
        let rows = height.div_ceil(strips);
        let columns = width.div_ceil(width.div_ceil(COLUMNS)).next_multiple_of(16);
        let plane = Plane {
            pixels: u,
            size,
            border,
        };
        let strips = Strips::new(bank, plane, start, weights, (columns, rows), out.len());
        out.par_chunks_mut(rows * width)
            .enumerate()
            .for_each(|(strip, out)| strips.run(*self, strip, out));
    }

    /// The same on this thread only, for callers that have a plane for each thread.
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
        let strips = Strips::new(bank, plane, start, weights, (COLUMNS, ROWS), out.len());
        for (strip, out) in out.chunks_mut(ROWS * size.0).enumerate() {
            strips.run(*self, strip, out);
        }
    }
}

/// How a plane is cut.
struct Strips<'a> {
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
            unsafe { kernels.isa().run(step) }
        }
    }
}
