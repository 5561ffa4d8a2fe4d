//! How do 3×3 weights become 36 small matrices, and their gradients 3×3 again?

use super::POINTS;
use super::transforms::{kernel_grad_tile, kernel_tile};
use crate::pack::{Weights, blocks, vectors};
use crate::shape::ConvShape;
use crate::simd::{Op, Simd};

/// Weights turned around and channels exchanged: what the gradient of the input is convolved with.
pub(super) struct Turned<'w>(pub(super) &'w ConvShape, pub(super) &'w [f32]);

impl Weights for Turned<'_> {
    #[inline(always)]
    fn at(&self, group: usize, o: usize, i: usize, row: usize, column: usize) -> f32 {
        crate::pack::Forward(self.0, self.1).at(group, i, o, 2 - row, 2 - column)
    }
}

/// Transforms weights to `[point][group][block][input][block's lanes]`.
pub(super) struct TransformWeights<'w, W> {
    pub(super) weights: &'w W,
    pub(super) groups: usize,
    /// Output and input channels of a group.
    pub(super) channels: (usize, usize),
}

impl<S: Simd, W: Weights> Op<S> for TransformWeights<'_, W> {
    type Out = Vec<f32>;

    #[inline(always)]
    unsafe fn run(self) -> Vec<f32> {
        let (outputs, inputs) = self.channels;
        let n = vectors(outputs, S::LANES);
        let stride = self.groups * n * S::LANES * inputs;
        let mut points = vec![0.0_f32; POINTS * stride];
        let mut taps = [0.0_f32; 9 * 16];
        let mut at = 0;
        for group in 0..self.groups {
            for (first, width) in blocks(n) {
                for i in 0..inputs {
                    for v in first..first + width {
                        taps.fill(0.0);
                        let from = v * S::LANES;
                        for o in 0..S::LANES.min(outputs - from) {
                            for tap in 0..9 {
                                taps[tap * S::LANES + o] =
                                    self.weights.at(group, from + o, i, tap / 3, tap % 3);
                            }
                        }
                        // SAFETY: nine vectors of taps, and `at + LANES ≤ stride` for each point.
                        unsafe {
                            let to = points.as_mut_ptr().add(at);
                            kernel_tile::<S>(taps.as_ptr(), S::LANES, to, stride);
                        }
                        at += S::LANES;
                    }
                }
            }
        }
        points
    }
}

/// Transforms summed gradients `[point][group][input][padded output]` back to PyTorch's order.
pub(super) struct GradOfWeights<'w> {
    pub(super) shape: &'w ConvShape,
    pub(super) sums: &'w [f32],
}

impl<S: Simd> Op<S> for GradOfWeights<'_> {
    type Out = Vec<f32>;

    #[inline(always)]
    unsafe fn run(self) -> Vec<f32> {
        let s = self.shape;
        let (outputs, inputs) = (s.group_output(), s.group_input());
        let pitch = outputs.next_multiple_of(S::LANES);
        let stride = s.groups * inputs * pitch;
        assert_eq!(self.sums.len(), POINTS * stride);
        let mut weights = vec![0.0_f32; s.weight_len()];
        let mut taps = [0.0_f32; 9 * 16];
        for group in 0..s.groups {
            for i in 0..inputs {
                for from in (0..outputs).step_by(S::LANES) {
                    let at = (group * inputs + i) * pitch + from;
                    // SAFETY: `at + LANES ≤ stride` for each point, nine vectors of taps.
                    unsafe {
                        let points = self.sums.as_ptr().add(at);
                        kernel_grad_tile::<S>(points, stride, taps.as_mut_ptr(), S::LANES);
                    }
                    for o in 0..S::LANES.min(outputs - from) {
                        let to = ((group * outputs + from + o) * inputs + i) * 9;
                        for tap in 0..9 {
                            weights[to + tap] = taps[tap * S::LANES + o];
                        }
                    }
                }
            }
        }
        weights
    }
}
