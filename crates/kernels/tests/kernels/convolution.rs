//! Do all kernels compute the convolutions of the reference, forward and backward, for every kind of shape?

use crate::common::{Case, Expected, Kind, Numbers, all_kernels, check_moments, oblong, shape};
use timestep_kernels::{ConvShape, Isa, Kernels, View};

/// Multiply-adds up to which a shape is tried with all kinds of views.
const SMALL: usize = 3_000_000;

/// The same for weights that are larger than the caches, which need many.
const LARGE_WEIGHTS: usize = 1_000_000;

/// Checks every kernel on every shape and says all that fails.
fn check(shapes: &[ConvShape]) {
    let mut failures = Vec::new();
    for (i, shape) in shapes.iter().enumerate() {
        let all = shape.multiply_adds() <= SMALL || shape.weight_len() > LARGE_WEIGHTS;
        let kinds = if all { &Kind::ALL[..] } else { &Kind::ALL[3..] };
        for (k, kind) in kinds.iter().enumerate() {
            let terms = [1, 2, 3, 6][(i + k) % 4];
            let case = Case::new(*shape, *kind, (terms, i % 2 == 0), i as u64);
            let expected = Expected::new(&case);
            let results = all_kernels()
                .into_iter()
                .map(|kernels| case.check(&kernels, &expected));
            failures.extend(results.filter_map(Result::err));
        }
    }
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn three_by_three() {
    check(&[
        shape(2, (8, 8), (16, 16), (3, 1, 1), 1),
        shape(2, (8, 8), (32, 32), (3, 1, 1), 1),
        shape(1, (8, 8), (64, 64), (3, 1, 1), 1),
        shape(1, (9, 6), (16, 32), (3, 1, 1), 1),
        shape(1, (6, 9), (64, 16), (3, 1, 1), 1),
        shape(5, (4, 4), (32, 16), (3, 1, 1), 1),
    ]);
}

#[test]
fn one_by_one() {
    check(&[
        shape(2, (8, 8), (16, 64), (1, 1, 0), 1),
        shape(5, (5, 3), (64, 16), (1, 1, 0), 1),
        shape(1, (1, 1), (7, 9), (1, 1, 0), 1),
        shape(2, (8, 8), (16, 32), (1, 2, 0), 1),
        shape(2, (7, 9), (5, 17), (1, 2, 0), 1),
        shape(1, (7, 5), (16, 16), (1, 3, 0), 1),
        shape(2, (6, 6), (24, 12), (1, 1, 0), 3),
        shape(2, (5, 6), (32, 32), (1, 2, 0), 2),
    ]);
}

#[test]
fn strides() {
    check(&[
        shape(2, (8, 8), (16, 32), (3, 2, 1), 1),
        shape(2, (7, 7), (16, 32), (3, 2, 1), 1),
        shape(1, (8, 7), (20, 17), (3, 2, 1), 1),
        shape(1, (7, 8), (8, 8), (3, 2, 0), 1),
        shape(1, (9, 11), (5, 3), (3, 3, 1), 1),
        shape(1, (11, 10), (3, 5), (2, 3, 0), 1),
        shape(1, (7, 12), (4, 6), (3, 4, 2), 1),
        shape(1, (1, 1), (16, 16), (3, 2, 1), 1),
        shape(1, (2, 1), (4, 4), (3, 2, 1), 1),
        shape(2, (9, 9), (16, 32), (3, 2, 1), 4),
        shape(2, (21, 19), (3, 16), (7, 2, 3), 1),
        shape(1, (16, 16), (3, 64), (7, 2, 3), 1),
    ]);
}

/// Gradients of all images at once, block after block; the last block of both is a part of one.
#[test]
fn weights_larger_than_the_caches() {
    check(&[
        shape(2, (3, 4), (344, 352), (3, 1, 1), 1),
        shape(1, (5, 4), (337, 361), (3, 1, 1), 1),
    ]);
}

#[test]
fn small_images() {
    check(&[
        shape(2, (1, 1), (16, 16), (3, 1, 1), 1),
        shape(5, (1, 1), (5, 3), (3, 1, 1), 1),
        shape(1, (2, 2), (8, 8), (3, 1, 1), 1),
        shape(2, (3, 7), (16, 16), (3, 1, 1), 1),
        shape(2, (7, 3), (32, 8), (3, 1, 1), 1),
        shape(1, (1, 9), (8, 16), (3, 1, 1), 1),
        shape(1, (3, 3), (4, 4), (3, 1, 0), 1),
    ]);
}

#[test]
fn channels_that_fill_no_vector() {
    let odd = [1, 3, 5, 17, 20, 33];
    let pairs = odd
        .iter()
        .flat_map(|input| odd.iter().map(|output| (*input, *output)));
    let shapes: Vec<_> = pairs
        .enumerate()
        .map(|(i, channels)| shape(1 + i % 2, (4 + i % 5, 4 + i % 4), channels, (3, 1, 1), 1))
        .collect();
    check(&shapes);
}

#[test]
fn groups() {
    let mut shapes = Vec::new();
    for groups in [2, 4] {
        for width in [4, 8, 16] {
            let channels = (groups * width, groups * width);
            shapes.push(shape(2, (8, 8), channels, (3, 1, 1), groups));
            shapes.push(shape(1, (7, 6), channels, (3, 2, 1), groups));
            shapes.push(shape(
                1,
                (6, 5),
                (groups * width, groups * 5),
                (3, 1, 1),
                groups,
            ));
            shapes.push(shape(
                1,
                (5, 5),
                (groups * 3, groups * width),
                (5, 1, 2),
                groups,
            ));
        }
    }
    shapes.push(shape(2, (8, 8), (64, 32), (3, 1, 1), 2));
    shapes.push(shape(2, (6, 6), (12, 12), (3, 1, 1), 12));
    // Few channels a group, so that several are computed as one.
    for (channels, groups) in [((64, 64), 16), ((32, 64), 8), ((17, 17), 17), ((36, 12), 6)] {
        shapes.push(shape(2, (9, 8), channels, (3, 1, 1), groups));
        shapes.push(shape(1, (8, 7), channels, (3, 2, 1), groups));
        shapes.push(shape(1, (5, 6), channels, (1, 1, 0), groups));
        shapes.push(oblong(1, (7, 5), channels, ([1, 5], 1, [0, 2]), groups));
    }
    // By Winograd's method, groups one after the other: several strips and images, unequal channels.
    shapes.push(shape(1, (70, 33), (96, 64), (3, 1, 1), 2));
    shapes.push(shape(5, (7, 9), (48, 96), (3, 1, 1), 3));
    check(&shapes);
}

#[test]
fn other_kernels_and_borders() {
    check(&[
        shape(2, (9, 9), (16, 16), (5, 1, 2), 1),
        shape(1, (8, 7), (5, 20), (5, 1, 2), 1),
        shape(1, (9, 8), (16, 8), (5, 2, 2), 1),
        shape(2, (8, 8), (16, 16), (3, 1, 0), 1),
        shape(1, (7, 9), (17, 33), (3, 1, 0), 1),
        shape(1, (6, 6), (8, 16), (3, 1, 2), 1),
        shape(1, (6, 5), (8, 4), (2, 1, 0), 1),
        shape(1, (6, 5), (8, 4), (2, 1, 1), 1),
        shape(1, (6, 6), (8, 4), (2, 2, 0), 1),
        shape(1, (10, 10), (4, 4), (7, 1, 3), 1),
        shape(1, (8, 8), (4, 4), (4, 1, 0), 1),
    ]);
}

#[test]
fn oblong_kernels() {
    let mut shapes = Vec::new();
    for kernel in [[1, 7], [7, 1], [1, 3], [3, 1]] {
        // Rows and columns correspond, then only rows or only columns, then neither, then a stride.
        let same = kernel.map(|k| (k - 1) / 2);
        shapes.push(oblong(2, (9, 8), (16, 32), (kernel, 1, same), 1));
        shapes.push(oblong(1, (8, 10), (17, 5), (kernel, 1, same), 1));
        shapes.push(oblong(1, (7, 9), (5, 16), (kernel, 1, [0, 0]), 1));
        shapes.push(oblong(1, (9, 9), (9, 16), (kernel, 2, same), 1));
        shapes.push(oblong(1, (8, 7), (3, 4), (kernel, 3, [0, 0]), 1));
        shapes.push(oblong(2, (7, 8), (12, 32), (kernel, 1, same), 4));
    }
    check(&shapes);
    check(&[
        oblong(2, (6, 7), (16, 16), ([3, 3], 1, [1, 0]), 1),
        oblong(2, (7, 6), (16, 16), ([3, 3], 1, [0, 1]), 1),
        oblong(1, (6, 9), (8, 5), ([2, 5], 2, [1, 2]), 1),
        oblong(1, (9, 6), (5, 16), ([5, 2], 1, [2, 1]), 1),
        // One pixel, and more border than image.
        oblong(1, (1, 1), (16, 16), ([1, 7], 1, [0, 3]), 1),
        oblong(1, (1, 2), (4, 4), ([7, 1], 1, [3, 0]), 1),
        oblong(1, (3, 1), (4, 4), ([1, 3], 1, [0, 2]), 1),
    ]);
}

#[test]
fn images_cut_into_strips() {
    // More floats than the scratch of a strip may hold (`strip_rows`): two to seven strips each.
    check(&[
        shape(1, (70, 70), (48, 48), (3, 1, 1), 1),
        shape(2, (40, 40), (64, 64), (3, 1, 1), 1),
        // The last strip has rows that fill no tile.
        shape(1, (45, 41), (40, 20), (3, 1, 1), 1),
        shape(1, (50, 61), (7, 40), (3, 1, 1), 1),
        shape(1, (62, 62), (48, 16), (3, 2, 1), 1),
        oblong(1, (45, 41), (40, 20), ([7, 1], 1, [3, 0]), 1),
        oblong(1, (41, 45), (40, 20), ([1, 7], 1, [0, 3]), 1),
        oblong(1, (44, 47), (40, 20), ([3, 3], 1, [1, 0]), 1),
        oblong(1, (61, 62), (48, 16), ([3, 3], 2, [0, 0]), 1),
        shape(1, (61, 60), (16, 48), (5, 1, 2), 4),
        shape(1, (70, 70), (40, 8), (1, 1, 0), 1),
        shape(1, (70, 70), (8, 24), (3, 1, 0), 1),
    ]);
}

#[test]
fn many_images_and_many_channels() {
    check(&[
        // More images than chunks, so that a chunk holds several.
        shape(70, (16, 16), (16, 16), (3, 1, 1), 1),
        shape(70, (5, 5), (8, 8), (3, 1, 1), 1),
        shape(150, (3, 2), (4, 20), (3, 2, 1), 1),
        shape(70, (3, 3), (20, 4), (1, 1, 0), 1),
        // More weights than the sums of all chunks may take.
        shape(3, (4, 4), (256, 256), (3, 1, 1), 1),
        shape(3, (4, 4), (128, 512), (1, 1, 0), 1),
    ]);
}

#[test]
fn sums_of_any_length() {
    for (k, kind) in Kind::ALL.into_iter().enumerate() {
        for shape in [
            shape(2, (6, 7), (16, 16), (3, 1, 1), 1),
            shape(2, (6, 7), (5, 17), (3, 2, 1), 1),
            shape(1, (6, 7), (16, 24), (1, 1, 0), 1),
        ] {
            for terms in [1, 2, 3, 4, 5, 6, 7, 9] {
                let case = Case::new(shape, kind, (terms, (terms + k) % 2 == 0), terms as u64);
                let expected = Expected::new(&case);
                for kernels in all_kernels() {
                    case.check(&kernels, &expected)
                        .unwrap_or_else(|e| panic!("{terms} terms: {e}"));
                }
            }
        }
    }
}

#[test]
fn both_algorithms_are_tried() {
    let wide = shape(1, (8, 8), (16, 16), (3, 1, 1), 1);
    let kernels = all_kernels();
    assert!(kernels.iter().any(|k| k.isa() == Isa::Portable));
    for isa in Isa::ALL.into_iter().filter(|isa| isa.available()) {
        let of_isa: Vec<&Kernels> = kernels.iter().filter(|k| k.isa() == isa).collect();
        let winograd: Vec<bool> = of_isa.iter().map(|k| k.uses_winograd(&wide)).collect();
        assert_eq!(winograd, [false, true], "{isa:?}");
        let narrow = ConvShape { groups: 2, ..wide };
        assert!(
            of_isa[1].uses_winograd(&narrow),
            "groups of half a vector or a whole one"
        );
        for other in [
            ConvShape { stride: 2, ..wide },
            ConvShape {
                padding: [0; 2],
                ..wide
            },
            ConvShape {
                kernel: [1, 3],
                padding: [0, 1],
                ..wide
            },
            ConvShape {
                padding: [1, 0],
                ..wide
            },
            ConvShape {
                kernel: [1; 2],
                padding: [0; 2],
                ..wide
            },
            // Groups that fill no vectors, and of which no two fit one.
            ConvShape {
                input: 27,
                output: 27,
                groups: 3,
                ..wide
            },
        ] {
            assert!(of_isa.iter().all(|k| !k.uses_winograd(&other)), "{other:?}");
        }
    }
}

#[test]
fn moments_of_features_far_from_zero() {
    // Naive sums of squares in f32 would have no digit left.
    let shape = shape(3, (19, 23), (20, 20), (1, 1, 0), 1);
    let mut data = Numbers(1).uniform(shape.input_len());
    data.iter_mut().for_each(|x| *x += 4096.0);
    let identity: Vec<f32> = (0..400)
        .map(|i| if i % 21 == 0 { 1.0 } else { 0.0 })
        .collect();
    for kernels in all_kernels() {
        let mut out = vec![f32::NAN; shape.output_len()];
        let view = View::plain(&data);
        let moments = kernels.conv_forward(&shape, &view, &identity, &mut out, true);
        assert_eq!(out, data, "an identity");
        check_moments(&out, &moments.expect("asked for"), 20).unwrap();
    }
}
