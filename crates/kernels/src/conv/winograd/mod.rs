//! How does a 3×3 convolution get by with a quarter of the multiplications? Winograd's F(4×4, 3×3).
//!
//! A 6×6 tile of the input and the 3×3 weights are transformed so that convolution becomes an
//! element-wise product, summed over channels: 36 products for 16 outputs instead of 144.
//! Forward `Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A`; the gradient of the input is such a convolution with
//! turned weights; the gradient of the weights is the adjoint, `Gᵀ [Σ (Bᵀ d B) ⊙ (A δ Aᵀ)] G`.
//! Points 0, ±1, ±2, ∞ (Lavin, Gray 2016, "Fast algorithms for convolutional neural networks", section 4.3).

mod backward;
mod forward;
mod transforms;
mod weights;
pub(crate) mod whole;

pub(crate) use backward::WinogradBackward;
pub(crate) use forward::WinogradForward;
pub(crate) use weights::transform;

use crate::fill::Window;
use crate::shape::{ConvShape, Strip};

/// Side of an output tile.
pub(crate) const TILE: usize = 4;
/// Products of a tile: the square of its transformed side.
pub(crate) const POINTS: usize = 36;
/// Floats of transformed input and output of a block of tiles: they stay in the second-level cache.
const BLOCK: usize = 72 * 1024;

/// Can this convolution be computed so, and is it worth it?
pub(crate) fn suits(shape: &ConvShape, lanes: usize) -> bool {
    let (h, w) = (shape.height, shape.width);
    let covered = h.next_multiple_of(TILE) * w.next_multiple_of(TILE);
    let whole = |channels: usize| shape.groups == 1 || channels.is_multiple_of(lanes);
    shape.kernel == [3, 3]
        && shape.stride == 1
        && shape.padding == [1, 1]
        && shape.group_input() >= 8
        && shape.group_output() >= 8
        && whole(shape.group_input())
        && whole(shape.group_output())
        // Of the factor 4 at most half may go into pixels outside the image.
        && covered <= 2 * h * w
}

/// Tiles in the rows and columns of a strip.
fn grid(shape: &ConvShape, strip: &Strip) -> (usize, usize) {
    (strip.rows.div_ceil(TILE), shape.width.div_ceil(TILE))
}

/// Tiles of a strip.
fn tiles_of(shape: &ConvShape, strip: &Strip) -> usize {
    let (rows, columns) = grid(shape, strip);
    rows * columns
}

/// Channels of one group among those that are stored.
#[derive(Clone, Copy)]
struct Slice {
    /// Channels of an image.
    stored: usize,
    /// First channel of the group.
    first: usize,
    /// Channels of the group.
    channels: usize,
    /// Floats that they take in scratch: whole vectors.
    pitch: usize,
}

impl Slice {
    /// Group number `group` of `groups` of `stored` channels.
    fn new(stored: usize, groups: usize, group: usize, lanes: usize) -> Self {
        let channels = stored / groups;
        Self {
            stored,
            first: group * channels,
            channels,
            pitch: channels.next_multiple_of(lanes),
        }
    }

    fn input(shape: &ConvShape, group: usize, lanes: usize) -> Self {
        Self::new(shape.input, shape.groups, group, lanes)
    }

    fn output(shape: &ConvShape, group: usize, lanes: usize) -> Self {
        Self::new(shape.output, shape.groups, group, lanes)
    }
}

/// The pixels that the tiles of a strip read, with the channels of one group at `pitch` floats.
fn window(shape: &ConvShape, strip: &Strip, slice: Slice, pitch: usize) -> Window {
    let (rows, columns) = grid(shape, strip);
    Window {
        base: strip.image * shape.height * shape.width * slice.stored,
        height: shape.height,
        width: shape.width,
        stored: slice.stored,
        first: slice.first,
        channels: slice.channels,
        row: strip.row as isize - 1,
        rows: rows * TILE + 2,
        left: 1,
        columns: columns * TILE + 2,
        pitch,
        step: 1,
    }
}

/// Transformed tiles: `[point][tile][channel]`.
#[derive(Clone, Copy)]
struct Points {
    /// Floats from one tile to the next.
    pitch: usize,
    /// Floats from one point to the next; not a multiple of 4 KiB, which caches would fold.
    stride: usize,
}

impl Points {
    fn new(tiles: usize, pitch: usize) -> Self {
        Self {
            pitch,
            stride: tiles * pitch + 16,
        }
    }

    fn len(&self) -> usize {
        POINTS * self.stride
    }
}

/// Consecutive strips whose tiles are multiplied together.
fn groups_of_strips<'s>(
    shape: &ConvShape,
    strips: &'s [Strip],
    most: usize,
) -> impl Iterator<Item = &'s [Strip]> {
    let shape = *shape;
    let mut rest = strips;
    std::iter::from_fn(move || {
        let (mut n, mut tiles) = (0, 0);
        for strip in rest {
            tiles += tiles_of(&shape, strip);
            if n > 0 && tiles > most {
                break;
            }
            n += 1;
        }
        let (taken, left) = rest.split_at(n);
        rest = left;
        (!taken.is_empty()).then_some(taken)
    })
}

/// Most tiles in a block, given the largest strip. Groups follow each other in the same scratch.
fn most_tiles(shape: &ConvShape, rows: usize, lanes: usize) -> usize {
    let input = Slice::input(shape, 0, lanes);
    let output = Slice::output(shape, 0, lanes);
    let floats_per_tile = input.pitch + output.pitch;
    let largest = Strip {
        image: 0,
        row: 0,
        rows,
    };
    // Large weights are read, and their sums read and written, once for every block of tiles.
    let least = (shape.input * shape.group_output() / 1024).clamp(8, 64);
    (BLOCK / (POINTS * floats_per_tile))
        .max(least)
        .max(tiles_of(shape, &largest))
}
