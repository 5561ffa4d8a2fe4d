//! Sixteen functions at once: a permutation of two registers finds coefficients.

use super::Cubic;
use crate::diffusion::{FIRST_PLACE, LAST, LAST_PLACE, PIECES, RANGE, WIDTH};
use crate::simd::{Avx512, MAX_LANES};
use std::arch::x86_64::*;

// SAFETY (all methods): the caller vouches for the instruction set and the pointers, as the trait asks.
impl Cubic for Avx512 {
    #[inline(always)]
    unsafe fn cubic(tables: *const f32, z: __m512) -> __m512 {
        // SAFETY: see above; the caller vouches for the tables.
        unsafe {
            let (at, tau) = place(z);
            at_place(coefficients(tables, at), tau)
        }
    }

    #[inline(always)]
    unsafe fn four_cubics(tables: *const f32, places: *mut f32) -> [__m512; 4] {
        // SAFETY: see above; the caller vouches for tables and places.
        unsafe {
            let place = |r: usize| _mm512_loadu_ps(places.add(r * 16));
            let [a, b, c, d] = [place(0), place(1), place(2), place(3)];
            let (ia, ib, ic, id) = (numbered(a), numbered(b), numbered(c), numbered(d));
            // What differs from the number of piece 0, in any of them.
            let zero = _mm512_set1_epi32(NUMBERED.to_bits() as i32);
            let apart = _mm512_or_si512(
                _mm512_ternarylogic_epi32::<DIFFERS>(ia, ib, zero),
                _mm512_ternarylogic_epi32::<DIFFERS>(ic, id, zero),
            );
            if _mm512_test_epi32_mask(apart, _mm512_set1_epi32(!31)) == 0 {
                return [
                    near(tables, a, ia),
                    near(tables, b, ib),
                    near(tables, c, ic),
                    near(tables, d, id),
                ];
            }
            far(tables, places);
            [place(0), place(1), place(2), place(3)]
        }
    }

    #[inline(always)]
    unsafe fn cubic_slope(
        tables: *const f32,
        z: __m512,
        pieces: &mut [u32; MAX_LANES],
    ) -> (__m512, __m512, __m512) {
        // SAFETY: see above; the caller vouches for the tables.
        unsafe {
            let (at, tau) = place(z);
            let [c0, c1, c2, c3] = coefficients(tables, at);
            let inner = _mm512_fmadd_ps(_mm512_fmadd_ps(c3, tau, c2), tau, c1);
            let value = _mm512_fmadd_ps(inner, tau, c0);
            let three = _mm512_mul_ps(_mm512_set1_ps(3.0), c3);
            let steep = _mm512_fmadd_ps(three, tau, _mm512_add_ps(c2, c2));
            let steep = _mm512_fmadd_ps(steep, tau, c1);
            let inside = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(_mm512_abs_ps(z), _mm512_set1_ps(RANGE));
            let slope = _mm512_maskz_div_ps(inside, steep, _mm512_set1_ps(WIDTH));
            _mm512_storeu_si512(pieces.as_mut_ptr().cast(), at);
            (value, slope, tau)
        }
    }
}

/// The pieces that hold `z`, and how far into them `z` lies.
#[inline(always)]
unsafe fn place(z: __m512) -> (__m512i, __m512) {
    // SAFETY: registers only. Both comparisons return the second operand for NaN, the first one makes it zero.
    unsafe {
        let place = _mm512_fmadd_ps(
            z,
            _mm512_set1_ps(1.0 / WIDTH),
            _mm512_set1_ps(RANGE / WIDTH),
        );
        let place = _mm512_max_ps(place, _mm512_setzero_ps());
        let place = _mm512_min_ps(place, _mm512_set1_ps(LAST));
        // Round down, keep what is left.
        (_mm512_cvttps_epi32(place), _mm512_reduce_ps::<1>(place))
    }
}

/// `2²³`: added to a number between 0 and 2²³ and rounded down, its last bits are the number's whole part.
const NUMBERED: f32 = 8_388_608.0;
/// `(a ^ c) | (b ^ c)`, as the table of a function of three bits.
const DIFFERS: i32 = 0x7e;

/// The pieces of places in the middle half of the table, whose pieces 16 to 47 are 0 to 31 here. Of other places, NaN too, the
/// result has other bits beyond the last five than [`NUMBERED`].
#[inline(always)]
unsafe fn numbered(place: __m512) -> __m512i {
    // SAFETY: registers only.
    unsafe {
        _mm512_castps_si512(_mm512_add_round_ps::<
            { _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC },
        >(place, _mm512_set1_ps(NUMBERED + MIDDLE)))
    }
}

/// Pieces from the middle of the table to that of either half.
const MIDDLE: f32 = 16.0;

/// The cubics of places that all lie in the middle half of the table.
#[inline(always)]
unsafe fn near(tables: *const f32, place: __m512, at: __m512i) -> __m512 {
    // SAFETY: the tables hold four rows of 64 numbers; a permutation looks at the last five bits.
    unsafe {
        let below = _mm512_sub_ps(_mm512_castsi512_ps(at), _mm512_set1_ps(NUMBERED + MIDDLE));
        let tau = _mm512_sub_ps(place, below);
        at_place(middle(tables, at), tau)
    }
}

/// The same for any four vectors of places, which are overwritten. Not to fill the registers of its caller; edges of pictures that
/// were scaled up for their little noise come here, so it is no slower than it must be.
#[cold]
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")]
unsafe fn far(tables: *const f32, places: *mut f32) {
    for r in 0..4 {
        // SAFETY: the caller vouches for tables and places. Both comparisons return the second operand for NaN.
        unsafe {
            let places = places.add(r * 16);
            let place = _mm512_max_ps(_mm512_loadu_ps(places), _mm512_set1_ps(FIRST_PLACE));
            let place = _mm512_min_ps(place, _mm512_set1_ps(LAST_PLACE));
            let below =
                _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(place);
            let at = _mm512_cvttps_epi32(_mm512_sub_ps(below, _mm512_set1_ps(FIRST_PLACE)));
            let c = coefficients(tables, at);
            _mm512_storeu_ps(places, at_place(c, _mm512_sub_ps(place, below)));
        }
    }
}

/// Cubics with given coefficients.
#[inline(always)]
unsafe fn at_place([c0, c1, c2, c3]: [__m512; 4], tau: __m512) -> __m512 {
    // SAFETY: registers only.
    unsafe {
        let inner = _mm512_fmadd_ps(_mm512_fmadd_ps(c3, tau, c2), tau, c1);
        _mm512_fmadd_ps(inner, tau, c0)
    }
}

/// The coefficients of pieces 16 to 47, numbered from 0 on in the last five bits.
#[inline(always)]
unsafe fn middle(tables: *const f32, at: __m512i) -> [__m512; 4] {
    // SAFETY: the tables hold four rows of 64 numbers.
    unsafe {
        let of = |row: usize| {
            let row = tables.add(row * PIECES + 16);
            _mm512_permutex2var_ps(_mm512_loadu_ps(row), at, _mm512_loadu_ps(row.add(16)))
        };
        [of(0), of(1), of(2), of(3)]
    }
}

/// The four coefficients of sixteen pieces. Nearly always all lie in the middle half of the table, where one
/// permutation of two registers finds a coefficient.
#[inline(always)]
unsafe fn coefficients(tables: *const f32, at: __m512i) -> [__m512; 4] {
    // SAFETY: the tables hold four rows of 64 numbers.
    unsafe {
        let middle = _mm512_sub_epi32(at, _mm512_set1_epi32(16));
        let near = _mm512_cmplt_epu32_mask(middle, _mm512_set1_epi32(32));
        if near == 0xffff {
            self::middle(tables, middle)
        } else {
            let high = _mm512_test_epi32_mask(at, _mm512_set1_epi32(32));
            // One by one: a function that takes a function would be compiled without the instruction set, and called.
            [
                anywhere(tables, at, high),
                anywhere(tables.add(PIECES), at, high),
                anywhere(tables.add(2 * PIECES), at, high),
                anywhere(tables.add(3 * PIECES), at, high),
            ]
        }
    }
}

/// One coefficient of sixteen pieces anywhere; `high` are those from 32 on.
#[inline(always)]
unsafe fn anywhere(row: *const f32, at: __m512i, high: __mmask16) -> __m512 {
    // SAFETY: a row holds 64 numbers.
    unsafe {
        let quarter = |n: usize| _mm512_loadu_ps(row.add(n * 16));
        _mm512_mask_blend_ps(
            high,
            _mm512_permutex2var_ps(quarter(0), at, quarter(1)),
            _mm512_permutex2var_ps(quarter(2), at, quarter(3)),
        )
    }
}
