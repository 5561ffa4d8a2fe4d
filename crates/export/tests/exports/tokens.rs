//! ONNX's operators on tokens: matrices within the last two axes, and norms over the last one.

use crate::reader::Tensor;

/// Rows of the last axis, each by itself.
fn rows(tensor: &Tensor, f: impl Fn(&[f64]) -> Vec<f64>) -> Tensor {
    let last = *tensor.shape.last().expect("an axis");
    Tensor {
        shape: tensor.shape.clone(),
        values: tensor.values.chunks_exact(last).flat_map(f).collect(),
    }
}

/// `e^{x_i} / Σ e^{x_j}` over the last axis.
pub(crate) fn softmax(tensor: &Tensor) -> Tensor {
    rows(tensor, |row| {
        let largest = row.iter().copied().fold(f64::MIN, f64::max);
        let sum: f64 = row.iter().map(|v| (v - largest).exp()).sum();
        row.iter().map(|v| (v - largest).exp() / sum).collect()
    })
}

/// The last axis less its mean, by its deviation with `epsilon` added to the variance; then scale and shift.
pub(crate) fn layer_norm(tensor: &Tensor, learned: [&Tensor; 2], epsilon: f64) -> Tensor {
    rows(tensor, |row| {
        let count = row.len() as f64;
        let mean = row.iter().sum::<f64>() / count;
        let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
        let [scale, shift] = learned.map(|t| &t.values);
        assert_eq!([scale.len(), shift.len()], [row.len(); 2]);
        let learned = scale.iter().zip(shift);
        let normed = row.iter().map(|v| (v - mean) / (variance + epsilon).sqrt());
        normed.zip(learned).map(|(v, (a, b))| v * a + b).collect()
    })
}

/// Axes in another order: axis `n` of the result is axis `order[n]` of the input.
pub(crate) fn transpose(tensor: &Tensor, order: &[usize]) -> Tensor {
    assert_eq!(order.len(), tensor.shape.len());
    let step = |axis: usize| tensor.shape[axis + 1..].iter().product::<usize>();
    let shape: Vec<usize> = order.iter().map(|axis| tensor.shape[*axis]).collect();
    let place = |mut n: usize| {
        let axes = shape.iter().zip(order).rev();
        axes.fold(0, |at, (extent, axis)| {
            let index = n % extent;
            n /= extent;
            at + index * step(*axis)
        })
    };
    let values = (0..tensor.values.len()).map(|n| tensor.values[place(n)]);
    Tensor {
        values: values.collect(),
        shape,
    }
}

/// Products of matrices, one for each index of the axes before the last two, which are the same for both.
pub(crate) fn matmul(a: &Tensor, b: &Tensor) -> Tensor {
    let split = |t: &Tensor| -> (Vec<usize>, [usize; 2]) {
        let (outer, inner) = t.shape.split_at(t.shape.len() - 2);
        (outer.to_vec(), inner.try_into().expect("two extents"))
    };
    let ((outer, [rows, middle]), (outer_b, [middle_b, columns])) = (split(a), split(b));
    assert_eq!((&outer, middle), (&outer_b, middle_b));
    let mut values = Vec::new();
    let matrices = a.values.chunks_exact(rows * middle);
    for (a, b) in matrices.zip(b.values.chunks_exact(middle * columns)) {
        for row in a.chunks_exact(middle) {
            for column in 0..columns {
                let terms = row.iter().enumerate();
                values.push(terms.map(|(k, v)| v * b[k * columns + column]).sum());
            }
        }
    }
    Tensor {
        shape: [&outer[..], &[rows, columns]].concat(),
        values,
    }
}
