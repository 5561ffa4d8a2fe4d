//! What should the kernels compute? The same in `f64`, one plain loop after the other, slowly.
//!
//! Nothing here shares code with the kernels except the types of their arguments. Features are NHWC,
//! weights are PyTorch's `[output, input / groups, kernel rows, kernel columns]`.

use crate::attention::Attention;
use crate::layout::Extent;
use crate::mean_pool::MeanPool;
use crate::shape::ConvShape;
use crate::view::{Sum, View};

/// `ε` of [`batch_norm`]: what is added to the variance.
pub const EPSILON: f64 = 1e-5;

/// Calls `f(input, weight, output)` with the positions of every product of a convolution.
///
/// Products with the zeros around the image are left out.
fn products(shape: &ConvShape, mut f: impl FnMut(usize, usize, usize)) {
    let s = shape;
    let (inputs, outputs) = (s.group_input(), s.group_output());
    let inside = |at: usize, tap: usize, padding: usize, extent: usize| {
        (at * s.stride + tap)
            .checked_sub(padding)
            .filter(|x| *x < extent)
    };
    for image in 0..s.batch {
        for oy in 0..s.out_height() {
            for ox in 0..s.out_width() {
                let out = ((image * s.out_height() + oy) * s.out_width() + ox) * s.output;
                for ky in 0..s.kernel[0] {
                    let Some(y) = inside(oy, ky, s.padding[0], s.height) else {
                        continue;
                    };
                    for kx in 0..s.kernel[1] {
                        let Some(x) = inside(ox, kx, s.padding[1], s.width) else {
                            continue;
                        };
                        let pixel = ((image * s.height + y) * s.width + x) * s.input;
                        for o in 0..s.output {
                            let from = pixel + o / outputs * inputs;
                            let tap = (o * inputs * s.kernel[0] + ky) * s.kernel[1] + kx;
                            for i in 0..inputs {
                                f(from + i, tap + i * s.kernel[0] * s.kernel[1], out + o);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A convolution: `out[o] = Σ input[i] weights[o, i, tap]`.
///
/// # Panics
/// If a length does not fit the shape.
#[must_use]
pub fn conv_forward(shape: &ConvShape, input: &[f64], weights: &[f64]) -> Vec<f64> {
    assert_eq!(input.len(), shape.input_len(), "length of the input");
    assert_eq!(weights.len(), shape.weight_len(), "length of the weights");
    let mut out = vec![0.0; shape.output_len()];
    products(shape, |i, w, o| out[o] += input[i] * weights[w]);
    out
}

/// Gradients of [`conv_forward`] for its input and its weights, given that of its output.
///
/// # Panics
/// If a length does not fit the shape.
#[must_use]
pub fn conv_grads(
    shape: &ConvShape,
    input: &[f64],
    weights: &[f64],
    grad_out: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    assert_eq!(input.len(), shape.input_len(), "length of the input");
    assert_eq!(weights.len(), shape.weight_len(), "length of the weights");
    assert_eq!(grad_out.len(), shape.output_len(), "length of the gradient");
    let mut grad_input = vec![0.0; input.len()];
    let mut grad_weights = vec![0.0; weights.len()];
    products(shape, |i, w, o| {
        grad_input[i] += grad_out[o] * weights[w];
        grad_weights[w] += grad_out[o] * input[i];
    });
    (grad_input, grad_weights)
}

/// Calls `f(input, output, share)` for every pixel that a window averages, with its share in the mean.
fn averaged(pool: &MeanPool, input: &Extent, mut f: impl FnMut(usize, usize, f64)) {
    let output = pool.output(input);
    // The border is left out, of the pixels and of their number.
    let covered = |i: usize, n: usize| -> Vec<usize> {
        let taps = (0..pool.kernel).map(|tap| (i * pool.stride + tap).checked_sub(pool.padding));
        taps.flatten().filter(|x| *x < n).collect()
    };
    for out in 0..output.len() {
        let (pixel, c) = (out / output.channels, out % output.channels);
        let (row, column) = (pixel / output.width, pixel % output.width);
        let (image, row) = (row / output.height, row % output.height);
        let rows = covered(row, input.height);
        let columns = covered(column, input.width);
        let share = 1.0 / (rows.len() * columns.len()) as f64;
        for y in &rows {
            for x in &columns {
                let pixel = (image * input.height + y) * input.width + x;
                f(pixel * input.channels + c, out, share);
            }
        }
    }
}

/// Means over windows, whose pixels outside the image do not count.
///
/// # Panics
/// If a length does not fit.
#[must_use]
pub fn mean_pool(pool: &MeanPool, input: &Extent, values: &[f64]) -> Vec<f64> {
    assert_eq!(values.len(), input.len(), "length of the input");
    let mut out = vec![0.0; pool.output(input).len()];
    averaged(pool, input, |i, o, share| out[o] += share * values[i]);
    out
}

/// Gradient of [`mean_pool`] for its values, given that of its output.
///
/// # Panics
/// If a length does not fit.
#[must_use]
pub fn mean_pool_grad(pool: &MeanPool, input: &Extent, grad_out: &[f64]) -> Vec<f64> {
    let outputs = pool.output(input).len();
    assert_eq!(grad_out.len(), outputs, "length of the gradient");
    let mut grad = vec![0.0; input.len()];
    averaged(pool, input, |i, o, share| grad[i] += share * grad_out[o]);
    grad
}

/// What a view shows: `scale · x + shift` for each channel, then [`relu`], where they are asked for.
///
/// # Panics
/// If the affine map has another number of channels.
#[must_use]
pub fn view(view: &View<'_>, channels: usize) -> Vec<f64> {
    let mut values: Vec<f64> = view.data.iter().map(|x| f64::from(*x)).collect();
    if let Some(affine) = &view.affine {
        assert_eq!(affine.scale.len(), channels, "one scale a channel");
        assert_eq!(affine.shift.len(), channels, "one shift a channel");
        for (i, x) in values.iter_mut().enumerate() {
            let c = i % channels;
            *x = *x * f64::from(affine.scale[c]) + f64::from(affine.shift[c]);
        }
    }
    if view.relu { relu(&values) } else { values }
}

/// `constant + Σ scaleᵢ · dataᵢ`.
///
/// # Panics
/// If there is no term, or terms differ in length.
#[must_use]
pub fn sum(sum: &Sum<'_>, channels: usize) -> Vec<f64> {
    let len = sum.terms[0].data.len();
    let value = |i: usize| {
        let c = i % channels;
        let constant = sum.constant.map_or(0.0, |constant| f64::from(constant[c]));
        sum.terms.iter().fold(constant, |total, term| {
            assert_eq!(term.data.len(), len, "length of a gradient's term");
            total + f64::from(term.scale[c]) * f64::from(term.data[i])
        })
    };
    (0..len).map(value).collect()
}

/// `max(0, x)`; NaN stays NaN.
#[must_use]
pub fn relu(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| if *x <= 0.0 { 0.0 } else { *x }).collect()
}

/// Gradient of [`relu`] at `x`: the gradient of its output where `x > 0` or `x` is NaN, else zero.
///
/// # Panics
/// If the lengths differ.
#[must_use]
pub fn relu_grad(x: &[f64], grad_out: &[f64]) -> Vec<f64> {
    assert_eq!(x.len(), grad_out.len(), "length of the gradient");
    let pairs = x.iter().zip(grad_out);
    pairs
        .map(|(x, g)| if *x <= 0.0 { 0.0 } else { *g })
        .collect()
}

/// Mean and biased variance of each channel, in two passes.
#[must_use]
pub fn moments(x: &[f64], channels: usize) -> (Vec<f64>, Vec<f64>) {
    let pixels = (x.len() / channels) as f64;
    let mut mean = vec![0.0; channels];
    let mut variance = vec![0.0; channels];
    for (i, x) in x.iter().enumerate() {
        mean[i % channels] += x / pixels;
    }
    for (i, x) in x.iter().enumerate() {
        variance[i % channels] += (x - mean[i % channels]).powi(2) / pixels;
    }
    (mean, variance)
}

/// Batch norm with the statistics of the batch: `γ (x - μ) / √(σ² + ε) + β` for each channel.
///
/// Ioffe, Szegedy 2015, "Batch normalization", algorithm 1. There are as many channels as `gamma`
/// has numbers.
///
/// # Panics
/// If `gamma` and `beta` differ in length.
#[must_use]
pub fn batch_norm(x: &[f64], gamma: &[f64], beta: &[f64]) -> Vec<f64> {
    assert_eq!(gamma.len(), beta.len(), "one scale and shift a channel");
    let channels = gamma.len();
    let (mean, variance) = moments(x, channels);
    let value = |(i, x): (usize, &f64)| {
        let c = i % channels;
        gamma[c] * (x - mean[c]) / (variance[c] + EPSILON).sqrt() + beta[c]
    };
    x.iter().enumerate().map(value).collect()
}

/// Gradients of [`batch_norm`].
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNormGrads {
    /// Gradient of `x`, through the statistics too.
    pub input: Vec<f64>,
    /// Gradient of `γ`: `Σ g x̂`, where `x̂ = (x - μ) / √(σ² + ε)`.
    pub gamma: Vec<f64>,
    /// Gradient of `β`: `Σ g`.
    pub beta: Vec<f64>,
}

/// Gradients of [`batch_norm`], given that of its output.
///
/// `dx = γ / √(σ² + ε) · (g - mean(g) - x̂ mean(g x̂))`.
///
/// # Panics
/// If the lengths of `x` and `grad_out` differ.
#[must_use]
pub fn batch_norm_grads(x: &[f64], gamma: &[f64], grad_out: &[f64]) -> BatchNormGrads {
    assert_eq!(x.len(), grad_out.len(), "length of the gradient");
    let channels = gamma.len();
    let pixels = (x.len() / channels) as f64;
    let (mean, variance) = moments(x, channels);
    let deviation: Vec<f64> = variance.iter().map(|v| (v + EPSILON).sqrt()).collect();
    let hat = |i: usize| (x[i] - mean[i % channels]) / deviation[i % channels];
    let mut of_gamma = vec![0.0; channels];
    let mut of_beta = vec![0.0; channels];
    for (i, g) in grad_out.iter().enumerate() {
        of_gamma[i % channels] += g * hat(i);
        of_beta[i % channels] += g;
    }
    let input = |(i, g): (usize, &f64)| {
        let c = i % channels;
        let rest = g - of_beta[c] / pixels - hat(i) * of_gamma[c] / pixels;
        gamma[c] / deviation[c] * rest
    };
    BatchNormGrads {
        input: grad_out.iter().enumerate().map(input).collect(),
        gamma: of_gamma,
        beta: of_beta,
    }
}

/// Softmax attention within each image, head by head, of queries, keys and values side by side: `o_i = Σ_j w_ij v_j` with
/// `w_i = softmax_j(q_i · k_j / √d)`.
///
/// # Panics
/// If a length does not fit.
#[must_use]
pub fn attention(shape: &Attention, input: &[f64]) -> Vec<f64> {
    let Attention {
        batch,
        tokens,
        channels,
        heads,
    } = *shape;
    assert_eq!(input.len(), 3 * batch * tokens * channels, "a length");
    let width = channels / heads;
    let at = |image: usize, token: usize, which: usize, c: usize| {
        input[(image * tokens + token) * 3 * channels + which * channels + c]
    };
    let mut out = vec![0.0; batch * tokens * channels];
    for image in 0..batch {
        for head in 0..heads {
            let own = head * width..(head + 1) * width;
            for i in 0..tokens {
                let score = |j: usize| -> f64 {
                    let terms = own.clone().map(|c| at(image, i, 0, c) * at(image, j, 1, c));
                    terms.sum::<f64>() / (width as f64).sqrt()
                };
                let scores: Vec<f64> = (0..tokens).map(score).collect();
                let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let total: f64 = scores.iter().map(|s| (s - largest).exp()).sum();
                for c in own.clone() {
                    let terms = scores.iter().enumerate();
                    let terms =
                        terms.map(|(j, s)| (s - largest).exp() / total * at(image, j, 2, c));
                    out[(image * tokens + i) * channels + c] = terms.sum();
                }
            }
        }
    }
    out
}

/// `γ (x - μ) / √(σ² + ε) + β` with mean and biased variance over the channels of each pixel.
///
/// # Panics
/// If a length does not fit.
#[must_use]
pub fn layer_norm(x: &[f64], gamma: &[f64], beta: &[f64], epsilon: f64) -> Vec<f64> {
    let channels = gamma.len();
    assert!(x.len().is_multiple_of(channels), "a length");
    let mut out = Vec::with_capacity(x.len());
    for x in x.chunks_exact(channels) {
        let mean = x.iter().sum::<f64>() / channels as f64;
        let squares: f64 = x.iter().map(|x| (x - mean).powi(2)).sum();
        let deviation = (squares / channels as f64 + epsilon).sqrt();
        for (x, (gamma, beta)) in x.iter().zip(gamma.iter().zip(beta)) {
            out.push(gamma * (x - mean) / deviation + beta);
        }
    }
    out
}
