//! How does a plane get the size that blocks fill exactly? By reflection at its right and lower border.

use timestep_picture::Plane;

/// Floats behind each row that may be read, but mean nothing.
pub(super) const SLACK: usize = 16;

/// Pixels beyond this are cut, so that no sum of squares overflows.
const LIMIT: f32 = 1e15;

/// A plane whose last reference blocks end at its borders, with slack behind each row.
#[derive(Clone, Debug)]
pub(super) struct Padded {
    /// Columns, slack excluded.
    pub(super) width: usize,
    /// Rows.
    pub(super) height: usize,
    /// Floats from one row to the next.
    pub(super) stride: usize,
    /// Pixels.
    pub(super) data: Vec<f32>,
}

/// The least length from `length` on that is `block` plus a multiple of `step`.
///
/// The published method adds a last reference block at the border; this moves the border to a
/// reference block instead, by less than a step.
pub(super) fn padded(length: usize, block: usize, step: usize) -> usize {
    block + length.saturating_sub(block).div_ceil(step) * step
}

/// Where sample `i` of a sequence of `n` that is reflected at both ends lies (`… 1 0 | 0 1 … n-1 | n-1 …`).
fn reflect(i: usize, n: usize) -> usize {
    let i = i % (2 * n);
    if i < n { i } else { 2 * n - 1 - i }
}

impl Padded {
    /// Pads a plane for blocks of `block` pixels at multiples of `step`.
    pub(super) fn new(plane: &Plane, block: usize, step: usize) -> Self {
        let width = padded(plane.width(), block, step);
        let height = padded(plane.height(), block, step);
        let stride = width + SLACK;
        let mut data = vec![0.0f32; stride * height];
        for (y, row) in data.chunks_exact_mut(stride).enumerate() {
            let from = plane.row(reflect(y, plane.height()));
            row[..from.len()].copy_from_slice(from);
            for (x, p) in row.iter_mut().enumerate().take(width).skip(from.len()) {
                *p = from[reflect(x, from.len())];
            }
            for p in row.iter_mut() {
                *p = p.clamp(-LIMIT, LIMIT);
            }
        }
        Self {
            width,
            height,
            stride,
            data,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_end_at_borders() {
        assert_eq!(padded(1, 8, 3), 8);
        assert_eq!(padded(8, 8, 3), 8);
        assert_eq!(padded(9, 8, 3), 11);
        assert_eq!(padded(512, 8, 3), 512);
        let plane = Plane::new(3, 1, vec![1.0, 2.0, 3.0]).expect("fits");
        let padded = Padded::new(&plane, 8, 3);
        assert_eq!((padded.width, padded.height), (8, 8));
        let row = &padded.data[padded.stride * 5..][..8];
        assert_eq!(row, [1.0, 2.0, 3.0, 3.0, 2.0, 1.0, 1.0, 2.0]);
    }
}
