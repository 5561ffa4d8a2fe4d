//! Is the reference itself right? Known answers, and finite differences of its own forward passes.

use crate::common::{Numbers, oblong, shape};
use timestep_kernels::reference::{
    batch_norm, batch_norm_grads, conv_forward, conv_grads, moments, relu, relu_grad, sum, view,
};
use timestep_kernels::{Affine, ConvShape, Scaled, Sum, View};

fn numbers(seed: u64, n: usize) -> Vec<f64> {
    Numbers(seed)
        .uniform(n)
        .into_iter()
        .map(f64::from)
        .collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Central differences of `loss` for each number of `at`.
fn differences(at: &[f64], step: f64, loss: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let mut moved = at.to_vec();
    let mut slope = |i: usize| {
        let mut at_step = |h: f64| {
            moved[i] = at[i] + h;
            let value = loss(&moved);
            moved[i] = at[i];
            value
        };
        (at_step(step) - at_step(-step)) / (2.0 * step)
    };
    (0..at.len()).map(&mut slope).collect()
}

fn close(what: &str, actual: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    assert!(largest > 1e-3, "{what}: nothing to compare");
    for (i, (a, b)) in actual.iter().zip(expected).enumerate() {
        assert!(
            (a - b).abs() <= tolerance * largest,
            "{what}: {a} is not {b} at {i}"
        );
    }
}

#[test]
fn convolutions_worked_out_by_hand() {
    let image: Vec<f64> = (1..=9).map(f64::from).collect();
    // Not symmetric, so that a turned kernel would show.
    let weights = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0];
    let same = shape(1, (3, 3), (1, 1), (3, 1, 1), 1);
    let out = [99.0, 160.0, 106.0, 194.0, 294.0, 186.0, 106.0, 154.0, 94.0];
    assert_eq!(conv_forward(&same, &image, &weights), out);
    let strided = ConvShape { stride: 2, ..same };
    assert_eq!(
        conv_forward(&strided, &image, &weights),
        [99.0, 106.0, 106.0, 94.0]
    );
    let valid = ConvShape {
        padding: [0; 2],
        ..same
    };
    assert_eq!(conv_forward(&valid, &image, &weights), [294.0]);
    // The middle row and the middle column of the kernel, as kernels of their own.
    let across = oblong(1, (3, 3), (1, 1), ([1, 3], 1, [0, 1]), 1);
    let out = [17.0, 32.0, 23.0, 50.0, 77.0, 50.0, 83.0, 122.0, 77.0];
    assert_eq!(conv_forward(&across, &image, &[4.0, 5.0, 6.0]), out);
    let down = oblong(1, (3, 3), (1, 1), ([3, 1], 1, [1, 0]), 1);
    let out = [37.0, 50.0, 63.0, 78.0, 93.0, 108.0, 43.0, 50.0, 57.0];
    assert_eq!(conv_forward(&down, &image, &[2.0, 5.0, 8.0]), out);
    // Two pixels of four channels in two groups; weights are [output][input of its group].
    let grouped = shape(2, (1, 1), (4, 4), (1, 1, 0), 2);
    let pixels = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
    let weights = [1.0, 10.0, 2.0, 20.0, 3.0, 30.0, 4.0, 40.0];
    let out = [21.0, 42.0, 129.0, 172.0, 65.0, 130.0, 261.0, 348.0];
    assert_eq!(conv_forward(&grouped, &pixels, &weights), out);
}

#[test]
fn weights_are_output_input_row_column() {
    let shape = shape(1, (4, 5), (3, 2), (3, 1, 1), 1);
    for w in 0..shape.weight_len() {
        let (o, i, tap) = (w / 27, w / 9 % 3, w % 9);
        let mut weights = vec![0.0; shape.weight_len()];
        weights[w] = 1.0;
        // Pixel (1, 2) of channel `i` is seen through the tap from one place only.
        let mut image = vec![0.0; shape.input_len()];
        image[(5 + 2) * 3 + i] = 1.0;
        let out = conv_forward(&shape, &image, &weights);
        let seen: Vec<usize> = (0..out.len()).filter(|at| out[*at] != 0.0).collect();
        let (y, x) = (1 + 1 - tap / 3, 2 + 1 - tap % 3);
        assert_eq!(seen, [(y * 5 + x) * 2 + o]);
    }
}

#[test]
fn gradients_of_convolutions() {
    for shape in [
        shape(2, (4, 3), (3, 2), (3, 1, 1), 1),
        shape(1, (5, 6), (4, 6), (3, 2, 1), 2),
        shape(1, (6, 7), (2, 2), (2, 3, 1), 1),
        shape(2, (3, 3), (4, 4), (1, 2, 0), 4),
        oblong(1, (4, 6), (2, 3), ([1, 5], 1, [0, 2]), 1),
        oblong(1, (7, 3), (4, 2), ([4, 2], 2, [2, 1]), 2),
    ] {
        let x = numbers(1, shape.input_len());
        let w = numbers(2, shape.weight_len());
        let r = numbers(3, shape.output_len());
        let (of_x, of_w) = conv_grads(&shape, &x, &w, &r);
        // Linear in each argument, so that any step is exact.
        let loss_x = |x: &[f64]| dot(&r, &conv_forward(&shape, x, &w));
        let loss_w = |w: &[f64]| dot(&r, &conv_forward(&shape, &x, w));
        close("input", &of_x, &differences(&x, 1.0, loss_x), 1e-12);
        close("weights", &of_w, &differences(&w, 1.0, loss_w), 1e-12);
    }
}

#[test]
fn gradients_through_batch_norm_relu_and_convolution() {
    let shape = shape(2, (4, 5), (3, 4), (3, 1, 1), 1);
    let x: Vec<f64> = numbers(4, shape.input_len())
        .iter()
        .map(|x| 3.0 * x + 0.7)
        .collect();
    let w = numbers(5, shape.weight_len());
    let r = numbers(6, shape.output_len());
    let gamma = [0.8, -1.3, 1.7];
    let beta = [0.2, -0.1, 0.4];
    let loss = |x: &[f64], gamma: &[f64], beta: &[f64], w: &[f64]| {
        dot(
            &r,
            &conv_forward(&shape, &relu(&batch_norm(x, gamma, beta)), w),
        )
    };
    let z = batch_norm(&x, &gamma, &beta);
    assert!(
        z.iter().all(|z| z.abs() > 1e-4),
        "differences must not cross the kink of the ReLU"
    );
    let (of_view, of_w) = conv_grads(&shape, &relu(&z), &w, &r);
    let grads = batch_norm_grads(&x, &gamma, &relu_grad(&z, &of_view));
    let h = 1e-5;
    let of_x = differences(&x, h, |x| loss(x, &gamma, &beta, &w));
    let of_gamma = differences(&gamma, h, |gamma| loss(&x, gamma, &beta, &w));
    let of_beta = differences(&beta, h, |beta| loss(&x, &gamma, beta, &w));
    close("x", &grads.input, &of_x, 1e-8);
    close("gamma", &grads.gamma, &of_gamma, 1e-8);
    close("beta", &grads.beta, &of_beta, 1e-8);
    close(
        "weights",
        &of_w,
        &differences(&w, h, |w| loss(&x, &gamma, &beta, w)),
        1e-8,
    );
}

#[test]
fn batch_norm_normalises() {
    let x: Vec<f64> = numbers(7, 2 * 50).iter().map(|x| 0.01 * x + 5.0).collect();
    let (_, before) = moments(&x, 2);
    let (mean, variance) = moments(&batch_norm(&x, &[2.0, -0.5], &[1.0, 3.0]), 2);
    for (c, (gamma, beta)) in [(2.0_f64, 1.0_f64), (-0.5, 3.0)].into_iter().enumerate() {
        assert!((mean[c] - beta).abs() < 1e-12);
        // The variance is small enough here for ε to show.
        let expected = gamma * gamma * before[c] / (before[c] + 1e-5);
        assert!((variance[c] - expected).abs() < 1e-12 && expected < 0.9 * gamma * gamma);
    }
    let (mean, variance) = moments(&[1.0, 10.0, 2.0, 20.0, 6.0, 30.0], 2);
    assert_eq!(mean, [3.0, 20.0]);
    assert!((variance[0] - 14.0 / 3.0).abs() < 1e-12 && (variance[1] - 200.0 / 3.0).abs() < 1e-12);
}

#[test]
fn views_and_sums() {
    let data = [1.0, -2.0, -3.0, 4.0];
    let affine = Affine {
        scale: &[2.0, -1.0],
        shift: &[3.0, 0.5],
        center: &[9.0, 9.0],
    };
    let show = |affine, relu| {
        let data = &data;
        view(&View { data, affine, relu }, 2)
    };
    assert_eq!(show(None, false), [1.0, -2.0, -3.0, 4.0]);
    assert_eq!(show(None, true), [1.0, 0.0, 0.0, 4.0]);
    assert_eq!(show(Some(affine), false), [5.0, 2.5, -3.0, -3.5]);
    assert_eq!(show(Some(affine), true), [5.0, 2.5, 0.0, 0.0]);
    let terms = vec![
        Scaled {
            data: &data,
            scale: &[1.0, 2.0],
        },
        Scaled {
            data: &[1.0, 1.0, 2.0, 2.0],
            scale: &[-1.0, 0.5],
        },
    ];
    let with = Sum {
        terms: terms.clone(),
        constant: Some(&[100.0, 200.0]),
    };
    assert_eq!(sum(&with, 2), [100.0, 196.5, 95.0, 209.0]);
    assert_eq!(
        sum(
            &Sum {
                terms,
                constant: None
            },
            2
        ),
        [0.0, -3.5, -5.0, 9.0]
    );
    assert!(relu(&[f64::NAN])[0].is_nan());
    assert_eq!(
        relu_grad(&[-1.0, 0.0, 2.0, f64::NAN], &[5.0, 6.0, 7.0, 8.0]),
        [0.0, 0.0, 7.0, 8.0]
    );
}
