//! Convolutions: kernels, strides, paddings, groups, sizes of images, numbers of channels.

use crate::case::Case;
use timestep_engine::{ConvSpec, ops};

/// A convolution of a leaf.
fn one(name: String, dims: [usize; 4], spec: ConvSpec) -> Case {
    let fan_in = dims[1] / spec.groups * spec.kernel[0] * spec.kernel[1];
    let size = (fan_in as f64).sqrt().recip();
    Case::new(name)
        .leaf(dims)
        .weight(spec.output * fan_in, size)
        .gives(move |i| ops::conv2d(&i.u[0], &i.p[0], &spec))
}

pub(super) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    let kernels = [
        ("1x1", [1, 1]),
        ("3x3", [3, 3]),
        ("5x5", [5, 5]),
        ("7x7", [7, 7]),
        ("1x7", [1, 7]),
        ("7x1", [7, 1]),
        ("1x3", [1, 3]),
        ("2x2", [2, 2]),
    ];
    for (name, kernel) in kernels {
        for stride in [1, 2, 3] {
            let spec = ConvSpec::rectangle(5, kernel, stride);
            for dims in [[2, 3, 8, 8], [3, 4, 9, 7], [1, 6, 11, 5]] {
                let name = format!("conv {name} stride {stride} of {dims:?}");
                if dims[2] >= kernel[0] && dims[3] >= kernel[1] {
                    all.push(one(format!("{name} valid"), dims, spec.valid()));
                }
                all.push(one(name, dims, spec));
            }
        }
    }
    // The stems of networks for images of two sizes.
    all.push(one(
        "conv stem 7x7".into(),
        [2, 3, 20, 18],
        ConvSpec::square(16, 7, 2),
    ));
    all.push(one(
        "conv stem 3x3".into(),
        [2, 3, 16, 16],
        ConvSpec::square(16, 3, 1),
    ));
    // Numbers of channels around those of vectors.
    for channels in [
        1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 70,
    ] {
        let other = 71 - channels;
        let dims = [2, channels, 5, 6];
        let name = |kernel: &str| format!("conv {kernel} from {channels} to {other} channels");
        all.push(one(name("1x1"), dims, ConvSpec::square(other, 1, 1)));
        all.push(one(name("3x3"), dims, ConvSpec::square(other, 3, 1)));
        all.push(one(
            name("3x3 stride 2"),
            dims,
            ConvSpec::square(other, 3, 2),
        ));
    }
    for (channels, output, groups) in [
        (4, 6, 2),
        (8, 8, 8),
        (6, 12, 3),
        (32, 32, 8),
        (64, 64, 8),
        (24, 40, 4),
        (64, 32, 16),
    ] {
        for (kernel, stride) in [(1, 1), (3, 1), (3, 2)] {
            let spec = ConvSpec::square(output, kernel, stride).grouped(groups);
            let name = format!(
                "conv {kernel}x{kernel} stride {stride}, {channels} to {output} in {groups} groups"
            );
            all.push(one(name, [2, channels, 6, 7], spec));
        }
    }
    // Images large and odd enough for tiles that do not fill up.
    for dims in [
        [1, 16, 16, 16],
        [3, 32, 13, 14],
        [5, 16, 4, 4],
        [1, 64, 8, 8],
        [2, 16, 1, 1],
        [2, 16, 2, 3],
    ] {
        let spec = ConvSpec::square(dims[1], 3, 1);
        all.push(one(format!("conv 3x3 in tiles of {dims:?}"), dims, spec));
    }
    all.push(
        Case::new("conv of an image without gradient")
            .weight(4 * 3 * 9, 0.3)
            .gives(|i| {
                let values = crate::case::random("image", 2 * 3 * 6 * 6);
                let image = timestep_engine::Features::images(&i.tape, [2, 3, 6, 6], &values);
                ops::conv2d(&image, &i.p[0], &ConvSpec::square(4, 3, 1))
            }),
    );
    all.push(
        Case::new("conv with weights that are constants")
            .leaf([2, 3, 6, 6])
            .gives(|i| {
                let weights = crate::case::random("weights", 4 * 3 * 9);
                let weights: Vec<f64> = weights.iter().map(|w| f64::from(*w)).collect();
                let weights = timestep_engine::Array::constant(&i.tape, [1, 108], &weights);
                ops::conv2d(&i.u[0], &weights, &ConvSpec::square(4, 3, 1))
            }),
    );
    all.push(
        Case::new("conv and its adjoint, of the same weights")
            .leaf([2, 3, 5, 4])
            .weight(5 * 3 * 9, 0.3)
            .run(|i| {
                let turned = ops::adjoint(&i.p[0], [5, 3, 3, 3]);
                let there = ops::conv2d(&i.u[0], &i.p[0], &ConvSpec::square(5, 3, 1));
                let back = ops::conv2d(&there, &turned, &ConvSpec::square(3, 3, 1));
                vec![turned.into(), back.into()]
            }),
    );
    all.push(
        Case::new("conv with weights that were computed, used twice")
            .leaf([2, 3, 5, 5])
            .weight(3 * 3 * 9, 0.3)
            .run(|i| {
                let weights = i.p[0].affine(0.5, 0.1);
                let spec = ConvSpec::square(3, 3, 1);
                let once = ops::conv2d(&i.u[0], &weights, &spec);
                let twice = ops::conv2d(&once, &weights, &spec);
                vec![once.into(), twice.into()]
            }),
    );
    all
}
