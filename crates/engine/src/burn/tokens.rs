//! How are attention and layer norm composed of operations of Burn?

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

/// Softmax attention within each image; the channels are queries, keys and values.
pub(super) fn attention(input: Tensor<4>, heads: usize) -> Tensor<4> {
    let [batch, all, height, width] = input.dims();
    assert!(
        all.is_multiple_of(3 * heads),
        "queries, keys and values of heads"
    );
    let (channels, pixels) = (all / 3, height * width);
    let own = channels / heads;
    // One matrix for each image and head: its channels are rows, its pixels columns.
    let part = |which: usize| -> Tensor<3> {
        let part = input.clone().narrow(1, which * channels, channels);
        part.reshape([batch * heads, own, pixels])
    };
    let (queries, keys, values) = (part(0), part(1), part(2));
    let scores = queries.swap_dims(1, 2).matmul(keys);
    let weights = softmax(scores.mul_scalar(1.0 / (own as f64).sqrt()), 2);
    let out = values.matmul(weights.swap_dims(1, 2));
    out.reshape([batch, channels, height, width])
}

/// Each pixel normalised by the mean and variance of its channels.
pub(super) fn layer_norm(
    input: Tensor<4>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    epsilon: f64,
) -> Tensor<4> {
    let ([_, channels, _, _], [count]) = (input.dims(), scale.dims());
    assert_eq!(channels, count, "a scale for each channel");
    let centred = input.clone() - input.mean_dim(1);
    let variance = (centred.clone() * centred.clone()).mean_dim(1);
    let normed = centred / variance.add_scalar(epsilon).sqrt();
    let [scale, shift] = [scale, shift].map(|row| row.reshape([1, count, 1, 1]));
    normed * scale + shift
}
