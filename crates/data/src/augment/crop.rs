//! What is in the window that is cut from a padded image?

use super::{Augment, Crop, PadMode};
use crate::ImageShape;

/// Writes the window of one channel to `out`, through `table` (raw value to network input, or to itself).
pub(super) fn crop_plane<T: Copy>(
    plane: &[u8],
    out: &mut [T],
    shape: ImageShape,
    augment: &Augment,
    crop: Crop,
    table: &[T; 256],
) {
    let ImageShape { height, width, .. } = shape;
    for (y, row) in out.chunks_exact_mut(width).enumerate() {
        match source(y + crop.top, augment, height) {
            None => row.fill(table[0]),
            Some(from) => {
                let from = &plane[from * width..(from + 1) * width];
                for (x, value) in row.iter_mut().enumerate() {
                    let raw = source(x + crop.left, augment, width).map_or(0, |x| from[x]);
                    *value = table[usize::from(raw)];
                }
            }
        }
        if crop.flip {
            row.reverse();
        }
    }
}

/// The row or column of the image at place `at` of the padded image; `None` is black.
fn source(at: usize, augment: &Augment, extent: usize) -> Option<usize> {
    let pad = augment.pad;
    match (at.checked_sub(pad), augment.pad_mode) {
        (Some(inside), _) if inside < extent => Some(inside),
        (_, PadMode::Zero) => None,
        // Before the edge: one left of it is number 1.
        (None, PadMode::Reflect) => Some(pad - at),
        // Behind it: `extent` is number extent-2. `Augment::check` keeps it from going below 0.
        (Some(behind), PadMode::Reflect) => Some(2 * (extent - 1) - behind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The padded image in full, then cut and flipped: what `crop_plane` does without it.
    fn naive(plane: &[u8], h: usize, w: usize, augment: &Augment, crop: Crop) -> Vec<u8> {
        let pad = augment.pad as isize;
        let mirror = |i: isize, n: isize| {
            let i = i.abs();
            if i < n { i } else { 2 * (n - 1) - i }
        };
        let at = |y: isize, x: isize| {
            let (hi, wi) = (h as isize, w as isize);
            let inside = (0..hi).contains(&y) && (0..wi).contains(&x);
            match augment.pad_mode {
                PadMode::Zero if !inside => 0,
                PadMode::Zero => plane[(y * wi + x) as usize],
                PadMode::Reflect => plane[(mirror(y, hi) * wi + mirror(x, wi)) as usize],
            }
        };
        let mut out = Vec::new();
        for y in 0..h {
            for x in 0..w {
                let x = if crop.flip { w - 1 - x } else { x };
                out.push(at(
                    (y + crop.top) as isize - pad,
                    (x + crop.left) as isize - pad,
                ));
            }
        }
        out
    }

    #[test]
    fn every_crop_equals_the_naive_one() {
        let table: [f32; 256] = std::array::from_fn(|v| v as f32);
        for (h, w) in [(3, 4), (5, 3), (2, 2), (8, 8)] {
            let plane: Vec<u8> = (0..h * w).map(|i| (i * 7 + 1) as u8).collect();
            let shape = ImageShape::new(1, h, w);
            for pad in 0..h.min(w) {
                for pad_mode in [PadMode::Zero, PadMode::Reflect] {
                    let augment = Augment {
                        pad,
                        pad_mode,
                        flip: true,
                        ..Augment::default()
                    };
                    augment.check(shape).unwrap();
                    for top in 0..=2 * pad {
                        for left in 0..=2 * pad {
                            for flip in [false, true] {
                                let crop = Crop { top, left, flip };
                                let mut out = vec![f32::NAN; h * w];
                                crop_plane(&plane, &mut out, shape, &augment, crop, &table);
                                let out: Vec<u8> = out.iter().map(|&v| v as u8).collect();
                                assert_eq!(out, naive(&plane, h, w, &augment, crop), "{crop:?}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn reflection_by_hand() {
        let augment = Augment {
            pad: 2,
            pad_mode: PadMode::Reflect,
            ..Augment::default()
        };
        let row: Vec<_> = (0..7).map(|at| source(at, &augment, 3)).collect();
        assert_eq!(row, [2, 1, 0, 1, 2, 1, 0].map(Some));
    }
}
