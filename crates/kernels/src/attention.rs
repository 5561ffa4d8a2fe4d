//! How do pixels look at each other? Softmax attention within each image, head by head.
//!
//! Features are tokens: a pixel is one, its channels are queries, keys and values in turn, each of as many channels as the
//! result has; a head has the same part of all three. One image and one head are a piece of work. Loops run over tokens or over channels
//! that lie side by side, so that the compiler makes vectors of them without changing a sum: the same bits on every set of instructions
//! and for any number of threads.

use crate::kernels::Kernels;
use crate::parallel::map;
use crate::simd::{Loops, run_loops};

/// Extents of attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attention {
    /// Images, which do not see each other.
    pub batch: usize,
    /// Pixels of an image.
    pub tokens: usize,
    /// Channels of the result: a third of those of the input.
    pub channels: usize,
    /// Parts of the channels that look at tokens by themselves; divides `channels`.
    pub heads: usize,
}

impl Attention {
    /// Channels of a head.
    fn width(&self) -> usize {
        self.channels / self.heads
    }

    /// What scores are multiplied by: `1/√d`.
    fn scale(&self) -> f32 {
        1.0 / (self.width() as f32).sqrt()
    }

    fn check(&self, input: usize) {
        assert!(
            self.heads > 0 && self.channels.is_multiple_of(self.heads),
            "heads of equal widths"
        );
        assert_eq!(
            input,
            3 * self.batch * self.tokens * self.channels,
            "queries, keys and values"
        );
    }

    /// Image and head of each piece of work.
    fn pieces(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let heads = self.heads;
        (0..self.batch * heads).map(move |i| (i / heads, i % heads))
    }
}

/// `e^x` for `x ≤ 0`, to 2 units in the last place, in operations that every processor rounds alike; NaN stays NaN.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Below, the result is less than the smallest normal number.
    let x = if x < -87.0 { -87.0 } else { x };
    // Adding and subtracting 1.5 · 2²³ rounds to whole numbers; the low bits of the sum are the number.
    const ROUND: f32 = 12_582_912.0;
    let sum = x * std::f32::consts::LOG2_E + ROUND;
    let n = sum - ROUND;
    // ln 2 in two parts, so that x - n ln 2 is exact enough.
    let r = x - n * 0.693_359_4;
    let r = r + n * 2.121_944_4e-4;
    // Taylor's polynomial of degree 7 on |r| ≤ ln 2 / 2: the rest is below 2⁻²⁷ · 2.
    let p = 1.0 / 5040.0;
    let p = p * r + 1.0 / 720.0;
    let p = p * r + 1.0 / 120.0;
    let p = p * r + 1.0 / 24.0;
    let p = p * r + 1.0 / 6.0;
    let p = p * r + 0.5;
    let p = p * r + 1.0;
    let p = p * r + 1.0;
    let power = sum
        .to_bits()
        .wrapping_sub(ROUND.to_bits())
        .wrapping_add(127)
        << 23;
    p * f32::from_bits(power)
}

/// Independent chains of a sum, so that it fills vectors.
const CHAINS: usize = 16;

/// `Σ a b` in 16 chains.
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (heads, tail) = a.as_chunks::<CHAINS>();
    let (others, rest) = b.as_chunks::<CHAINS>();
    let mut sums = [0.0_f32; CHAINS];
    for (a, b) in heads.iter().zip(others) {
        for i in 0..CHAINS {
            sums[i] += a[i] * b[i];
        }
    }
    let mut total = 0.0;
    for sum in sums {
        total += sum;
    }
    for (a, b) in tail.iter().zip(rest) {
        total += a * b;
    }
    total
}

/// `to += c from`.
#[inline(always)]
fn add_scaled(to: &mut [f32], c: f32, from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += c * from;
    }
}

/// Queries, keys or values of one head of one image, token after token.
#[inline(always)]
fn head(input: &[f32], shape: &Attention, (image, head, which): (usize, usize, usize)) -> Vec<f32> {
    let (width, row) = (shape.width(), 3 * shape.channels);
    let mut out = Vec::with_capacity(shape.tokens * width);
    for token in 0..shape.tokens {
        let at = (image * shape.tokens + token) * row + which * shape.channels + head * width;
        out.extend_from_slice(&input[at..][..width]);
    }
    out
}

/// Rows as columns.
#[inline(always)]
fn turned(rows: &[f32], width: usize) -> Vec<f32> {
    let count = rows.len() / width;
    let mut out = vec![0.0; rows.len()];
    for (r, row) in rows.chunks_exact(width).enumerate() {
        for (c, value) in row.iter().enumerate() {
            out[c * count + r] = *value;
        }
    }
    out
}

/// Scores of one query with all keys, made weights that sum to 1.
#[inline(always)]
fn softmax(scores: &mut [f32]) {
    let mut largest = f32::NEG_INFINITY;
    for s in scores.iter() {
        largest = if *s > largest { *s } else { largest };
    }
    for s in scores.iter_mut() {
        *s = exp(*s - largest);
    }
    let mut sums = [0.0_f32; CHAINS];
    let (chunks, tail) = scores.as_chunks::<CHAINS>();
    for chunk in chunks {
        for i in 0..CHAINS {
            sums[i] += chunk[i];
        }
    }
    let mut total: f32 = 0.0;
    for sum in sums.iter().chain(tail) {
        total += sum;
    }
    let inverse = 1.0 / total;
    for s in scores.iter_mut() {
        *s *= inverse;
    }
}

/// One head of one image.
struct Forward<'a> {
    shape: Attention,
    input: &'a [f32],
    piece: (usize, usize),
}

impl Loops for Forward<'_> {
    /// The result, token after token, and the weights, query after query.
    type Out = (Vec<f32>, Vec<f32>);

    #[inline(always)]
    fn run(self) -> Self::Out {
        let (image, own) = self.piece;
        let (tokens, width) = (self.shape.tokens, self.shape.width());
        let of = |which| head(self.input, &self.shape, (image, own, which));
        let (queries, keys, values) = (of(0), turned(&of(1), width), of(2));
        let mut weights = vec![0.0_f32; tokens * tokens];
        let mut out = vec![0.0_f32; tokens * width];
        let scale = self.shape.scale();
        for ((query, weights), out) in queries
            .chunks_exact(width)
            .zip(weights.chunks_exact_mut(tokens))
            .zip(out.chunks_exact_mut(width))
        {
            for (q, keys) in query.iter().zip(keys.chunks_exact(tokens)) {
                add_scaled(weights, q * scale, keys);
            }
            softmax(weights);
            for (w, value) in weights.iter().zip(values.chunks_exact(width)) {
                add_scaled(out, *w, value);
            }
        }
        (out, weights)
    }
}

/// The way back through one head of one image.
struct Backward<'a> {
    shape: Attention,
    input: &'a [f32],
    /// Weights of this head.
    weights: &'a [f32],
    /// Gradient of the whole result.
    grad: &'a [f32],
    piece: (usize, usize),
}

impl Loops for Backward<'_> {
    /// Gradients of queries, keys and values, token after token.
    type Out = [Vec<f32>; 3];

    #[inline(always)]
    fn run(self) -> Self::Out {
        let (image, own) = self.piece;
        let (tokens, width, channels) =
            (self.shape.tokens, self.shape.width(), self.shape.channels);
        let of = |which| head(self.input, &self.shape, (image, own, which));
        let (queries, keys, values) = (of(0), of(1), turned(&of(2), width));
        let zeros = || vec![0.0_f32; tokens * width];
        let (mut dq, mut dk, mut dv) = (zeros(), zeros(), zeros());
        let mut scores = vec![0.0_f32; tokens];
        let scale = self.shape.scale();
        for token in 0..tokens {
            let at = (image * tokens + token) * channels + own * width;
            let grad = &self.grad[at..][..width];
            let weights = &self.weights[token * tokens..][..tokens];
            // The weights' gradient is `g · v_j`, the scores' `w_j (g · v_j - Σ w g · v)`.
            scores.fill(0.0);
            for (g, values) in grad.iter().zip(values.chunks_exact(tokens)) {
                add_scaled(&mut scores, *g, values);
            }
            let mean = dot(weights, &scores);
            for (s, w) in scores.iter_mut().zip(weights) {
                *s = w * (*s - mean) * scale;
            }
            let query = &queries[token * width..][..width];
            let dq = &mut dq[token * width..][..width];
            for other in 0..tokens {
                let place = other * width;
                add_scaled(dq, scores[other], &keys[place..][..width]);
                add_scaled(&mut dk[place..][..width], scores[other], query);
                add_scaled(&mut dv[place..][..width], weights[other], grad);
            }
        }
        [dq, dk, dv]
    }
}

impl Kernels {
    /// Softmax attention: `o_i = Σ_j w_ij v_j`, `w_i = softmax_j(q_i · k_j / √d)`, and the weights `w`, head after head of each image.
    ///
    /// `input` is NHWC, with the channels of all queries, then of all keys, then of all values.
    ///
    /// # Panics
    /// If a length does not fit.
    #[must_use]
    pub fn attention(&self, shape: &Attention, input: &[f32]) -> (Vec<f32>, Vec<f32>) {
        shape.check(input.len());
        let parts = map(shape.pieces(), |piece| {
            let shape = *shape;
            run_loops(
                *self,
                Forward {
                    shape,
                    input,
                    piece,
                },
            )
        });
        let (tokens, width) = (shape.tokens, shape.width());
        let mut out = vec![0.0; shape.batch * tokens * shape.channels];
        let mut weights = Vec::with_capacity(parts.len() * tokens * tokens);
        for ((image, head), (part, own)) in shape.pieces().zip(parts) {
            for (token, part) in part.chunks_exact(width.max(1)).enumerate() {
                let at = (image * tokens + token) * shape.channels + head * width;
                out[at..][..width].copy_from_slice(part);
            }
            weights.extend(own);
        }
        (out, weights)
    }

    /// Gradient of the input of [`attention`](Self::attention), from that of the result and the weights.
    ///
    /// # Panics
    /// If a length does not fit.
    #[must_use]
    pub fn attention_backward(
        &self,
        shape: &Attention,
        input: &[f32],
        weights: &[f32],
        grad: &[f32],
    ) -> Vec<f32> {
        shape.check(input.len());
        let square = shape.tokens * shape.tokens;
        assert_eq!(weights.len(), shape.batch * shape.heads * square, "weights");
        assert_eq!(3 * grad.len(), input.len(), "a gradient of the result");
        let parts = map(shape.pieces().enumerate(), |(i, piece)| {
            run_loops(
                *self,
                Backward {
                    shape: *shape,
                    input,
                    weights: &weights[i * square..][..square],
                    grad,
                    piece,
                },
            )
        });
        let (tokens, width, channels) = (shape.tokens, shape.width(), shape.channels);
        let mut out = vec![0.0; input.len()];
        for ((image, head), parts) in shape.pieces().zip(&parts) {
            for (which, part) in parts.iter().enumerate() {
                for (token, part) in part.chunks_exact(width.max(1)).enumerate() {
                    let row = (image * tokens + token) * 3 * channels;
                    let at = row + which * channels + head * width;
                    out[at..][..width].copy_from_slice(part);
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_those_of_double_precision() {
        for i in 0..=200_000 {
            let x = -88.0 * (i as f32 / 200_000.0);
            let exact = f64::from(x.max(-87.0)).exp();
            let off = (f64::from(exp(x)) - exact).abs() / exact;
            assert!(off < 2.5e-7, "{x}: {off:.1e}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NAN).is_nan());
        assert!(exp(f32::NEG_INFINITY) < 2e-38);
    }
}
