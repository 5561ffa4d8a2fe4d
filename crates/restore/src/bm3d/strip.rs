//! How is one step of BM3D carried out? Strip by strip of reference blocks, merged from top to bottom.
//!
//! Each strip of 24 rows of reference blocks has its own buffers, and the buffers are added in the
//! order of the strips: the result does not depend on threads, nor on where a tile begins.

#![allow(unsafe_code)] // Vectors are loaded and stored through pointers.

use super::group;
use super::matching::{PairImage, Search};
use super::pad::{Padded, SLACK};
use super::profile::{RADIUS, STRIP, Spec, kaiser};
use super::transform::Transform;
use rayon::prelude::*;
use timestep_kernels::Isa;
use timestep_kernels::simd::{Integers, Op};

/// Most blocks in a group.
const MOST: usize = 32;

/// A channel that is filtered.
#[derive(Debug)]
pub(super) struct Channel {
    /// With noise.
    pub(super) noisy: Padded,
    /// The estimate of the first step, if this is the second.
    pub(super) basic: Option<Padded>,
    /// Standard deviation of the noise, more than 0.
    pub(super) sigma: f64,
}

/// What a strip adds to a channel, for rows from `top` on.
#[derive(Debug)]
struct Sums {
    /// Σ w · window · block, with the stride of the padded plane.
    values: Vec<f32>,
    /// Σ w at the first pixel of each block: convolved with the window it is the denominator.
    weights: Vec<f32>,
}

/// One strip of reference blocks.
struct Strip<'a, T, const STEP: usize, const N: usize> {
    pairs: &'a PairImage,
    channels: &'a [Channel],
    spec: &'a Spec,
    transform: &'a T,
    /// Kaiser's window, laid out like coefficients.
    window: &'a [f32],
    /// First row of pixels that the strip may change, and one more than the last.
    rows: (usize, usize),
    /// First row of reference blocks, and one more than the last.
    references: (usize, usize),
}

/// Rows of the plane that reference blocks in `from..to` may change.
fn reach(from: usize, to: usize, block: usize, height: usize) -> (usize, usize) {
    (
        from.saturating_sub(RADIUS),
        (to - 1 + RADIUS + block).min(height),
    )
}

impl<S: Integers, T: Transform, const STEP: usize, const N: usize> Op<S> for Strip<'_, T, STEP, N> {
    type Out = Vec<Sums>;

    #[inline(always)]
    unsafe fn run(self) -> Vec<Sums> {
        let (top, end) = self.rows;
        let mut sums: Vec<Sums> = self
            .channels
            .iter()
            .map(|c| Sums {
                values: vec![0.0; (end - top) * c.noisy.stride],
                weights: vec![0.0; (end - top) * c.noisy.stride],
            })
            .collect();
        let mut search = Search::new::<S>(self.pairs, self.spec);
        let mut moves = [(0isize, 0isize); MOST];
        let mut at = [0usize; MOST];
        let mut y_group = vec![0.0f32; N * T::FLOATS];
        let mut x_group = vec![0.0f32; N * T::FLOATS];
        let mut weighted = vec![0.0f32; T::FLOATS];
        for y in (self.references.0..self.references.1).step_by(STEP) {
            // A const generic argument cannot be `T::BLOCK`.
            if T::BLOCK == 8 {
                // SAFETY: `search` is made for `pairs`, step and group; a block of 8 fits at row `y`.
                unsafe { search.row::<S, 8, STEP, N>(self.pairs, y) };
            } else {
                // SAFETY: the same with blocks of 11.
                unsafe { search.row::<S, 11, STEP, N>(self.pairs, y) };
            }
            for k in 0..self.pairs.across {
                let n = search.group(k, &mut moves);
                let x = k * STEP;
                for (channel, sums) in self.channels.iter().zip(&mut sums) {
                    let stride = channel.noisy.stride;
                    for (at, (dy, dx)) in at.iter_mut().zip(&moves[..n]) {
                        let row = y.wrapping_add_signed(*dy);
                        *at = row * stride + x.wrapping_add_signed(*dx);
                    }
                    // SAFETY: matches lie inside the padded planes, whose rows have slack behind
                    // them (`PairImage`, `Padded`), and inside the rows of the sums (`reach`); the
                    // groups hold N blocks.
                    unsafe {
                        let sigma = channel.sigma as f32;
                        let noisy = channel.noisy.data.as_ptr();
                        for (i, at) in at[..n].iter().enumerate() {
                            let to = y_group.as_mut_ptr().add(i * T::FLOATS);
                            self.transform
                                .forward::<S::Eight>(noisy.add(*at), stride, to);
                        }
                        let size = if let Some(basic) = &channel.basic {
                            let basic = basic.data.as_ptr();
                            for (i, at) in at[..n].iter().enumerate() {
                                let to = x_group.as_mut_ptr().add(i * T::FLOATS);
                                self.transform
                                    .forward::<S::Eight>(basic.add(*at), stride, to);
                            }
                            // Keeps 0 / 0 out where the estimate is black and there is hardly noise.
                            let variance = (sigma * sigma).max(1e-12);
                            let (y, x) = (y_group.as_mut_ptr(), x_group.as_mut_ptr());
                            group::wiener::<S::Eight>(y, x, n, T::FLOATS, variance)
                        } else {
                            let threshold = self.spec.lambda as f32 * sigma;
                            group::hard::<S::Eight>(y_group.as_mut_ptr(), n, T::FLOATS, threshold)
                        };
                        // A group that keeps less than one coefficient counts as if it kept one.
                        let weight = 1.0 / size.max(1.0);
                        for (to, window) in weighted.iter_mut().zip(self.window) {
                            *to = weight * window;
                        }
                        for (i, at) in at[..n].iter().enumerate() {
                            let from = y_group.as_ptr().add(i * T::FLOATS);
                            let at = *at - top * stride;
                            let to = sums.values.as_mut_ptr().add(at);
                            self.transform.inverse_add::<S::Eight>(
                                from,
                                weighted.as_ptr(),
                                to,
                                stride,
                            );
                            sums.weights[at] += weight;
                        }
                    }
                }
            }
        }
        sums
    }
}

/// One step of BM3D on all channels; similar blocks are those of `pairs`.
///
/// Returns for each channel `Σ w window block / Σ w window`, without slack.
pub(super) fn filter<T: Transform, const STEP: usize, const N: usize>(
    isa: Isa,
    pairs: &PairImage,
    channels: &[Channel],
    spec: &Spec,
    transform: &T,
) -> Vec<Vec<f32>> {
    assert!(
        (spec.block, spec.step, spec.group) == (T::BLOCK, STEP, N) && N <= MOST,
        "types and constants agree"
    );
    let Some(first) = channels.first() else {
        return Vec::new();
    };
    for channel in channels {
        let sizes = [Some(&channel.noisy), channel.basic.as_ref()];
        for plane in sizes.into_iter().flatten() {
            assert!(
                (plane.width, plane.height) == (first.noisy.width, first.noisy.height),
                "channels have one size"
            );
        }
    }
    assert!(
        pairs.fits(&first.noisy, spec),
        "matching sees the same blocks"
    );
    let (width, height) = (first.noisy.width, first.noisy.height);
    let kaiser = kaiser(T::BLOCK);
    let row = T::FLOATS / T::BLOCK;
    let mut window = vec![0.0; T::FLOATS];
    for (y, a) in kaiser.iter().enumerate() {
        for (x, b) in kaiser.iter().enumerate() {
            window[y * row + x] = a * b;
        }
    }
    let last = height - T::BLOCK + 1;
    let strips: Vec<((usize, usize), Vec<Sums>)> = (0..last.div_ceil(STRIP))
        .into_par_iter()
        .map(|s| {
            let references = (s * STRIP, ((s + 1) * STRIP).min(last));
            let rows = reach(references.0, references.1, T::BLOCK, height);
            let strip = Strip::<T, STEP, N> {
                pairs,
                channels,
                spec,
                transform,
                window: &window,
                rows,
                references,
            };
            // SAFETY: the conditions of the op were checked above.
            (rows, unsafe { isa.run(strip) })
        })
        .collect();
    (0..channels.len())
        .map(|c| {
            let stride = width + SLACK;
            let weights = merged(&strips, height, stride, width, |s| &s[c].weights);
            let mut values = merged(&strips, height, stride, width, |s| &s[c].values);
            values
                .par_chunks_exact_mut(width)
                .enumerate()
                .for_each(|(y, row)| divide(row, &weights, y, &kaiser));
            values
        })
        .collect()
}

/// Adds up the buffers of all strips, in their order.
fn merged<'a>(
    strips: &'a [((usize, usize), Vec<Sums>)],
    height: usize,
    stride: usize,
    width: usize,
    of: impl Fn(&'a [Sums]) -> &'a Vec<f32> + Sync,
) -> Vec<f32> {
    let mut total = vec![0.0f32; height * width];
    total
        .par_chunks_exact_mut(width)
        .enumerate()
        .for_each(|(y, row)| {
            for ((top, end), sums) in strips {
                if (*top..*end).contains(&y) {
                    let from = &of(sums)[(y - top) * stride..][..width];
                    for (to, x) in row.iter_mut().zip(from) {
                        *to += x;
                    }
                }
            }
        });
    total
}

/// Divides row `y` of the values by the sum of windows on it: the weights convolved with the window.
fn divide(row: &mut [f32], weights: &[f32], y: usize, kaiser: &[f32]) {
    let (width, block) = (row.len(), kaiser.len());
    let mut down = vec![0.0f32; width + block - 1];
    for (r, k) in kaiser.iter().enumerate().take(y + 1) {
        let from = &weights[(y - r) * width..][..width];
        for (to, w) in down[block - 1..].iter_mut().zip(from) {
            *to += k * w;
        }
    }
    let mut across = vec![0.0f32; width];
    for (c, k) in kaiser.iter().enumerate() {
        let from = &down[block - 1 - c..][..width];
        for (to, w) in across.iter_mut().zip(from) {
            *to += k * w;
        }
    }
    for (value, weight) in row.iter_mut().zip(&across) {
        *value /= weight;
    }
}
