//! How are operations on images composed of those of Burn?

use super::value::constant;
use crate::{ConvSpec, Sampling, Statistics, Window};
use burn::tensor::Tensor;
use burn::tensor::module::{avg_pool2d, batch_norm_train, conv2d as burn_conv2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};

/// Convolution with flat weights of PyTorch's order.
pub(super) fn conv2d(input: Tensor<4>, weight: Tensor<1>, spec: &ConvSpec) -> Tensor<4> {
    let [_, channels, _, _] = input.dims();
    let [rows, columns] = spec.kernel;
    let weight = weight.reshape([spec.output, channels / spec.groups, rows, columns]);
    let options = ConvOptions::new([spec.stride; 2], spec.padding, [1, 1], spec.groups);
    burn_conv2d(input, weight, None, options)
}

/// Adds a number to each channel.
pub(super) fn add_bias(input: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    let ([_, channels, _, _], [count]) = (input.dims(), bias.dims());
    assert_eq!(channels, count, "a number per channel");
    input + bias.reshape([1, count, 1, 1])
}

/// Features times one number, or one of each channel.
pub(super) fn times(input: Tensor<4>, factor: Tensor<1>) -> Tensor<4> {
    let ([_, channels, _, _], [count]) = (input.dims(), factor.dims());
    assert!(
        count == 1 || count == channels,
        "one number, or one a channel"
    );
    input * factor.reshape([1, count, 1, 1])
}

/// Features times the gate of their image and channel.
pub(super) fn gate(input: Tensor<4>, gates: Tensor<2>) -> Tensor<4> {
    let [batch, channels, _, _] = input.dims();
    assert_eq!(gates.dims(), [batch, channels], "a gate a channel");
    input * gates.reshape([batch, channels, 1, 1])
}

/// Batch normalisation with the statistics of the batch, which are read: this waits for the device.
pub(super) fn norm_by_batch(
    input: Tensor<4>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    epsilon: f64,
) -> (Tensor<4>, Statistics) {
    let [batch, channels, height, width] = input.dims();
    let out = batch_norm_train(input, scale, shift, epsilon);
    let both = Tensor::cat(vec![out.mean, out.variance], 0);
    let mut mean = super::value::numbers(both);
    let variance = mean.split_off(channels);
    let count = (batch * height * width) as f64;
    let unbiased = count / (count - 1.0).max(1.0);
    let statistics = Statistics {
        mean: mean.into_iter().map(f64::from).collect(),
        variance: variance
            .into_iter()
            .map(|v| f64::from(v) * unbiased)
            .collect(),
    };
    (out.output, statistics)
}

/// Channels at their place among `channels`; the others are 0.
pub(super) fn embed(input: Tensor<4>, first: usize, channels: usize) -> Tensor<4> {
    let [_, present, _, _] = input.dims();
    let after = channels
        .checked_sub(first + present)
        .expect("channels fit into the result");
    if (first, after) == (0, 0) {
        return input;
    }
    input.pad([(first, after), (0, 0), (0, 0)], 0.0)
}

/// Every `stride`-th pixel, and zero channels appended.
pub(super) fn sample(input: Tensor<4>, sampling: Sampling) -> Tensor<4> {
    let Sampling {
        stride,
        offset,
        channels,
    } = sampling;
    let [batch, present, height, width] = input.dims();
    let mut out = input;
    if stride > 1 || offset > 0 {
        // A strided slice by reshaping: the first pixel of each group, after sizes are made multiples of the stride.
        let (rows, columns) = (height.div_ceil(stride), width.div_ceil(stride));
        let extra = |n: usize, size: usize| (n * stride).saturating_sub(size + offset);
        out = out
            .pad(
                [
                    (offset, extra(rows, height)),
                    (offset, extra(columns, width)),
                ],
                0.0,
            )
            .narrow(2, 0, rows * stride)
            .narrow(3, 0, columns * stride)
            .reshape([batch * present, rows, stride, columns * stride])
            .narrow(2, 0, 1)
            .reshape([batch * present, rows, columns, stride])
            .narrow(3, 0, 1)
            .reshape([batch, present, rows, columns]);
    }
    embed(out, 0, channels)
}

/// The largest value in every window; NaN where there is one, which Burn leaves to the device.
pub(super) fn max_pool(input: Tensor<4>, window: Window) -> Tensor<4> {
    let Window {
        kernel,
        stride,
        padding,
    } = window;
    let mut options = MaxPoolOptions::new([kernel; 2]);
    (options.stride, options.padding) = ([stride; 2], [(padding, padding); 2]);
    let nan = input.clone().without_autodiff().is_nan().float();
    let nan = max_pool2d(nan, options.clone()).greater_elem(0.5);
    max_pool2d(input, options).mask_fill(nan, f32::NAN)
}

/// The mean of every window over the pixels inside the image.
pub(super) fn mean_pool(input: Tensor<4>, window: Window) -> Tensor<4> {
    let Window {
        kernel,
        stride,
        padding,
    } = window;
    let mut options = AvgPoolOptions::new([kernel; 2]);
    (options.stride, options.padding) = ([stride; 2], [(padding, padding); 2]);
    options.count_include_pad = false;
    avg_pool2d(input, options)
}

/// Features times a number of their own each, in the order `[batch, height, width, channels]`.
pub(super) fn mask(input: Tensor<4>, mask: &[f32]) -> Tensor<4> {
    let [batch, channels, height, width] = input.dims();
    let mask = constant(
        &input.device().inner(),
        mask,
        [batch, height, width, channels],
    );
    input * mask.permute([0, 3, 1, 2])
}

/// Features times a number for each image, another one on the way back.
pub(super) fn weigh(input: Tensor<4>, forward: &[f32], backward: &[f32]) -> Tensor<4> {
    let device = input.device().inner();
    let each_image = |numbers: &[f32]| constant(&device, numbers, [numbers.len(), 1, 1, 1]);
    if forward == backward || !input.is_tracked() {
        return input * each_image(forward);
    }
    // The value of the forward product with the gradient of the backward one.
    let change: Vec<f32> = forward.iter().zip(backward).map(|(f, b)| f - b).collect();
    let fixed = input.clone().without_autodiff() * each_image(&change);
    input * each_image(backward) + fixed
}

/// Mean over height and width.
pub(super) fn global_average_pool(input: Tensor<4>) -> Tensor<2> {
    let [batch, channels, height, width] = input.dims();
    let pixels = input.reshape([batch, channels, height * width]);
    pixels.mean_dim(2).reshape([batch, channels])
}
