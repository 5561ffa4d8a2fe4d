//! Features times numbers of each image: gates, masks, mixtures.

use crate::case::{Case, random};
use timestep_engine::{Array, ops};

const DIMS: [usize; 4] = [3, 5, 4, 3];

pub(super) fn cases() -> Vec<Case> {
    let forward = [0.25, 0.9, 0.5];
    let backward = [0.7, 0.1, -2.0];
    vec![
        Case::new("gates that are learned from the features")
            .leaf(DIMS)
            .weight(5 * 5, 0.7)
            .weight(5, 0.5)
            .gives(|i| {
                let mean = ops::global_average_pool(&i.u[0]);
                let gates = ops::linear(&mean, &i.p[0], &i.p[1]).sigmoid();
                ops::gate(&i.u[0], &gates)
            }),
        Case::new("gates that are constants").leaf(DIMS).gives(|i| {
            let gates = random("gates", 15);
            let gates: Vec<f64> = gates.iter().map(|g| f64::from(*g)).collect();
            ops::gate(&i.u[0], &Array::constant(&i.tape, [3, 5], &gates))
        }),
        Case::new("gates used twice")
            .leaf(DIMS)
            .leaf(DIMS)
            .weight(5 * 5, 0.7)
            .weight(5, 0.5)
            .run(|i| {
                let mean = ops::global_average_pool(&i.u[0]);
                let gates = ops::linear(&mean, &i.p[0], &i.p[1]);
                let first = ops::gate(&ops::relu(&i.u[0]), &gates);
                vec![first.into(), ops::gate(&i.u[1], &gates).into()]
            }),
        Case::new("mask")
            .leaf(DIMS)
            .gives(|i| ops::mask(&i.u[0], &random("mask", DIMS.iter().product()))),
        Case::new("a number per image")
            .leaf(DIMS)
            .gives(move |i| ops::scale_images(&i.u[0], &backward)),
        Case::new("mix with the same numbers on the way back")
            .leaf(DIMS)
            .leaf(DIMS)
            .gives(move |i| ops::mix([&i.u[0], &i.u[1]], &forward, &forward)),
        Case::new("mix with other numbers on the way back")
            .leaf(DIMS)
            .leaf(DIMS)
            .gives(move |i| ops::mix([&i.u[0], &i.u[1]], &forward, &backward))
            .slope_of(move |i| ops::mix([&i.u[0], &i.u[1]], &backward, &backward)),
        Case::new("mix of features that are used elsewhere, the same twice")
            .leaf(DIMS)
            .scale(5)
            .weight(5, 1.0)
            .gives(move |i| {
                let (v, _) = ops::norm_train(&i.u[0], &i.p[0], &i.p[1], 1e-5);
                let v = ops::relu(&v);
                let mixed = ops::mix([&v, &v], &forward, &forward);
                ops::combine(&[
                    (1.0.into(), &mixed),
                    (1.0.into(), &v),
                    (1.0.into(), &i.u[0]),
                ])
            }),
    ]
}
