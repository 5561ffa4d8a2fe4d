//! How are operations on arrays composed of those of Burn?

use super::value::{constant, total};
use crate::Targets;
use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;
use burn::tensor::module::linear as affine;

/// Two arrays brought to one shape: one number meets all, and numbers of one count meet one by one.
pub(super) fn pair(a: Tensor<2>, b: Tensor<2>) -> [Tensor<2>; 2] {
    let count = |t: &Tensor<2>| t.dims().iter().product::<usize>();
    let (m, n) = (count(&a), count(&b));
    assert!(m == n || m == 1 || n == 1, "arrays of one length");
    if m == n {
        let shape = a.dims();
        [a, b.reshape(shape)]
    } else if n == 1 {
        [a, b.reshape([1, 1])]
    } else {
        [a.reshape([1, 1]), b]
    }
}

/// `x Wᵀ + b` with flat weights.
pub(super) fn linear(input: Tensor<2>, weight: Tensor<1>, bias: Tensor<1>) -> Tensor<2> {
    let ([_, from], [to]) = (input.dims(), bias.dims());
    let weight = weight.reshape([to, from]).transpose();
    affine(input, weight, Some(bias))
}

/// Mean cross-entropy against a distribution for each image.
pub(super) fn cross_entropy(logits: Tensor<2>, targets: &Targets) -> Tensor<2> {
    let [batch, classes] = logits.dims();
    let wanted: Vec<f32> = targets
        .distribution(classes)
        .iter()
        .map(|t| *t as f32)
        .collect();
    let wanted = constant(&logits.device().inner(), &wanted, [batch, classes]);
    let sum = total(log_softmax(logits, 1) * wanted);
    sum.mul_scalar(-1.0 / batch as f64).reshape([1, 1])
}
