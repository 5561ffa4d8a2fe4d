//! In which order do weights lie for the micro-kernels? Vectors of output channels, one row for each input float.
//!
//! Packed weights of one group and one block of `V` vectors of output channels are rows of `V`
//! vectors, in the order in which the runs of a [`crate::conv::micro::Tile`] read the input. Blocks follow
//! each other: two vectors wide, and a last one of one vector if the number of vectors is odd.

use crate::buffer::Buffer;
use crate::parallel::each;
use crate::shape::ConvShape;

/// Vectors of `lanes` floats that hold `channels` channels.
pub(crate) fn vectors(channels: usize, lanes: usize) -> usize {
    channels.div_ceil(lanes)
}

/// Blocks of at most two vectors: first vector and width of each.
pub(crate) fn blocks(vectors: usize) -> impl Iterator<Item = (usize, usize)> + Clone {
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
        weights[((o * shape.group_input() + i) * shape.kernel[0] + row) * shape.kernel[1] + column]
    }
}

/// One block of packed weights.
pub(crate) struct Block<'a> {
    /// Group of channels.
    pub(crate) group: usize,
    /// First output channel in the group.
    pub(crate) first: usize,
    /// Its rows.
    pub(crate) rows: &'a mut [f32],
    /// Floats in a row.
    pub(crate) lanes: usize,
}

/// Cuts an array into the blocks of all groups, `rows` rows each.
pub(crate) fn cut_blocks(
    array: &mut [f32],
    groups: usize,
    outputs: usize,
    rows: usize,
    lanes: usize,
) -> Vec<Block<'_>> {
    let mut all = Vec::new();
    let mut rest = array;
    for group in 0..groups {
        for (first, width) in blocks(vectors(outputs, lanes)) {
            let (part, left) = std::mem::take(&mut rest).split_at_mut(width * lanes * rows);
            rest = left;
            all.push(Block {
                group,
                first: first * lanes,
                rows: part,
                lanes: width * lanes,
            });
        }
    }
    all
}

/// Cuts gradients in PyTorch's order into pieces of at most `lanes` output channels of one group:
/// group, first output channel in it, and the piece.
pub(crate) fn cut_outputs<'a>(
    weights: &'a mut [f32],
    shape: &ConvShape,
    lanes: usize,
) -> Vec<(usize, usize, &'a mut [f32])> {
    let each = shape.group_input() * shape.taps();
    let mut all = Vec::new();
    let mut rest = weights;
    for group in 0..shape.groups {
        for first in (0..shape.group_output()).step_by(lanes) {
            let n = lanes.min(shape.group_output() - first);
            let (part, left) = std::mem::take(&mut rest).split_at_mut(n * each);
            rest = left;
            all.push((group, first, part));
        }
    }
    all
}

/// Packs the taps `(row, column)` of all groups: `[group][block][tap][input][block's lanes]`.
///
/// `outputs` and `inputs` are channels of a group; missing channels of the last vector are zero.
pub(crate) fn pack(
    weights: &(impl Weights + Sync),
    groups: usize,
    (outputs, inputs): (usize, usize),
    taps: &[(usize, usize)],
    lanes: usize,
) -> Buffer {
    let rows = inputs * taps.len();
    let mut packed = Buffer::new(groups * vectors(outputs, lanes) * lanes * rows);
    let blocks = cut_blocks(&mut packed, groups, outputs, rows, lanes);
    each(blocks, |block| {
        let present = block.lanes.min(outputs - block.first);
        if present < block.lanes {
            block.rows.fill(0.0);
        }
        // Along the weights of one output channel, which are contiguous; rows are short strides.
        for o in 0..present {
            for i in 0..inputs {
                for (t, &(row, column)) in taps.iter().enumerate() {
                    block.rows[(t * inputs + i) * block.lanes + o] =
                        weights.at(block.group, block.first + o, i, row, column);
                }
            }
        }
    });
    packed
}

/// Brings gradients `[group][row][column][input][padded output]` into PyTorch's order.
pub(crate) fn unpack(sums: &[f32], shape: &ConvShape, pitch: usize) -> Vec<f32> {
    let (inputs, taps) = (shape.group_input(), shape.taps());
    let mut weights = vec![0.0; shape.weight_len()];
    let pieces = cut_outputs(&mut weights, shape, 16);
    each(pieces, |(group, first, piece)| {
        let sums = &sums[group * taps * inputs * pitch..];
        let n = piece.len() / (inputs * taps);
        for i in 0..inputs {
            for tap in 0..taps {
                let row = &sums[(tap * inputs + i) * pitch + first..][..n];
                for (o, value) in row.iter().enumerate() {
                    piece[(o * inputs + i) * taps + tap] = *value;
                }
            }
        }
    });
    weights
}
