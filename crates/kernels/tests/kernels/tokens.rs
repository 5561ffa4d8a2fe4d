//! Are attention and layer norm those of the reference, forward and backward, with the same bits everywhere?

use crate::common::{Numbers, all_kernels, same_bits};
use timestep_kernels::{Attention, Kernels, reference};

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}

fn close(what: &str, actual: &[f32], expected: &[f64], to: f64) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    for (i, (a, b)) in actual.iter().zip(expected).enumerate() {
        let error = (f64::from(*a) - b).abs();
        assert!(error <= to * largest, "{what}: {a} is not {b} at {i}");
    }
}

/// The gradient of `Σ g f(x)` by central differences.
fn slopes(x: &[f64], g: &[f64], f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let value = |x: &[f64]| -> f64 { f(x).iter().zip(g).map(|(f, g)| f * g).sum() };
    let step = 1e-5;
    let mut x = x.to_vec();
    (0..x.len())
        .map(|i| {
            let middle = x[i];
            x[i] = middle + step;
            let above = value(&x);
            x[i] = middle - step;
            let below = value(&x);
            x[i] = middle;
            (above - below) / (2.0 * step)
        })
        .collect()
}

/// One of each set of instructions.
fn kernels() -> Vec<Kernels> {
    let mut kernels = all_kernels();
    kernels.dedup_by_key(|k| k.isa());
    kernels
}

/// Less than a vector of tokens or channels, one, many and a rest.
const SHAPES: [[usize; 4]; 6] = [
    [1, 1, 3, 1],
    [2, 5, 6, 2],
    [1, 16, 16, 1],
    [2, 17, 12, 3],
    [1, 33, 40, 2],
    [3, 4, 8, 8],
];

#[test]
fn attention_and_its_gradient_are_those_of_the_reference() {
    for [batch, tokens, channels, heads] in SHAPES {
        let shape = Attention {
            batch,
            tokens,
            channels,
            heads,
        };
        let mut numbers = Numbers(tokens as u64);
        let mut input = numbers.uniform(3 * batch * tokens * channels);
        // Scores of some size: a softmax of equal scores shows little.
        input.iter_mut().for_each(|x| *x *= 3.0);
        let grad = numbers.uniform(batch * tokens * channels);
        let expected = reference::attention(&shape, &wide(&input));
        let slopes = slopes(&wide(&input), &wide(&grad), |x| {
            reference::attention(&shape, x)
        });
        let mut first: Option<[Vec<f32>; 2]> = None;
        for k in kernels() {
            let what = format!("{shape:?} {k:?}");
            let (out, weights) = k.attention(&shape, &input);
            close(&what, &out, &expected, 2e-6);
            for row in weights.chunks_exact(tokens) {
                assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{what}");
            }
            let found = k.attention_backward(&shape, &input, &weights, &grad);
            close(&what, &found, &slopes, 5e-6);
            let all = [out, found];
            match &first {
                None => first = Some(all),
                Some(first) => {
                    for (a, b) in first.iter().zip(&all) {
                        same_bits(&what, b, a).expect("the same bits");
                    }
                }
            }
        }
    }
}

#[test]
fn layer_norm_and_its_gradients_are_those_of_the_reference() {
    for (pixels, channels) in [(1, 9), (3, 7), (5, 16), (300, 37), (2, 128)] {
        let mut numbers = Numbers(channels as u64);
        let mut x = numbers.uniform(pixels * channels);
        // A mean far from 0 must not cost digits.
        x.iter_mut().for_each(|x| *x += 2.0);
        let (scale, shift) = (numbers.uniform(channels), numbers.uniform(channels));
        let grad = numbers.uniform(x.len());
        let [x64, scale64, shift64, grad64] = [&x, &scale, &shift, &grad].map(|v| wide(v));
        let epsilon = 1e-5;
        let norm = |x: &[f64], a: &[f64], b: &[f64]| reference::layer_norm(x, a, b, epsilon);
        let expected = norm(&x64, &scale64, &shift64);
        let to_scale = slopes(&scale64, &grad64, |a| norm(&x64, a, &shift64));
        let to_shift = slopes(&shift64, &grad64, |b| norm(&x64, &scale64, b));
        // One pixel after the other: they do not depend on each other.
        let to_x: Vec<f64> = (x64.chunks(channels).zip(grad64.chunks(channels)))
            .flat_map(|(x, g)| slopes(x, g, |x| norm(x, &scale64, &shift64)))
            .collect();
        let mut first: Option<[Vec<f32>; 4]> = None;
        for k in kernels() {
            let what = format!("{pixels} pixels of {channels} channels, {k:?}");
            let out = k.layer_norm(&x, &scale, &shift, epsilon);
            close(&what, &out, &expected, 2e-6);
            let (dx, dscale, dshift) = k.layer_norm_backward(&x, &scale, &grad, epsilon);
            close(&what, &dx, &to_x, 2e-5);
            close(&what, &dscale, &to_scale, 1e-5);
            close(&what, &dshift, &to_shift, 1e-5);
            let all = [out, dx, dscale, dshift];
            match &first {
                None => first = Some(all),
                Some(first) => {
                    for (a, b) in first.iter().zip(&all) {
                        same_bits(&what, b, a).expect("the same bits");
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_not_a_number_stays_visible() {
    let shape = Attention {
        batch: 1,
        tokens: 3,
        channels: 2,
        heads: 1,
    };
    for k in kernels() {
        for at in 0..18 {
            let mut input = Numbers(1).uniform(18);
            input[at] = f32::NAN;
            let (out, weights) = k.attention(&shape, &input);
            assert!(out.iter().any(|v| v.is_nan()), "{k:?} {at}");
            let grad = k.attention_backward(&shape, &input, &weights, &[1.0; 6]);
            assert!(grad.iter().any(|v| v.is_nan()), "{k:?} {at}");
        }
        let out = k.layer_norm(&[1.0, f32::NAN], &[1.0; 2], &[0.0; 2], 1e-5);
        assert!(out.iter().all(|v| v.is_nan()), "{k:?}");
    }
}
