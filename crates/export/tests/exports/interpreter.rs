//! ONNX's operators in double precision, one plain loop after the other, as the specification says.

use crate::reader::{Attribute, Model, Operator, Tensor};
use crate::tokens;
use std::collections::BTreeMap;

/// What a model makes of one input.
pub(crate) fn run(model: &Model, name: &str, input: Tensor) -> Tensor {
    let mut known: BTreeMap<String, Tensor> = model.arrays.clone();
    known.insert(name.to_owned(), input);
    for operator in &model.operators {
        let inputs: Vec<&Tensor> = (operator.inputs.iter())
            .map(|name| {
                known
                    .get(name)
                    .unwrap_or_else(|| panic!("{name} before it is there"))
            })
            .collect();
        let made = apply(operator, &inputs);
        let [output] = &operator.outputs[..] else {
            panic!("one result");
        };
        let double = known.insert(output.clone(), made);
        assert!(double.is_none(), "two values called {output}");
    }
    known[&model.outputs[0].0].clone()
}

fn ints(operator: &Operator, name: &str) -> Vec<usize> {
    match operator.attributes.get(name) {
        Some(Attribute::Ints(all)) => all.iter().map(|i| *i as usize).collect(),
        Some(Attribute::Int(one)) => vec![*one as usize],
        _ => panic!("{} without `{name}`", operator.kind),
    }
}

fn epsilon(operator: &Operator) -> f64 {
    match operator.attributes.get("epsilon") {
        Some(Attribute::Float(epsilon)) => f64::from(*epsilon),
        _ => panic!("{} without an epsilon", operator.kind),
    }
}

fn apply(operator: &Operator, inputs: &[&Tensor]) -> Tensor {
    match operator.kind.as_str() {
        "Conv" => conv(operator, inputs),
        "BatchNormalization" => {
            let epsilon = epsilon(operator);
            let [x, scale, shift, mean, variance] = inputs else {
                panic!("five inputs");
            };
            by_channel(x, |c, v| {
                let deviation = (variance.values[c] + epsilon).sqrt();
                (v - mean.values[c]) / deviation * scale.values[c] + shift.values[c]
            })
        }
        "Relu" => each(inputs[0], |v| v.max(0.0)),
        "Sigmoid" => each(inputs[0], |v| 1.0 / (1.0 + (-v).exp())),
        "Identity" => inputs[0].clone(),
        "Add" => broadcast(inputs, |a, b| a + b),
        "Sub" => broadcast(inputs, |a, b| a - b),
        "Mul" => broadcast(inputs, |a, b| a * b),
        "Div" => broadcast(inputs, |a, b| a / b),
        "MaxPool" => pool(operator, inputs[0], |window| {
            window.iter().copied().fold(f64::MIN, f64::max)
        }),
        "AveragePool" => pool(operator, inputs[0], |window| {
            window.iter().sum::<f64>() / window.len() as f64
        }),
        "GlobalAveragePool" => {
            let [batch, channels, height, width] = four(inputs[0]);
            let pixels = height * width;
            let values = inputs[0].values.chunks_exact(pixels);
            Tensor {
                shape: vec![batch, channels, 1, 1],
                values: values
                    .map(|c| c.iter().sum::<f64>() / pixels as f64)
                    .collect(),
            }
        }
        "Flatten" => {
            assert_eq!(ints(operator, "axis"), [1]);
            let batch = inputs[0].shape[0];
            Tensor {
                shape: vec![batch, inputs[0].values.len() / batch],
                values: inputs[0].values.clone(),
            }
        }
        "Unsqueeze" => {
            assert_eq!(inputs[1].values, [2.0, 3.0]);
            let mut shape = inputs[0].shape.clone();
            shape.extend([1, 1]);
            Tensor {
                shape,
                values: inputs[0].values.clone(),
            }
        }
        "Reshape" => {
            let total = inputs[0].values.len();
            // 0 keeps the extent, -1 is what is left.
            let kept = |(axis, v): (usize, &f64)| match *v {
                0.0 => inputs[0].shape[axis] as f64,
                v => v,
            };
            let asked: Vec<f64> = inputs[1].values.iter().enumerate().map(kept).collect();
            let known: f64 = asked.iter().filter(|v| **v > 0.0).product();
            let extent = |v: &f64| match *v < 0.0 {
                true => total / known as usize,
                false => *v as usize,
            };
            let shape: Vec<usize> = asked.iter().map(extent).collect();
            assert_eq!(shape.iter().product::<usize>(), total);
            Tensor {
                shape,
                values: inputs[0].values.clone(),
            }
        }
        "Gemm" => {
            assert_eq!(ints(operator, "transB"), [1]);
            let [x, w, b] = inputs else {
                panic!("three inputs");
            };
            let (columns, rows) = (x.shape[1], w.shape[0]);
            assert_eq!(w.shape, [rows, columns]);
            let dot = |x: &[f64], w: &[f64]| x.iter().zip(w).map(|(x, w)| x * w).sum::<f64>();
            let of = |x: &[f64]| -> Vec<f64> {
                let lines = w.values.chunks_exact(columns).zip(&b.values);
                lines.map(|(w, b)| dot(x, w) + b).collect()
            };
            Tensor {
                shape: vec![x.shape[0], rows],
                values: x.values.chunks_exact(columns).flat_map(of).collect(),
            }
        }
        "Concat" => {
            assert_eq!(ints(operator, "axis"), [1]);
            let mut shape = inputs[0].shape.clone();
            shape[1] = inputs.iter().map(|t| t.shape[1]).sum();
            let mut values = Vec::new();
            for image in 0..shape[0] {
                for part in inputs {
                    let each = part.values.len() / shape[0];
                    values.extend_from_slice(&part.values[image * each..][..each]);
                }
            }
            Tensor { shape, values }
        }
        "Slice" => slice(inputs),
        "Pad" => pad(inputs),
        "Softmax" => {
            assert_eq!(ints(operator, "axis"), [inputs[0].shape.len() - 1]);
            tokens::softmax(inputs[0])
        }
        "LayerNormalization" => {
            assert_eq!(ints(operator, "axis"), [inputs[0].shape.len() - 1]);
            let [x, scale, shift] = inputs else {
                panic!("three inputs");
            };
            tokens::layer_norm(x, [scale, shift], epsilon(operator))
        }
        "Transpose" => tokens::transpose(inputs[0], &ints(operator, "perm")),
        "MatMul" => tokens::matmul(inputs[0], inputs[1]),
        other => panic!("the operator {other}"),
    }
}

fn four(tensor: &Tensor) -> [usize; 4] {
    tensor.shape[..].try_into().expect("four extents")
}

fn each(tensor: &Tensor, f: impl Fn(f64) -> f64) -> Tensor {
    Tensor {
        shape: tensor.shape.clone(),
        values: tensor.values.iter().map(|v| f(*v)).collect(),
    }
}

fn by_channel(tensor: &Tensor, f: impl Fn(usize, f64) -> f64) -> Tensor {
    let [_, channels, height, width] = four(tensor);
    let values = tensor.values.iter().enumerate();
    Tensor {
        shape: tensor.shape.clone(),
        values: values
            .map(|(n, v)| f(n / (height * width) % channels, *v))
            .collect(),
    }
}

/// NumPy's broadcasting: extents are compared from the last, and 1 fits everything.
fn broadcast(inputs: &[&Tensor], f: impl Fn(f64, f64) -> f64) -> Tensor {
    let [a, b] = inputs else {
        panic!("two inputs");
    };
    let rank = a.shape.len().max(b.shape.len());
    let wide = |t: &Tensor| -> Vec<usize> {
        let missing = rank - t.shape.len();
        (0..rank)
            .map(|n| if n < missing { 1 } else { t.shape[n - missing] })
            .collect()
    };
    let (wide_a, wide_b) = (wide(a), wide(b));
    let fit = |(a, b): (&usize, &usize)| {
        assert!(a == b || *a == 1 || *b == 1, "{wide_a:?} and {wide_b:?}");
        *a.max(b)
    };
    let shape: Vec<usize> = wide_a.iter().zip(&wide_b).map(fit).collect();
    let place = |mut n: usize, wide: &[usize]| {
        let (mut at, mut step) = (0, 1);
        for axis in (0..rank).rev() {
            let index = n % shape[axis];
            n /= shape[axis];
            at += step * if wide[axis] == 1 { 0 } else { index };
            step *= wide[axis];
        }
        at
    };
    let total = shape.iter().product();
    Tensor {
        values: (0..total)
            .map(|n| f(a.values[place(n, &wide_a)], b.values[place(n, &wide_b)]))
            .collect(),
        shape,
    }
}

fn conv(operator: &Operator, inputs: &[&Tensor]) -> Tensor {
    let [batch, channels, height, width] = four(inputs[0]);
    let [output, group, rows, columns] = four(inputs[1]);
    let (strides, pads) = (ints(operator, "strides"), ints(operator, "pads"));
    let groups = ints(operator, "group")[0];
    assert_eq!(ints(operator, "kernel_shape"), [rows, columns]);
    assert_eq!(group * groups, channels);
    let [top, left, bottom, right] = pads[..] else {
        panic!("four margins");
    };
    let size = [
        (height + top + bottom - rows) / strides[0] + 1,
        (width + left + right - columns) / strides[1] + 1,
    ];
    let mut values = vec![0.0; batch * output * size[0] * size[1]];
    for (at, sums) in values.chunks_exact_mut(size[0] * size[1]).enumerate() {
        let (image, o) = (at / output, at % output);
        if let Some(bias) = inputs.get(2) {
            sums.fill(bias.values[o]);
        }
        for c in 0..group {
            let channel = image * channels + o / (output / groups) * group + c;
            let from = &inputs[0].values[channel * height * width..][..height * width];
            for r in 0..rows {
                for q in 0..columns {
                    let weight = inputs[1].values[((o * group + c) * rows + r) * columns + q];
                    for y in 0..size[0] {
                        let Some(fy) = (y * strides[0] + r)
                            .checked_sub(top)
                            .filter(|f| *f < height)
                        else {
                            continue;
                        };
                        for x in 0..size[1] {
                            let fx = (x * strides[1] + q).checked_sub(left);
                            if let Some(fx) = fx.filter(|f| *f < width) {
                                sums[y * size[1] + x] += weight * from[fy * width + fx];
                            }
                        }
                    }
                }
            }
        }
    }
    Tensor {
        shape: vec![batch, output, size[0], size[1]],
        values,
    }
}

fn pool(operator: &Operator, input: &Tensor, f: impl Fn(&[f64]) -> f64) -> Tensor {
    let [batch, channels, height, width] = four(input);
    let (kernel, strides) = (ints(operator, "kernel_shape"), ints(operator, "strides"));
    let pads = ints(operator, "pads");
    let size = [
        (height + pads[0] + pads[2] - kernel[0]) / strides[0] + 1,
        (width + pads[1] + pads[3] - kernel[1]) / strides[1] + 1,
    ];
    let mut values = Vec::new();
    for from in input.values.chunks_exact(height * width) {
        for y in 0..size[0] {
            for x in 0..size[1] {
                let mut window = Vec::new();
                for r in 0..kernel[0] {
                    for q in 0..kernel[1] {
                        let fy = (y * strides[0] + r)
                            .checked_sub(pads[0])
                            .filter(|f| *f < height);
                        let fx = (x * strides[1] + q)
                            .checked_sub(pads[1])
                            .filter(|f| *f < width);
                        if let (Some(fy), Some(fx)) = (fy, fx) {
                            window.push(from[fy * width + fx]);
                        }
                    }
                }
                values.push(f(&window));
            }
        }
    }
    Tensor {
        shape: vec![batch, channels, size[0], size[1]],
        values,
    }
}

fn slice(inputs: &[&Tensor]) -> Tensor {
    let x = inputs[0];
    let list = |n: usize| inputs.get(n).map(|t| t.values.clone());
    let (first, last, axes) = (&inputs[1].values, &inputs[2].values, &inputs[3].values);
    let steps = list(4).unwrap_or_else(|| vec![1.0; axes.len()]);
    let mut taken: Vec<Vec<usize>> = x.shape.iter().map(|n| (0..*n).collect()).collect();
    for (n, axis) in axes.iter().enumerate() {
        let axis = *axis as usize;
        let end = (last[n] as usize).min(x.shape[axis]);
        taken[axis] = (first[n] as usize..end)
            .step_by(steps[n] as usize)
            .collect();
    }
    let mut values = Vec::new();
    for image in &taken[0] {
        for channel in &taken[1] {
            for row in &taken[2] {
                for column in &taken[3] {
                    let at = (image * x.shape[1] + channel) * x.shape[2] + row;
                    values.push(x.values[at * x.shape[3] + column]);
                }
            }
        }
    }
    Tensor {
        shape: taken.iter().map(Vec::len).collect(),
        values,
    }
}

fn pad(inputs: &[&Tensor]) -> Tensor {
    let x = inputs[0];
    let pads: Vec<usize> = inputs[1].values.iter().map(|v| *v as usize).collect();
    let shape: Vec<usize> = (0..4).map(|n| pads[n] + x.shape[n] + pads[n + 4]).collect();
    let mut values = vec![0.0; shape.iter().product()];
    for (n, value) in x.values.iter().enumerate() {
        let mut rest = n;
        let mut at = 0;
        let mut step = 1;
        for axis in (0..4).rev() {
            at += (rest % x.shape[axis] + pads[axis]) * step;
            rest /= x.shape[axis];
            step *= shape[axis];
        }
        values[at] = *value;
    }
    Tensor { shape, values }
}
