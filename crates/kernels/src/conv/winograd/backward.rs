//! How are the gradients of a 3×3 convolution computed by Winograd's method?
//!
//! The transformed tiles of the output gradient serve the gradient of the input; its adjoint
//! transform, multiplied with the transformed input, sums up the gradient of the weights.

use super::forward::{ahead, input_tiles, multiply, output_tiles};
use super::transforms::{Square, grad_tile};
use super::weights::{Turned, gradients, transform};
use super::{POINTS, Points, Slice, TILE, grid, groups_of_strips, most_tiles, tiles_of, window};
use crate::buffer::Buffer;
use crate::conv::direct_backward::{Inputs, Totals};
use crate::conv::micro::{Outer, outer};
use crate::conv::pack::{blocks, vectors};
use crate::fill::{with_sum, with_view};
use crate::prefetch::Prefetch;
use crate::scratch::Scratch;
use crate::shape::{ConvShape, Strip};
use crate::simd::{Isa, Simd};
use crate::sums::through_view;

/// Scratch of a block of tiles of one group.
struct Blocks {
    /// Tiles in the block.
    tiles: usize,
    /// Layout of the input's points and of its gradient's.
    of_input: Points,
    /// Layout of the points of the output's gradient.
    of_grad: Points,
    /// One strip with its border.
    padded: *mut f32,
    /// First the gradient's points, then the input's.
    shared: *mut f32,
    /// Points of the input's gradient.
    products: *mut f32,
    /// The gradient's points for the gradient of the weights.
    adjoint: *mut f32,
}

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
        Self {
            shape: *shape,
            points,
            isa,
            most: most_tiles(shape, rows, isa.lanes()),
        }
    }

    /// Lengths of the scratch for strips of at most `rows` rows.
    pub(crate) fn scratch(&self, rows: usize) -> Vec<usize> {
        let s = &self.shape;
        let lanes = self.isa.lanes();
        let slice = Slice::input(s, 0, lanes);
        let (from, to) = (slice.pitch, Slice::output(s, 0, lanes).pitch);
        let wide = from.max(to);
        let strip = Strip {
            image: 0,
            row: 0,
            rows,
        };
        vec![
            window(s, &strip, slice, wide).len(),
            Points::new(self.most, wide).len(),
            Points::new(self.most, from).len(),
            Points::new(self.most, to).len(),
        ]
    }

    /// Floats of the sums for the gradient of the weights.
    pub(crate) fn weight_sums(&self) -> usize {
        let s = &self.shape;
        POINTS * s.groups * s.group_input() * Slice::output(s, 0, self.isa.lanes()).pitch
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
        let (from, to) = (
            Slice::input(s, 0, S::LANES).pitch,
            Slice::output(s, 0, S::LANES).pitch,
        );
        let lengths = self.scratch(rows);
        let scratch = Blocks {
            tiles,
            of_input: Points::new(tiles, from),
            of_grad: Points::new(tiles, to),
            padded: scratch.take(lengths[0]).as_mut_ptr(),
            shared: scratch.take(lengths[1]).as_mut_ptr(),
            products: scratch.take(Points::new(tiles, from).len()).as_mut_ptr(),
            adjoint: scratch.take(Points::new(tiles, to).len()).as_mut_ptr(),
        };
        // One group after the other, as in the forward pass.
        for group in 0..s.groups {
            let (input, grad) = (input.as_deref_mut(), grad.as_deref_mut());
            // SAFETY: the caller's; the blocks have room for the tiles of one group.
            unsafe { self.group::<S>(inputs, strips, group, (input, grad), &scratch, totals) };
        }
    }

    /// The gradients of one group of channels; the last group takes that of the input through the view.
    ///
    /// # Safety
    /// As [`strips`](Self::strips); the blocks have room for the tiles.
    #[inline(always)]
    unsafe fn group<S: Simd>(
        &self,
        inputs: Inputs<'_>,
        strips: &[Strip],
        group: usize,
        (mut input, mut grad): (Option<&mut [f32]>, Option<&mut [f32]>),
        scratch: &Blocks,
        totals: &mut Totals,
    ) {
        let s = &self.shape;
        let (from, to) = (
            Slice::input(s, group, S::LANES),
            Slice::output(s, group, S::LANES),
        );
        let &Blocks {
            tiles,
            of_input,
            of_grad,
            padded,
            shared,
            products,
            adjoint,
        } = scratch;
        let mut tile = 0;
        let mut written = 0;
        for strip in strips {
            let window = window(s, strip, to, to.pitch);
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
                    &source, padded, copy, 1..1 + strip.rows));
                let layout = (window.columns, to.pitch);
                if input.is_some() {
                    let seen = shared.add(tile * to.pitch);
                    input_tiles::<S>(padded, layout, (rows, columns), seen, of_grad.stride);
                }
                if inputs.weights {
                    let points = adjoint.add(tile * to.pitch);
                    grad_tiles::<S>(padded, layout, (rows, columns), points, of_grad.stride);
                }
            }
            tile += rows * columns;
        }
        if let Some(input) = &mut input {
            let channels = (s.group_input(), s.group_output());
            // This phase fetches what its second half reads, the last one what comes after.
            let here = first_float(s, strips, s.input);
            let mut soon = Prefetch::new();
            let floats = strips.iter().map(|strip| strip.rows).sum::<usize>() * s.width * s.input;
            soon.add(inputs.view.data, here, floats);
            soon.add(input, 0, floats);
            let each = self.points.len() / s.groups;
            // SAFETY: both blocks of points have room for the tiles.
            unsafe {
                multiply::<S>(
                    &self.points[group * each..][..each],
                    (channels, blocks(vectors(channels.0, S::LANES))),
                    (shared, of_grad),
                    (products, of_input),
                    tiles,
                    (&soon, group, s.groups),
                );
            }
        }
        let mut tile = 0;
        let mut written = 0;
        for strip in strips {
            let (rows, columns) = grid(s, strip);
            let floats = strip.rows * s.width * s.input;
            let window = window(s, strip, from, from.pitch);
            // SAFETY: as above.
            unsafe {
                if let Some(input) = &mut input {
                    let part = &mut input[written..][..floats];
                    let points = (products.add(tile * from.pitch).cast_const(), of_input);
                    let extent = (strip.rows, s.width);
                    let slice = (from, 0..from.channels);
                    output_tiles::<S>(points, extent, slice, part.as_mut_ptr());
                    if group + 1 == s.groups {
                        let at = (strip.image * s.height + strip.row) * s.width * s.input;
                        let (pixels, norm) = (strip.rows * s.width, &mut totals.norm);
                        let part = part.as_mut_ptr();
                        through_view::<S>(part, inputs.view, at, pixels, s.input, norm);
                    }
                }
                if inputs.weights {
                    with_view!(inputs.view, source => window.fill::<S, _>(
                        &source, padded, std::ptr::null_mut(), 0..0));
                    let points = shared.add(tile * from.pitch);
                    let layout = (window.columns, from.pitch);
                    input_tiles::<S>(padded, layout, (rows, columns), points, of_input.stride);
                }
            }
            written += floats;
            tile += rows * columns;
        }
        if !inputs.weights {
            return;
        }
        // SAFETY: both blocks of points hold `tiles` tiles.
        unsafe {
            let arrays: Vec<&[f32]> = inputs.grad.terms.iter().map(|term| term.data).collect();
            let next = ahead(s, strips, &arrays, s.output);
            self.add_weights::<S>(scratch, group, totals, &next);
        }
    }

    /// Adds the 36 outer products of a block of tiles of one group.
    ///
    /// # Safety
    /// The blocks hold the transformed input (shared) and the adjoint.
    #[inline(always)]
    unsafe fn add_weights<S: Simd>(
        &self,
        scratch: &Blocks,
        group: usize,
        totals: &mut Totals,
        ahead: &Prefetch,
    ) {
        let s = &self.shape;
        let (outputs, inputs) = (s.group_output(), s.group_input());
        let pitch = Slice::output(s, group, S::LANES).pitch;
        let (seen, adjoint) = (scratch.of_input, scratch.of_grad);
        assert_eq!(totals.weights.len(), self.weight_sums());
        let sums = totals.weights.as_mut_ptr();
        for point in 0..POINTS {
            // SAFETY: the caller's instruction set.
            unsafe { ahead.part::<S>(group * POINTS + point, s.groups * POINTS) };
            for (first, width) in blocks(vectors(outputs, S::LANES)) {
                // SAFETY: the caller's; the sums have `inputs` rows for every point and group.
                unsafe {
                    let product = Outer {
                        rows: scratch.shared.add(point * seen.stride),
                        pixel: seen.pitch,
                        row_pitch: 0,
                        other: scratch
                            .adjoint
                            .add(point * adjoint.stride + first * S::LANES),
                        other_pixel: adjoint.pitch,
                        other_pitch: 0,
                        height: 1,
                        width: scratch.tiles,
                        sums: sums
                            .add((point * s.groups + group) * inputs * pitch + first * S::LANES),
                        sums_pitch: pitch,
                        fresh: totals.fresh,
                    };
                    outer::<S>(product, inputs, width);
                }
            }
        }
    }

    /// Sums of the weights' gradient in PyTorch's order.
    pub(crate) fn weights(&self, sums: &[f32]) -> Vec<f32> {
        gradients(&self.shape, sums, self.isa)
    }
}

/// The adjoint transform of the `rows` by `columns` tiles of filled scratch.
///
/// # Safety
/// The scratch holds the tiles with their border, `to` their points.
#[inline(always)]
pub(super) unsafe fn grad_tiles<S: Simd>(
    padded: *const f32,
    (width, pitch): (usize, usize),
    (rows, columns): (usize, usize),
    to: *mut f32,
    stride: usize,
) {
    let at = Square {
        row: width * pitch,
        column: pitch,
    };
    for y in 0..rows {
        for x in 0..columns {
            for c in (0..pitch).step_by(S::LANES) {
                // SAFETY: the caller's.
                unsafe {
                    let from = padded.add((TILE * y + 1) * at.row + (TILE * x + 1) * at.column + c);
                    grad_tile::<S>(from, at, to.add((y * columns + x) * pitch + c), stride);
                }
            }
        }
    }
}

/// First float of the first strip in an array with `channels` channels.
fn first_float(shape: &ConvShape, strips: &[Strip], channels: usize) -> usize {
    let first = strips.first();
    first.map_or(0, |strip| {
        strip.range(shape.height, shape.width * channels).start
    })
}
