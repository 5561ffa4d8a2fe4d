//! Norms by batch and by constants, biases, ReLU, and the statistics that norms return.

use crate::case::{Case, Out};
use timestep_engine::{ConvSpec, ops};

const DIMS: [[usize; 4]; 4] = [[4, 5, 3, 3], [2, 17, 4, 5], [1, 3, 7, 6], [3, 64, 2, 2]];

pub(super) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for dims in DIMS {
        let c = dims[1];
        for epsilon in [ops::NORM_EPSILON, 0.1] {
            all.push(
                Case::new(format!("norm by batch of {dims:?}, epsilon {epsilon}"))
                    .leaf(dims)
                    .scale(c)
                    .weight(c, 1.0)
                    .run(move |i| {
                        let (v, statistics) = ops::norm_train(&i.u[0], &i.p[0], &i.p[1], epsilon);
                        let numbers = [statistics.mean, statistics.variance];
                        let [mean, variance] = numbers.map(Out::Numbers);
                        vec![v.into(), mean, variance]
                    }),
            );
            all.push(
                Case::new(format!("norm by constants of {dims:?}, epsilon {epsilon}"))
                    .leaf(dims)
                    .scale(c)
                    .weight(c, 1.0)
                    .buffer(c)
                    .buffer(c)
                    .gives(move |i| {
                        let (learned, fixed) = ([&i.p[0], &i.p[1]], [&i.p[2], &i.p[3]]);
                        ops::norm_eval(&i.u[0], learned, fixed, epsilon)
                    }),
            );
        }
        all.push(
            Case::new(format!("bias of {dims:?}"))
                .leaf(dims)
                .weight(c, 1.0)
                .gives(|i| ops::add_bias(&i.u[0], &i.p[0])),
        );
        all.push(
            Case::new(format!("ReLU of {dims:?}"))
                .leaf(dims)
                .gives(|i| ops::relu(&i.u[0])),
        );
    }
    for (relu, stride) in [(false, 1), (true, 1), (true, 2)] {
        for used_in_sum in [false, true] {
            all.push(
                Case::new(format!(
                    "normed convolution of stride {stride}, ReLU {relu}, in a sum {used_in_sum}"
                ))
                .leaf([2, 8, 6, 5])
                .leaf([2, 17, 6 / stride, 5_usize.div_ceil(stride)])
                .weight(17 * 8 * 9, 0.2)
                .scale(17)
                .weight(17, 1.0)
                .buffer(17)
                .buffer(17)
                .gives(move |i| {
                    let norm = ([&i.p[1], &i.p[2]], [&i.p[3], &i.p[4]]);
                    let conv = (&i.p[0], &ConvSpec::square(17, 3, stride));
                    let v = ops::conv2d_normed(&i.u[0], conv, norm, 1e-3, relu);
                    if used_in_sum {
                        return ops::combine(&[(1.0.into(), &i.u[1]), (0.5.into(), &v)]);
                    }
                    v
                }),
            );
        }
    }
    all.push(
        Case::new("norm of one number per channel")
            .leaf([1, 5, 1, 1])
            .scale(5)
            .weight(5, 1.0)
            .run(|i| {
                let (v, statistics) = ops::norm_train(&i.u[0], &i.p[0], &i.p[1], 1e-2);
                vec![v.into(), Out::Numbers(statistics.variance)]
            }),
    );
    all.push(
        // A mean of 8 costs three bits of every difference from it.
        Case::new("norm of features far from 0")
            .tolerance(1e-4)
            .leaf([4, 3, 4, 4])
            .scale(3)
            .weight(3, 1.0)
            .weight(3, 0.1)
            .run(|i| {
                let far = ops::add_bias(&i.u[0], &i.p[2].affine(1.0, 8.0));
                let (v, statistics) = ops::norm_train(&far, &i.p[0], &i.p[1], 1e-5);
                vec![v.into(), Out::Numbers(statistics.mean)]
            }),
    );
    all.push(
        Case::new("norm and ReLU used by two convolutions and a sum")
            .leaf([2, 5, 6, 6])
            .scale(5)
            .weight(5, 1.0)
            .weight(5 * 5 * 9, 0.2)
            .weight(5 * 5, 0.4)
            .gives(|i| {
                let (v, _) = ops::norm_train(&i.u[0], &i.p[0], &i.p[1], 1e-5);
                let v = ops::relu(&v);
                let first = ops::conv2d(&v, &i.p[2], &ConvSpec::square(5, 3, 1));
                let second = ops::conv2d(&v, &i.p[3], &ConvSpec::square(5, 1, 1));
                ops::combine(&[
                    (1.0.into(), &first),
                    (0.5.into(), &second),
                    (2.0.into(), &v),
                ])
            }),
    );
    all.push(
        Case::new("two norms of the same features")
            .leaf([3, 4, 3, 3])
            .scale(4)
            .weight(4, 1.0)
            .weight(4, 1.0)
            .run(|i| {
                let (a, _) = ops::norm_train(&i.u[0], &i.p[0], &i.p[1], 1e-5);
                let (b, _) = ops::norm_train(&i.u[0], &i.p[2], &i.p[1], 1e-3);
                vec![a.into(), ops::relu(&b).into()]
            }),
    );
    all.push(
        Case::new("norm of a norm, ReLU of a ReLU, norm of a ReLU, bias of a bias")
            .leaf([3, 4, 3, 3])
            .scale(4)
            .weight(4, 1.0)
            .run(|i| {
                let norm = |u: &_| ops::norm_train(u, &i.p[0], &i.p[1], 1e-5).0;
                let once = norm(&i.u[0]);
                let rectified = ops::relu(&ops::relu(&once));
                let biased = ops::add_bias(&i.u[0], &i.p[0]);
                vec![
                    norm(&once).into(),
                    norm(&rectified).into(),
                    rectified.into(),
                    ops::add_bias(&biased, &i.p[1]).into(),
                    ops::relu(&biased).into(),
                ]
            }),
    );
    all
}
