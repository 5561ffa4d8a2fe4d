//! Is a broken number lost on its way? NaN and infinity reach what depends on them, and nothing else.

use crate::common::{Case, Expected, Kind, all_kernels, shape, varied_shapes};
use timestep_kernels::{Affine, Scaled, Sum, View};

fn broken(values: &[f32]) -> Vec<bool> {
    values.iter().map(|x| !x.is_finite()).collect()
}

fn broken_wide(values: &[f64]) -> Vec<bool> {
    values.iter().map(|x| !x.is_finite()).collect()
}

/// `actual` must be broken wherever `expected` is; elsewhere it may be only if `spreads`.
fn check_broken(what: &str, actual: &[f32], expected: &[f64], spreads: bool) {
    for (i, (actual, expected)) in broken(actual).iter().zip(broken_wide(expected)).enumerate() {
        assert!(
            *actual || !expected,
            "{what}: a broken number is lost at {i}"
        );
        assert!(
            spreads || !actual || expected,
            "{what}: a number is broken at {i}"
        );
    }
}

/// Every position of a short array, some of a long one.
fn positions(len: usize) -> impl Iterator<Item = usize> {
    (0..len).step_by(len.div_ceil(40))
}

/// Breaks one number of a case at a time and compares which results are broken.
fn break_each(kind: Kind, bad: f32, pick: impl Fn(&mut Case) -> &mut Vec<f32>, borders: bool) {
    for shape in varied_shapes() {
        let mut case = Case::new(shape, kind, (2, true), 7);
        for at in positions(pick(&mut case).len()) {
            let before = std::mem::replace(&mut pick(&mut case)[at], bad);
            let expected = Expected::new(&case);
            for kernels in all_kernels() {
                // A tile of Winograd's method breaks as a whole; so does a border of zeros that
                // meets a broken number, which the reference leaves out.
                let spreads = kernels.uses_winograd(&shape) || borders;
                let what = format!("{shape:?} {kind:?} {kernels:?} {bad} in {at}");
                let (out, moments) = case.forward(&kernels);
                check_broken(
                    &format!("{what}, output"),
                    &out,
                    &expected.out.values,
                    spreads,
                );
                for (i, x) in out.iter().enumerate().filter(|(_, x)| !x.is_finite()) {
                    let c = i % shape.output;
                    let told = !moments.mean[c].is_finite() && !moments.variance(c).is_finite();
                    assert!(told, "{what}: moments of channel {c} hide {x}");
                }
                let back = case.backward(&kernels);
                let (input, sum) = (&expected.input.values, &expected.grad_out.values);
                check_broken(
                    &format!("{what}, gradient of input"),
                    &back.input,
                    input,
                    spreads,
                );
                check_broken(
                    &format!("{what}, added-up gradient"),
                    &back.grad_out,
                    sum,
                    false,
                );
                let (actual, weights) = (&back.grads.weights, &expected.weights.values);
                check_broken(
                    &format!("{what}, gradient of weights"),
                    actual,
                    weights,
                    true,
                );
                if case.view().affine.is_some() {
                    for i in (0..back.input.len()).filter(|i| !back.input[*i].is_finite()) {
                        let sums = &back.grads.norm;
                        let told = !sums.plain[i % shape.input].is_finite()
                            && !sums.centered[i % shape.input].is_finite();
                        assert!(told, "{what}: sums for the norm hide {i}");
                    }
                }
            }
            pick(&mut case)[at] = before;
        }
    }
}

#[test]
fn nan_in_the_features_is_seen() {
    for kind in Kind::ALL {
        break_each(kind, f32::NAN, |case| &mut case.data, false);
    }
}

#[test]
fn infinity_in_the_features_is_seen() {
    break_each(Kind::Plain, f32::INFINITY, |case| &mut case.data, false);
    break_each(Kind::Relu, f32::INFINITY, |case| &mut case.data, false);
    break_each(Kind::Plain, f32::NEG_INFINITY, |case| &mut case.data, false);
}

#[test]
fn broken_weights_are_seen() {
    break_each(Kind::Relu, f32::NAN, |case| &mut case.weights, true);
    break_each(
        Kind::NormRelu,
        f32::INFINITY,
        |case| &mut case.weights,
        true,
    );
}

#[test]
fn broken_gradients_are_seen() {
    break_each(Kind::Plain, f32::NAN, |case| &mut case.terms[1].0, false);
    break_each(Kind::NormRelu, f32::NAN, |case| &mut case.terms[0].0, false);
    break_each(
        Kind::Norm,
        f32::INFINITY,
        |case| &mut case.terms[0].0,
        false,
    );
    break_each(Kind::Relu, f32::NAN, |case| &mut case.terms[0].1, false);
}

#[test]
fn broken_norms_are_seen() {
    break_each(Kind::NormRelu, f32::NAN, |case| &mut case.affine[0], false);
    break_each(Kind::Norm, f32::NAN, |case| &mut case.affine[1], false);
}

#[test]
fn a_broken_weight_stays_in_its_channel() {
    let shape = shape(1, (5, 6), (16, 16), (3, 1, 1), 1);
    let mut case = Case::new(shape, Kind::Plain, (1, false), 3);
    case.weights[(5 * 16 + 7) * 9 + 4] = f32::NAN;
    for kernels in all_kernels() {
        let (out, moments) = case.forward(&kernels);
        let expected: Vec<bool> = (0..out.len()).map(|i| i % 16 == 5).collect();
        assert_eq!(broken(&out), expected, "{kernels:?}");
        let channels: Vec<bool> = moments.mean.iter().map(|m| m.is_nan()).collect();
        assert_eq!(channels, expected[..16]);
        let input: Vec<bool> = broken(&case.backward(&kernels).input);
        assert_eq!(
            input,
            (0..input.len()).map(|i| i % 16 == 7).collect::<Vec<_>>()
        );
    }
}

#[test]
fn relu_keeps_nan_and_lets_its_gradient_through() {
    let data = [f32::NAN, -1.0, 2.0, 0.0, -f32::NAN, -0.0];
    let identity: Vec<f32> = (0..36)
        .map(|i| if i % 7 == 0 { 1.0 } else { 0.0 })
        .collect();
    let shape = shape(1, (1, 1), (6, 6), (1, 1, 0), 6);
    let weights: Vec<f32> = identity.iter().copied().step_by(7).collect();
    let ones = [1.0; 6];
    let grad = [3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
    let sum = Sum {
        terms: vec![Scaled {
            data: &grad,
            scale: &ones,
        }],
        constant: None,
    };
    let affine = Affine {
        scale: &ones,
        shift: &[0.0; 6],
        center: &[0.0; 6],
    };
    for kernels in all_kernels() {
        for affine in [None, Some(affine)] {
            let view = View {
                data: &data,
                affine,
                relu: true,
            };
            let mut out = [f32::NAN; 6];
            kernels.conv_forward(&shape, &view, &weights, &mut out, false);
            assert!(out[0].is_nan() && out[4].is_nan(), "{kernels:?}: {out:?}");
            assert_eq!(
                [out[1], out[2], out[3], out[5]],
                [0.0, 2.0, 0.0, 0.0],
                "{kernels:?}"
            );
            let mut back = [f32::NAN; 6];
            kernels.conv_backward(&shape, &view, &weights, &sum, Some(&mut back), None);
            assert_eq!(back, [3.0, 0.0, 5.0, 0.0, 7.0, 0.0], "{kernels:?}");
        }
    }
}
