//! How are learned functions looked up for a whole vector? With the instructions of each set.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

use super::{PIECES, RANGE, WIDTH, piece_at, piece_of};
use crate::simd::{MAX_LANES, Portable, Simd};

/// Vectors that piecewise cubic functions can be evaluated at.
///
/// # Safety of all methods
/// That of [`Simd`].
pub(crate) trait Cubic: Simd {
    /// A piecewise cubic function at `z`: `c0 + τ (c1 + τ (c2 + τ c3))` on the piece that holds `z`.
    ///
    /// `tables` are four rows of [`PIECES`] numbers, the coefficients `c0`, `c1`, `c2`, `c3`; piece and place `τ` in it
    /// are those of [`piece_of`]. The same operations in the same order for every instruction set.
    ///
    /// # Safety
    /// `tables` holds `4 PIECES` numbers.
    #[inline(always)]
    unsafe fn cubic(tables: *const f32, z: Self::V) -> Self::V {
        // SAFETY: passed on to the caller.
        unsafe { Self::cubic_slope(tables, z, &mut [0; MAX_LANES]).0 }
    }

    /// [`cubic`](Cubic::cubic) at four vectors of places, arguments divided by [`WIDTH`], which are at `places` and may be
    /// overwritten. Piece and `τ` are those of [`piece_at`].
    ///
    /// # Safety
    /// `tables` holds `4 PIECES` numbers, `places` four vectors.
    #[inline(always)]
    unsafe fn four_cubics(tables: *const f32, places: *mut f32) -> [Self::V; 4] {
        // SAFETY: passed on to the caller; a piece is one of the tables'.
        unsafe {
            for at in 0..4 * Self::LANES {
                let place = places.add(at);
                let (piece, tau) = piece_at(*place);
                let c = |row: usize| *tables.add(row * PIECES + piece);
                *place = c(3)
                    .mul_add(tau, c(2))
                    .mul_add(tau, c(1))
                    .mul_add(tau, c(0));
            }
            let result = |r: usize| Self::load(places.add(r * Self::LANES));
            [result(0), result(1), result(2), result(3)]
        }
    }

    /// [`cubic`](Cubic::cubic) with the derivative with respect to `z` (zero beyond the outer knots), `τ`, and the pieces.
    ///
    /// # Safety
    /// As [`cubic`](Cubic::cubic).
    #[inline(always)]
    unsafe fn cubic_slope(
        tables: *const f32,
        z: Self::V,
        pieces: &mut [u32; MAX_LANES],
    ) -> (Self::V, Self::V, Self::V) {
        let mut at = [0.0_f32; MAX_LANES];
        let (mut value, mut slope, mut taus) = (at, at, at);
        // SAFETY: the arrays hold a vector; a piece is one of the tables'.
        unsafe {
            Self::store(at.as_mut_ptr(), z);
            for lane in 0..Self::LANES {
                let (piece, tau) = piece_of(at[lane]);
                let c = |row: usize| *tables.add(row * PIECES + piece);
                let inside = at[lane].abs() < RANGE;
                value[lane] = c(3)
                    .mul_add(tau, c(2))
                    .mul_add(tau, c(1))
                    .mul_add(tau, c(0));
                let steep = (3.0 * c(3)).mul_add(tau, 2.0 * c(2)).mul_add(tau, c(1));
                slope[lane] = if inside { steep / WIDTH } else { 0.0 };
                (pieces[lane], taus[lane]) = (piece as u32, tau);
            }
            (
                Self::load(value.as_ptr()),
                Self::load(slope.as_ptr()),
                Self::load(taus.as_ptr()),
            )
        }
    }
}

impl Cubic for Portable {}
