//! How is a convolution computed on all cores? In chunks of strips, one after the other in each thread.
//!
//! Wherever something is summed over pixels, chunks depend on the shape alone and their sums are merged in order: same
//! bits for any number of threads.

mod backward;
mod cells;
mod classes;
mod direct;
mod direct_backward;
mod forward;
mod int8;
mod merge;
mod micro;
mod pack;
mod packed;
mod units;
mod winograd;

pub use backward::ConvGrads;
pub use forward::Finish;
pub use packed::PackedConv;

use crate::conv::merge::merged;
use crate::kernels::Kernels;
use crate::shape::{ConvShape, Strip};
use std::ops::Range;

/// A pass by either algorithm.
pub(crate) enum Either<D, W> {
    Direct(D),
    Winograd(W),
}

/// Splits `n` floats off the front, where there is something.
pub(crate) fn split<'a>(from: &mut Option<&'a mut [f32]>, n: usize) -> Option<&'a mut [f32]> {
    let (part, rest) = from.take()?.split_at_mut(n);
    *from = Some(rest);
    Some(part)
}

/// Cuts an array along chunks of strips of `height` rows of `pitch` floats.
pub(crate) fn cut<'a>(
    array: Option<&'a mut [f32]>,
    strips: &[Strip],
    chunks: &[Range<usize>],
    (height, pitch): (usize, usize),
) -> Vec<Option<&'a mut [f32]>> {
    let mut rest = array;
    chunks
        .iter()
        .map(|chunk| {
            let floats = strips[chunk.clone()]
                .iter()
                .map(|s| s.range(height, pitch).len())
                .sum();
            split(&mut rest, floats)
        })
        .collect()
}

impl Kernels {
    /// Is a convolution of this shape computed by Winograd's method?
    #[must_use]
    pub fn uses_winograd(&self, shape: &ConvShape) -> bool {
        let lanes = self.isa().lanes();
        self.winograd && winograd::suits(&merged(shape, lanes), lanes)
    }

    /// The shape as it is computed: groups are merged where that makes Winograd's method possible.
    ///
    /// Not elsewhere: directly, a broken number stays with those that depend on it.
    pub(crate) fn grouping(&self, shape: &ConvShape) -> ConvShape {
        if self.uses_winograd(shape) {
            merged(shape, self.isa().lanes())
        } else {
            *shape
        }
    }
}
