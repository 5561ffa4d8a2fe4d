//! How are the gradients of a 3×3 convolution computed by Winograd's method?
//!
//! The transformed tiles of the output gradient serve the gradient of the input; its adjoint
//! transform, multiplied with the transformed input, sums up the gradient of the weights.

use super::forward::{ahead, input_tiles, multiply, output_tiles, pitch};
use super::transforms::{Square, grad_tile};
use super::weights::{Turned, gradients, transform};
use super::{POINTS, Points, TILE, grid, groups_of_strips, most_tiles, tiles_of, window};
use crate::buffer::Buffer;
use crate::direct_backward::{Inputs, Totals};
use crate::fill::{with_sum, with_view};
use crate::micro::{Outer, outer};
use crate::pack::{blocks, vectors};
use crate::prefetch::Prefetch;
use crate::scratch::Scratch;
use crate::shape::{ConvShape, Strip};
use crate::simd::{Isa, Simd};
use crate::sums::through_view;

/// A backward pass, prepared.
pub(crate) struct WinogradBackward {
    shape: ConvShape,
    /// Transformed weights for the gradient of the input.
    points: Buffer,
    isa: Isa,
    most: usize,
}

impl WinogradBackward {
    /// Prepares a pass over strips of at most `rows` rows.
    pub(crate) fn new(shape: &ConvShape, weights: &[f32], isa: Isa, rows: usize) -> Self {
        let channels = (shape.group_input(), shape.group_output());
        let points = transform(&Turned(shape, weights), shape.groups, channels, isa);
        let floats = pitch(shape.input, isa.lanes()) + pitch(shape.output, isa.lanes());
        Self {
            shape: *shape,
            points,
            isa,
            most: most_tiles(shape, rows, floats),
        }
    }

    /// Lengths of the scratch for strips of at most `rows` rows.
    pub(crate) fn scratch(&self, rows: usize) -> Vec<usize> {
        let s = &self.shape;
        let lanes = self.isa.lanes();
        let (from, to) = (pitch(s.input, lanes), pitch(s.output, lanes));
        let wide = from.max(to);
        let strip = Strip {
            image: 0,
            row: 0,
            rows,
        };
        vec![
            window(s, &strip, s.input, wide).len(),
            Points::new(self.most, wide).len(),
            Points::new(self.most, from).len(),
            Points::new(self.most, to).len(),
        ]
    }

    /// Floats of the sums for the gradient of the weights.
    pub(crate) fn weight_sums(&self) -> usize {
        let s = &self.shape;
        POINTS * s.groups * s.group_input() * pitch(s.group_output(), self.isa.lanes())
    }

    /// Groups of strips that are computed together.
    pub(crate) fn groups<'s>(&self, strips: &'s [Strip]) -> impl Iterator<Item = &'s [Strip]> {
        groups_of_strips(&self.shape, strips, self.most)
    }

    /// Computes consecutive strips of the gradients and adds to the totals.
    ///
    /// `input` and `grad`, where they are wanted, hold the strips.
    ///
    /// # Safety
    /// The processor has the instructions of `S`; inputs hold the whole batch.
    #[inline(always)]
    pub(crate) unsafe fn strips<S: Simd>(
        &self,
        inputs: Inputs<'_>,
        strips: &[Strip],
        mut input: Option<&mut [f32]>,
        mut grad: Option<&mut [f32]>,
        totals: &mut Totals,
        scratch: &mut Scratch<'_>,
    ) {
        let s = &self.shape;
        let tiles: usize = strips.iter().map(|strip| tiles_of(s, strip)).sum();
        assert!(tiles <= self.most, "a block of tiles fits its scratch");
        let rows = strips.iter().map(|s| s.rows).max().unwrap_or(0);
        let (from, to) = (pitch(s.input, S::LANES), pitch(s.output, S::LANES));
        let lengths = self.scratch(rows);
        let padded = scratch.take(lengths[0]);
        let (seen, of_input, of_grad) = (
            Points::new(tiles, from),
            Points::new(tiles, from),
            Points::new(tiles, to),
        );
        let seen_grad = Points::new(tiles, to);
        let shared = scratch.take(lengths[1]);
        let products = scratch.take(of_input.len());
        let adjoint = scratch.take(of_grad.len());
        let mut tile = 0;
        let mut written = 0;
        for strip in strips {
            let window = window(s, strip, s.output, to);
            let (rows, columns) = grid(s, strip);
            let floats = strip.rows * s.width * s.output;
            let copy = match &mut grad {
                Some(grad) => grad[written..][..floats].as_mut_ptr(),
                None => std::ptr::null_mut(),
            };
            written += floats;
            // Tiles that reach below a strip do so only at the end of the image, where the window
            // is zero: strips that are cut have whole tiles.
            // SAFETY: scratch has the window's length, the sum the whole batch, the copy this
            // strip; `tile` counts the tiles of this block.
            unsafe {
                with_sum!(inputs.grad, source => window.fill::<S, _>(
                    &source, padded.as_mut_ptr(), copy, 1..1 + strip.rows));
                let at = Square {
                    row: window.columns * to,
                    column: to,
                };
                if input.is_some() {
                    let seen = shared.as_mut_ptr().add(tile * to);
                    let layout = (window.columns, to);
                    input_tiles::<S>(
                        padded.as_ptr(),
                        layout,
                        (rows, columns),
                        seen,
                        seen_grad.stride,
                    );
                }
                for y in 0..if inputs.weights { rows } else { 0 } {
                    for x in 0..columns {
                        for c in (0..to).step_by(S::LANES) {
                            let from = padded
                                .as_ptr()
                                .add((TILE * y + 1) * at.row + (TILE * x + 1) * at.column + c);
                            let to = adjoint.as_mut_ptr().add((tile + y * columns + x) * to + c);
                            grad_tile::<S>(from, at, to, of_grad.stride);
                        }
                    }
                }
            }
            tile += rows * columns;
        }
        if input.is_some() {
            let channels = (s.group_input(), s.group_output());
            // This phase fetches what its second half reads, the last one what comes after.
            let here = first_float(s, strips, s.input);
            let mut soon = Prefetch::new();
            let floats = strips.iter().map(|strip| strip.rows).sum::<usize>() * s.width * s.input;
            soon.add(inputs.view.data, here, floats);
            if let Some(input) = &input {
                soon.add(input, 0, floats);
            }
            // SAFETY: both blocks of points have room for the tiles.
            unsafe {
                multiply::<S>(
                    &self.points,
                    s.groups,
                    channels,
                    (shared.as_ptr(), seen_grad),
                    (products.as_mut_ptr(), of_input),
                    tiles,
                    &soon,
                );
            }
        }
        let mut tile = 0;
        let mut written = 0;
        for strip in strips {
            let (rows, columns) = grid(s, strip);
            let pixels = strip.rows * s.width;
            let window = window(s, strip, s.input, from);
            // SAFETY: as above.
            unsafe {
                if let Some(input) = &mut input {
                    let part = &mut input[written..][..pixels * s.input];
                    let points = products.as_ptr().add(tile * from);
                    output_tiles::<S>(points, of_input, strip.rows, s.width, s.input, part);
                    let at = (strip.image * s.height + strip.row) * s.width * s.input;
                    let norm = &mut totals.norm;
                    through_view::<S>(part.as_mut_ptr(), inputs.view, at, pixels, s.input, norm);
                }
                if inputs.weights {
                    with_view!(inputs.view, source => window.fill::<S, _>(
                        &source, padded.as_mut_ptr(), std::ptr::null_mut(), 0..0));
                    let points = shared.as_mut_ptr().add(tile * from);
                    let layout = (window.columns, from);
                    input_tiles::<S>(
                        padded.as_ptr(),
                        layout,
                        (rows, columns),
                        points,
                        seen.stride,
                    );
                }
            }
            written += pixels * s.input;
            tile += rows * columns;
        }
        if !inputs.weights {
            return;
        }
        // SAFETY: both blocks of points hold `tiles` tiles.
        unsafe {
            let arrays: Vec<&[f32]> = inputs.grad.terms.iter().map(|term| term.data).collect();
            let next = ahead(s, strips, &arrays, s.output, None);
            let (input, grad) = ((shared.as_ptr(), seen), (adjoint.as_ptr(), of_grad));
            self.add_weights::<S>(input, grad, tiles, totals, &next);
        }
    }

    /// Adds the 36 outer products of a block of tiles.
    ///
    /// # Safety
    /// Both blocks of points hold `tiles` tiles.
    #[inline(always)]
    unsafe fn add_weights<S: Simd>(
        &self,
        (input, seen): (*const f32, Points),
        (grad, adjoint): (*const f32, Points),
        tiles: usize,
        totals: &mut Totals,
        ahead: &Prefetch,
    ) {
        let s = &self.shape;
        let (outputs, inputs) = (s.group_output(), s.group_input());
        let pitch = pitch(outputs, S::LANES);
        assert_eq!(totals.weights.len(), self.weight_sums());
        let mut sums = totals.weights.as_mut_ptr();
        for point in 0..POINTS {
            // SAFETY: the caller's instruction set.
            unsafe { ahead.part::<S>(point, POINTS) };
            for group in 0..s.groups {
                for (first, width) in blocks(vectors(outputs, S::LANES)) {
                    // SAFETY: the caller's; the sums have `inputs` rows for every group.
                    unsafe {
                        let product = Outer {
                            rows: input.add(point * seen.stride + group * inputs),
                            pixel: seen.pitch,
                            row_pitch: 0,
                            other: grad
                                .add(point * adjoint.stride + group * outputs + first * S::LANES),
                            other_pixel: adjoint.pitch,
                            other_pitch: 0,
                            height: 1,
                            width: tiles,
                            sums: sums.add(first * S::LANES),
                            sums_pitch: pitch,
                        };
                        outer::<S>(product, inputs, width);
                    }
                }
                // SAFETY: inside the sums.
                sums = unsafe { sums.add(inputs * pitch) };
            }
        }
    }

    /// Sums of the weights' gradient in PyTorch's order.
    pub(crate) fn weights(&self, sums: &[f32]) -> Vec<f32> {
        gradients(&self.shape, sums, self.isa)
    }
}

/// First float of the first strip in an array with `channels` channels.
fn first_float(shape: &ConvShape, strips: &[Strip], channels: usize) -> usize {
    let first = strips.first();
    first.map_or(0, |strip| {
        strip.range(shape.height, shape.width * channels).start
    })
}
