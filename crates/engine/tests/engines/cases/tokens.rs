//! Pixels as tokens: attention of one and several heads, layer norms, also of features with a norm or a ReLU pending.

use crate::case::Case;
use timestep_engine::{ConvSpec, ops};

pub(super) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (dims, heads) in [
        ([2, 6, 3, 2], 1),
        ([1, 12, 4, 3], 2),
        ([2, 24, 1, 5], 4),
        ([1, 51, 5, 4], 1),
        ([3, 3, 1, 1], 1),
    ] {
        all.push(
            Case::new(format!("attention of {heads} heads of {dims:?}"))
                .leaf(dims)
                .gives(move |i| {
                    let louder = ops::combine(&[(3.0.into(), &i.u[0])]);
                    ops::attention(&louder, heads)
                }),
        );
    }
    for dims in [[2, 5, 3, 2], [1, 17, 4, 3], [3, 64, 2, 2]] {
        for epsilon in [ops::NORM_EPSILON, 0.1] {
            all.push(
                Case::new(format!("layer norm of {dims:?}, epsilon {epsilon}"))
                    .leaf(dims)
                    .scale(dims[1])
                    .weight(dims[1], 1.0)
                    .gives(move |i| ops::layer_norm(&i.u[0], [&i.p[0], &i.p[1]], epsilon)),
            );
        }
    }
    all.push(
        Case::new("a transformer's step")
            .leaf([2, 8, 3, 3])
            .scale(8)
            .weight(8, 1.0)
            .weight(24 * 8, 0.5)
            .weight(24, 0.5)
            .weight(8 * 8, 0.5)
            .tolerance(5e-5)
            .gives(|i| {
                let normed = ops::layer_norm(&i.u[0], [&i.p[0], &i.p[1]], 1e-5);
                let all = ops::conv2d(&normed, &i.p[2], &ConvSpec::square(24, 1, 1));
                let all = ops::add_bias(&all, &i.p[3]);
                let seen = ops::attention(&all, 2);
                let slope = ops::conv2d(&seen, &i.p[4], &ConvSpec::square(8, 1, 1));
                ops::combine(&[(1.0.into(), &i.u[0]), (0.5.into(), &slope)])
            }),
    );
    all.push(
        Case::new("attention and layer norm of what is rectified")
            .leaf([2, 6, 3, 2])
            .scale(6)
            .weight(6, 1.0)
            .run(|i| {
                let rectified = ops::relu(&i.u[0]);
                vec![
                    ops::attention(&rectified, 2).into(),
                    ops::layer_norm(&rectified, [&i.p[0], &i.p[1]], 0.01).into(),
                ]
            }),
    );
    all
}
