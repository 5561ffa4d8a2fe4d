//! What does a norm need to know about the features around it? Their moments, and two sums for its backward pass.
//!
//! Inside a strip sums are in f32, shifted so that they do not cancel; strips are merged in f64 in
//! the order of the images, so the result does not depend on the number of threads.

use crate::simd::Simd;
use crate::view::View;

/// Count, mean and sum of squared deviations of each channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// Pixels counted.
    pub count: f64,
    /// Mean of each channel.
    pub mean: Vec<f64>,
    /// `Σ (x - mean)²` of each channel.
    pub squares: Vec<f64>,
}

impl Moments {
    /// Moments of nothing.
    #[must_use]
    pub fn new(channels: usize) -> Self {
        Self {
            count: 0.0,
            mean: vec![0.0; channels],
            squares: vec![0.0; channels],
        }
    }

    /// Biased variance of a channel: what batch norm divides by.
    #[must_use]
    pub fn variance(&self, channel: usize) -> f64 {
        self.squares[channel] / self.count.max(1.0)
    }

    /// Unbiased variance of a channel: what PyTorch averages into the running variance.
    #[must_use]
    pub fn unbiased(&self, channel: usize) -> f64 {
        self.squares[channel] / (self.count - 1.0).max(1.0)
    }

    /// Adds the moments of other pixels (Chan, Golub, LeVeque 1979).
    pub fn merge(&mut self, other: &Moments) {
        if other.count == 0.0 {
            return;
        }
        let total = self.count + other.count;
        let weight = self.count * other.count / total;
        for c in 0..self.mean.len() {
            let delta = other.mean[c] - self.mean[c];
            self.mean[c] += delta * (other.count / total);
            self.squares[c] += other.squares[c] + delta * delta * weight;
        }
        self.count = total;
    }

    /// Adds `pixels` pixels whose deviations from `shift` sum to `first` and their squares to `second`.
    fn merge_shifted(&mut self, c: usize, pixels: f64, shift: f64, first: f64, second: f64) {
        let (mean, squares) = (shift + first / pixels, second - first * first / pixels);
        let total = self.count + pixels;
        let delta = mean - self.mean[c];
        self.mean[c] += delta * (pixels / total);
        // A negative rest is rounding; NaN must stay NaN, which `max` would hide.
        let squares = if squares < 0.0 { 0.0 } else { squares };
        self.squares[c] += squares + delta * delta * (self.count * pixels / total);
    }
}

/// Pixels summed in f32 before the sums go into f64.
const RUN: usize = 256;

/// Adds the moments of `pixels` pixels.
///
/// # Safety
/// `data` holds `pixels` times as many floats as `moments` has channels.
#[inline(always)]
pub(crate) unsafe fn add_moments<S: Simd>(data: *const f32, pixels: usize, moments: &mut Moments) {
    let channels = moments.mean.len();
    let mut start = 0;
    while start < pixels {
        let run = RUN.min(pixels - start);
        let mut c = 0;
        while c < channels {
            let n = (channels - c).min(S::LANES);
            // SAFETY: pixels `start .. start + run` and channels `c .. c + n` exist.
            unsafe {
                let at = data.add(start * channels + c);
                let shift = S::load_some(at, n);
                let zero = S::splat(0.0);
                let (mut first, mut second) = ([zero; 4], [zero; 4]);
                let mut x = 0;
                while x + 4 <= run {
                    for i in 0..4 {
                        let d = S::sub(S::load_some(at.add((x + i) * channels), n), shift);
                        first[i] = S::add(first[i], d);
                        second[i] = S::fma(d, d, second[i]);
                    }
                    x += 4;
                }
                while x < run {
                    let d = S::sub(S::load_some(at.add(x * channels), n), shift);
                    first[0] = S::add(first[0], d);
                    second[0] = S::fma(d, d, second[0]);
                    x += 1;
                }
                let first = S::add(S::add(first[0], first[1]), S::add(first[2], first[3]));
                let second = S::add(S::add(second[0], second[1]), S::add(second[2], second[3]));
                let mut lanes = [[0.0_f32; 16]; 3];
                S::store(lanes[0].as_mut_ptr(), shift);
                S::store(lanes[1].as_mut_ptr(), first);
                S::store(lanes[2].as_mut_ptr(), second);
                for i in 0..n {
                    let [shift, first, second] = [0, 1, 2].map(|k| f64::from(lanes[k][i]));
                    moments.merge_shifted(c + i, run as f64, shift, first, second);
                }
            }
            c += S::LANES;
        }
        moments.count += run as f64;
        start += run;
    }
}

/// `Σ g` and `Σ g (x - center)` of each channel, where `g` is the gradient that reaches a norm.
#[derive(Clone, Debug, PartialEq)]
pub struct NormSums {
    /// `Σ g`: the gradient of the shift.
    pub plain: Vec<f64>,
    /// `Σ g (x - center)`: divided by the standard deviation, the gradient of the scale.
    pub centered: Vec<f64>,
}

impl NormSums {
    /// Sums over nothing.
    #[must_use]
    pub fn new(channels: usize) -> Self {
        Self {
            plain: vec![0.0; channels],
            centered: vec![0.0; channels],
        }
    }

    /// Adds sums over other pixels.
    pub fn merge(&mut self, other: &NormSums) {
        for (a, b) in self.plain.iter_mut().zip(&other.plain) {
            *a += b;
        }
        for (a, b) in self.centered.iter_mut().zip(&other.centered) {
            *a += b;
        }
    }
}

/// Takes the gradient `g` of a view back through its ReLU, in place, and sums for its norm.
///
/// `at` is the float of the view's data where `g` begins.
///
/// # Safety
/// `g` holds `pixels · channels` floats, the view as many from `at` on.
#[inline(always)]
pub(crate) unsafe fn through_view<S: Simd>(
    g: *mut f32,
    view: &View<'_>,
    at: usize,
    pixels: usize,
    channels: usize,
    sums: &mut NormSums,
) {
    let Some(affine) = &view.affine else {
        if view.relu {
            // SAFETY: `pixels · channels` floats on both sides.
            unsafe {
                let x = view.data.as_ptr().add(at);
                let mut i = 0;
                while i < pixels * channels {
                    let n = (pixels * channels - i).min(S::LANES);
                    let kept =
                        S::where_positive(S::load_some(x.add(i), n), S::load_some(g.add(i), n));
                    S::store_some(g.add(i), kept, n);
                    i += S::LANES;
                }
            }
        }
        return;
    };
    let mut start = 0;
    while start < pixels {
        let run = RUN.min(pixels - start);
        let mut c = 0;
        while c < channels {
            let n = (channels - c).min(S::LANES);
            // SAFETY: pixels `start .. start + run` and channels `c .. c + n` exist on both sides.
            unsafe {
                let g = g.add(start * channels + c);
                let x = view.data.as_ptr().add(at + start * channels + c);
                let scale = S::load_some(affine.scale.as_ptr().add(c), n);
                let shift = S::load_some(affine.shift.as_ptr().add(c), n);
                let center = S::load_some(affine.center.as_ptr().add(c), n);
                let zero = S::splat(0.0);
                let (mut plain, mut centered) = ([zero; 2], [zero; 2]);
                let mut p = 0;
                while p < run {
                    // Two chains of sums: one would wait for itself.
                    for (i, (plain, centered)) in plain.iter_mut().zip(&mut centered).enumerate() {
                        if p + i < run {
                            let at = (p + i) * channels;
                            let value = S::load_some(x.add(at), n);
                            let mut grad = S::load_some(g.add(at), n);
                            if view.relu {
                                grad = S::where_positive(S::fma(value, scale, shift), grad);
                                S::store_some(g.add(at), grad, n);
                            }
                            *plain = S::add(*plain, grad);
                            *centered = S::fma(grad, S::sub(value, center), *centered);
                        }
                    }
                    p += 2;
                }
                let mut lanes = [[0.0_f32; 16]; 2];
                S::store(lanes[0].as_mut_ptr(), S::add(plain[0], plain[1]));
                S::store(lanes[1].as_mut_ptr(), S::add(centered[0], centered[1]));
                for i in 0..n {
                    sums.plain[c + i] += f64::from(lanes[0][i]);
                    sums.centered[c + i] += f64::from(lanes[1][i]);
                }
            }
            c += S::LANES;
        }
        start += run;
    }
}
