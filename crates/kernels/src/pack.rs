//! In which order do weights lie for the micro-kernels? Vectors of output channels, one row for each input float.
//!
//! Packed weights of one group and one block of `V` vectors of output channels are rows of `V`
//! vectors, in the order in which the runs of a [`crate::micro::Tile`] read the input. Blocks follow
//! each other: two vectors wide, and a last one of one vector if the number of vectors is odd.

use crate::shape::ConvShape;

/// Vectors of `lanes` floats that hold `channels` channels.
pub(crate) fn vectors(channels: usize, lanes: usize) -> usize {
    channels.div_ceil(lanes)
}

/// Blocks of at most two vectors: first vector and width of each.
pub(crate) fn blocks(vectors: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..vectors)
        .step_by(2)
        .map(move |v| (v, (vectors - v).min(2)))
}

/// Which weights meet: output channel `o` of a group, input channel `i`, kernel row and column.
pub(crate) trait Weights {
    /// The weight.
    fn at(&self, group: usize, o: usize, i: usize, row: usize, column: usize) -> f32;
}

/// Weights as a forward pass sees them.
pub(crate) struct Forward<'w>(pub(crate) &'w ConvShape, pub(crate) &'w [f32]);

impl Weights for Forward<'_> {
    #[inline(always)]
    fn at(&self, group: usize, o: usize, i: usize, row: usize, column: usize) -> f32 {
        let (shape, weights) = (self.0, self.1);
        let o = group * shape.group_output() + o;
        weights[((o * shape.group_input() + i) * shape.kernel + row) * shape.kernel + column]
    }
}

/// Packs the taps `(row, column)` of all groups: `[group][block][tap][input][block's lanes]`.
///
/// `outputs` and `inputs` are channels of a group; missing channels of the last vector are zero.
pub(crate) fn pack(
    weights: &impl Weights,
    groups: usize,
    (outputs, inputs): (usize, usize),
    taps: &[(usize, usize)],
    lanes: usize,
) -> Vec<f32> {
    let n = vectors(outputs, lanes);
    let mut packed = vec![0.0; groups * n * lanes * inputs * taps.len()];
    let mut rows = packed.as_mut_slice();
    for group in 0..groups {
        for (first, width) in blocks(n) {
            for &(row, column) in taps {
                for i in 0..inputs {
                    let (to, rest) = std::mem::take(&mut rows).split_at_mut(width * lanes);
                    rows = rest;
                    let from = first * lanes;
                    for (o, to) in to.iter_mut().enumerate().take(outputs - from) {
                        *to = weights.at(group, from + o, i, row, column);
                    }
                }
            }
        }
    }
    packed
}

/// Adds gradients `[row][column][input][padded output]` of one group into PyTorch's order.
pub(crate) fn unpack(
    sums: &[f32],
    shape: &ConvShape,
    group: usize,
    pitch: usize,
    weights: &mut [f32],
) {
    let (outputs, inputs, kernel) = (shape.group_output(), shape.group_input(), shape.kernel);
    for tap in 0..kernel * kernel {
        for i in 0..inputs {
            let row = &sums[(tap * inputs + i) * pitch..][..outputs];
            for (o, value) in row.iter().enumerate() {
                let o = group * outputs + o;
                weights[(o * inputs + i) * kernel * kernel + tap] = *value;
            }
        }
    }
}
