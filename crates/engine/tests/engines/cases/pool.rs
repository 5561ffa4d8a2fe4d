//! Windows over features, and the mean of whole images.

use crate::case::Case;
use timestep_engine::{Window, ops};

pub(super) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for dims in [[2, 5, 8, 8], [1, 17, 7, 9], [3, 3, 4, 5]] {
        for (kernel, stride, padding) in [(2, 2, 0), (3, 2, 1), (3, 1, 1), (3, 3, 0), (2, 1, 1)] {
            let window = Window {
                kernel,
                stride,
                padding,
            };
            all.push(
                Case::new(format!("largest of {window:?} of {dims:?}"))
                    .leaf(dims)
                    .gives(move |i| ops::max_pool(&i.u[0], window)),
            );
            all.push(
                Case::new(format!("mean of {window:?} of {dims:?}"))
                    .leaf(dims)
                    .gives(move |i| ops::mean_pool(&i.u[0], window)),
            );
        }
        all.push(
            Case::new(format!("mean of whole images of {dims:?}"))
                .leaf(dims)
                .gives(|i| ops::global_average_pool(&i.u[0])),
        );
    }
    all
}
