//! How does what was taken away at half the resolution get to the full one? Enlarged, between the centres of its pixels.

use rayon::prelude::*;
use timestep_picture::Plane;

/// Pixels of half the resolution on which a corrected pixel depends, to each side.
const HALO: usize = 1;
/// Rows that are computed together.
const ROWS: usize = 64;

/// The rows of a plane enlarged to twice its size.
pub(super) struct Enlarged<'a> {
    plane: &'a Plane,
    /// A row between two rows.
    between: Vec<f32>,
    /// A row of the result.
    row: Vec<f32>,
}

impl<'a> Enlarged<'a> {
    /// To `width` columns: twice those of the plane, or one less.
    pub(super) fn new(plane: &'a Plane, width: usize) -> Self {
        Self {
            plane,
            between: vec![0.0; plane.width()],
            row: vec![0.0; width.next_multiple_of(2)],
        }
    }

    /// Row `y` of the result. A pixel is a quarter of the way from the pixel that it lies in to the next one.
    pub(super) fn row(&mut self, y: usize) -> &[f32] {
        let last = self.plane.height() - 1;
        let near = (y / 2).min(last);
        let far = if y.is_multiple_of(2) {
            near.saturating_sub(1)
        } else {
            (near + 1).min(last)
        };
        let rows = self.plane.row(near).iter().zip(self.plane.row(far));
        for (b, (n, f)) in self.between.iter_mut().zip(rows) {
            *b = 0.75 * n + 0.25 * f;
        }
        let (between, end) = (&self.between[..], self.between.len() - 1);
        let pair = |left: f32, here: f32, right: f32| {
            [0.75 * here + 0.25 * left, 0.75 * here + 0.25 * right]
        };
        let (pairs, _) = self.row.as_chunks_mut::<2>();
        pairs[0] = pair(between[0], between[0], between[1.min(end)]);
        for (out, b) in pairs[1..].iter_mut().zip(between.windows(3)) {
            *out = pair(b[0], b[1], b[2]);
        }
        if end > 0 {
            pairs[end] = pair(between[end - 1], between[end], between[end]);
        }
        &self.row
    }
}

/// `state + enlarged(after - before)`, where `before` is the state halved and `after` its cleaned form.
pub(super) fn correct(state: &mut Plane, before: &Plane, after: Plane) {
    let width = state.width();
    let mut change = after;
    let pixels = change.pixels_mut().iter_mut().zip(before.pixels());
    pixels.for_each(|(a, b)| *a -= b);
    let pieces = state.pixels_mut().par_chunks_mut(ROWS * width).enumerate();
    pieces.for_each(|(piece, pixels)| {
        let mut change = Enlarged::new(&change, width);
        for (y, row) in (piece * ROWS..).zip(pixels.chunks_exact_mut(width)) {
            let row = row.iter_mut().zip(change.row(y));
            row.for_each(|(s, c)| *s += c);
        }
    });
}

/// Pixels around a tile, where a plane at any of the scales `0..=coarsest` depends on `inner` pixels around it.
pub(super) fn halo(inner: usize, coarsest: usize) -> usize {
    // From coarse to fine: twice what was reached before, with the enlargement, and the plane's own.
    (0..=coarsest).fold(0, |reach, _| 2 * (reach + HALO) + inner)
}
