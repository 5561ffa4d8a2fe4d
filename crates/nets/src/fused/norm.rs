//! When is a norm computed? Not here: it is noted, and applied by whoever reads the features next.

use super::settle;
use super::stored::{Fused, PendingNorm};
use burn::tensor::{Tensor, TensorData};
use std::sync::Arc;

fn numbers(tensor: &Tensor<1>) -> Vec<f32> {
    let data = tensor.to_data();
    data.try_to_vec().unwrap_or_else(|_| data.iter().collect())
}

fn tensor(values: impl Iterator<Item = f64>, like: &Tensor<1>) -> Tensor<1> {
    let values: Vec<f32> = values.map(|v| v as f32).collect();
    let n = values.len();
    Tensor::from_data(TensorData::new(values, [n]), &like.device())
}

/// Batch normalisation with the statistics of this batch; also the mean and the unbiased variance.
pub(crate) fn norm_train(
    input: &Fused,
    scale: Tensor<1>,
    shift: Tensor<1>,
    epsilon: f64,
) -> (Fused, Tensor<1>, Tensor<1>) {
    let mut out = settle(input);
    let moments = out.moments();
    let channels = moments.mean.len();
    let variance: Vec<f64> = (0..channels).map(|c| moments.variance(c)).collect();
    let mean = tensor(moments.mean.iter().copied(), &scale);
    let unbiased = tensor((0..channels).map(|c| moments.unbiased(c)), &scale);
    let parameters = (numbers(&scale), numbers(&shift));
    let norm = PendingNorm::new(
        (&parameters.0, &parameters.1),
        (&moments.mean, &variance),
        epsilon,
        true,
    );
    out.stored.norm = Some(Arc::new(norm));
    out.parameters = Some((scale, shift));
    (out, mean, unbiased)
}

/// Batch normalisation with given statistics.
pub(crate) fn norm_eval(
    input: &Fused,
    scale: Tensor<1>,
    shift: Tensor<1>,
    (mean, variance): (&Tensor<1>, &Tensor<1>),
    epsilon: f64,
) -> Fused {
    let mut out = settle(input);
    let wide =
        |tensor: &Tensor<1>| -> Vec<f64> { numbers(tensor).into_iter().map(f64::from).collect() };
    let norm = PendingNorm::new(
        (&numbers(&scale), &numbers(&shift)),
        (&wide(mean), &wide(variance)),
        epsilon,
        false,
    );
    out.stored.norm = Some(Arc::new(norm));
    out.parameters = Some((scale, shift));
    out
}

/// A number added to each channel: a norm that divides by nothing.
pub(crate) fn add_bias(input: &Fused, bias: Tensor<1>) -> Fused {
    let mut out = settle(input);
    let channels = out.stored.extent.channels;
    let norm = PendingNorm::new(
        (&vec![1.0; channels], &numbers(&bias)),
        (&vec![0.0; channels], &vec![1.0; channels]),
        0.0,
        false,
    );
    out.stored.norm = Some(Arc::new(norm));
    // The scale is a constant that nobody learns.
    let ones = tensor(std::iter::repeat_n(1.0, channels), &bias);
    out.parameters = Some((ones, bias));
    out
}

/// `max(0, u)`.
pub(crate) fn relu(mut input: Fused) -> Fused {
    input.stored.relu = true;
    input
}
