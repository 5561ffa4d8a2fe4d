//! How are gradients of weights summed that are larger than the caches? All tiles of the batch first, then the weights block after block.
//!
//! Chunks of images with sums of their own, as elsewhere, would write and read many times what is computed with: 36 sums for each pair of
//! channels. Here the 36 sums of a block of pairs stay in the second-level cache until they are weights. Every task has all images, so there is nothing to add up
//! afterwards, and results depend on no number of threads.

use super::backward::grad_tiles;
use super::forward::input_tiles;
use super::transforms::kernel_grad_tile;
use super::weights::Turned;
use super::{POINTS, Points, Slice, grid, tiles_of, transform, window};
use crate::buffer::Buffer;
use crate::conv::micro::{Outer, outer};
use crate::conv::pack::{blocks, vectors};
use crate::fill::{with_sum, with_view};
use crate::parallel::each;
use crate::scratch::Arena;
use crate::shape::{ConvShape, Strip};
use crate::simd::{Isa, Op, Simd};
use crate::view::{Sum, View};

/// Fewest sums of a convolution that is computed so: below, chunks of images keep theirs in a cache.
const FEWEST: usize = 1 << 22;

/// Most floats of transformed tiles of a batch: more images make the sums of chunks worth their way to memory.
const MOST: usize = 1 << 23;

/// Input channels of a block.
const ROWS: usize = 28;

/// Are gradients of this convolution, which Winograd's method suits, summed so?
pub(crate) fn suits(shape: &ConvShape) -> bool {
    let tiles = shape.batch * tiles_of(shape, &image(shape, 0));
    shape.groups == 1
        && POINTS * shape.input * shape.output >= FEWEST
        && tiles * POINTS * (shape.input + shape.output) <= MOST
}

/// A whole image.
fn image(shape: &ConvShape, image: usize) -> Strip {
    Strip {
        image,
        row: 0,
        rows: shape.height,
    }
}

/// The transformed tiles of a batch, image after image.
struct Tiles {
    /// Tiles of an image.
    count: usize,
    of_input: Points,
    of_grad: Points,
    /// Those of the input.
    seen: Buffer,
    /// Those of the gradient of the output.
    adjoint: Buffer,
}

/// Transforms the tiles of one image.
struct Transform<'a> {
    shape: &'a ConvShape,
    view: &'a View<'a>,
    grad: &'a Sum<'a>,
    image: usize,
    layouts: [Points; 2],
    seen: &'a mut [f32],
    adjoint: &'a mut [f32],
    /// Receives the gradient of the output, added up.
    plain: Option<&'a mut [f32]>,
}

impl<S: Simd> Op<S> for Transform<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        let s = self.shape;
        let strip = image(s, self.image);
        let (rows, columns) = grid(s, &strip);
        let (from, to) = (Slice::input(s, 0, S::LANES), Slice::output(s, 0, S::LANES));
        let (of_input, of_grad) = (
            window(s, &strip, from, from.pitch),
            window(s, &strip, to, to.pitch),
        );
        let [seen, adjoint] = self.layouts;
        assert!(self.seen.len() == seen.len() && self.adjoint.len() == adjoint.len());
        let mut arena = Arena::borrow(&[of_input.len().max(of_grad.len())]);
        let padded = arena.pieces().take(of_input.len().max(of_grad.len()));
        let padded = padded.as_mut_ptr();
        let copy = match self.plain {
            Some(plain) => {
                assert_eq!(plain.len(), s.height * s.width * s.output);
                plain.as_mut_ptr()
            }
            None => std::ptr::null_mut(),
        };
        // SAFETY: scratch has the length of each window, view and sum the whole batch, the copy this image; both layouts were made for
        // its tiles.
        unsafe {
            with_sum!(self.grad, source => of_grad.fill::<S, _>(
                &source, padded, copy, 1..1 + s.height));
            let layout = (of_grad.columns, to.pitch);
            grad_tiles::<S>(
                padded,
                layout,
                (rows, columns),
                self.adjoint.as_mut_ptr(),
                adjoint.stride,
            );
            with_view!(self.view, source => of_input.fill::<S, _>(
                &source, padded, std::ptr::null_mut(), 0..0));
            let layout = (of_input.columns, from.pitch);
            input_tiles::<S>(
                padded,
                layout,
                (rows, columns),
                self.seen.as_mut_ptr(),
                seen.stride,
            );
        }
    }
}

/// Sums up the gradients of the weights of one or two vectors of output channels.
struct OfOutputs<'a> {
    shape: &'a ConvShape,
    tiles: &'a Tiles,
    /// First vector, and how many.
    vectors: (usize, usize),
    weights: &'a mut [f32],
}

impl<S: Simd> Op<S> for OfOutputs<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        let (s, tiles, (first, width)) = (self.shape, self.tiles, self.vectors);
        let (inputs, lanes) = (s.input, width * S::LANES);
        let stride = ROWS * lanes;
        let outputs = self.weights.len() / (9 * inputs);
        assert!(outputs <= lanes && first * S::LANES + lanes <= tiles.of_grad.pitch);
        let mut arena = Arena::borrow(&[POINTS * stride]);
        let sums = arena.pieces().take(POINTS * stride);
        let mut taps = [0.0_f32; 9 * 16];
        for from in (0..inputs).step_by(ROWS) {
            let rows = ROWS.min(inputs - from);
            for point in 0..POINTS {
                // SAFETY: rows and vectors are among the channels of every tile, the sums have `ROWS` rows for every point.
                unsafe {
                    let product = Outer {
                        rows: tiles
                            .seen
                            .as_ptr()
                            .add(point * tiles.of_input.stride + from),
                        pixel: tiles.of_input.pitch,
                        row_pitch: tiles.of_input.len(),
                        other: (tiles.adjoint.as_ptr())
                            .add(point * tiles.of_grad.stride + first * S::LANES),
                        other_pixel: tiles.of_grad.pitch,
                        other_pitch: tiles.of_grad.len(),
                        height: s.batch,
                        width: tiles.count,
                        sums: sums.as_mut_ptr().add(point * stride),
                        fresh: true,
                        sums_pitch: lanes,
                    };
                    outer::<S>(product, rows, width);
                }
            }
            for i in 0..rows {
                for vector in 0..width {
                    // SAFETY: a vector of row `i` of every point, nine vectors of taps.
                    unsafe {
                        let points = sums.as_ptr().add(i * lanes + vector * S::LANES);
                        kernel_grad_tile::<S>(points, stride, taps.as_mut_ptr(), S::LANES);
                    }
                    let present = outputs.saturating_sub(vector * S::LANES).min(S::LANES);
                    for o in 0..present {
                        let at = ((vector * S::LANES + o) * inputs + from + i) * 9;
                        for (tap, weight) in self.weights[at..at + 9].iter_mut().enumerate() {
                            *weight = taps[tap * S::LANES + o];
                        }
                    }
                }
            }
        }
    }
}

/// The gradient of the weights, in PyTorch's order; `plain` receives the gradient of the output, added up.
pub(crate) fn weight_gradients(
    shape: &ConvShape,
    (view, grad): (&View<'_>, &Sum<'_>),
    plain: Option<&mut [f32]>,
    isa: Isa,
) -> Vec<f32> {
    let lanes = isa.lanes();
    let count = tiles_of(shape, &image(shape, 0));
    let of_input = Points::new(count, Slice::input(shape, 0, lanes).pitch);
    let of_grad = Points::new(count, Slice::output(shape, 0, lanes).pitch);
    let mut tiles = Tiles {
        count,
        of_input,
        of_grad,
        seen: Buffer::new(shape.batch * of_input.len()),
        adjoint: Buffer::new(shape.batch * of_grad.len()),
    };
    let mut plain = plain.map(|plain| plain.chunks_mut(shape.height * shape.width * shape.output));
    let parts = tiles
        .seen
        .chunks_mut(of_input.len())
        .zip(tiles.adjoint.chunks_mut(of_grad.len()));
    let images: Vec<_> = (parts.enumerate())
        .map(|(image, (seen, adjoint))| Transform {
            shape,
            view,
            grad,
            image,
            layouts: [of_input, of_grad],
            seen,
            adjoint,
            plain: plain.as_mut().and_then(Iterator::next),
        })
        .collect();
    // SAFETY: `isa` was checked against the processor; lengths were checked by the caller.
    each(images, |op| unsafe { isa.run(op) });
    let mut weights = vec![0.0_f32; shape.weight_len()];
    let mut rest = &mut weights[..];
    let mut pieces = Vec::new();
    for (first, width) in blocks(vectors(shape.output, lanes)) {
        let outputs = (width * lanes).min(shape.output - first * lanes);
        let (part, left) = rest.split_at_mut(outputs * shape.input * 9);
        rest = left;
        pieces.push(OfOutputs {
            shape,
            tiles: &tiles,
            vectors: (first, width),
            weights: part,
        });
    }
    // SAFETY: as above.
    each(pieces, |op| unsafe { isa.run(op) });
    weights
}

/// Weights for the gradient of the input, as a convolution from the output's channels to the input's reads them.
pub(crate) fn turned(shape: &ConvShape, weights: &[f32], isa: Isa) -> Buffer {
    let channels = (shape.input, shape.output);
    transform(&Turned(shape, weights), 1, channels, isa)
}
