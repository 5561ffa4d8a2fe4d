//! How is a convolution computed with 8-bit products? Features become whole numbers of 0 to 255 as they are read, weights are whole numbers already.
//!
//! With `x ≈ s (q - z)` for the features of an image and `w ≈ t r` for the weights of an output channel, `q` in 0 to 255 and `r` in -127 to 127, a
//! convolution is `s t (Σ r q - z Σ r)`: sums of whole numbers, which are exact in whatever order, times one number. `s` and `z` follow from the
//! least and the greatest feature of the image, so a result depends on no other image of its batch; zero, the border of a convolution, is a
//! whole number `z` itself. `t` is the greatest weight of the channel over 127. (B. Jacob et al., Quantization and training of neural networks for
//! efficient integer-arithmetic-only inference, CVPR 2018.)

mod dots;
mod range;
mod weights;

pub(crate) use weights::Int8Weights;

use crate::conv::direct::{input_window, runs, scratch_stride};
use crate::conv::units::Units;
use crate::fill::{Window, with_view};
use crate::kernels::Kernels;
use crate::scratch::Scratch;
use crate::shape::{ConvShape, Strip};
use crate::simd::Simd;
use crate::view::View;
use dots::Dots;
use range::Levels;
use std::ops::Range;

/// Outputs that are computed together: lanes of the longest vector of 32-bit whole numbers.
pub(crate) const LANES: usize = 16;

/// Channels whose products are added by one instruction.
const QUAD: usize = 4;

/// Fewest input and output channels of a group: below, bringing features into whole numbers and back costs more than their products save.
const FEWEST: usize = 64;

/// Fewest input channels where Winograd's method spares products of single precision.
const FEWEST_BESIDE_WINOGRAD: usize = 128;

/// Is a convolution of this shape computed with 8-bit products, where they are asked for?
pub(crate) fn suits(shape: &ConvShape) -> bool {
    // Sums stay within 32 bits.
    const MOST: usize = i32::MAX as usize / (255 * 127);
    let (input, output) = (shape.group_input(), shape.group_output());
    let grouped = shape.groups == 1 || output.is_multiple_of(LANES);
    let fewest = match (shape.kernel, shape.stride) {
        ([3, 3], 1) => FEWEST_BESIDE_WINOGRAD,
        _ => FEWEST,
    };
    input >= fewest
        && output >= FEWEST
        && input.is_multiple_of(QUAD)
        && grouped
        && input * shape.taps() <= MOST
}

/// A forward pass, prepared.
#[derive(Debug)]
pub(crate) struct Int8Forward<'w> {
    shape: ConvShape,
    weights: &'w Int8Weights,
    /// The whole numbers of each image.
    levels: Vec<Levels>,
    dots: Dots,
}

impl<'w> Int8Forward<'w> {
    /// Looks at all features once.
    pub(crate) fn new(
        kernels: Kernels,
        shape: &ConvShape,
        weights: &'w Int8Weights,
        view: &View<'_>,
    ) -> Self {
        Self {
            shape: *shape,
            weights,
            levels: range::levels(kernels, view, shape.batch, shape.input),
            dots: Dots::of(kernels),
        }
    }

    /// The floats of a row of the window as they are read, before they are whole numbers.
    fn row_of(window: &Window) -> usize {
        window.columns * window.pitch
    }

    /// Lengths of the scratch for strips of at most `rows` output rows.
    pub(crate) fn scratch(&self, rows: usize) -> Vec<usize> {
        let window = input_window(&self.shape, 0, 0, rows);
        vec![Self::row_of(&window), window.len().div_ceil(4)]
    }

    /// Computes some units of the output channels of a strip.
    ///
    /// # Safety
    /// The processor has the instructions of `S`; `view` holds the whole input, `out` the strip.
    #[inline(always)]
    pub(crate) unsafe fn strip<S: Simd>(
        &self,
        view: &View<'_>,
        strip: &Strip,
        units: &Range<usize>,
        out: *mut f32,
        scratch: &mut Scratch<'_>,
    ) {
        let shape = &self.shape;
        let window = input_window(shape, strip.image, strip.row, strip.rows);
        let levels = &self.levels[strip.image];
        let length = Self::row_of(&window);
        let floats = scratch.take(length);
        let bytes = scratch.take(window.len().div_ceil(4));
        let bytes: *mut u8 = bytes.as_mut_ptr().cast();
        // A ReLU costs nothing: its range begins at 0, and what lies below is clamped to it.
        let direct = view.affine.is_none() && window.step == 1;
        for y in 0..window.rows {
            let row = Window {
                row: window.row + (y * window.step) as isize,
                rows: 1,
                ..window
            };
            // SAFETY: scratch has a row of floats and all rows of bytes, the view the whole input.
            unsafe {
                let to = std::slice::from_raw_parts_mut(bytes.add(y * length), length);
                if direct {
                    let read = row.inside();
                    let (left, rest) = to.split_at_mut(read.start);
                    let (inner, right) = rest.split_at_mut(read.features.len());
                    left.fill(levels.zero as u8);
                    levels.quantise::<S>(&view.data[read.features], inner);
                    right.fill(levels.zero as u8);
                } else {
                    with_view!(view, source => row.fill::<S, _>(
                        &source, floats.as_mut_ptr(), std::ptr::null_mut(), 0..0));
                    levels.quantise::<S>(floats, to);
                }
            }
        }
        let pixels = strip.rows * shape.out_width();
        let (lines, columns) = if shape.pointwise() {
            (1, pixels)
        } else {
            (strip.rows, shape.out_width())
        };
        let step = scratch_stride(shape) * window.pitch;
        let all = Units::of(shape, LANES);
        for group in all.groups(units) {
            let runs = runs(shape, &window, group * shape.group_input());
            for (first, width) in all.blocks(units) {
                let block = self.weights.block(group, first, width);
                let channel = group * shape.group_output() + first * LANES;
                let channels = (shape.group_output() - first * LANES).min(width * LANES);
                for y in 0..lines {
                    let tile = dots::Tile {
                        // SAFETY: the window covers the taps of this strip, `out` its pixels.
                        input: unsafe { bytes.add(y * step * window.columns) },
                        pixel: step,
                        runs: &runs,
                        block,
                        zero: levels.zero,
                        scale: levels.scale,
                        // SAFETY: as above.
                        out: unsafe { out.add(y * columns * shape.output + channel) },
                        out_pixel: shape.output,
                        channels,
                    };
                    // SAFETY: as above; weights have a row for every four bytes of the runs.
                    unsafe { self.dots.tiles::<S>(tile, columns) };
                }
            }
        }
    }
}
