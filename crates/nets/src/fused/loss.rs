//! How does the loss enter the tape? As one node whose gradient is known with its value.

use super::tape::{INPUTS, Node, Output, Values, record};
use burn::tensor::{Int, Tensor};
use std::sync::Mutex;
use timestep_kernels::cross_entropy as kernel;

/// Mean cross-entropy.
#[derive(Debug)]
struct CrossEntropy {
    labels: Vec<u32>,
    classes: usize,
    smoothing: f64,
    /// Gradient of the logits for a gradient of 1.
    grad: Mutex<Vec<f32>>,
}

impl Node for CrossEntropy {
    fn forward(&self, values: &Values) -> Output {
        let (loss, grad) = kernel(values.get(0), &self.labels, self.classes, self.smoothing);
        *super::lock(&self.grad) = grad;
        Output {
            data: vec![loss as f32],
            shape: vec![1],
        }
    }

    fn backward(
        &self,
        _values: &Values,
        _wanted: [bool; INPUTS],
        grad: Option<&[f32]>,
    ) -> [Option<Vec<f32>>; INPUTS] {
        let mut found = [const { None }; INPUTS];
        let factor = grad.and_then(|g| g.first()).copied().unwrap_or(0.0);
        let own = super::lock(&self.grad);
        found[0] = Some(own.iter().map(|g| factor * g).collect());
        found
    }

    fn output_in_burn(&self) -> bool {
        true
    }
}

/// Mean cross-entropy of `logits` `[batch, classes]` against `labels` `[batch]`.
pub(crate) fn cross_entropy(
    logits: Tensor<2>,
    labels: Tensor<1, Int>,
    smoothing: f64,
) -> Tensor<1> {
    let [batch, classes] = logits.dims();
    let labels = labels.into_data().iter::<i64>().map(|l| l as u32).collect();
    let node = CrossEntropy {
        labels,
        classes,
        smoothing,
        grad: Mutex::default(),
    };
    record(&[logits.reshape([batch * classes])], node)
}
