//! How do 3×3 weights become 36 small matrices, and their gradients 3×3 again?

use super::POINTS;
use super::transforms::{kernel_grad_tile, kernel_tile};
use crate::buffer::Buffer;
use crate::conv::pack::{Block, Weights, cut_blocks, cut_outputs, vectors};
use crate::parallel::each;
use crate::shape::ConvShape;
use crate::simd::{Isa, Op, Simd};

/// Weights turned around and channels exchanged: what the gradient of the input is convolved with.
pub(super) struct Turned<'w>(pub(super) &'w ConvShape, pub(super) &'w [f32]);

impl Weights for Turned<'_> {
    #[inline(always)]
    fn at(&self, group: usize, o: usize, i: usize, row: usize, column: usize) -> f32 {
        crate::conv::pack::Forward(self.0, self.1).at(group, i, o, 2 - row, 2 - column)
    }
}

/// Transforms one block of weights.
struct TransformBlock<'w, W> {
    weights: &'w W,
    channels: (usize, usize),
    block: Block<'w>,
}

impl<S: Simd, W: Weights> Op<S> for TransformBlock<'_, W> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        let (outputs, inputs) = self.channels;
        let block = self.block;
        let stride = inputs * block.lanes;
        assert_eq!(block.rows.len(), POINTS * stride);
        let mut taps = [0.0_f32; 9 * 16];
        for i in 0..inputs {
            for from in (0..block.lanes).step_by(S::LANES) {
                taps.fill(0.0);
                let first = block.first + from;
                for o in 0..S::LANES.min(outputs.saturating_sub(first)) {
                    for tap in 0..9 {
                        let (row, column) = (tap / 3, tap % 3);
                        taps[tap * S::LANES + o] =
                            self.weights.at(block.group, first + o, i, row, column);
                    }
                }
                // SAFETY: nine vectors of taps; the vector is inside row `i` of every point.
                unsafe {
                    let to = block.rows.as_mut_ptr().add(i * block.lanes + from);
                    kernel_tile::<S>(taps.as_ptr(), S::LANES, to, stride);
                }
            }
        }
    }
}

/// Transforms weights to `[group][block][point][input][block's lanes]`.
pub(crate) fn transform(
    weights: &(impl Weights + Sync),
    groups: usize,
    (outputs, inputs): (usize, usize),
    isa: Isa,
) -> Buffer {
    let lanes = isa.lanes();
    let rows = POINTS * inputs;
    let mut points = Buffer::new(groups * vectors(outputs, lanes) * lanes * rows);
    let blocks = cut_blocks(&mut points, groups, outputs, rows, lanes);
    each(blocks, |block| {
        let op = TransformBlock {
            weights,
            channels: (outputs, inputs),
            block,
        };
        // SAFETY: `isa` was checked against the processor; the op checks its lengths.
        unsafe { isa.run(op) }
    });
    points
}

/// Transforms the gradients of some output channels of one group back.
struct GradOfOutputs<'w> {
    shape: &'w ConvShape,
    sums: &'w [f32],
    piece: (usize, usize, &'w mut [f32]),
}

impl<S: Simd> Op<S> for GradOfOutputs<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        let s = self.shape;
        let inputs = s.group_input();
        let pitch = s.group_output().next_multiple_of(S::LANES);
        let stride = s.groups * inputs * pitch;
        assert_eq!(self.sums.len(), POINTS * stride);
        let (group, first, weights) = self.piece;
        let n = weights.len() / (9 * inputs);
        assert!(n <= S::LANES && first.is_multiple_of(S::LANES));
        let mut taps = [0.0_f32; 9 * 16];
        for i in 0..inputs {
            let at = (group * inputs + i) * pitch + first;
            // SAFETY: `at + LANES ≤ stride` for each point, nine vectors of taps.
            unsafe {
                let points = self.sums.as_ptr().add(at);
                kernel_grad_tile::<S>(points, stride, taps.as_mut_ptr(), S::LANES);
            }
            for o in 0..n {
                for tap in 0..9 {
                    weights[(o * inputs + i) * 9 + tap] = taps[tap * S::LANES + o];
                }
            }
        }
    }
}

/// Transforms summed gradients `[point][group][input][padded output]` back to PyTorch's order.
pub(super) fn gradients(shape: &ConvShape, sums: &[f32], isa: Isa) -> Vec<f32> {
    let mut weights = vec![0.0_f32; shape.weight_len()];
    let pieces = cut_outputs(&mut weights, shape, isa.lanes());
    each(pieces, |piece| {
        let op = GradOfOutputs { shape, sums, piece };
        // SAFETY: `isa` was checked against the processor; the op checks its lengths.
        unsafe { isa.run(op) }
    });
    weights
}
