//! How are the gradients of a convolution of any shape computed? Directly, strip by strip or image by image.
//!
//! The gradient of the input is a convolution of the gradient of the output with the weights turned
//! around. With a stride `s`, input rows and columns fall into `s` classes each, by their position
//! modulo `s`; a class sees every `s`-th tap. The gradient of the weights is an outer product summed over pixels.

use crate::buffer::Buffer;
use crate::conv::cells::Cells;
use crate::conv::classes::{Axis, Class};
use crate::conv::direct::{input_window, scratch_stride, with_room};
use crate::conv::micro::{Outer, Run, Tile, outer, tiles};
use crate::conv::pack::{Weights, blocks, pack, unpack, vectors};
use crate::fill::{Window, is_plain, with_sum, with_view};
use crate::scratch::Scratch;
use crate::shape::{ConvShape, Strip};
use crate::simd::Simd;
use crate::sums::{NormSums, through_view};
use crate::view::{Sum, View};

/// Do pixels of so many channels need room between them? Sums over many pixels read a few lines of each, which would share few places of a cache.
fn need_room(shape: &ConvShape, channels: usize) -> bool {
    const APART: usize = 128;
    shape.pointwise() && channels.is_multiple_of(APART)
}

/// Weights with input and output exchanged, taps as they are.
struct Exchanged<'w>(&'w ConvShape, &'w [f32]);

impl Weights for Exchanged<'_> {
    #[inline(always)]
    fn at(&self, group: usize, o: usize, i: usize, row: usize, column: usize) -> f32 {
        crate::conv::pack::Forward(self.0, self.1).at(group, i, o, row, column)
    }
}

/// What a strip's backward pass adds to.
pub(crate) struct Totals {
    /// Gradient of the weights, in the order of the algorithm.
    pub(crate) weights: Buffer,
    /// Was nothing added to `weights` yet? It holds unknown numbers then.
    pub(crate) fresh: bool,
    /// Sums for the norm of the view.
    pub(crate) norm: NormSums,
}

/// What is read in a backward pass.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    /// Input of the forward pass.
    pub(crate) view: &'a View<'a>,
    /// Gradient of the output.
    pub(crate) grad: &'a Sum<'a>,
    /// Is the gradient of the weights wanted? If not, the view's data are not read.
    pub(crate) weights: bool,
}

impl Inputs<'_> {
    /// Floats of weight sums, given how many a full pass needs.
    pub(crate) fn sums(&self, full: usize) -> usize {
        if self.weights { full } else { 0 }
    }
}

/// What a strip's backward pass writes, where it is wanted.
pub(crate) struct Outputs<'a> {
    /// Gradient of the stored input, taken through ReLU but not through the norm.
    pub(crate) input: Option<&'a mut [f32]>,
    /// The added-up gradient of the output.
    pub(crate) grad: Option<&'a mut [f32]>,
}

/// A backward pass, prepared.
pub(crate) struct DirectBackward {
    shape: ConvShape,
    rows: Axis,
    columns: Axis,
    /// Packed weights of each pair of classes.
    packed: Vec<Buffer>,
    lanes: usize,
}

impl DirectBackward {
    pub(crate) fn new(shape: &ConvShape, weights: &[f32], lanes: usize) -> Self {
        let s = shape;
        let rows = Axis::new(
            s.height,
            s.out_height(),
            s.kernel[0],
            s.stride,
            s.padding[0],
        );
        let columns = Axis::new(s.width, s.out_width(), s.kernel[1], s.stride, s.padding[1]);
        let mut packed = Vec::new();
        for y in &rows.classes {
            for x in &columns.classes {
                let taps: Vec<_> = y
                    .taps
                    .iter()
                    .flat_map(|row| x.taps.iter().map(|column| (*row, *column)))
                    .collect();
                let channels = (s.group_input(), s.group_output());
                packed.push(pack(
                    &Exchanged(s, weights),
                    s.groups,
                    channels,
                    &taps,
                    lanes,
                ));
            }
        }
        Self {
            shape: *shape,
            rows,
            columns,
            packed,
            lanes,
        }
    }

    /// Can images be cut into strips? Only where input and output rows correspond.
    pub(crate) fn strips(shape: &ConvShape) -> bool {
        shape.stride == 1 && 2 * shape.padding[0] + 1 == shape.kernel[0]
    }

    /// Floats of a strip's sums for the gradient of the weights.
    pub(crate) fn weight_sums(&self) -> usize {
        let s = &self.shape;
        s.groups * s.taps() * s.group_input() * self.pitch()
    }

    /// Floats from one row of weight sums to the next.
    fn pitch(&self) -> usize {
        vectors(self.shape.group_output(), self.lanes) * self.lanes
    }

    /// The output gradient of output rows `row .. row + rows` with its border.
    fn grad_window(&self, image: usize, row: usize, rows: usize) -> Window {
        let s = &self.shape;
        let window = Window {
            base: image * s.out_height() * s.out_width() * s.output,
            height: s.out_height(),
            width: s.out_width(),
            stored: s.output,
            first: 0,
            channels: s.output,
            row: row as isize - self.rows.before as isize,
            rows: self.rows.before + rows + self.rows.after,
            left: self.columns.before,
            columns: self.columns.before + s.out_width() + self.columns.after,
            pitch: s.output,
            step: 1,
        };
        with_room(window, need_room(s, s.output))
    }

    /// The input of output rows `row .. row + rows`.
    fn seen_window(&self, image: usize, row: usize, rows: usize) -> Window {
        let window = input_window(&self.shape, image, row, rows);
        with_room(window, need_room(&self.shape, self.shape.input))
    }

    /// Output rows of a strip of input rows.
    fn out_rows(&self, strip: &Strip) -> (usize, usize) {
        if Self::strips(&self.shape) {
            (strip.row, strip.rows)
        } else {
            (0, self.shape.out_height())
        }
    }

    /// Lengths of the scratch for strips of at most `rows` input rows.
    pub(crate) fn scratch(&self, rows: usize) -> Vec<usize> {
        let s = &self.shape;
        let strip = Strip {
            image: 0,
            row: 0,
            rows,
        };
        let (_, out_rows) = self.out_rows(&strip);
        vec![
            // The last vector of a pixel may reach past its channels.
            self.grad_window(0, 0, out_rows).len() + self.lanes,
            self.seen_window(0, 0, out_rows).len(),
            Cells::scratch(rows * s.width, s.input, s.groups, self.lanes),
        ]
    }

    /// The gradient of the output, if it can be read where it is: one array taken once, no border,
    /// and no vector of any group that reaches past the last pixel.
    fn in_place<'a>(&self, inputs: &Inputs<'a>, outputs: &Outputs<'_>) -> Option<&'a [f32]> {
        let s = &self.shape;
        let whole = s.group_output().is_multiple_of(self.lanes);
        let plain = s.pointwise() && s.stride == 1 && whole && !need_room(s, s.output);
        match inputs.grad.terms.as_slice() {
            [one] if plain && outputs.grad.is_none() && inputs.grad.constant.is_none() => one
                .scale
                .iter()
                .all(|scale| *scale == 1.0)
                .then_some(one.data),
            _ => None,
        }
    }

    /// Computes a strip of the gradients and adds to the totals.
    ///
    /// # Safety
    /// The processor has the instructions of `S`; inputs hold the whole batch, outputs the strip.
    #[inline(always)]
    pub(crate) unsafe fn strip<S: Simd>(
        &self,
        inputs: Inputs<'_>,
        strip: &Strip,
        outputs: Outputs<'_>,
        totals: &mut Totals,
        scratch: &mut Scratch<'_>,
    ) {
        let s = &self.shape;
        let (row, rows) = self.out_rows(strip);
        let window = self.grad_window(strip.image, row, rows);
        let filled = scratch.take(window.len() + S::LANES);
        let input = self.seen_window(strip.image, row, rows);
        let padded = scratch.take(input.len());
        let own = self.rows.before..self.rows.before + rows;
        // SAFETY: scratch has the windows' lengths, the inputs the whole batch, the copy this strip.
        unsafe {
            let grad: *const f32 = match self.in_place(&inputs, &outputs) {
                Some(data) => data
                    .as_ptr()
                    .add(window.base + row * s.out_width() * s.output),
                None => {
                    let copy = outputs
                        .grad
                        .map_or(std::ptr::null_mut(), <[f32]>::as_mut_ptr);
                    with_sum!(inputs.grad, source => window.fill::<S, _>(
                        &source, filled.as_mut_ptr(), copy, own));
                    filled.as_ptr()
                }
            };
            let view = inputs.view;
            if inputs.weights {
                let in_place = s.pointwise() && s.stride == 1 && input.pitch == s.input;
                let from: *const f32 = if in_place && is_plain(view) {
                    view.data.as_ptr().add(input.base + row * s.width * s.input)
                } else {
                    with_view!(view, source => input.fill::<S, _>(
                        &source, padded.as_mut_ptr(), std::ptr::null_mut(), 0..0));
                    padded.as_ptr()
                };
                self.add_weights::<S>(from, &input, grad, &window, rows, totals);
            }
            if let Some(out) = outputs.input {
                self.input::<S>(grad, &window, strip, out, scratch);
                let at = (strip.image * s.height + strip.row) * s.width * s.input;
                through_view::<S>(
                    out.as_mut_ptr(),
                    view,
                    at,
                    strip.rows * s.width,
                    s.input,
                    &mut totals.norm,
                );
            }
        }
    }

    /// Adds the outer products of a strip.
    ///
    /// # Safety
    /// As [`strip`](Self::strip); `from` and `grad` are filled windows.
    #[inline(always)]
    unsafe fn add_weights<S: Simd>(
        &self,
        from: *const f32,
        input: &Window,
        grad: *const f32,
        window: &Window,
        rows: usize,
        totals: &mut Totals,
    ) {
        let s = &self.shape;
        let (pitch, step) = (self.pitch(), scratch_stride(s));
        let inner = (self.rows.before * window.columns + self.columns.before) * window.pitch;
        let merged = s.groups == 1;
        let (taps, depth) = if merged {
            (1, s.kernel[1] * s.input)
        } else {
            (s.kernel[1], s.group_input())
        };
        assert_eq!(totals.weights.len(), self.weight_sums());
        let mut sums = totals.weights.as_mut_ptr();
        let (height, width) = if s.pointwise() && window.columns == s.out_width() {
            (1, rows * s.out_width())
        } else {
            (rows, s.out_width())
        };
        for group in 0..s.groups {
            for y in 0..s.kernel[0] {
                for x in 0..taps {
                    for (first, wide) in blocks(pitch / S::LANES) {
                        let channel = group * s.group_output() + first * S::LANES;
                        // SAFETY: taps stay inside the filled windows; the last vector of the
                        // last pixel may reach `LANES` floats past it, which scratch has.
                        unsafe {
                            let product = Outer {
                                rows: from.add(
                                    (y * input.columns + x) * input.pitch + group * s.group_input(),
                                ),
                                pixel: step * input.pitch,
                                row_pitch: step * input.columns * input.pitch,
                                other: grad.add(inner + channel),
                                other_pixel: window.pitch,
                                other_pitch: window.columns * window.pitch,
                                height,
                                width,
                                sums: sums.add(first * S::LANES),
                                sums_pitch: pitch,
                                // A strip at a border leaves some taps out: all begin with zeros.
                                fresh: false,
                            };
                            outer::<S>(product, depth, wide);
                        }
                    }
                    // SAFETY: the sums have `depth` rows for every tap.
                    sums = unsafe { sums.add(depth * pitch) };
                }
            }
        }
    }

    /// The gradient of the input of a strip, before the view.
    ///
    /// # Safety
    /// As [`strip`](Self::strip); `grad` is the filled window.
    #[inline(always)]
    unsafe fn input<S: Simd>(
        &self,
        grad: *const f32,
        window: &Window,
        strip: &Strip,
        out: &mut [f32],
        scratch: &mut Scratch<'_>,
    ) {
        let s = &self.shape;
        let pixels = strip.rows * s.width;
        assert!(out.len() >= pixels * s.input, "room for the results");
        let (to, channels) = (out.as_mut_ptr(), (s.input, s.groups));
        let cells = Cells::new(to, pixels, channels, S::LANES, scratch);
        let row_floats = window.columns * window.pitch;
        let flat = s.pointwise() && s.stride == 1;
        let mut starts: Vec<*const f32> = self.packed.iter().map(|p| p.as_ptr()).collect();
        for group in 0..s.groups {
            let mut pair = 0;
            for y in &self.rows.classes {
                for x in &self.columns.classes {
                    let runs = self.class_runs(window, y, x, group * s.group_output());
                    let depth: usize = runs.iter().map(|r| r.len).sum();
                    let columns = s.width.saturating_sub(x.first).div_ceil(s.stride);
                    for (first, width) in blocks(vectors(s.group_input(), S::LANES)) {
                        let lines = strip.rows.saturating_sub(y.first).div_ceil(s.stride);
                        let (lines, columns) = if flat { (1, pixels) } else { (lines, columns) };
                        // SAFETY: the window covers the taps of this class, the cells its pixels.
                        unsafe {
                            let (to, pixel) = cells.place::<S>(group, first);
                            for i in 0..lines {
                                let line = (y.first + i * s.stride) * s.width + x.first;
                                let tile = Tile {
                                    input: grad.add(i * row_floats),
                                    pixel: window.pitch,
                                    runs: &runs,
                                    weights: starts[pair],
                                    out: to.add(line * pixel),
                                    out_pixel: s.stride * pixel,
                                    fresh: true,
                                    far: s.pointwise(),
                                };
                                tiles::<S>(tile, columns, width);
                            }
                            starts[pair] = starts[pair].add(depth * width * S::LANES);
                        }
                    }
                    pair += 1;
                }
            }
            // SAFETY: the cells were made for `pixels` pixels.
            unsafe { cells.flush::<S>(group, pixels, 0..s.group_input()) };
        }
    }

    /// The stretches of the gradient window that the first pixel of a class reads.
    fn class_runs(&self, window: &Window, y: &Class, x: &Class, offset: usize) -> Vec<Run> {
        let s = &self.shape;
        let row = window.columns * window.pitch;
        let mut runs = Vec::new();
        for v in 0..y.taps.len() {
            let at = (y.start + v) * row + x.start * window.pitch;
            if s.groups == 1 && !x.taps.is_empty() {
                runs.push(Run {
                    offset: at,
                    len: x.taps.len() * s.output,
                });
            } else {
                runs.extend((0..x.taps.len()).map(|h| Run {
                    offset: at + h * window.pitch + offset,
                    len: s.group_output(),
                }));
            }
        }
        runs
    }

    /// Sums of the weights' gradient in PyTorch's order.
    pub(crate) fn weights(&self, sums: &[f32]) -> Vec<f32> {
        unpack(sums, &self.shape, self.pitch())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Scaled;

    #[test]
    fn a_vector_that_reaches_past_the_last_pixel_is_not_read_in_place() {
        for (output, groups, reads) in [(16, 1, true), (16, 2, false), (32, 2, true), (8, 1, false)]
        {
            let shape = ConvShape {
                batch: 1,
                height: 2,
                width: 3,
                input: 4,
                output,
                kernel: [1, 1],
                stride: 1,
                padding: [0, 0],
                groups,
            };
            let pass = DirectBackward::new(&shape, &vec![0.0; shape.weight_len()], 16);
            let (data, ones) = (vec![0.0; shape.output_len()], vec![1.0; output]);
            let terms = vec![Scaled {
                data: &data,
                scale: &ones,
            }];
            let grad = Sum {
                terms,
                constant: None,
            };
            let inputs = Inputs {
                view: &View::plain(&[]),
                grad: &grad,
                weights: true,
            };
            let outputs = Outputs {
                input: None,
                grad: None,
            };
            let found = pass.in_place(&inputs, &outputs);
            assert_eq!(found.is_some(), reads, "{output} in {groups} groups");
        }
    }
}
