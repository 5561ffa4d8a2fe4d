//! Eight functions at once: coefficients are gathered.

use super::Cubic;
use crate::diffusion::{FIRST_PLACE, LAST, LAST_PLACE, PIECES, RANGE, WIDTH};
use crate::simd::Avx2;
use std::arch::x86_64::*;

// SAFETY (all methods): the caller vouches for the instruction set and the pointers, as the trait asks.
impl Cubic for Avx2 {
    #[inline(always)]
    unsafe fn cubic(tables: *const f32, z: __m256) -> __m256 {
        // SAFETY: see above; pieces lie between 0 and 63.
        unsafe {
            let place = _mm256_fmadd_ps(
                z,
                _mm256_set1_ps(1.0 / WIDTH),
                _mm256_set1_ps(RANGE / WIDTH),
            );
            let place = _mm256_max_ps(place, _mm256_setzero_ps());
            let place = _mm256_min_ps(place, _mm256_set1_ps(LAST));
            let tau = _mm256_sub_ps(place, _mm256_floor_ps(place));
            let at = _mm256_cvttps_epi32(place);
            at_pieces(tables, at, tau)
        }
    }

    #[inline(always)]
    unsafe fn four_cubics(tables: *const f32, places: *mut f32) -> [__m256; 4] {
        // SAFETY: see above; pieces lie between 0 and 63.
        unsafe {
            let mut z = [_mm256_setzero_ps(); 4];
            for (r, z) in z.iter_mut().enumerate() {
                let place = _mm256_loadu_ps(places.add(r * 8));
                let place = _mm256_max_ps(place, _mm256_set1_ps(FIRST_PLACE));
                let place = _mm256_min_ps(place, _mm256_set1_ps(LAST_PLACE));
                let below = _mm256_floor_ps(place);
                let tau = _mm256_sub_ps(place, below);
                let at = _mm256_cvttps_epi32(_mm256_sub_ps(below, _mm256_set1_ps(FIRST_PLACE)));
                *z = at_pieces(tables, at, tau);
            }
            z
        }
    }
}

/// The cubics of eight pieces at `tau`.
#[inline(always)]
unsafe fn at_pieces(tables: *const f32, at: __m256i, tau: __m256) -> __m256 {
    // SAFETY: the caller vouches for tables and pieces.
    unsafe {
        let c = |row: usize| _mm256_i32gather_ps::<4>(tables.add(row * PIECES), at);
        let inner = _mm256_fmadd_ps(_mm256_fmadd_ps(c(3), tau, c(2)), tau, c(1));
        _mm256_fmadd_ps(inner, tau, c(0))
    }
}
