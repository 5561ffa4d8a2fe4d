//! How is a convolution of any shape computed? Directly: every tap, from scratch with a border.

use crate::buffer::Buffer;
use crate::conv::cells::Cells;
use crate::conv::micro::{Run, Tile, tiles};
use crate::conv::pack::{Forward, blocks, pack, vectors};
use crate::fill::{Window, is_plain, with_view};
use crate::scratch::Scratch;
use crate::shape::{ConvShape, Strip};
use crate::simd::Simd;
use crate::view::View;

/// The part of the input that `rows` output rows from `row` on read, as it goes into scratch.
pub(crate) fn input_window(shape: &ConvShape, image: usize, row: usize, rows: usize) -> Window {
    let base = image * shape.height * shape.width * shape.input;
    let common = Window {
        base,
        height: shape.height,
        width: shape.width,
        stored: shape.input,
        first: 0,
        channels: shape.input,
        row: (row * shape.stride) as isize,
        rows,
        left: 0,
        columns: shape.out_width(),
        pitch: shape.input,
        step: shape.stride,
    };
    if shape.pointwise() {
        // Pixels between the kernel positions are left out, so the stride is gone afterwards.
        return common;
    }
    Window {
        row: common.row - shape.padding[0] as isize,
        rows: (rows - 1) * shape.stride + shape.kernel[0],
        left: shape.padding[1],
        columns: shape.width + 2 * shape.padding[1],
        step: 1,
        ..common
    }
}

/// Scratch pixels from one output pixel to the next.
pub(crate) fn scratch_stride(shape: &ConvShape) -> usize {
    if shape.pointwise() { 1 } else { shape.stride }
}

/// A forward pass, prepared.
#[derive(Debug)]
pub(crate) struct DirectForward {
    shape: ConvShape,
    packed: Buffer,
    lanes: usize,
}

impl DirectForward {
    pub(crate) fn new(shape: &ConvShape, weights: &[f32], lanes: usize) -> Self {
        let taps: Vec<_> = (0..shape.taps())
            .map(|t| (t / shape.kernel[1], t % shape.kernel[1]))
            .collect();
        let channels = (shape.group_output(), shape.group_input());
        Self {
            shape: *shape,
            packed: pack(
                &Forward(shape, weights),
                shape.groups,
                channels,
                &taps,
                lanes,
            ),
            lanes,
        }
    }

    /// Lengths of the scratch for strips of at most `rows` output rows.
    pub(crate) fn scratch(&self, rows: usize) -> Vec<usize> {
        let shape = &self.shape;
        let pixels = rows * shape.out_width();
        vec![
            input_window(shape, 0, 0, rows).len(),
            Cells::scratch(pixels, shape.output, shape.groups, self.lanes),
        ]
    }

    /// Computes a strip of the output.
    ///
    /// # Safety
    /// The processor has the instructions of `S`; `view` holds the whole input, `out` the strip.
    #[inline(always)]
    pub(crate) unsafe fn strip<S: Simd>(
        &self,
        view: &View<'_>,
        strip: &Strip,
        out: &mut [f32],
        scratch: &mut Scratch<'_>,
    ) {
        let shape = &self.shape;
        let window = input_window(shape, strip.image, strip.row, strip.rows);
        let pixels = strip.rows * shape.out_width();
        let padded = scratch.take(window.len());
        let input: *const f32 = if shape.pointwise() && shape.stride == 1 && is_plain(view) {
            view.data[window.base + strip.row * shape.width * shape.input..].as_ptr()
        } else {
            // SAFETY: scratch has the window's length, the view the whole input.
            unsafe {
                with_view!(view, source => window.fill::<S, _>(
                    &source, padded.as_mut_ptr(), std::ptr::null_mut(), 0..0));
            }
            padded.as_ptr()
        };
        let cells = Cells::new(out, pixels, (shape.output, shape.groups), S::LANES, scratch);
        let step = scratch_stride(shape) * window.pitch;
        let mut weights = self.packed.as_ptr();
        for group in 0..shape.groups {
            let runs = runs(shape, &window, group * shape.group_input());
            let depth: usize = runs.iter().map(|r| r.len).sum();
            for (first, width) in blocks(vectors(shape.group_output(), S::LANES)) {
                // SAFETY: the window covers the taps of this strip, the cells its pixels, and
                // the packed weights have `depth` rows for every block.
                unsafe {
                    let (to, out_pixel) = cells.place::<S>(group, first);
                    let tile = Tile {
                        input,
                        pixel: step,
                        runs: &runs,
                        weights,
                        out: to,
                        out_pixel,
                        far: shape.pointwise(),
                    };
                    let (lines, columns) = if shape.pointwise() {
                        (1, pixels)
                    } else {
                        (strip.rows, shape.out_width())
                    };
                    for y in 0..lines {
                        let tile = Tile {
                            input: input.add(y * step * window.columns),
                            out: to.add(y * columns * out_pixel),
                            ..tile
                        };
                        tiles::<S>(tile, columns, width);
                    }
                    weights = weights.add(depth * width * S::LANES);
                }
            }
            // SAFETY: the cells were made for `pixels` pixels.
            unsafe { cells.flush::<S>(group, pixels) };
        }
    }
}

/// The stretches of scratch that one output pixel reads.
fn runs(shape: &ConvShape, window: &Window, offset: usize) -> Vec<Run> {
    let row = window.columns * window.pitch;
    let mut runs = Vec::new();
    for y in 0..shape.kernel[0] {
        if shape.groups == 1 {
            runs.push(Run {
                offset: y * row,
                len: shape.kernel[1] * shape.input,
            });
        } else {
            runs.extend((0..shape.kernel[1]).map(|x| Run {
                offset: y * row + x * window.pitch + offset,
                len: shape.group_input(),
            }));
        }
    }
    runs
}
