//! Which operations does a network need? All of them are here, as functions of features and arrays.
//!
//! Every function passes on to the [`Tape`](crate::Tape) that its first argument is on. Nothing here knows which
//! engine computes.

use crate::{
    Array, Coef, ConvSpec, Factor, Features, FixedNorm, Sampling, Statistics, Targets, Value,
    Window,
};

/// Added to the variance in batch normalisation, as in PyTorch.
pub const NORM_EPSILON: f64 = 1e-5;

/// Weight of the new batch in the running statistics, as in PyTorch.
pub const NORM_MOMENTUM: f64 = 0.1;

/// Features on the tape of others.
fn on(like: &Features, value: Value) -> Features {
    Features {
        tape: like.tape.clone(),
        value,
    }
}

/// Convolution, without the bias.
///
/// # Shapes
/// - `input`: `[batch, in, height, width]`
/// - `weight`: flat, of `[out, in / groups, rows, columns]`
/// - result: `[batch, out, …]`, of the size that [`ConvSpec::size`] says
#[must_use]
pub fn conv2d(input: &Features, weight: &Array, spec: &ConvSpec) -> Features {
    on(input, input.tape.conv2d(&input.value, &weight.value, spec))
}

/// The weights of the adjoint of a convolution of stride 1 in one group and with padding that keeps the size, whose own are
/// of the shape `[out, in, rows, columns]`: the convolution with them, from `out` to `in` channels, is `Kᵀ`.
#[must_use]
pub fn adjoint(weight: &Array, shape: [usize; 4]) -> Array {
    Array::new(&weight.tape, weight.tape.adjoint(&weight.value, shape))
}

/// Adds a number to each channel: `bias` has one for each.
#[must_use]
pub fn add_bias(input: &Features, bias: &Array) -> Features {
    on(input, input.tape.add_bias(&input.value, &bias.value))
}

/// Batch normalisation with the statistics of this batch, which are returned.
#[must_use]
pub fn norm_train(
    input: &Features,
    scale: &Array,
    shift: &Array,
    epsilon: f64,
) -> (Features, Statistics) {
    let tape = &input.tape;
    let (value, statistics) = tape.norm_train(&input.value, &scale.value, &shift.value, epsilon);
    (on(input, value), statistics)
}

/// Batch normalisation with given statistics of each channel.
#[must_use]
pub fn norm_eval(
    input: &Features,
    [scale, shift]: [&Array; 2],
    [mean, variance]: [&Array; 2],
    epsilon: f64,
) -> Features {
    let learned = [&scale.value, &shift.value];
    let fixed = [&mean.value, &variance.value];
    on(
        input,
        input.tape.norm_eval(&input.value, learned, fixed, epsilon),
    )
}

/// [`conv2d`], then [`norm_eval`], then [`relu`] if it is asked for: one operation where no gradient is wanted.
#[must_use]
pub fn conv2d_normed(
    input: &Features,
    (weight, spec): (&Array, &ConvSpec),
    ([scale, shift], [mean, variance]): ([&Array; 2], [&Array; 2]),
    epsilon: f64,
    relu: bool,
) -> Features {
    let norm = FixedNorm {
        learned: [&scale.value, &shift.value],
        fixed: [&mean.value, &variance.value],
        epsilon,
    };
    let tape = &input.tape;
    let value = tape.conv2d_normed(&input.value, (&weight.value, spec), &norm, relu);
    on(input, value)
}

/// `max(0, u)`. NaN stays NaN.
#[must_use]
pub fn relu(input: &Features) -> Features {
    on(input, input.tape.relu(&input.value))
}

/// `Σ cᵢ uᵢ`, the linear combination of a scheme's step.
///
/// # Panics
/// If `terms` is empty or the shapes differ.
#[must_use]
pub fn combine(terms: &[(Coef, &Features)]) -> Features {
    let (_, first) = terms
        .first()
        .expect("a linear combination has at least one term");
    let terms: Vec<(Factor<'_>, &Value)> = terms
        .iter()
        .map(|(coef, u)| match coef {
            Coef::Number(c) => (Factor::Number(*c), &u.value),
            Coef::Learned(c) => (Factor::Learned(&c.value), &u.value),
        })
        .collect();
    on(first, first.tape.combine(&terms))
}

/// Channels `first .. first + count`.
///
/// # Panics
/// If there are fewer.
#[must_use]
pub fn narrow(input: &Features, first: usize, count: usize) -> Features {
    on(input, input.tape.narrow(&input.value, first, count))
}

/// The channels of all, one after the other.
///
/// # Panics
/// If there are no parts, or they differ in size.
#[must_use]
pub fn join(parts: &[&Features]) -> Features {
    let values: Vec<&Value> = parts.iter().map(|part| &part.value).collect();
    on(parts[0], parts[0].tape.join(&values))
}

/// The features as channels `first ..` of `channels`; the others are 0.
///
/// # Panics
/// If they do not fit.
#[must_use]
pub fn embed(input: &Features, first: usize, channels: usize) -> Features {
    on(input, input.tape.embed(&input.value, first, channels))
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
    on(input, input.tape.sample(&input.value, sampling))
}

/// The largest value in every window.
#[must_use]
pub fn max_pool(input: &Features, window: Window) -> Features {
    on(input, input.tape.max_pool(&input.value, window))
}

/// The mean of every window over the pixels that are inside the image.
#[must_use]
pub fn mean_pool(input: &Features, window: Window) -> Features {
    on(input, input.tape.mean_pool(&input.value, window))
}

/// Softmax attention within each image, over its pixels (Vaswani et al. 2017, section 3.2).
///
/// # Shapes
/// - `input`: `[batch, 3 channels, height, width]`: all queries, all keys, all values; `heads` divides `channels`
/// - result: `[batch, channels, height, width]`
#[must_use]
pub fn attention(input: &Features, heads: usize) -> Features {
    on(input, input.tape.attention(&input.value, heads))
}

/// Each pixel less the mean of its channels, divided by their standard deviation (Ba et al. 2016); `scale` and `shift` have a number
/// for each channel.
#[must_use]
pub fn layer_norm(input: &Features, [scale, shift]: [&Array; 2], epsilon: f64) -> Features {
    let learned = [&scale.value, &shift.value];
    on(input, input.tape.layer_norm(&input.value, learned, epsilon))
}

/// Mean over height and width: `[batch, channels]`.
#[must_use]
pub fn global_average_pool(input: &Features) -> Array {
    Array::new(&input.tape, input.tape.global_average_pool(&input.value))
}

/// Every feature times the gate of its image and channel: squeeze-and-excitation.
///
/// # Shapes
/// - `gates`: `[batch, channels]`
#[must_use]
pub fn gate(input: &Features, gates: &Array) -> Features {
    on(input, input.tape.gate(&input.value, &gates.value))
}

/// Every feature times a number of its own, which is not learned; `mask` is in the order
/// `[batch, height, width, channels]`.
#[must_use]
pub fn mask(input: &Features, mask: &[f32]) -> Features {
    on(input, input.tape.mask(&input.value, mask))
}

/// Every feature times the number of its image; `factors` is `[batch]` and not learned.
#[must_use]
pub fn scale_images(input: &Features, factors: &[f32]) -> Features {
    on(input, input.tape.mix(&[(&input.value, factors, factors)]))
}

/// `η f₁ + (1-η) f₂` with an `η` for each image, and another one in the backward pass: the gradient is that
/// of the mixture with `backward` in place of `forward` (Gastaldi 2017).
///
/// # Shapes
/// - `forward`, `backward`: `[batch]`
#[must_use]
pub fn mix([first, second]: [&Features; 2], forward: &[f32], backward: &[f32]) -> Features {
    let rest = |eta: &[f32]| -> Vec<f32> { eta.iter().map(|eta| 1.0 - eta).collect() };
    let (forward_rest, backward_rest) = (rest(forward), rest(backward));
    on(
        first,
        first.tape.mix(&[
            (&first.value, forward, backward),
            (&second.value, &forward_rest, &backward_rest),
        ]),
    )
}

/// `x Wᵀ + b` with PyTorch's layout.
///
/// # Shapes
/// - `input`: `[batch, in]`; `weight`: flat, of `[out, in]`; `bias`: `[out]`; result: `[batch, out]`
#[must_use]
pub fn linear(input: &Array, weight: &Array, bias: &Array) -> Array {
    let tape = &input.tape;
    Array::new(tape, tape.linear(&input.value, &weight.value, &bias.value))
}

/// Mean cross-entropy of `logits` `[batch, classes]` against targets.
#[must_use]
pub fn cross_entropy(logits: &Array, targets: &Targets) -> Array {
    let tape = &logits.tape;
    Array::new(tape, tape.cross_entropy(&logits.value, targets))
}
