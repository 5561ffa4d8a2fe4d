//! Is a convolution with 8-bit products the sum of whole numbers that it is said to be, and near that of single precision?

use crate::common::{Case, Kind, all_kernels, oblong, same_bits, shape};
use timestep_kernels::{ConvShape, Finish, Kernels, View};

/// Blocks of one and of two vectors, tails of both, strides, groups, borders, one row of pixels and many.
fn shapes() -> [ConvShape; 9] {
    [
        shape(2, (9, 7), (64, 64), (3, 2, 1), 1),
        shape(1, (12, 12), (128, 72), (3, 1, 1), 1),
        shape(3, (8, 8), (68, 70), (1, 1, 0), 1),
        shape(2, (9, 8), (64, 65), (1, 2, 0), 1),
        shape(1, (15, 14), (64, 67), (3, 2, 1), 1),
        shape(2, (7, 7), (256, 128), (3, 1, 1), 2),
        oblong(2, (6, 11), (64, 80), ([1, 7], 1, [0, 3]), 1),
        shape(1, (7, 7), (512, 64), (3, 1, 1), 1),
        // Several strips, several tasks.
        shape(2, (56, 20), (128, 64), (3, 1, 1), 1),
    ]
}

fn int8(kernels: Kernels, shape: &ConvShape, view: &View<'_>, weights: &[f32]) -> Vec<f32> {
    let packed = kernels.pack_conv_int8(shape, weights);
    assert!(packed.suits(kernels, shape) && !packed.is_empty());
    let mut out = vec![f32::NAN; shape.output_len()];
    let finish = Finish::default();
    kernels.conv_packed(shape, view, &packed, &finish, &mut out, false);
    out
}

/// The features that a view shows.
fn seen(case: &Case, relu: bool) -> Vec<f32> {
    let features = case.view().data.iter();
    features
        .map(|x| if relu { x.max(0.0) } else { *x })
        .collect()
}

/// Levels of numbers, what a level stands for, and which one is zero.
fn levels(image: &[f32]) -> (Vec<i64>, f32, i64) {
    let least = image.iter().fold(0.0_f32, |a, b| a.min(*b));
    let greatest = image.iter().fold(0.0_f32, |a, b| a.max(*b));
    let scale = (greatest - least) / 255.0;
    let zero = (-least / scale).round_ties_even();
    let level = |x: &f32| (x * scale.recip() + zero).clamp(0.0, 255.0);
    let all = image.iter().map(|x| level(x).round_ties_even() as i64);
    (all.collect(), scale, zero as i64)
}

/// The convolution as it is defined, one product after the other.
fn defined(shape: &ConvShape, features: &[f32], weights: &[f32]) -> Vec<f32> {
    let (rows, columns) = (shape.out_height(), shape.out_width());
    let (inputs, outputs) = (shape.group_input(), shape.group_output());
    let depth = inputs * shape.taps();
    let mut out = Vec::new();
    for image in features.chunks(features.len() / shape.batch) {
        let (levels, scale, zero) = levels(image);
        for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
            for o in 0..shape.output {
                let own = &weights[o * depth..(o + 1) * depth];
                let most = own.iter().fold(0.0_f32, |most, w| most.max(w.abs())) / 127.0;
                let mut sum = 0;
                for (at, w) in own.iter().enumerate() {
                    let (c, tap) = (at / shape.taps(), at % shape.taps());
                    let row = y * shape.stride + tap / shape.kernel[1];
                    let column = x * shape.stride + tap % shape.kernel[1];
                    let row = row.wrapping_sub(shape.padding[0]);
                    let column = column.wrapping_sub(shape.padding[1]);
                    if row < shape.height && column < shape.width {
                        let c = o / outputs * inputs + c;
                        let at = (row * shape.width + column) * shape.input + c;
                        sum += (w / most).round_ties_even() as i64 * (levels[at] - zero);
                    }
                }
                out.push(sum as f32 * (scale * most));
            }
        }
    }
    out
}

#[test]
fn it_is_the_sum_of_whole_numbers_on_every_instruction_set_and_any_number_of_threads() {
    for shape in shapes() {
        for (kind, relu) in [(Kind::Plain, false), (Kind::Relu, true)] {
            let case = Case::new(shape, kind, (1, false), 11);
            let expected = defined(&shape, &seen(&case, relu), &case.weights);
            for kernels in all_kernels() {
                let found = int8(kernels, &shape, &case.view(), &case.weights);
                let place = format!("{shape:?} {kind:?} {kernels:?}");
                same_bits(&place, &found, &expected).unwrap();
                let pool = rayon::ThreadPoolBuilder::new().num_threads(3);
                let pool = pool.build().expect("threads");
                let more = pool.install(|| int8(kernels, &shape, &case.view(), &case.weights));
                same_bits(&place, &more, &expected).unwrap();
            }
        }
    }
}

#[test]
fn it_is_near_single_precision() {
    for shape in shapes() {
        let case = Case::new(shape, Kind::NormRelu, (1, false), 5);
        for kernels in all_kernels() {
            let (exact, _) = case.forward(&kernels);
            let found = int8(kernels, &shape, &case.view(), &case.weights);
            let square = |all: &mut dyn Iterator<Item = f32>| -> f64 {
                all.map(|x| f64::from(x).powi(2)).sum()
            };
            let error = square(&mut found.iter().zip(&exact).map(|(a, b)| a - b));
            let size = square(&mut exact.iter().copied());
            let share = (error / size).sqrt();
            assert!(share < 0.01 && share > 0.0, "{shape:?} {kernels:?} {share}");
        }
    }
}

#[test]
fn an_image_depends_on_no_other_and_keeps_what_is_no_number_to_itself() {
    let one = shape(1, (10, 6), (128, 68), (3, 1, 1), 1);
    let three = ConvShape { batch: 3, ..one };
    let case = Case::new(three, Kind::Plain, (1, false), 8);
    let mut features = case.view().data.to_vec();
    let length = one.input_len();
    // Images of other sizes, and one of zeros.
    features[..length].iter_mut().for_each(|x| *x *= 100.0);
    features[2 * length..].fill(0.0);
    for kernels in all_kernels() {
        let all = int8(kernels, &three, &View::plain(&features), &case.weights);
        let second = View::plain(&features[length..2 * length]);
        let alone = int8(kernels, &one, &second, &case.weights);
        let own = one.output_len();
        same_bits("the second image", &alone, &all[own..2 * own]).unwrap();
        assert!(all[2 * own..].iter().all(|y| *y == 0.0));
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut broken = features.clone();
            broken[length - 1] = bad;
            let found = int8(kernels, &three, &View::plain(&broken), &case.weights);
            assert!(found[..own].iter().all(|y| !y.is_finite()), "{bad}");
            same_bits("the others", &found[own..], &all[own..]).unwrap();
        }
        let mut weights = case.weights.clone();
        weights[0] = f32::NAN;
        let found = int8(kernels, &one, &second, &weights);
        for (i, (y, before)) in found.iter().zip(&alone).enumerate() {
            match i % one.output {
                0 => assert!(y.is_nan()),
                _ => assert_eq!(y, before),
            }
        }
    }
}

#[test]
fn numbers_that_are_hardly_there_leave_results_that_are_hardly_there() {
    let shape = shape(1, (5, 4), (128, 64), (3, 1, 1), 1);
    let case = Case::new(shape, Kind::Plain, (1, false), 4);
    for size in [1e-38_f32, 380.0 * f32::from_bits(1), f32::from_bits(1)] {
        let sign = |i: usize| if i.is_multiple_of(3) { -size } else { size };
        let features: Vec<f32> = (0..shape.input_len()).map(sign).collect();
        for kernels in all_kernels() {
            let found = int8(kernels, &shape, &View::plain(&features), &case.weights);
            assert!(found.iter().all(|y| y.abs() < 1e-34), "{size} {kernels:?}");
        }
    }
}

#[test]
fn what_does_not_suit_stays_in_single_precision() {
    // Three channels of a photograph, groups that fill no vector, channels that are no multiple of four, Winograd's method.
    for shape in [
        shape(1, (8, 8), (3, 64), (3, 1, 1), 1),
        shape(1, (8, 8), (128, 64), (3, 2, 1), 8),
        shape(1, (8, 8), (66, 64), (1, 1, 0), 1),
        shape(1, (8, 8), (64, 16), (1, 1, 0), 1),
        shape(1, (8, 8), (64, 64), (3, 1, 1), 1),
    ] {
        let case = Case::new(shape, Kind::Plain, (1, false), 2);
        for kernels in all_kernels() {
            let (exact, _) = case.forward(&kernels);
            let found = int8(kernels, &shape, &case.view(), &case.weights);
            same_bits("single precision", &found, &exact).unwrap();
        }
    }
}
