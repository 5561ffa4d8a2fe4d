//! Do the kernels agree with the reference for shapes that nobody thought of?

use crate::common::{Case, Expected, Kind, all_kernels};
use proptest::prelude::*;
use timestep_kernels::ConvShape;

/// Any small convolution.
fn any_shape() -> impl Strategy<Value = ConvShape> {
    let extents = (1..=3_usize, 1..=3_usize, 1..=4_usize);
    // Half of the kernels are square.
    let kernel = (1..=5_usize, 1..=7_usize, any::<bool>());
    let channels = (1..=20_usize, 1..=20_usize);
    let rest = ((0..12_usize, 0..12_usize), (0..7_usize, 0..7_usize));
    (extents, kernel, channels, rest).prop_map(|(extents, kernel, (input, output), rest)| {
        let (batch, stride, groups) = extents;
        let ((height, width), (above, left)) = rest;
        let (kernel, padding) = match kernel {
            (side, _, true) => ([side; 2], [above % side; 2]),
            (rows, columns, false) => ([rows, columns], [above % rows, left % columns]),
        };
        // The padded image must not be smaller than the kernel.
        let least = |axis: usize| kernel[axis].saturating_sub(2 * padding[axis]).max(1);
        ConvShape {
            batch,
            height: height + least(0),
            width: width + least(1),
            input: input * groups,
            output: output * groups,
            kernel,
            stride,
            padding,
            groups,
        }
    })
}

/// A convolution for Winograd's method, if the image fills its tiles well enough.
fn winograd_shape() -> impl Strategy<Value = ConvShape> {
    let channels = (8..=40_usize, 8..=40_usize);
    (
        1..=4_usize,
        3..=17_usize,
        3..=17_usize,
        channels,
        1..=2_usize,
    )
        .prop_map(|(batch, height, width, (input, output), groups)| {
            // Groups must fill vectors.
            let whole = |n: usize| {
                if groups == 1 {
                    n
                } else {
                    n.div_ceil(16) * 16 * groups
                }
            };
            ConvShape {
                batch,
                height,
                width,
                input: whole(input),
                output: whole(output),
                kernel: [3; 2],
                stride: 1,
                padding: [1; 2],
                groups,
            }
        })
}

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(Kind::ALL.to_vec())
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Compares one of the kernels with the reference.
fn check(case: &Case, which: usize) -> Result<(), TestCaseError> {
    let kernels = all_kernels();
    let kernels = kernels[which % kernels.len()];
    case.check(&kernels, &Expected::new(case))
        .map_err(TestCaseError::fail)
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn any_convolution(
        shape in any_shape(), kind in kind(), sum in (1..=7_usize, any::<bool>()),
        which in 0..6_usize, seed in any::<u64>(),
    ) {
        check(&Case::new(shape, kind, sum, seed), which)?;
    }
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn convolutions_by_winograds_method(
        shape in winograd_shape(), kind in kind(), sum in (1..=7_usize, any::<bool>()),
        which in 0..3_usize, seed in any::<u64>(),
    ) {
        check(&Case::new(shape, kind, sum, seed), 2 * which + 1)?;
    }
}
