//! How is the finest noise of colours removed? What is finer than half the resolution is kept where it is more than noise.
//!
//! Colours hardly have details that fine, and what they have is stronger than their noise: at an edge between two colours. So the
//! clean half resolution is enlarged, and of the difference to the picture the share `1 - T σ² / m` is added, `m` being its mean
//! square in 5 × 5 pixels (J.-S. Lee: Digital image enhancement and noise filtering by use of local statistics, 1980, on one
//! band). `T` is above 1 because noise that is left is seen more than details of colours that are lost.

use super::scale::Enlarged;
use super::stabilise::MOST;
use rayon::prelude::*;
use timestep_kernels::Buffer;
use timestep_picture::Plane;
use timestep_picture::noise::Curve;

/// Pixels around a pixel whose mean square counts.
const AROUND: usize = 2;
/// Mean square, in variances of the noise, up to which nothing is kept.
const NOISE: f32 = 3.0;
/// Rows that are computed together.
const ROWS: usize = 64;

/// Pixels to each side on which a pixel depends, where it depends on `half` pixels of half the resolution.
pub(super) fn halo(half: usize) -> usize {
    AROUND + 2 * (half + 1)
}

/// The state of colours with clean details: `before` and `after` are its half, as it was and clean, `brightness` that of the
/// picture at half the resolution, `curve` the noise at full resolution, `mean` its level, of which this `share` counts.
pub(super) fn cleaned(
    state: &Plane,
    (before, after): (&Plane, &Plane),
    brightness: &Plane,
    (curve, mean, share): (&Curve, f64, f32),
) -> Plane {
    let (width, height) = (state.width(), state.height());
    // A share of nothing keeps all.
    let mean = mean.max(1e-3);
    let weight = |i: usize| {
        let level = curve.at(i as f64).clamp(mean / MOST, mean * MOST);
        (1.0 / (level * level)) as f32
    };
    let weights: Vec<f32> = (0..256).map(weight).collect();
    let last = height - 1;
    let mut out = Buffer::new(width * height);
    let pieces = out.par_chunks_mut(ROWS * width).enumerate();
    pieces.for_each(|(piece, out)| {
        let (mut was, mut is) = (Enlarged::new(before, width), Enlarged::new(after, width));
        let mut line = Line::new(width);
        let top = piece * ROWS;
        // Row `y` of details and of their sums is at `y % 5`.
        let mut details = vec![vec![0.0_f32; width]; 2 * AROUND + 1];
        let mut sums = details.clone();
        let mut next = top.saturating_sub(AROUND);
        for (y, out) in (top..).zip(out.chunks_exact_mut(width)) {
            while next <= (y + AROUND).min(last) {
                let at = next % (2 * AROUND + 1);
                let rows = state.row(next).iter().zip(was.row(next));
                for (d, (s, w)) in details[at].iter_mut().zip(rows) {
                    *d = s - w;
                }
                line.sum(
                    &details[at],
                    brightness.row(next / 2),
                    &weights,
                    &mut sums[at],
                );
                next += 1;
            }
            let row = |dy: usize| (y + dy).saturating_sub(AROUND).min(last) % (2 * AROUND + 1);
            let [a, b, c, d, e] = std::array::from_fn(|dy| &sums[row(dy)][..width]);
            let detail = &details[y % (2 * AROUND + 1)][..width];
            let is = &is.row(y)[..width];
            for x in 0..width {
                let mean = (a[x] + b[x] + c[x] + d[x] + e[x]) * (1.0 / 25.0);
                let keep = 1.0 - share * NOISE / mean.max(NOISE);
                out[x] = is[x] + keep * detail[x];
            }
        }
    });
    state.with_pixels(out)
}

/// Sums along a row.
struct Line {
    squares: Vec<f32>,
}

impl Line {
    fn new(width: usize) -> Self {
        Self {
            squares: vec![0.0; width + 2 * AROUND],
        }
    }

    /// Sums of five squares of `details` in variances of the noise.
    fn sum(&mut self, details: &[f32], brightness: &[f32], weights: &[f32], to: &mut [f32]) {
        let width = details.len();
        let squares = &mut self.squares[..width + 2 * AROUND];
        let pairs = squares[AROUND..AROUND + width].chunks_mut(2);
        for ((to, from), b) in pairs.zip(details.chunks(2)).zip(brightness) {
            // Beyond 255 it is as at 255; below 0 as at 0.
            let weight = weights[(b + 0.5) as u8 as usize];
            for (to, d) in to.iter_mut().zip(from) {
                *to = d * d * weight;
            }
        }
        for i in 0..AROUND {
            squares[i] = squares[AROUND];
            squares[width + AROUND + i] = squares[width + AROUND - 1];
        }
        for (x, to) in to[..width].iter_mut().enumerate() {
            let s = &squares[x..x + 2 * AROUND + 1];
            *to = s[0] + s[1] + s[2] + s[3] + s[4];
        }
    }
}
