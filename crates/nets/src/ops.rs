//! Which tensor operations does a network need? All of them are here, behind functions of our own.
//!
//! Every convolution, norm and linear combination of the networks goes through this module, so
//! the composed Burn operations can be replaced by fused kernels without touching a network.

use crate::features::Layout;
use crate::{Coef, Features, fused};
use burn::tensor::activation::{log_softmax, relu as burn_relu};
use burn::tensor::module::{batch_norm, batch_norm_train, conv2d as burn_conv2d, linear as affine};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Int, Tensor};
use std::sync::Arc;

pub use crate::fused::composed;

/// Added to the variance in batch normalisation, as in PyTorch.
pub const NORM_EPSILON: f64 = 1e-5;

/// Weight of the new batch in the running statistics, as in PyTorch.
pub const NORM_MOMENTUM: f64 = 0.1;

/// The instruction set of the kernels that compute on the CPU here.
///
/// # Errors
/// What the environment variable `TIMESTEP_ISA` asks for, if it is none of `avx512`, `avx2`,
/// `portable` or this processor lacks it; the best set is used then.
pub fn kernels() -> Result<&'static str, String> {
    match timestep_kernels::forced() {
        Some(Err(name)) => Err(name),
        _ => Ok(timestep_kernels::Kernels::detect().isa().name()),
    }
}

/// Convolution without bias.
///
/// # Shapes
/// - `input`: `[batch, in, height, width]`
/// - `weight`: flat, of `shape = [out, in / groups, kernel, kernel]`
/// - result: `[batch, out, ceil(height / stride), ceil(width / stride)]` when
///   `padding = (kernel - 1) / 2`
#[must_use]
pub fn conv2d(
    input: &Features,
    weight: Tensor<1>,
    shape: [usize; 4],
    stride: usize,
    padding: usize,
    groups: usize,
) -> Features {
    if let Some(input) = input.0.fused() {
        let steps = (stride, padding, groups);
        let convolved = fused::conv2d(input, weight, [shape[0], shape[2]], steps);
        return Features(Layout::Convolved(Arc::new(convolved)));
    }
    let options = ConvOptions::new([stride, stride], [padding, padding], [1, 1], groups);
    let weight = weight.reshape(shape);
    Features(Layout::Tensor(burn_conv2d(
        input.0.tensor(),
        weight,
        None,
        options,
    )))
}

/// Batch normalisation with the statistics of this batch.
///
/// Returns the normalised features, the batch mean and the **unbiased** batch variance, both of
/// shape `[channels]`: the running variance of PyTorch is an average of unbiased ones.
#[must_use]
pub fn norm_train(
    input: &Features,
    scale: Tensor<1>,
    shift: Tensor<1>,
) -> (Features, Tensor<1>, Tensor<1>) {
    if let Some(input) = input.0.fused() {
        let (out, mean, unbiased) = fused::norm_train(input, scale, shift, NORM_EPSILON);
        return (out.into(), mean, unbiased);
    }
    let [batch, _, height, width] = input.dims();
    let count = (batch * height * width) as f64;
    let out = batch_norm_train(input.0.tensor(), scale, shift, NORM_EPSILON);
    let unbiased = out.variance.mul_scalar(count / (count - 1.0).max(1.0));
    (Features(Layout::Tensor(out.output)), out.mean, unbiased)
}

/// Batch normalisation with given statistics of shape `[channels]`.
#[must_use]
pub fn norm_eval(
    input: &Features,
    scale: Tensor<1>,
    shift: Tensor<1>,
    mean: Tensor<1>,
    variance: Tensor<1>,
) -> Features {
    if let Some(input) = input.0.fused() {
        return fused::norm_eval(input, scale, shift, (&mean, &variance), NORM_EPSILON).into();
    }
    let input = input.0.tensor();
    let out = batch_norm(input, scale, shift, mean, variance, NORM_EPSILON);
    Features(Layout::Tensor(out))
}

/// `max(0, u)`. NaN stays NaN.
#[must_use]
pub fn relu(input: Features) -> Features {
    match input.0.fused() {
        Some(input) => fused::relu(input.clone()).into(),
        None => Features(Layout::Tensor(burn_relu(input.0.tensor()))),
    }
}

/// `Σ cᵢ uᵢ`, the linear combination of a scheme's step.
///
/// # Panics
/// If `terms` is empty or the shapes differ.
#[must_use]
pub fn combine(terms: &[(Coef, &Features)]) -> Features {
    if let Some(sum) = combine_fused(terms) {
        return sum.into();
    }
    let mut sum: Option<Tensor<4>> = None;
    for (coef, features) in terms {
        let u = features.to_nchw();
        let term = match coef {
            // Not multiplying by one keeps `k = 0` bitwise equal to the residual step.
            Coef::Number(c) if *c == 1.0 => u,
            Coef::Number(c) => u.mul_scalar(*c),
            Coef::Learned(c) => {
                let [channels] = c.dims();
                u * c.clone().reshape([1, channels, 1, 1])
            }
        };
        sum = Some(match sum {
            None => term,
            Some(sum) => sum + term,
        });
    }
    Features(Layout::Tensor(
        sum.expect("a linear combination has at least one term"),
    ))
}

/// The linear combination of features that are kept for the fused kernels.
fn combine_fused(terms: &[(Coef, &Features)]) -> Option<fused::Fused> {
    // A convolution that is used here only is computed together with the combination.
    let single = terms.iter().position(|(coef, features)| {
        matches!(coef, Coef::Number(_))
            && matches!(&features.0, Layout::Convolved(c) if Arc::strong_count(c) == 1 && c.is_pending())
    });
    let gather = |terms: &[(Coef, &fused::Fused)]| terms.iter().any(|(_, f)| f.is_on_tape());
    if let Some(at) = single
        && let (Coef::Number(coef), Layout::Convolved(convolved)) = (&terms[at].0, &terms[at].1.0)
    {
        let mut others = terms.to_vec();
        others.remove(at);
        let step = convolved.step(*coef, &all_fused(&others)?);
        if step.is_some() {
            return step;
        }
    }
    let all = all_fused(terms).filter(|terms| !terms.is_empty())?;
    Some(fused::combine(&all, gather(&all)))
}

/// The terms as the fused kernels take them, if all of them are kept so.
fn all_fused<'f>(terms: &[(Coef, &'f Features)]) -> Option<Vec<(Coef, &'f fused::Fused)>> {
    let fused = |(coef, features): &(Coef, &'f Features)| Some((coef.clone(), features.0.fused()?));
    terms.iter().map(fused).collect()
}

/// Channels `first .. first + count`.
///
/// # Panics
/// If there are fewer.
#[must_use]
pub fn narrow(input: &Features, first: usize, count: usize) -> Features {
    match input.0.fused() {
        Some(input) => fused::narrow(input, first, count).into(),
        None => Features(Layout::Tensor(input.0.tensor().narrow(1, first, count))),
    }
}

/// The channels of both, one after the other.
#[must_use]
pub fn join(first: &Features, second: &Features) -> Features {
    match (first.0.fused(), second.0.fused()) {
        (Some(first), Some(second)) => fused::join(first, second).into(),
        _ => {
            let both = vec![first.to_nchw(), second.to_nchw()];
            Features(Layout::Tensor(Tensor::cat(both, 1)))
        }
    }
}

/// Option-A shortcut: every `stride`-th pixel, and zero channels appended up to `channels`.
///
/// No weights (He et al. 2015, section 3.3, option A).
///
/// # Panics
/// If `channels` is below the number of input channels; the network builder refuses that.
#[must_use]
pub fn subsample_and_pad(input: &Features, stride: usize, channels: usize) -> Features {
    if let Some(input) = input.0.fused() {
        return fused::subsample_and_pad(input, stride, channels).into();
    }
    let [batch, present, height, width] = input.dims();
    let mut out = input.0.tensor();
    if stride > 1 {
        // Strided slicing by reshape: pick pixel 0 of each group, after padding odd sizes.
        let (rows, cols) = (height.div_ceil(stride), width.div_ceil(stride));
        let (pad_rows, pad_cols) = (rows * stride - height, cols * stride - width);
        if pad_rows > 0 || pad_cols > 0 {
            out = out.pad((0, pad_cols, 0, pad_rows), 0.0);
        }
        out = out
            .reshape([batch * present, rows, stride, cols * stride])
            .narrow(2, 0, 1)
            .reshape([batch * present, rows, cols, stride])
            .narrow(3, 0, 1)
            .reshape([batch, present, rows, cols]);
    }
    if channels > present {
        let [_, _, rows, cols] = out.dims();
        let options = (&out.device(), out.dtype());
        let zeros = Tensor::<4>::zeros([batch, channels - present, rows, cols], options);
        out = Tensor::cat(vec![out, zeros], 1);
    }
    Features(Layout::Tensor(out))
}

/// Mean over height and width: `[batch, channels]`.
#[must_use]
pub fn global_average_pool(input: Features) -> Tensor<2> {
    if let Some(input) = input.0.fused() {
        return fused::global_average_pool(input);
    }
    let [batch, channels, height, width] = input.dims();
    input
        .into_nchw()
        .reshape([batch, channels, height * width])
        .mean_dim(2)
        .reshape([batch, channels])
}

/// `x Wᵀ + b` with PyTorch's layout.
///
/// # Shapes
/// - `input`: `[batch, in]`; `weight`: `[out, in]`; `bias`: `[out]`; result: `[batch, out]`
#[must_use]
pub fn linear(input: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    affine(input, weight.transpose(), Some(bias))
}

/// Mean cross-entropy of `logits` `[batch, classes]` against `labels` `[batch]`.
///
/// With `smoothing = s` the target is `1 - s` on the label plus `s / classes` everywhere
/// (Szegedy et al. 2016, section 7), as in PyTorch.
#[must_use]
pub fn cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>, smoothing: f64) -> Tensor<1> {
    if fused::suits(&logits) {
        return fused::cross_entropy(logits, labels, smoothing);
    }
    let [batch, _] = logits.dims();
    let log_p = log_softmax(logits, 1);
    let picked = log_p.clone().gather(1, labels.reshape([batch, 1]));
    let loss = picked.mean().neg();
    if smoothing == 0.0 {
        return loss;
    }
    loss.mul_scalar(1.0 - smoothing) - log_p.mean().mul_scalar(smoothing)
}

/// Is every feature finite?
#[must_use]
pub fn is_finite(input: &Features) -> bool {
    if let Some(input) = input.0.fused() {
        return input.is_finite();
    }
    let tensor = input.0.tensor().without_autodiff();
    // The sum of magnitudes is finite only if every entry is (overflow also counts as divergence).
    let total = tensor
        .abs()
        .sum()
        .into_data()
        .iter::<f64>()
        .next()
        .unwrap_or(0.0);
    total.is_finite()
}
