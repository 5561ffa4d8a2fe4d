//! How much noise is in a picture? The smallest variance that patches without texture have in any direction.
//!
//! Liu, Tanaka and Okutomi (2013): the 49 pixels of a 7×7 patch without structure vary by the noise alone;
//! with structure they vary more, but hardly in every direction, so the smallest eigenvalue of the
//! covariance of patches is the variance of the noise. Patches whose gradients are stronger than noise of
//! that level makes them (at most one in a million of pure noise) are left out, and the estimate is made
//! again. White noise is assumed: what was compressed, scaled or demosaicked is correlated, and estimates
//! of it come out too low.
//!
//! Pictures too small for that: the median of the finest diagonal differences (Donoho and Johnstone 1994).

use crate::Plane;
use rayon::prelude::*;
use timestep_kernels::Kernels;
use timestep_kernels::simd::{Loops, run_loops};
use timestep_numerics::linear_algebra::{Square, symmetric_eigenvalues};

/// Side of a patch, and its pixels.
const SIDE: usize = 7;
const PIXELS: usize = SIDE * SIDE;
/// Sum of squared central differences inside a patch of unit noise that is exceeded with probability 1e-6:
/// quantile of the gamma distribution with shape 45/2 and mean 35 (rank and trace of the quadratic form).
const THRESHOLD: f64 = 81.820_767_436_685_23;
/// Estimates one after the other.
const ROUNDS: usize = 3;
/// Fewest patches for a covariance of 49 × 49 worth the name.
const FEWEST: usize = 16 * PIXELS;
/// Patches from which on half of them are enough.
const PLENTY: usize = 1 << 16;
/// Patches whose products are summed at once: 49 rows of them stay in the second-level cache.
const CHUNK: usize = 512;
/// Such sums that one thread makes after the other; the result is the same for any number of threads.
const CHUNKS: usize = 16;
/// Rows of such a sum: an even number, the last one zero.
const ROWS: usize = PIXELS.next_multiple_of(2);

/// Parts of a picture of `width × height` pixels that suffice for an estimate: `(left, top, width, height)`.
///
/// All of a picture of up to 512² pixels; of a larger one, 8 × 8 squares of 64 pixels spread evenly.
#[must_use]
pub fn parts(width: usize, height: usize) -> Vec<[usize; 4]> {
    const SQUARE: usize = 64;
    const ACROSS: usize = 8;
    if width * height <= (SQUARE * ACROSS).pow(2) {
        return vec![[0, 0, width, height]];
    }
    let along = |extent: usize| -> Vec<(usize, usize)> {
        if extent <= SQUARE * ACROSS {
            return vec![(0, extent)];
        }
        (0..ACROSS)
            .map(|i| (i * (extent - SQUARE) / (ACROSS - 1), SQUARE))
            .collect()
    };
    let (across, down) = (along(width), along(height));
    // A long strip: as many squares, but of its whole width.
    let place = |(top, h)| across.iter().map(move |&(left, w)| [left, top, w, h]);
    down.iter().copied().flat_map(place).collect()
}

/// The standard deviation of white noise in parts of one channel, in grey levels.
///
/// Zero for parts of one grey, or fewer than 2 × 2 pixels.
#[must_use]
pub fn estimate(parts: &[Plane]) -> f64 {
    weak_texture(parts).unwrap_or_else(|| diagonal(parts))
}

/// Median of the diagonal differences of all squares of 2 × 2 pixels, over 0.6745.
fn diagonal(parts: &[Plane]) -> f64 {
    let mut differences = Vec::new();
    for part in parts {
        for y in 1..part.height() {
            let (up, low) = (part.row(y - 1), part.row(y));
            for (up, low) in up.windows(2).zip(low.windows(2)) {
                let d = f64::from(up[0]) - f64::from(up[1]) - f64::from(low[0]) + f64::from(low[1]);
                differences.push(d.abs() / 2.0);
            }
        }
    }
    if differences.is_empty() {
        return 0.0;
    }
    let middle = differences.len() / 2;
    let (_, median, _) = differences.select_nth_unstable_by(middle, f64::total_cmp);
    *median / 0.6745
}

/// A patch: which part, and its first pixel.
struct Patch {
    part: usize,
    left: usize,
    top: usize,
    texture: f64,
}

fn weak_texture(parts: &[Plane]) -> Option<f64> {
    let places = |plane: &Plane| {
        let along = |extent: usize| (extent + 1).saturating_sub(SIDE);
        along(plane.width()) * along(plane.height())
    };
    // Patches overlap, so that every other row of them says nearly as much.
    let all: usize = parts.iter().map(places).sum();
    let step = if all > PLENTY { 2 } else { 1 };
    let mut patches = Vec::new();
    let mut flat = 0usize;
    for (part, plane) in parts.iter().enumerate() {
        let columns = (plane.width() + 1).saturating_sub(SIDE);
        if columns == 0 || plane.height() < SIDE {
            continue;
        }
        let textures = textures(plane, step);
        for (row, textures) in textures.chunks_exact(columns).enumerate() {
            let top = row * step;
            for (left, texture) in textures.iter().enumerate() {
                // One grey is no noise at all: clipped or masked pixels say nothing about the rest.
                if *texture == 0.0 && is_plain(plane, left, top) {
                    flat += 1;
                    continue;
                }
                patches.push(Patch {
                    part,
                    left,
                    top,
                    texture: *texture,
                });
            }
        }
    }
    if patches.len() < FEWEST {
        // Hardly anything but flat patches: there is no noise.
        return (flat > patches.len()).then_some(0.0);
    }
    let mut variance = smallest(parts, &patches)?;
    for _ in 1..ROUNDS {
        let kept = patches.iter().filter(|p| p.texture < variance * THRESHOLD);
        if kept.count() < FEWEST {
            break;
        }
        patches.retain(|p| p.texture < variance * THRESHOLD);
        variance = smallest(parts, &patches)?;
    }
    // Of n samples in d dimensions the smallest eigenvalue comes out too low, by (1 - √(d/n))² (Marchenko
    // and Pastur 1967), which holds for overlapping patches too. In photographs the texture that is left
    // makes up for about half of it (measured with examples/noise_level), so half is corrected.
    let low = 1.0 - (PIXELS as f64 / patches.len() as f64).sqrt() / 2.0;
    Some(variance.max(0.0).sqrt() / low)
}

/// Whether all pixels of a patch are equal.
fn is_plain(plane: &Plane, left: usize, top: usize) -> bool {
    let first = plane.row(top)[left];
    (top..top + SIDE).all(|y| plane.row(y)[left..left + SIDE].iter().all(|v| *v == first))
}

/// Sums of squared central differences inside every patch, of every `step`-th row of patches.
fn textures(plane: &Plane, step: usize) -> Vec<f64> {
    let (width, height) = (plane.width(), plane.height());
    let columns = width + 1 - SIDE;
    let square = |a: f32, b: f32| f64::from((a - b) / 2.0).powi(2);
    // Sums along the rows of patches: of differences along the row, and down to the next row but one.
    let mut squares = vec![0.0; width];
    let mut sums = vec![0.0; 2 * columns * height];
    for (y, sums) in sums.chunks_exact_mut(2 * columns).enumerate() {
        let (along, down) = sums.split_at_mut(columns);
        let row = plane.row(y);
        for (s, w) in squares.iter_mut().zip(row.windows(3)) {
            *s = square(w[2], w[0]);
        }
        for (sum, w) in along.iter_mut().zip(squares.windows(SIDE - 2)) {
            *sum = w.iter().sum();
        }
        if y + 2 < height {
            for (s, (a, b)) in squares.iter_mut().zip(row.iter().zip(plane.row(y + 2))) {
                *s = square(*b, *a);
            }
            for (sum, w) in down.iter_mut().zip(squares.windows(SIDE)) {
                *sum = w.iter().sum();
            }
        }
    }
    let mut textures = Vec::with_capacity(columns * height.div_ceil(step));
    for top in (0..=height - SIDE).step_by(step) {
        let row = |y: usize| &sums[2 * columns * (top + y)..][..2 * columns];
        let start = textures.len();
        textures.resize(start + columns, 0.0);
        for y in 0..SIDE {
            let all = textures[start..].iter_mut().zip(&row(y)[..columns]);
            all.for_each(|(t, s)| *t += s);
        }
        for y in 0..SIDE - 2 {
            let all = textures[start..].iter_mut().zip(&row(y)[columns..]);
            all.for_each(|(t, s)| *t += s);
        }
    }
    textures
}

/// Smallest eigenvalue of the covariance of patches.
fn smallest(parts: &[Plane], patches: &[Patch]) -> Option<f64> {
    // Greys count from the first pixel's, so that products of large means do not swallow small variances.
    let origin = parts[patches[0].part].row(patches[0].top)[patches[0].left];
    let pieces = patches.par_chunks(CHUNKS * CHUNK);
    let all: Vec<Moments> = pieces
        .map(|patches| Moments::of(parts, patches, origin))
        .collect();
    let moments = all.into_iter().reduce(|mut all, piece| {
        for (to, from) in all.sums.iter_mut().zip(&piece.sums) {
            *to += from;
        }
        for (to, from) in all.products.iter_mut().zip(&piece.products) {
            *to += from;
        }
        all
    })?;
    let (sums, products) = (moments.sums, moments.products);
    let count = patches.len() as f64;
    let covariance = Square::from_fn(PIXELS, |i, j| {
        let (i, j) = (i.max(j), i.min(j));
        (products[i * ROWS + j] - sums[i] * sums[j] / count) / (count - 1.0)
    });
    symmetric_eigenvalues(&covariance).ok()?.first().copied()
}

/// Sums over patches.
struct Moments {
    /// Of each pixel.
    sums: [f64; PIXELS],
    /// Of the products of two pixels: [`ROWS`] rows, below the diagonal and on it.
    products: Vec<f64>,
}

impl Moments {
    /// Greys count from `origin`.
    fn of(parts: &[Plane], patches: &[Patch], origin: f32) -> Self {
        let mut sums = [0.0; PIXELS];
        let mut products = vec![0.0; ROWS * ROWS];
        let mut rows = vec![0.0; ROWS * CHUNK];
        let kernels = Kernels::detect();
        for chunk in patches.chunks(CHUNK) {
            // Missing patches of the last chunk are zero.
            rows.fill(0.0);
            let grey = |p: &Patch| parts[p.part].row(p.top)[p.left];
            // Greys near to each other, so that squares of large ones do not swallow small variances.
            let near = grey(&chunk[0]);
            let mut at = 0;
            // Patches next to each other are copied together.
            let next =
                |a: &Patch, b: &Patch| (a.part, a.top, a.left + 1) == (b.part, b.top, b.left);
            for run in chunk.chunk_by(next) {
                for (k, row) in rows.chunks_exact_mut(CHUNK).take(PIXELS).enumerate() {
                    let from = run[0].left + k % SIDE;
                    let pixels = parts[run[0].part].row(run[0].top + k / SIDE);
                    let pixels = &pixels[from..from + run.len()];
                    for (entry, v) in row[at..at + run.len()].iter_mut().zip(pixels) {
                        *entry = v - near;
                    }
                }
                at += run.len();
            }
            let (count, by) = (chunk.len() as f64, f64::from(near) - f64::from(origin));
            let mut own = [0.0; ROWS];
            for (sum, row) in own.iter_mut().zip(rows.chunks_exact(CHUNK)) {
                *sum = row.iter().map(|v| f64::from(*v)).sum::<f64>();
            }
            let add = Products {
                products: &mut products,
                rows: &rows,
            };
            run_loops(kernels, add);
            // The same, counted from the origin.
            for i in 0..PIXELS {
                sums[i] += own[i] + count * by;
                for j in 0..=i {
                    products[i * ROWS + j] += by * (own[i] + own[j] + count * by);
                }
            }
        }
        Self { sums, products }
    }
}

/// Numbers added next to each other: a vector of the widest instruction set.
const LANES: usize = 16;

/// Adds the products of [`ROWS`] rows of [`CHUNK`] numbers with each other, below the diagonal and on it.
struct Products<'a> {
    products: &'a mut [f64],
    rows: &'a [f32],
}

impl Loops for Products<'_> {
    type Out = ();

    // One index for five short arrays: this is what the compiler makes vectors of.
    #[allow(clippy::needless_range_loop)]
    #[inline(always)]
    fn run(self) {
        // Two by two rows: every number that is loaded is used twice.
        for i in (0..ROWS).step_by(2) {
            let (a, b) = self.rows[i * CHUNK..(i + 2) * CHUNK].split_at(CHUNK);
            for j in (0..=i).step_by(2) {
                let (c, d) = self.rows[j * CHUNK..(j + 2) * CHUNK].split_at(CHUNK);
                // Sums of few numbers; these are added up in f64.
                let mut sums = [[0.0_f32; LANES]; 4];
                for k in (0..CHUNK).step_by(LANES) {
                    for l in 0..LANES {
                        sums[0][l] += a[k + l] * c[k + l];
                        sums[1][l] += a[k + l] * d[k + l];
                        sums[2][l] += b[k + l] * c[k + l];
                        sums[3][l] += b[k + l] * d[k + l];
                    }
                }
                for n in 0..4 {
                    let mut sum = 0.0;
                    for l in 0..LANES {
                        sum += f64::from(sums[n][l]);
                    }
                    self.products[(i + n / 2) * ROWS + j + n % 2] += sum;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waves of several lengths, an edge and a plain half.
    fn scene(width: usize, height: usize) -> Plane {
        let mut pixels = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
                let plain = 90.0 + 60.0 * v;
                let waves = 120.0 + 40.0 * (40.0 * u * u).sin() * (23.0 * v).cos();
                pixels.push(if u + v < 0.9 { plain } else { waves });
            }
        }
        Plane::new(width, height, pixels).expect("fits")
    }

    fn noisy(clean: &Plane, sigma: f64, seed: u64) -> Plane {
        let mut noisy = clean.clone();
        let mut stream = timestep_numerics::random::Stream::new(seed, "pixel noise", 0, 0);
        for pixel in noisy.pixels_mut() {
            *pixel = (f64::from(*pixel) + sigma * stream.normal()) as f32;
        }
        noisy
    }

    #[test]
    fn it_finds_the_level_that_was_added() {
        let clean = scene(150, 120);
        for sigma in [2.0, 5.0, 15.0, 25.0, 50.0, 75.0] {
            let found = estimate(&[noisy(&clean, sigma, 1)]);
            assert!((found / sigma - 1.0).abs() < 0.06, "{sigma}: {found}");
        }
    }

    #[test]
    fn masked_pixels_do_not_hide_the_noise() {
        let mut picture = noisy(&scene(150, 120), 10.0, 2);
        picture.pixels_mut()[..150 * 60].fill(0.0);
        let found = estimate(&[picture]);
        assert!((found / 10.0 - 1.0).abs() < 0.06, "{found}");
    }

    #[test]
    fn small_and_plain_pictures_have_an_estimate() {
        let plain = |w, h| estimate(&[Plane::filled(w, h, 77.0).expect("fits")]);
        assert_eq!([plain(1, 1), plain(3, 7), plain(40, 40)], [0.0; 3]);
        assert_eq!(estimate(&[scene(1, 7)]), 0.0);
        // Too small for patches: within a third.
        let found = estimate(&[noisy(&Plane::filled(15, 14, 100.0).expect("fits"), 20.0, 3)]);
        assert!((14.0..27.0).contains(&found), "{found}");
    }

    #[test]
    fn parts_of_a_large_picture_tell_the_same() {
        let large = noisy(&scene(700, 600), 15.0, 4);
        let parts: Vec<Plane> = parts(700, 600)
            .into_iter()
            .map(|[l, t, w, h]| large.crop(l, t, w, h))
            .collect();
        assert_eq!(parts.len(), 64);
        let found = estimate(&parts);
        assert!((found / 15.0 - 1.0).abs() < 0.04, "{found}");
        assert_eq!(super::parts(100_000, 9).len(), 8);
        assert_eq!(super::parts(512, 512).len(), 1);
    }
}
