//! How is one plane cleaned? Matching, shrinking and averaging, strip by strip, iteration by iteration.

use super::grid::Grid;
use super::group::Groups;
use super::matching::{Lines, MatchRow, decode};
use super::settings::WnnmSettings;
use rayon::prelude::*;
use std::ops::Range;
use timestep_kernels::simd::{Fours, Lanes, LanesOp, floats_mut};

/// Cleans a picture of `width` columns, at least a patch in size, with noise of `sigma` grey levels.
pub(super) fn clean<S: Fours>(
    s: Lanes<S>,
    noisy: &[f32],
    width: usize,
    sigma: f64,
    settings: &WnnmSettings,
) -> Vec<f32> {
    let grid = Grid::new(width, noisy.len() / width, settings);
    let strips = grid.strips();
    let mut estimate = noisy.to_vec();
    let mut matches: Vec<Vec<u16>> = Vec::new();
    for k in 0..settings.iterations {
        let delta = settings.delta as f32;
        for (x, y) in estimate.iter_mut().zip(noisy) {
            *x += delta * (y - *x);
        }
        let patches = settings.patches_at(k);
        if k % settings.rematch == 0 {
            let lines = Lines::new(&estimate, &grid);
            matches = strips
                .par_iter()
                .map(|strip| {
                    let mut codes = Vec::new();
                    for y in &grid.rows[strip.clone()] {
                        codes.extend(s.vectorize(MatchRow {
                            lines: &lines,
                            y: *y,
                            count: patches,
                        }));
                    }
                    codes
                })
                .collect();
        }
        let mut total = Total::new(&grid);
        // In waves, so that the sums of all strips need not be kept at once. The order is always the same.
        let wave = 4 * rayon::current_num_threads();
        for (strips, matches) in strips.chunks(wave).zip(matches.chunks(wave)) {
            let parts: Vec<Part> = strips
                .par_iter()
                .zip(matches)
                .map(|(strip, codes)| {
                    s.vectorize(Strip {
                        grid: &grid,
                        settings,
                        noisy,
                        estimate: &estimate,
                        strip: strip.clone(),
                        codes,
                        patches,
                        sigma,
                        first: k == 0,
                    })
                })
                .collect();
            for part in parts {
                total.add(&part, &grid);
            }
        }
        total.divide(&grid, &mut estimate);
    }
    estimate
}

/// The sums of the cleaned patches of one strip.
struct Part {
    /// Rows of pixels.
    rows: Range<usize>,
    sums: Vec<f32>,
    /// Patches that start at a pixel.
    starts: Vec<u32>,
}

/// The sums of all strips.
struct Total {
    sums: Vec<f32>,
    starts: Vec<u32>,
}

impl Total {
    fn new(grid: &Grid) -> Self {
        Self {
            sums: vec![0.0; grid.width * grid.height],
            starts: vec![0; grid.width * grid.height],
        }
    }

    fn add(&mut self, part: &Part, grid: &Grid) {
        let at = part.rows.start * grid.width;
        for (total, sum) in self.sums[at..].iter_mut().zip(&part.sums) {
            *total += sum;
        }
        for (total, starts) in self.starts[at..].iter_mut().zip(&part.starts) {
            *total += starts;
        }
    }

    /// Writes the mean of the patches that cover each pixel.
    fn divide(&self, grid: &Grid, estimate: &mut [f32]) {
        let width = grid.width;
        estimate
            .par_chunks_mut(width)
            .zip(self.sums.par_chunks(width))
            .enumerate()
            .for_each(|(y, (line, sums))| {
                // Patches that start in one of the rows up to here, by column.
                let mut down = vec![0_u32; width];
                for row in (y + 1).saturating_sub(grid.patch)..=y {
                    for (down, starts) in down.iter_mut().zip(&self.starts[row * width..]) {
                        *down += starts;
                    }
                }
                let mut count = 0;
                for x in 0..width {
                    count += down[x];
                    if x >= grid.patch {
                        count -= down[x - grid.patch];
                    }
                    // Every pixel is covered: each reference is in its own group.
                    line[x] = sums[x] / count as f32;
                }
            });
    }
}

/// Cleans the groups of a strip.
struct Strip<'a> {
    grid: &'a Grid,
    settings: &'a WnnmSettings,
    noisy: &'a [f32],
    estimate: &'a [f32],
    strip: Range<usize>,
    codes: &'a [u16],
    patches: usize,
    sigma: f64,
    first: bool,
}

impl Strip<'_> {
    /// Variance of the noise that is left in a patch, `σ_loc²`.
    fn left(&self, at: usize) -> f32 {
        let variance = self.sigma * self.sigma;
        if self.first {
            return variance as f32;
        }
        let side = self.grid.patch;
        let mut sum = 0.0;
        for row in 0..side {
            let line = at + row * self.grid.width;
            let noisy = &self.noisy[line..line + side];
            for (x, y) in self.estimate[line..line + side].iter().zip(noisy) {
                sum += (y - x) * (y - x);
            }
        }
        let removed = f64::from(sum) / (side * side) as f64;
        (self.settings.lambda * self.settings.lambda * (variance - removed).abs()) as f32
    }
}

impl<S: Fours> LanesOp<S> for Strip<'_> {
    type Out = Part;

    #[inline(always)]
    fn run(self, s: Lanes<S>) -> Part {
        let (width, side) = (self.grid.width, self.grid.patch);
        let rows = self.grid.reach(&self.strip);
        let base = rows.start * width;
        let mut part = Part {
            sums: vec![0.0; rows.len() * width],
            starts: vec![0; rows.len() * width],
            rows,
        };
        let mut references = Vec::with_capacity(self.strip.len() * self.grid.columns.len());
        for y in &self.grid.rows[self.strip.clone()] {
            for x in &self.grid.columns {
                let at = y * width + x;
                references.push((self.left(at), references.len(), at));
            }
        }
        // Groups with as much noise keep about as many singular values: little is computed in vain
        // where they are in one vector.
        references.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut groups = Groups::new(s, side * side, self.patches);
        let weight = (self.settings.weight * (self.patches as f64).sqrt()) as f32;
        let mut weights = [s.splat(0.0)];
        let mut starts = vec![0; S::LANES * self.patches];
        for batch in references.chunks(S::LANES) {
            // Lanes without a reference do the last one again.
            for lane in 0..S::LANES {
                let (left, number, at) = batch[lane.min(batch.len() - 1)];
                floats_mut::<S>(&mut weights)[lane] = weight * left;
                let codes = &self.codes[number * self.patches..][..self.patches];
                let starts = starts.iter_mut().skip(lane).step_by(S::LANES);
                for (start, code) in starts.zip(codes) {
                    let (down, right) = decode(*code, self.grid.search);
                    *start = at.wrapping_add_signed(down * width as isize + right);
                }
            }
            for (patch, starts) in starts.chunks_exact(S::LANES).enumerate() {
                groups.put(s, patch, self.estimate, starts, width, side);
            }
            groups.shrink(s, weights[0]);
            for (patch, starts) in starts.chunks_exact_mut(S::LANES).enumerate() {
                for start in &mut *starts {
                    *start -= base;
                }
                let starts = &starts[..batch.len()];
                groups.add_to(s, patch, &mut part.sums, starts, width, side);
                for start in starts {
                    part.starts[*start] += 1;
                }
            }
        }
        part
    }
}
