//! How does what was taken away at half the resolution get to the full one? Enlarged, between the centres of its pixels.

use rayon::prelude::*;
use timestep_kernels::Buffer;
use timestep_picture::Plane;

/// Pixels of half the resolution on which a corrected pixel depends, to each side.
const HALO: usize = 1;

/// `state + enlarged(after - before)`, where `before` is the state halved and `after` its cleaned form.
pub(super) fn corrected(state: &Plane, before: &Plane, after: &Plane) -> Plane {
    let (width, height) = (state.width(), state.height());
    let mut out = Buffer::new(width * height);
    let change = |y: usize| -> Vec<f32> {
        let rows = after.row(y).iter().zip(before.row(y));
        rows.map(|(a, b)| a - b).collect()
    };
    let last = before.height() - 1;
    out.par_chunks_mut(width).enumerate().for_each(|(y, out)| {
        // A quarter of the way to the row above or below, which are centred half a pixel away.
        let near = (y / 2).min(last);
        let far = if y % 2 == 0 {
            near.saturating_sub(1)
        } else {
            (near + 1).min(last)
        };
        let (near, far) = (change(near), change(far));
        let row: Vec<f32> = near
            .iter()
            .zip(&far)
            .map(|(n, f)| 0.75 * n + 0.25 * f)
            .collect();
        let end = row.len() - 1;
        for (x, (o, s)) in out.iter_mut().zip(state.row(y)).enumerate() {
            let near = (x / 2).min(end);
            let far = if x % 2 == 0 {
                near.saturating_sub(1)
            } else {
                (near + 1).min(end)
            };
            *o = s + 0.75 * row[near] + 0.25 * row[far];
        }
    });
    state.with_pixels(out)
}

/// Pixels around a tile, where a plane at any of the scales `0..=coarsest` depends on `inner` pixels around it.
pub(super) fn halo(inner: usize, coarsest: usize) -> usize {
    // From coarse to fine: twice what was reached before, with the enlargement, and the plane's own.
    (0..=coarsest).fold(0, |reach, _| 2 * (reach + HALO) + inner)
}
