//! How is a forward pass computed by Winograd's method? Tiles of several images at a time.

use super::transforms::{Square, input_tile, output_tile};
use super::{POINTS, Points, Slice, TILE, grid, groups_of_strips, most_tiles, tiles_of, window};
use crate::conv::micro::{Run, Tile, tiles};
use crate::conv::pack::vectors;
use crate::conv::units::Units;
use crate::fill::with_view;
use crate::prefetch::Prefetch;
use crate::scratch::Scratch;
use crate::shape::{ConvShape, Strip};
use crate::simd::Simd;
use crate::view::View;
use std::ops::Range;

/// A forward pass, prepared.
#[derive(Debug)]
pub(crate) struct WinogradForward<'w> {
    shape: ConvShape,
    points: &'w [f32],
    lanes: usize,
    most: usize,
}

impl<'w> WinogradForward<'w> {
    /// Prepares a pass over strips of at most `rows` rows, with transformed weights.
    pub(crate) fn new(shape: &ConvShape, points: &'w [f32], lanes: usize, rows: usize) -> Self {
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
    /// the more there are, the more tiles make that worth it. Chunks that are whole are cut no further, so there are some.
    pub(crate) fn chunks(&self, strips: &[Strip], whole: bool) -> usize {
        const FLOATS_PER_TILE: usize = 1 << 17;
        let least = (self.points.len() / FLOATS_PER_TILE).clamp(1, 32);
        let tiles: usize = strips
            .iter()
            .map(|strip| tiles_of(&self.shape, strip))
            .sum();
        (tiles / least).max(if whole { 4 } else { 1 })
    }

    /// Groups of strips that are computed together.
    pub(crate) fn groups<'s>(&self, strips: &'s [Strip]) -> impl Iterator<Item = &'s [Strip]> {
        groups_of_strips(&self.shape, strips, self.most)
    }

    /// Computes some units of the output channels of consecutive strips.
    ///
    /// # Safety
    /// The processor has the instructions of `S`; `view` holds the whole input, `out` the strips.
    #[inline(always)]
    pub(crate) unsafe fn strips<S: Simd>(
        &self,
        view: &View<'_>,
        strips: &[Strip],
        units: &Range<usize>,
        out: *mut f32,
        scratch: &mut Scratch<'_>,
    ) {
        let s = &self.shape;
        let all = Units::of(s, S::LANES);
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
        let mut ahead = ahead(s, strips, &[view.data], s.input);
        let floats = strips.iter().map(|strip| strip.rows).sum::<usize>() * s.width * s.output;
        ahead.add_at(out, floats);
        let each = self.points.len() / s.groups;
        // One group after the other: so many tiles of a group fit the cache, and weights are read
        // once for all of them.
        for group in all.groups(units) {
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
                    (channels, all.blocks(units)),
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
                // SAFETY: `tile` counts the tiles of this block; the strip starts at `written`.
                unsafe {
                    let from = (products.as_ptr().add(tile * to.pitch), to);
                    let part = out.add(written);
                    let channels = all.in_group(units);
                    output_tiles::<S>(from, (strip.rows, s.width), (slice, channels), part);
                }
                written += strip.rows * s.width * s.output;
                tile += rows * columns;
            }
        }
    }
}

/// What the strips after these will read of arrays with `channels` channels.
pub(super) fn ahead(
    shape: &ConvShape,
    strips: &[Strip],
    arrays: &[&[f32]],
    channels: usize,
) -> Prefetch {
    let mut ahead = Prefetch::new();
    if let (Some(first), Some(last)) = (strips.first(), strips.last()) {
        let pitch = shape.width * channels;
        let here = first.range(shape.height, pitch).start..last.range(shape.height, pitch).end;
        for array in arrays {
            ahead.add(array, here.end, here.len());
        }
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

/// Transforms the products of a strip's tiles into some channels of one group, of `rows · width` pixels.
///
/// # Safety
/// `from` holds the points of the tiles, `out` the strip.
#[inline(always)]
pub(super) unsafe fn output_tiles<S: Simd>(
    (from, points): (*const f32, Points),
    (rows, width): (usize, usize),
    (slice, channels): (Slice, Range<usize>),
    out: *mut f32,
) {
    assert!(channels.end <= slice.channels && slice.first + slice.channels <= slice.stored);
    let columns = width.div_ceil(TILE);
    let at = Square {
        row: width * slice.stored,
        column: slice.stored,
    };
    for y in 0..rows.div_ceil(TILE) {
        for x in 0..columns {
            let extent = ((rows - y * TILE).min(TILE), (width - x * TILE).min(TILE));
            for c in channels.clone().step_by(S::LANES) {
                // SAFETY: the pixels of `extent` and channels from `c` on are inside `out`.
                unsafe {
                    let to = out.add(TILE * (y * at.row + x * at.column) + slice.first + c);
                    let from = from.add((y * columns + x) * points.pitch + c);
                    let n = (channels.end - c).min(S::LANES);
                    output_tile::<S>(from, points.stride, to, at, extent, n);
                }
            }
        }
    }
}

/// The 36 products `to = from · weights` of some blocks of one group.
///
/// # Safety
/// Both hold `tiles` tiles of the group.
#[inline(always)]
pub(super) unsafe fn multiply<S: Simd>(
    weights: &[f32],
    ((outputs, inputs), blocks): ((usize, usize), impl Iterator<Item = (usize, usize)> + Clone),
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
        for (first, width) in blocks.clone() {
            let before = POINTS * inputs * first * S::LANES;
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
                    fresh: true,
                    far: false,
                };
                tiles::<S>(tile, tiles_here, width);
            }
        }
    }
}
