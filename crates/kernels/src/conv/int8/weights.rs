//! Which weights does a convolution with 8-bit products read? Whole numbers, four channels of one output after the other.

use super::{LANES, QUAD};
use crate::conv::pack::{blocks, vectors};
use crate::shape::ConvShape;

/// Weights as whole numbers of -127 to 127, in the order in which the sums read them: for each group and each block of at most two vectors of 16
/// outputs, tap after tap, four channels after four channels, the four numbers of each output.
#[derive(Debug)]
pub(crate) struct Int8Weights {
    numbers: Vec<i8>,
    /// What a whole number stands for, for each lane of each vector of each group; 0 where there is no output.
    scales: Vec<f32>,
    /// The sum of the whole numbers of each of them.
    sums: Vec<i32>,
    /// Vectors of a group.
    vectors: usize,
    /// Whole numbers of an output.
    depth: usize,
}

/// The weights of a block of one or two vectors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<'w> {
    pub(crate) numbers: &'w [i8],
    pub(crate) scales: &'w [f32],
    pub(crate) sums: &'w [i32],
}

impl Int8Weights {
    /// Rounds the weights of a convolution, given in PyTorch's order.
    pub(crate) fn new(shape: &ConvShape, weights: &[f32]) -> Self {
        let (input, output) = (shape.group_input(), shape.group_output());
        let (taps, vectors) = (shape.taps(), vectors(output, LANES));
        let depth = input * taps;
        let lanes = vectors * LANES;
        let (mut scales, mut sums) = (Vec::new(), Vec::new());
        for group in 0..shape.groups {
            for o in 0..lanes {
                let own = group * output + o;
                let own = weights.get(own * depth..(own + 1) * depth);
                let own = own.filter(|_| o < output).unwrap_or_default();
                let most = own.iter().fold(0.0_f32, |most, w| most.max(w.abs()));
                // One that is no number makes every result of its channel none.
                let broken = own.iter().any(|w| !w.is_finite());
                scales.push(if broken { f32::NAN } else { most / 127.0 });
                sums.push(0);
            }
        }
        let mut numbers = Vec::with_capacity(shape.groups * lanes * depth);
        for group in 0..shape.groups {
            for (first, width) in blocks(vectors) {
                for place in 0..taps * input / QUAD {
                    let (tap, quad) = (place / (input / QUAD), place % (input / QUAD));
                    for o in first * LANES..(first + width) * LANES {
                        let lane = group * lanes + o;
                        for c in QUAD * quad..QUAD * (quad + 1) {
                            let mut whole = 0.0;
                            if o < output && scales[lane] > 0.0 {
                                let at = ((group * output + o) * input + c) * taps + tap;
                                whole = (weights[at] / scales[lane]).round_ties_even();
                            }
                            let whole = whole as i8;
                            sums[lane] += i32::from(whole);
                            numbers.push(whole);
                        }
                    }
                }
            }
        }
        Self {
            numbers,
            scales,
            sums,
            vectors,
            depth,
        }
    }

    /// Floats that take as much memory.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len() / 4 + 2 * self.scales.len()
    }

    /// The weights of `width` vectors from vector `first` of a group on.
    pub(crate) fn block(&self, group: usize, first: usize, width: usize) -> Block<'_> {
        let (from, to) = (
            (group * self.vectors + first) * LANES,
            (group * self.vectors + first + width) * LANES,
        );
        Block {
            numbers: &self.numbers[from * self.depth..to * self.depth],
            scales: &self.scales[from..to],
            sums: &self.sums[from..to],
        }
    }
}
