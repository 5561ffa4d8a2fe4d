//! How are features multiplied, mixed and moved by random numbers that noise has drawn?

use crate::features::Layout;
use crate::{Features, fused, ops};
use burn::tensor::{DType, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

/// Every feature times the number of its image; `factors` is `[batch]` and not learned.
#[must_use]
pub fn scale_images(input: &Features, factors: &[f32]) -> Features {
    if let Some(input) = input.0.fused() {
        return fused::mix(&[(input, factors, factors)]).into();
    }
    let tensor = input.0.tensor();
    Features(Layout::Tensor(
        tensor.clone() * each_image(&tensor, factors),
    ))
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
    if let (Some(first), Some(second)) = (first.0.fused(), second.0.fused()) {
        return fused::mix(&[
            (first, forward, backward),
            (second, &forward_rest, &backward_rest),
        ])
        .into();
    }
    let (first, second) = (first.0.tensor(), second.0.tensor());
    let weigh = |tensor: &Tensor<4>, forward: &[f32], backward: &[f32]| {
        let change: Vec<f32> = forward.iter().zip(backward).map(|(f, b)| f - b).collect();
        // The value of the forward mixture with the gradient of the backward one.
        tensor.clone() * each_image(tensor, backward)
            + tensor.clone().detach() * each_image(tensor, &change)
    };
    Features(Layout::Tensor(
        weigh(&first, forward, backward) + weigh(&second, &forward_rest, &backward_rest),
    ))
}

/// A number for each image, of the shape `[batch, 1, 1, 1]`.
fn each_image(like: &Tensor<4>, values: &[f32]) -> Tensor<4> {
    let data = TensorData::new(values.to_vec(), [values.len(), 1, 1, 1]);
    Tensor::from_data(data, (&like.device(), like.dtype()))
}

/// The features with independent normal numbers of standard deviation `deviation` added; the numbers of
/// an image come from its stream.
#[must_use]
pub fn add_normal(
    input: &Features,
    deviation: f64,
    stream: impl Fn(usize) -> ChaCha8Rng + Sync,
) -> Features {
    let [batch, channels, height, width] = input.dims();
    let each = (channels * height * width).max(1);
    let mut values = vec![0.0_f32; batch * each];
    values
        .par_chunks_mut(each)
        .enumerate()
        .for_each(|(i, out)| {
            let mut rng = stream(i);
            for value in out {
                let normal: f32 = StandardNormal.sample(&mut rng);
                *value = deviation as f32 * normal;
            }
        });
    let data = TensorData::new(values, [batch, channels, height, width]);
    let (device, dtype) = match &input.0 {
        Layout::Tensor(tensor) => (tensor.device(), tensor.dtype()),
        fused => match fused.pieces().first() {
            Some(piece) => (piece.device(), DType::F32),
            None => unreachable!("features that are no tensor are fused"),
        },
    };
    let added = match &input.0 {
        Layout::Tensor(_) => Features(Layout::Tensor(Tensor::from_data(data, (&device, dtype)))),
        _ => fused::import(Tensor::from_data(data, (&device, dtype))).into(),
    };
    ops::combine(&[(1.0.into(), input), (1.0.into(), &added)])
}
