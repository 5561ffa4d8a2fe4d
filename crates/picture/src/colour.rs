//! In which colours is a picture restored? In opponent colours: a mean and two differences.
//!
//! `Y = (R+G+B)/3`, `U = (R-B)/2`, `V = (R-2G+B)/4` (Dabov et al. 2007). Independent noise of one level in
//! R, G and B has, in a sum of them, that level times the norm of the row: 0.577, 0.707 and 0.612. Y holds
//! nearly all of the structure, so similar patches are found there.

use crate::Plane;
use rayon::prelude::*;
use timestep_kernels::Kernels;
use timestep_kernels::simd::{Loops, run_loops};

/// Rows Y, U, V over columns R, G, B.
pub const OPPONENT: [[f64; 3]; 3] = [
    [1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0],
    [0.5, 0.0, -0.5],
    [0.25, -0.5, 0.25],
];

/// The noise levels of Y, U and V where those of R, G and B are `rgb`.
#[must_use]
pub fn opponent_sigmas(rgb: [f64; 3]) -> [f64; 3] {
    OPPONENT.map(|row| {
        let variance: f64 = row.iter().zip(rgb).map(|(k, s)| (k * s).powi(2)).sum();
        variance.sqrt()
    })
}

/// R, G, B to Y, U, V, in place.
pub fn to_opponent(planes: &mut [Plane; 3]) {
    each_pixel(planes, |[r, g, b]| {
        [(r + g + b) / 3.0, (r - b) / 2.0, (r - 2.0 * g + b) / 4.0]
    });
}

/// Y, U, V to R, G, B, in place: `G = Y - 4V/3`, `R, B = Y + 2V/3 ± U`.
pub fn from_opponent(planes: &mut [Plane; 3]) {
    each_pixel(planes, |[y, u, v]| {
        let mean = y + 2.0 * v / 3.0;
        [mean + u, y - 4.0 * v / 3.0, mean - u]
    });
}

/// Pixels that one thread changes at a time.
const PIECE: usize = 1 << 15;

/// In f64, so that there and back changes a grey level by no more than its own rounding.
fn each_pixel(planes: &mut [Plane; 3], change: impl Fn([f64; 3]) -> [f64; 3] + Copy + Sync) {
    let [a, b, c] = planes;
    let pieces = a.pixels_mut().par_chunks_mut(PIECE);
    let pieces = pieces.zip(b.pixels_mut().par_chunks_mut(PIECE));
    let pieces = pieces.zip(c.pixels_mut().par_chunks_mut(PIECE));
    pieces.for_each(|((a, b), c)| {
        let piece = Piece { a, b, c, change };
        run_loops(Kernels::detect(), piece);
    });
}

/// Some pixels of three channels.
struct Piece<'a, F> {
    a: &'a mut [f32],
    b: &'a mut [f32],
    c: &'a mut [f32],
    change: F,
}

impl<F: Fn([f64; 3]) -> [f64; 3]> Loops for Piece<'_, F> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let n = self.a.len();
        let (b, c) = (&mut self.b[..n], &mut self.c[..n]);
        for i in 0..n {
            let now = [f64::from(self.a[i]), f64::from(b[i]), f64::from(c[i])];
            let [x, y, z] = (self.change)(now);
            (self.a[i], b[i], c[i]) = (x as f32, y as f32, z as f32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_the_identity() {
        let channel = |seed: u32| {
            let pixel = |i: u32| ((i * 7919 + seed * 104_729) % 2551) as f32 / 10.0;
            Plane::new(50, 20, (0..1000).map(pixel).collect()).expect("fits")
        };
        let rgb = [channel(1), channel(2), channel(3)];
        let mut planes = rgb.clone();
        to_opponent(&mut planes);
        assert!((planes[0].pixels()[7] * 3.0 - sum(&rgb, 7)).abs() < 1e-3);
        from_opponent(&mut planes);
        for (a, b) in planes.iter().zip(&rgb) {
            let worst = a
                .pixels()
                .iter()
                .zip(b.pixels())
                .map(|(x, y)| (x - y).abs());
            assert!(worst.fold(0.0, f32::max) < 5e-5);
        }
    }

    fn sum(planes: &[Plane], i: usize) -> f32 {
        planes.iter().map(|p| p.pixels()[i]).sum()
    }

    #[test]
    fn noise_is_scaled_by_the_norm_of_the_row() {
        let [y, u, v] = opponent_sigmas([1.0; 3]);
        assert!((y - 0.57735).abs() < 1e-5 && (u - 0.5_f64.sqrt()).abs() < 1e-5);
        assert!((v - 0.61237).abs() < 1e-5);
        assert_eq!(opponent_sigmas([0.0, 8.0, 0.0])[1], 0.0);
    }
}
