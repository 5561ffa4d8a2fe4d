//! How does a vector of 16 floats work? With AVX-512F.

use super::{MAX_LANES, Op, Simd};
use crate::diffusion::{LAST, PIECES, RANGE, WIDTH};
use std::arch::x86_64::*;

/// AVX-512F, VL and DQ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512;

#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx2,fma")]
#[inline(never)]
unsafe fn go<O: Op<Avx512>>(op: O) -> O::Out {
    // SAFETY: the caller's conditions.
    unsafe { op.run() }
}

// SAFETY (all methods): the caller vouches for the instruction set and the pointers, as the trait asks.
impl Simd for Avx512 {
    type V = __m512;
    const LANES: usize = 16;
    const REGISTERS: usize = 32;

    #[inline(always)]
    unsafe fn vectorize<O: Op<Self>>(op: O) -> O::Out {
        // SAFETY: see above.
        unsafe { go(op) }
    }

    #[inline(always)]
    unsafe fn prefetch(at: *const f32) {
        // SAFETY: no effect but on the caches.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, v: __m512) {
        // SAFETY: see above.
        unsafe { _mm512_storeu_ps(to, v) }
    }

    #[inline(always)]
    unsafe fn load_n(from: *const f32, n: usize) -> __m512 {
        // SAFETY: see above; masked-off lanes are not read.
        unsafe { _mm512_maskz_loadu_ps(((1_u32 << n) - 1) as __mmask16, from) }
    }

    #[inline(always)]
    unsafe fn store_n(to: *mut f32, v: __m512, n: usize) {
        // SAFETY: see above; masked-off lanes are not written.
        unsafe { _mm512_mask_storeu_ps(to, ((1_u32 << n) - 1) as __mmask16, v) }
    }

    #[inline(always)]
    unsafe fn add(a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn sub(a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn mul(a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn fma(a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn relu(a: __m512) -> __m512 {
        // SAFETY: see above. The second operand is returned where either is NaN.
        unsafe { _mm512_max_ps(_mm512_setzero_ps(), a) }
    }

    #[inline(always)]
    unsafe fn where_positive(z: __m512, v: __m512) -> __m512 {
        // SAFETY: see above. "Not less or equal" is true for NaN.
        unsafe {
            let keep = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(z, _mm512_setzero_ps());
            _mm512_maskz_mov_ps(keep, v)
        }
    }

    #[inline(always)]
    unsafe fn cubic(tables: *const f32, z: __m512) -> __m512 {
        // SAFETY: see above; the caller vouches for the tables.
        unsafe {
            let (at, tau) = place(z);
            let [c0, c1, c2, c3] = coefficients(tables, at);
            let inner = _mm512_fmadd_ps(_mm512_fmadd_ps(c3, tau, c2), tau, c1);
            _mm512_fmadd_ps(inner, tau, c0)
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

/// The four coefficients of sixteen pieces. Nearly always all lie in the middle half of the table, where one
/// permutation of two registers finds a coefficient.
#[inline(always)]
unsafe fn coefficients(tables: *const f32, at: __m512i) -> [__m512; 4] {
    // SAFETY: the tables hold four rows of 64 numbers.
    unsafe {
        let middle = _mm512_sub_epi32(at, _mm512_set1_epi32(16));
        let near = _mm512_cmplt_epu32_mask(middle, _mm512_set1_epi32(32));
        let row =
            |row: usize, quarter: usize| _mm512_loadu_ps(tables.add(row * PIECES + quarter * 16));
        if near == 0xffff {
            std::array::from_fn(|c| _mm512_permutex2var_ps(row(c, 1), middle, row(c, 2)))
        } else {
            let high = _mm512_test_epi32_mask(at, _mm512_set1_epi32(32));
            std::array::from_fn(|c| {
                _mm512_mask_blend_ps(
                    high,
                    _mm512_permutex2var_ps(row(c, 0), at, row(c, 1)),
                    _mm512_permutex2var_ps(row(c, 2), at, row(c, 3)),
                )
            })
        }
    }
}
