//! Arrays: arithmetic, functions, linear layers, losses.

use crate::case::Case;
use timestep_engine::{Array, Mixed, Targets, ops};

/// Logits of 4 images and 5 classes that depend on a leaf and on parameters.
fn logits(name: &str) -> Case {
    Case::new(name)
        .leaf([4, 3, 3, 2])
        .weight(5 * 3, 2.0)
        .weight(5, 1.0)
}

fn loss(name: &str, targets: Targets) -> Case {
    logits(name).gives(move |i| {
        let mean = ops::global_average_pool(&i.u[0]);
        let logits = ops::linear(&mean, &i.p[0], &i.p[1]);
        ops::cross_entropy(&logits, &targets)
    })
}

pub(super) fn cases() -> Vec<Case> {
    let two = |name: &str, a: usize, b: usize| Case::new(name).weight(a, 1.5).weight(b, 1.5);
    let hard = Targets::of(&[0, 4, 2, 2]);
    let mixed = Mixed {
        partners: vec![1, 1, 2, 3],
        shares: vec![0.75, 0.5, 0.25, 1.0],
    };
    let smoothed = Targets {
        smoothing: 0.1,
        ..hard.clone()
    };
    vec![
        two("sum of arrays", 6, 6).gives(|i| i.p[0].plus(&i.p[1])),
        two("sum of an array and one number", 6, 1).run(|i| {
            let (a, b) = (&i.p[0], &i.p[1]);
            vec![a.plus(b).into(), b.plus(a).into(), b.plus(b).into()]
        }),
        two("product of arrays", 6, 6).gives(|i| i.p[0].times(&i.p[1])),
        two("product of an array and one number", 6, 1).run(|i| {
            let (a, b) = (&i.p[0], &i.p[1]);
            vec![a.times(b).into(), b.times(a).into(), b.times(b).into()]
        }),
        two("squares, sums with itself and constants", 6, 1).run(|i| {
            let (a, b) = (&i.p[0], &i.p[1]);
            let constant = Array::constant(&i.tape, [1, 6], &[1.0, -2.0, 0.5, 0.0, 3.0, 4.0]);
            vec![
                a.times(a).into(),
                a.plus(a).into(),
                constant.times(b).into(),
                constant.plus(a).into(),
                a.times(&b.times(b)).into(),
            ]
        }),
        two("affine, ReLU and sigmoid", 7, 1).run(|i| {
            let a = &i.p[0];
            vec![
                a.affine(-2.0, 0.5).into(),
                a.affine(1.0, 0.0).into(),
                a.relu().into(),
                a.sigmoid().into(),
                a.affine(3.0, -1.0).relu().sigmoid().times(&i.p[1]).into(),
            ]
        }),
        two("the gradient of an array used three times", 5, 5).gives(|i| {
            let a = i.p[0].times(&i.p[1]);
            a.sigmoid().plus(&a.relu()).plus(&a.times(&i.p[0]))
        }),
        logits("linear").gives(|i| {
            let mean = ops::global_average_pool(&i.u[0]);
            ops::linear(&mean, &i.p[0], &i.p[1])
        }),
        Case::new("two linear layers, 37 numbers between")
            .leaf([3, 5, 2, 2])
            .weight(37 * 5, 1.0)
            .weight(37, 0.5)
            .weight(4 * 37, 0.3)
            .weight(4, 0.5)
            .gives(|i| {
                let mean = ops::global_average_pool(&i.u[0]);
                let hidden = ops::linear(&mean, &i.p[0], &i.p[1]).relu();
                ops::linear(&hidden, &i.p[2], &i.p[3])
            }),
        Case::new("linear of a constant, with weights used twice")
            .weight(9, 1.0)
            .weight(3, 1.0)
            .gives(|i| {
                let x = Array::constant(&i.tape, [2, 3], &[1.0, -1.0, 0.5, 2.0, 0.0, 0.25]);
                let once = ops::linear(&x, &i.p[0], &i.p[1]);
                ops::linear(&once, &i.p[0], &i.p[1])
            }),
        loss("cross-entropy", hard.clone()),
        loss("cross-entropy, smoothed", smoothed.clone()),
        loss(
            "cross-entropy, mixed",
            Targets {
                mixed: Some(mixed.clone()),
                ..hard
            },
        ),
        loss(
            "cross-entropy, smoothed and mixed",
            Targets {
                mixed: Some(mixed),
                ..smoothed
            },
        ),
        Case::new("a sum of two losses and a multiple of one")
            .leaf([4, 5, 2, 2])
            .weight(1, 1.0)
            .gives(|i| {
                let logits = ops::global_average_pool(&i.u[0]);
                let first = ops::cross_entropy(&logits, &Targets::of(&[0, 1, 2, 3]));
                let second = ops::cross_entropy(&logits.affine(2.0, 0.0), &Targets::of(&[4; 4]));
                first.affine(0.25, 1.0).plus(&second.times(&i.p[0]))
            }),
    ]
}
