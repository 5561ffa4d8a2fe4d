//! Which tensor operations does a network need? All of them are here, behind functions of our own.
//!
//! Every convolution, norm and linear combination of the networks goes through this module, so
//! the composed Burn operations can be replaced by fused kernels without touching a network.

use crate::features::Layout;
use crate::{Coef, ConvSpec, Features, fused};
use burn::tensor::activation::{log_softmax, relu as burn_relu};
use burn::tensor::module::{batch_norm, batch_norm_train, conv2d as burn_conv2d, linear as affine};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Int, Tensor, TensorData};
use std::sync::Arc;

mod random;
mod windows;

pub use crate::fused::composed;
pub use random::{add_normal, mix, scale_images};
pub use timestep_kernels::layout::Sampling;
pub use windows::{Window, max_pool, mean_pool};

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

/// Convolution, without the bias.
///
/// # Shapes
/// - `input`: `[batch, in, height, width]`
/// - `weight`: flat, of `[out, in / groups, rows, columns]`
/// - result: `[batch, out, …]`, of the size that [`ConvSpec::size`] says
#[must_use]
pub fn conv2d(input: &Features, weight: Tensor<1>, channels: usize, spec: &ConvSpec) -> Features {
    if let Some(input) = input.0.fused() {
        return Features(Layout::Convolved(Arc::new(fused::conv2d(
            input, weight, spec,
        ))));
    }
    let stride = [spec.stride; 2];
    let options = ConvOptions::new(stride, spec.padding, [1, 1], spec.groups);
    let [rows, columns] = spec.kernel;
    let weight = weight.reshape([spec.output, channels / spec.groups, rows, columns]);
    Features(Layout::Tensor(burn_conv2d(
        input.0.tensor(),
        weight,
        None,
        options,
    )))
}

/// Adds a number to each channel: `bias` of shape `[channels]`.
#[must_use]
pub fn add_bias(input: &Features, bias: Tensor<1>) -> Features {
    if let Some(input) = input.0.fused() {
        return fused::add_bias(input, bias).into();
    }
    let [channels] = bias.dims();
    Features(Layout::Tensor(
        input.0.tensor() + bias.reshape([1, channels, 1, 1]),
    ))
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
    epsilon: f64,
) -> (Features, Tensor<1>, Tensor<1>) {
    if let Some(input) = input.0.fused() {
        let (out, mean, unbiased) = fused::norm_train(input, scale, shift, epsilon);
        return (out.into(), mean, unbiased);
    }
    let [batch, _, height, width] = input.dims();
    let count = (batch * height * width) as f64;
    let out = batch_norm_train(input.0.tensor(), scale, shift, epsilon);
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
    epsilon: f64,
) -> Features {
    if let Some(input) = input.0.fused() {
        return fused::norm_eval(input, scale, shift, (&mean, &variance), epsilon).into();
    }
    let input = input.0.tensor();
    let out = batch_norm(input, scale, shift, mean, variance, epsilon);
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
    let plain = |(_, u): &(Coef, &Features)| !matches!(u.0, Layout::Multiple(_) | Layout::Zero(_));
    if !terms.iter().all(plain) {
        return combine_controlled(terms);
    }
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

/// The linear combination of terms some of which noise has multiplied or dropped: factors join the
/// coefficients, and what is 0 is left out.
fn combine_controlled(terms: &[(Coef, &Features)]) -> Features {
    let mut kept: Vec<(Coef, &Features)> = Vec::with_capacity(terms.len());
    for (coef, features) in terms {
        match &features.0 {
            Layout::Zero(_) => {}
            Layout::Multiple(multiple) => {
                let coef = coef.clone() * Coef::Number(multiple.factor);
                kept.push((coef, &multiple.of));
            }
            _ => kept.push((coef.clone(), features)),
        }
    }
    match kept.as_slice() {
        // All of them are 0, and so is their sum.
        [] => terms[0].1.clone(),
        [(Coef::Number(1.0), u)] => (*u).clone(),
        kept => combine(kept),
    }
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

/// The channels of all, one after the other.
///
/// # Panics
/// If there are no parts, or they differ in size.
#[must_use]
pub fn join(parts: &[&Features]) -> Features {
    let fused: Option<Vec<_>> = parts.iter().map(|part| part.0.fused()).collect();
    match fused {
        Some(parts) => fused::join(&parts).into(),
        None => {
            let all = parts.iter().map(|part| part.to_nchw()).collect();
            Features(Layout::Tensor(Tensor::cat(all, 1)))
        }
    }
}

/// The features as channels `first ..` of `channels`; the others are 0.
///
/// # Panics
/// If they do not fit.
#[must_use]
pub fn embed(input: &Features, first: usize, channels: usize) -> Features {
    if let Some(input) = input.0.fused() {
        return fused::embed(input, first, channels).into();
    }
    let [batch, present, height, width] = input.dims();
    let tensor = input.0.tensor();
    let zeros = |n: usize| {
        let options = (&tensor.device(), tensor.dtype());
        Tensor::<4>::zeros([batch, n, height, width], options)
    };
    let after = channels - first - present;
    let mut parts = vec![tensor.clone()];
    if first > 0 {
        parts.insert(0, zeros(first));
    }
    if after > 0 {
        parts.push(zeros(after));
    }
    Features(Layout::Tensor(Tensor::cat(parts, 1)))
}

/// Every `stride`-th pixel, and zero channels appended up to `channels`; no weights (He et al. 2015,
/// section 3.3, option A).
///
/// The first pixel taken lies `offset` rows above and columns left of the first of the image; pixels
/// outside are 0.
///
/// # Panics
/// If `channels` is below the number of input channels; the network builder refuses that.
#[must_use]
pub fn sample(input: &Features, sampling: Sampling) -> Features {
    if let Some(input) = input.0.fused() {
        return fused::sample(input, sampling).into();
    }
    let Sampling {
        stride,
        offset,
        channels,
    } = sampling;
    let [batch, present, height, width] = input.dims();
    let mut out = input.0.tensor();
    if stride > 1 || offset > 0 {
        // Strided slicing by reshape: pick pixel 0 of each group, after padding odd sizes.
        let (rows, cols) = (height.div_ceil(stride), width.div_ceil(stride));
        let extra = |n: usize, size: usize| (n * stride).saturating_sub(size + offset);
        out = out.pad(
            (offset, extra(cols, width), offset, extra(rows, height)),
            0.0,
        );
        out = out
            .narrow(2, 0, rows * stride)
            .narrow(3, 0, cols * stride)
            .reshape([batch * present, rows, stride, cols * stride])
            .narrow(2, 0, 1)
            .reshape([batch * present, rows, cols, stride])
            .narrow(3, 0, 1)
            .reshape([batch, present, rows, cols]);
    }
    let out = Features(Layout::Tensor(out));
    if channels > present {
        return embed(&out, 0, channels);
    }
    out
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

/// Every feature times the gate of its image and channel: squeeze-and-excitation.
///
/// # Shapes
/// - `gates`: `[batch, channels]`
#[must_use]
pub fn gate(input: &Features, gates: Tensor<2>) -> Features {
    let [batch, channels] = gates.dims();
    if let Some(input) = input.0.fused() {
        return fused::gate(input, gates.reshape([batch * channels])).into();
    }
    Features(Layout::Tensor(
        input.0.tensor() * gates.reshape([batch, channels, 1, 1]),
    ))
}

/// Every feature times a number of its own, which is not learned; `mask` is in the order
/// `[batch, height, width, channels]`.
#[must_use]
pub fn mask(input: &Features, mask: Vec<f32>) -> Features {
    if let Some(input) = input.0.fused() {
        return fused::mask(input, mask).into();
    }
    let [batch, channels, height, width] = input.dims();
    let tensor = input.0.tensor();
    let data = TensorData::new(mask, [batch, height, width, channels]);
    let mask = Tensor::<4>::from_data(data, (&tensor.device(), tensor.dtype()));
    Features(Layout::Tensor(tensor * mask.permute([0, 3, 1, 2])))
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
    let pieces = input.0.pieces();
    if !pieces.is_empty() {
        return pieces.iter().all(fused::Fused::is_finite);
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
