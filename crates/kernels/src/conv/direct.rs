//! How is a convolution of any shape computed? Directly: every tap, from scratch with a border.

use crate::buffer::Buffer;
use crate::conv::cells::Cells;
use crate::conv::micro::{Run, Tile, tiles};
use crate::conv::pack::{Forward, pack, vectors};
use crate::conv::units::Units;
use crate::fill::{Window, is_plain, with_view};
use crate::scratch::Scratch;
use crate::shape::{ConvShape, Strip};
use crate::simd::Simd;
use crate::view::View;
use std::ops::Range;

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

/// The same with room between pixels, where they would else lie whole pages apart: a cache keeps few lines of the same place in
/// their pages, and a micro-kernel reads more pixels at a time.
fn spaced_window(shape: &ConvShape, image: usize, row: usize, rows: usize) -> Window {
    const PAGE: usize = 1024;
    let window = input_window(shape, image, row, rows);
    let apart = scratch_stride(shape) * window.pitch;
    with_room(window, apart.is_multiple_of(PAGE))
}

/// A window whose pixels have a line of a cache between them, if there is `room` to be.
pub(crate) fn with_room(window: Window, room: bool) -> Window {
    const LINE: usize = 16;
    Window {
        pitch: window.pitch + if room { LINE } else { 0 },
        ..window
    }
}

/// Brings weights into the order in which [`DirectForward`] reads them.
pub(crate) fn packed(shape: &ConvShape, weights: &[f32], lanes: usize) -> Buffer {
    let taps: Vec<_> = (0..shape.taps())
        .map(|t| (t / shape.kernel[1], t % shape.kernel[1]))
        .collect();
    let channels = (shape.group_output(), shape.group_input());
    pack(
        &Forward(shape, weights),
        shape.groups,
        channels,
        &taps,
        lanes,
    )
}

/// A forward pass, prepared.
#[derive(Debug)]
pub(crate) struct DirectForward<'w> {
    shape: ConvShape,
    packed: &'w [f32],
    lanes: usize,
}

impl<'w> DirectForward<'w> {
    pub(crate) fn new(shape: &ConvShape, packed: &'w [f32], lanes: usize) -> Self {
        let vectors = shape.groups * vectors(shape.group_output(), lanes);
        let depth = shape.group_input() * shape.taps();
        assert_eq!(packed.len(), vectors * lanes * depth, "packed weights");
        Self {
            shape: *shape,
            packed,
            lanes,
        }
    }

    /// Lengths of the scratch for strips of at most `rows` output rows.
    pub(crate) fn scratch(&self, rows: usize) -> Vec<usize> {
        let shape = &self.shape;
        let pixels = rows * shape.out_width();
        vec![
            spaced_window(shape, 0, 0, rows).len(),
            Cells::scratch(pixels, shape.output, shape.groups, self.lanes),
        ]
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
        /// Floats of the input that a pixel's sums take at a time: their weights stay in the second-level cache while all
        /// pixels of the strip meet them.
        const DEPTH: usize = 2048;
        let shape = &self.shape;
        let window = spaced_window(shape, strip.image, strip.row, strip.rows);
        let pixels = strip.rows * shape.out_width();
        let padded = scratch.take(window.len());
        let in_place =
            shape.pointwise() && shape.stride == 1 && is_plain(view) && window.pitch == shape.input;
        let input: *const f32 = if in_place {
            view.data[window.base + strip.row * shape.width * shape.input..].as_ptr()
        } else {
            // SAFETY: scratch has the window's length, the view the whole input.
            unsafe {
                with_view!(view, source => window.fill::<S, _>(
                    &source, padded.as_mut_ptr(), std::ptr::null_mut(), 0..0));
            }
            padded.as_ptr()
        };
        let all = Units::of(shape, S::LANES);
        let cells = Cells::new(out, pixels, (shape.output, shape.groups), S::LANES, scratch);
        let step = scratch_stride(shape) * window.pitch;
        let vectors = vectors(shape.group_output(), S::LANES);
        let (lines, columns) = if shape.pointwise() {
            (1, pixels)
        } else {
            (strip.rows, shape.out_width())
        };
        for group in all.groups(units) {
            let runs = runs(shape, &window, group * shape.group_input());
            let depth: usize = runs.iter().map(|r| r.len).sum();
            let together = (DEPTH / runs[0].len).max(1);
            for (first, width) in all.blocks(units) {
                let mut weights =
                    self.packed[(group * vectors + first) * S::LANES * depth..].as_ptr();
                let mut fresh = true;
                // SAFETY: the window covers the taps of this strip, the cells its pixels, and
                // the packed weights have `depth` rows for every block.
                unsafe {
                    let (to, out_pixel) = cells.place::<S>(group, first);
                    for runs in runs.chunks(together) {
                        for y in 0..lines {
                            let tile = Tile {
                                input: input.add(y * step * window.columns),
                                pixel: step,
                                runs,
                                weights,
                                out: to.add(y * columns * out_pixel),
                                out_pixel,
                                fresh,
                                far: shape.pointwise(),
                            };
                            tiles::<S>(tile, columns, width);
                        }
                        let rows: usize = runs.iter().map(|run| run.len).sum();
                        weights = weights.add(rows * width * S::LANES);
                        fresh = false;
                    }
                }
            }
            // SAFETY: the cells were made for `pixels` pixels.
            unsafe { cells.flush::<S>(group, pixels, all.in_group(units)) };
        }
    }
}

/// The stretches of scratch that one output pixel reads, in numbers of its window.
pub(crate) fn runs(shape: &ConvShape, window: &Window, offset: usize) -> Vec<Run> {
    let row = window.columns * window.pitch;
    let mut runs = Vec::new();
    // Without room between pixels the taps of a row follow each other.
    let dense = shape.groups == 1 && window.pitch == shape.input;
    for y in 0..shape.kernel[0] {
        if dense {
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
