//! Do the kernels agree with the reference for shapes that nobody thought of?

mod common;

use common::{Case, Expected, Kind, all_kernels};
use proptest::prelude::*;
use timestep_kernels::ConvShape;

/// Any small convolution.
fn any_shape() -> impl Strategy<Value = ConvShape> {
    let extents = (1..=3_usize, 1..=5_usize, 1..=3_usize, 1..=4_usize);
    let channels = (1..=20_usize, 1..=20_usize);
    let rest = (0..12_usize, 0..12_usize, 0..5_usize);
    (extents, channels, rest).prop_map(|(extents, (input, output), (height, width, padding))| {
        let (batch, kernel, stride, groups) = extents;
        let padding = padding % kernel;
        // The padded image must not be smaller than the kernel.
        let least = kernel.saturating_sub(2 * padding).max(1);
        ConvShape {
            batch,
            height: height + least,
            width: width + least,
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
                kernel: 3,
                stride: 1,
                padding: 1,
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
