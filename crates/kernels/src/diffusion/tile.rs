//! Where do the pixels beyond the border come from, and how large are the pieces of a plane?

use crate::scratch::Scratch;

/// What lies beyond the border of a plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// The plane reflected, edge pixel repeated: `b a | a b c`.
    Mirror,
    /// The plane again: `b c | a b c`.
    Wrap,
}

impl Border {
    /// The position inside `0..n` that stands at `at`, which may lie far outside.
    #[must_use]
    pub fn at(self, at: isize, n: usize) -> usize {
        let n = n as isize;
        let inside = match self {
            Border::Wrap => at.rem_euclid(n),
            Border::Mirror => {
                let phase = at.rem_euclid(2 * n);
                phase.min(2 * n - 1 - phase)
            }
        };
        inside as usize
    }
}

/// Floats that a vector may read beyond the last one it uses.
pub(super) const SLACK: usize = 16;

/// A piece of a plane with everything that its results depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// Floats from row to row of scratch that holds rows of `width` pixels.
pub(super) fn pitch(width: usize) -> usize {
    width.next_multiple_of(16) + SLACK
}

/// Copies pixels of row `y` from column `left` on, both of which may lie beyond the border.
pub(super) fn extend_row(
    plane: &[f32],
    (width, height): (usize, usize),
    border: Border,
    (left, y): (isize, isize),
    to: &mut [f32],
) {
    let row = border.at(y, height) * width;
    let row = &plane[row..row + width];
    let columns = to.len();
    // Columns that lie inside the plane.
    let first = (-left).clamp(0, columns as isize) as usize;
    let last = (width as isize - left).clamp(first as isize, columns as isize) as usize;
    for x in (0..first).chain(last..columns) {
        to[x] = row[border.at(left + x as isize, width)];
    }
    if first < last {
        let start = (left + first as isize) as usize;
        to[first..last].copy_from_slice(&row[start..start + last - first]);
    }
}

/// Copies a tile of a plane, extended by `reach` pixels on every side, into `to`, rows `pitch` apart. What a row holds
/// beyond its pixels is set to zero.
pub(super) fn extend(
    plane: &[f32],
    size: (usize, usize),
    border: Border,
    tile: Tile,
    reach: usize,
    to: &mut [f32],
) {
    let pitch = pitch(tile.width + 2 * reach);
    let columns = tile.width + 2 * reach;
    let left = tile.left as isize - reach as isize;
    for y in 0..tile.height + 2 * reach {
        let (pixels, rest) = to[y * pitch..(y + 1) * pitch].split_at_mut(columns);
        let y = (tile.top + y) as isize - reach as isize;
        extend_row(plane, size, border, (left, y), pixels);
        rest.fill(0.0);
    }
}

/// Adds an extended plane's gradient `from` to the plane's: the transpose of [`extend`] for a tile that is the whole
/// plane.
pub(super) fn fold(
    from: &[f32],
    (width, height): (usize, usize),
    border: Border,
    reach: usize,
    to: &mut [f32],
) {
    let pitch = pitch(width + 2 * reach);
    for y in 0..height + 2 * reach {
        let row = border.at(y as isize - reach as isize, height) * width;
        let from = &from[y * pitch..y * pitch + width + 2 * reach];
        let to = &mut to[row..row + width];
        for (x, g) in from[reach..reach + width].iter().enumerate() {
            to[x] += g;
        }
        for x in (0..reach).chain(reach + width..width + 2 * reach) {
            to[border.at(x as isize - reach as isize, width)] += from[x];
        }
    }
}

/// Takes zeroed scratch.
pub(super) fn zeroed<'a>(scratch: &mut Scratch<'a>, len: usize) -> &'a mut [f32] {
    let taken = scratch.take(len);
    taken.fill(0.0);
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_repeat() {
        let mirror: Vec<usize> = (-4..7).map(|x| Border::Mirror.at(x, 3)).collect();
        assert_eq!(mirror, [2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0]);
        let wrap: Vec<usize> = (-4..7).map(|x| Border::Wrap.at(x, 3)).collect();
        assert_eq!(wrap, [2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0]);
        assert!((-9..9).all(|x| Border::Mirror.at(x, 1) == 0));
    }

    #[test]
    fn folding_is_the_transpose_of_extending() {
        let size = (5, 3);
        let whole = Tile {
            left: 0,
            top: 0,
            width: 5,
            height: 3,
        };
        for border in [Border::Mirror, Border::Wrap] {
            let plane: Vec<f32> = (0..15).map(|i| ((i * 7) % 11) as f32).collect();
            let rows = 3 + 2 * 6;
            let mut wide = vec![0.0; rows * pitch(5 + 12)];
            extend(&plane, size, border, whole, 6, &mut wide);
            let other: Vec<f32> = (0..wide.len())
                .map(|i| {
                    if i % pitch(17) < 17 {
                        ((i * 5) % 13) as f32
                    } else {
                        0.0
                    }
                })
                .collect();
            let mut back = vec![0.0; 15];
            fold(&other, size, border, 6, &mut back);
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
            assert_eq!(dot(&wide, &other), dot(&plane, &back));
        }
    }
}
