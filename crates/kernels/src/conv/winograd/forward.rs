//! How is a forward pass computed by Winograd's method? Tiles of several images at a time.

use super::transforms::{Square, input_tile, output_tile};
use super::weights::transform;
use super::{POINTS, Points, Slice, TILE, grid, groups_of_strips, most_tiles, tiles_of, window};
use crate::buffer::Buffer;
use crate::conv::micro::{Run, Tile, tiles};
use crate::conv::pack::{Forward, blocks, vectors};
use crate::fill::with_view;
use crate::prefetch::Prefetch;
use crate::scratch::Scratch;
use crate::shape::{ConvShape, Strip};
use crate::simd::{Isa, Simd};
use crate::view::View;

/// A forward pass, prepared.
#[derive(Debug)]
pub(crate) struct WinogradForward {
    shape: ConvShape,
    points: Buffer,
    lanes: usize,
    most: usize,
}

impl WinogradForward {
    /// Prepares a pass over strips of at most `rows` rows.
    pub(crate) fn new(shape: &ConvShape, weights: &[f32], isa: Isa, rows: usize) -> Self {
        let lanes = isa.lanes();
        let channels = (shape.group_output(), shape.group_input());
        let points = transform(&Forward(shape, weights), shape.groups, channels, isa);
        Self {
            shape: *shape,
            points,
            lanes,
            most: most_tiles(shape, rows, lanes),
        }
    }

    /// Lengths of the scratch for strips of at most `rows` rows.
    pub(crate) fn scratch(&self, rows: usize) -> Vec<usize> {
        let s = &self.shape;
        let from = Slice::input(s, 0, self.lanes);
        let to = Slice::output(s, 0, self.lanes);
        let strip = Strip {
            image: 0,
            row: 0,
            rows,
        };
        vec![
            window(s, &strip, from, from.pitch).len(),
            Points::new(self.most, from.pitch).len(),
            Points::new(self.most, to.pitch).len(),
        ]
    }

    /// Most chunks of a pass over these strips: every chunk reads all weights from where they lie, and
    /// the more there are, the more tiles make that worth it.
    pub(crate) fn chunks(&self, strips: &[Strip]) -> usize {
        const FLOATS_PER_TILE: usize = 1 << 17;
        let least = (self.points.len() / FLOATS_PER_TILE).clamp(1, 32);
        let tiles: usize = strips
            .iter()
            .map(|strip| tiles_of(&self.shape, strip))
            .sum();
        (tiles / least).max(4)
    }

    /// Groups of strips that are computed together.
    pub(crate) fn groups<'s>(&self, strips: &'s [Strip]) -> impl Iterator<Item = &'s [Strip]> {
        groups_of_strips(&self.shape, strips, self.most)
    }

    /// Computes consecutive strips of the output.
    ///
    /// # Safety
    /// The processor has the instructions of `S`; `view` holds the whole input, `out` the strips.
    #[inline(always)]
    pub(crate) unsafe fn strips<S: Simd>(
        &self,
        view: &View<'_>,
        strips: &[Strip],
        out: &mut [f32],
        scratch: &mut Scratch<'_>,
    ) {
        let s = &self.shape;
        let tiles: usize = strips.iter().map(|strip| tiles_of(s, strip)).sum();
        assert!(tiles <= self.most, "a block of tiles fits its scratch");
        let rows = strips.iter().map(|s| s.rows).max().unwrap_or(0);
        let lengths = self.scratch(rows);
        let padded = scratch.take(lengths[0]);
        let from = Points::new(tiles, Slice::input(s, 0, S::LANES).pitch);
        let to = Points::new(tiles, Slice::output(s, 0, S::LANES).pitch);
        let seen = scratch.take(from.len());
        let products = scratch.take(to.len());
        let channels = (s.group_output(), s.group_input());
        let ahead = ahead(s, strips, &[view.data], s.input, Some(&*out));
        let each = self.points.len() / s.groups;
        // One group after the other: so many tiles of a group fit the cache, and weights are read
        // once for all of them.
        for group in 0..s.groups {
            let mut tile = 0;
            for strip in strips {
                let window = window(s, strip, Slice::input(s, group, S::LANES), from.pitch);
                // SAFETY: scratch has the window's length, the view the whole input; `tile`
                // counts the tiles of this block.
                unsafe {
                    with_view!(view, source => window.fill::<S, _>(
                        &source, padded.as_mut_ptr(), std::ptr::null_mut(), 0..0));
                    let (rows, columns) = grid(s, strip);
                    input_tiles::<S>(
                        padded.as_ptr(),
                        (window.columns, from.pitch),
                        (rows, columns),
                        seen.as_mut_ptr().add(tile * from.pitch),
                        from.stride,
                    );
                    tile += rows * columns;
                }
            }
            // SAFETY: both blocks of points have room for the tiles; weights were transformed for
            // them.
            unsafe {
                multiply::<S>(
                    &self.points[group * each..][..each],
                    channels,
                    (seen.as_ptr(), from),
                    (products.as_mut_ptr(), to),
                    tiles,
                    (&ahead, group, s.groups),
                );
            }
            let slice = Slice::output(s, group, S::LANES);
            let mut tile = 0;
            let mut written = 0;
            for strip in strips {
                let (rows, columns) = grid(s, strip);
                let part = &mut out[written..][..strip.rows * s.width * s.output];
                written += part.len();
                // SAFETY: `tile` counts the tiles of this block; `part` is the strip.
                unsafe {
                    let from = products.as_ptr().add(tile * to.pitch);
                    output_tiles::<S>(from, to, (strip.rows, s.width), slice, part);
                }
                tile += rows * columns;
            }
        }
    }
}

/// What the strips after these will read of arrays with `channels` channels, and what is written next.
pub(super) fn ahead(
    shape: &ConvShape,
    strips: &[Strip],
    arrays: &[&[f32]],
    channels: usize,
    out: Option<&[f32]>,
) -> Prefetch {
    let mut ahead = Prefetch::new();
    if let (Some(first), Some(last)) = (strips.first(), strips.last()) {
        let pitch = shape.width * channels;
        let here = first.range(shape.height, pitch).start..last.range(shape.height, pitch).end;
        for array in arrays {
            ahead.add(array, here.end, here.len());
        }
    }
    if let Some(out) = out {
        ahead.add(out, 0, out.len());
    }
    ahead
}

/// Transforms the `rows` by `columns` tiles of filled scratch.
///
/// # Safety
/// The scratch holds the tiles with their border, `to` their points.
#[inline(always)]
pub(super) unsafe fn input_tiles<S: Simd>(
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
                    let from = padded.add(TILE * (y * at.row + x * at.column) + c);
                    input_tile::<S>(from, at, to.add((y * columns + x) * pitch + c), stride);
                }
            }
        }
    }
}

/// Transforms the products of a strip's tiles into one group's channels of its `rows · width` pixels.
///
/// # Safety
/// `from` holds the points of the tiles.
#[inline(always)]
pub(super) unsafe fn output_tiles<S: Simd>(
    from: *const f32,
    points: Points,
    (rows, width): (usize, usize),
    slice: Slice,
    out: &mut [f32],
) {
    assert_eq!(out.len(), rows * width * slice.stored);
    assert!(slice.first + slice.channels <= slice.stored);
    let columns = width.div_ceil(TILE);
    let at = Square {
        row: width * slice.stored,
        column: slice.stored,
    };
    for y in 0..rows.div_ceil(TILE) {
        for x in 0..columns {
            let extent = ((rows - y * TILE).min(TILE), (width - x * TILE).min(TILE));
            for c in (0..slice.channels).step_by(S::LANES) {
                // SAFETY: the pixels of `extent` and channels from `c` on are inside `out`.
                unsafe {
                    let to = out
                        .as_mut_ptr()
                        .add(TILE * (y * at.row + x * at.column) + slice.first + c);
                    let from = from.add((y * columns + x) * points.pitch + c);
                    let n = (slice.channels - c).min(S::LANES);
                    output_tile::<S>(from, points.stride, to, at, extent, n);
                }
            }
        }
    }
}

/// The 36 products `to = from · weights` of one group.
///
/// # Safety
/// Both hold `tiles` tiles of the group.
#[inline(always)]
pub(super) unsafe fn multiply<S: Simd>(
    weights: &[f32],
    (outputs, inputs): (usize, usize),
    (from, seen): (*const f32, Points),
    (to, products): (*mut f32, Points),
    tiles_here: usize,
    (ahead, group, groups): (&Prefetch, usize, usize),
) {
    let n = vectors(outputs, S::LANES);
    assert_eq!(weights.len(), POINTS * n * S::LANES * inputs);
    let runs = [Run {
        offset: 0,
        len: inputs,
    }];
    let weights = weights.as_ptr();
    for point in 0..POINTS {
        // SAFETY: the caller's instruction set.
        unsafe { ahead.part::<S>(group * POINTS + point, groups * POINTS) };
        let mut before = 0;
        for (first, width) in blocks(n) {
            let block = inputs * width * S::LANES;
            // SAFETY: the caller's; every block has 36 points of `inputs` rows.
            unsafe {
                let tile = Tile {
                    input: from.add(point * seen.stride),
                    pixel: seen.pitch,
                    runs: &runs,
                    weights: weights.add(before + point * block),
                    out: to.add(point * products.stride + first * S::LANES),
                    out_pixel: products.pitch,
                    far: false,
                };
                tiles::<S>(tile, tiles_here, width);
            }
            before += POINTS * block;
        }
    }
}
