//! How do the vectors of BM3D work with AVX2, and with AVX-512?

use super::{Op, Simd};
use std::arch::x86_64::*;

/// AVX2 and FMA: 8 integers, 8 floats.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2;

/// AVX-512 (F, BW, DQ, VL): 16 integers, 8 floats in one of 32 registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512;

#[target_feature(enable = "avx2,fma")]
#[inline(never)]
unsafe fn go_avx2<O: Op>(op: O) -> O::Out {
    // SAFETY: the caller's conditions.
    unsafe { op.run::<Avx2>() }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
#[inline(never)]
unsafe fn go_avx512<O: Op>(op: O) -> O::Out {
    // SAFETY: the caller's conditions.
    unsafe { op.run::<Avx512>() }
}

/// Writes methods that are one expression; the caller of each vouches for the instruction set and
/// the pointers, as [`Simd`] asks.
macro_rules! methods {
    ($($name:ident($($arg:ident: $of:ty),*) $(-> $out:ty)? { $body:expr })*) => {$(
        #[inline(always)]
        unsafe fn $name($($arg: $of),*) $(-> $out)? {
            // SAFETY: the conditions of the trait are the caller's.
            unsafe { $body }
        }
    )*};
}

/// Methods for 8 floats, the same with both instruction sets.
macro_rules! floats {
    () => {
        methods! {
            load(from: *const f32) -> __m256 { _mm256_loadu_ps(from) }
            store(to: *mut f32, v: __m256) { _mm256_storeu_ps(to, v) }
            splat(x: f32) -> __m256 { _mm256_set1_ps(x) }
            add(a: __m256, b: __m256) -> __m256 { _mm256_add_ps(a, b) }
            sub(a: __m256, b: __m256) -> __m256 { _mm256_sub_ps(a, b) }
            mul(a: __m256, b: __m256) -> __m256 { _mm256_mul_ps(a, b) }
            div(a: __m256, b: __m256) -> __m256 { _mm256_div_ps(a, b) }
            fma(a: __m256, b: __m256, c: __m256) -> __m256 { _mm256_fmadd_ps(a, b, c) }
            fnma(a: __m256, b: __m256, c: __m256) -> __m256 { _mm256_fnmadd_ps(a, b, c) }
            where_beyond(x: __m256, t: __m256, v: __m256) -> __m256 {{
                let size = _mm256_andnot_ps(_mm256_set1_ps(-0.0), x);
                _mm256_and_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(size, t), v)
            }}
            transpose(rows: [__m256; 8]) -> [__m256; 8] { transpose8(rows) }
        }
    };
}

/// The transpose of 8 rows: pairs of floats, then of pairs, then halves of registers.
#[inline(always)]
unsafe fn transpose8(r: [__m256; 8]) -> [__m256; 8] {
    // SAFETY: register-only instructions that the caller's processor has.
    unsafe {
        let (a, b) = (
            _mm256_unpacklo_ps(r[0], r[1]),
            _mm256_unpackhi_ps(r[0], r[1]),
        );
        let (c, d) = (
            _mm256_unpacklo_ps(r[2], r[3]),
            _mm256_unpackhi_ps(r[2], r[3]),
        );
        let (e, f) = (
            _mm256_unpacklo_ps(r[4], r[5]),
            _mm256_unpackhi_ps(r[4], r[5]),
        );
        let (g, h) = (
            _mm256_unpacklo_ps(r[6], r[7]),
            _mm256_unpackhi_ps(r[6], r[7]),
        );
        let (i, j) = (
            _mm256_shuffle_ps::<0x44>(a, c),
            _mm256_shuffle_ps::<0xee>(a, c),
        );
        let (k, l) = (
            _mm256_shuffle_ps::<0x44>(b, d),
            _mm256_shuffle_ps::<0xee>(b, d),
        );
        let (m, n) = (
            _mm256_shuffle_ps::<0x44>(e, g),
            _mm256_shuffle_ps::<0xee>(e, g),
        );
        let (o, p) = (
            _mm256_shuffle_ps::<0x44>(f, h),
            _mm256_shuffle_ps::<0xee>(f, h),
        );
        [
            _mm256_permute2f128_ps::<0x20>(i, m),
            _mm256_permute2f128_ps::<0x20>(j, n),
            _mm256_permute2f128_ps::<0x20>(k, o),
            _mm256_permute2f128_ps::<0x20>(l, p),
            _mm256_permute2f128_ps::<0x31>(i, m),
            _mm256_permute2f128_ps::<0x31>(j, n),
            _mm256_permute2f128_ps::<0x31>(k, o),
            _mm256_permute2f128_ps::<0x31>(l, p),
        ]
    }
}

impl Simd for Avx2 {
    type I = __m256i;
    type F = __m256;
    const LANES: usize = 8;

    #[inline(always)]
    unsafe fn vectorize<O: Op>(op: O) -> O::Out {
        // SAFETY: the caller's conditions.
        unsafe { go_avx2(op) }
    }

    methods! {
        iload(from: *const i32) -> __m256i { _mm256_loadu_si256(from.cast()) }
        istore(to: *mut i32, v: __m256i) { _mm256_storeu_si256(to.cast(), v) }
        isplat(x: i32) -> __m256i { _mm256_set1_epi32(x) }
        iadd(a: __m256i, b: __m256i) -> __m256i { _mm256_add_epi32(a, b) }
        iand(a: __m256i, b: __m256i) -> __m256i { _mm256_and_si256(a, b) }
        ishl(a: __m256i, bits: u32) -> __m256i {
            _mm256_sll_epi32(a, _mm_cvtsi32_si128(bits as i32))
        }
        imin(a: __m256i, b: __m256i) -> __m256i { _mm256_min_epi32(a, b) }
        imax(a: __m256i, b: __m256i) -> __m256i { _mm256_max_epi32(a, b) }
        any_less(a: __m256i, b: __m256i) -> bool {
            _mm256_movemask_epi8(_mm256_cmpgt_epi32(b, a)) != 0
        }
        sub16(a: __m256i, b: __m256i) -> __m256i { _mm256_sub_epi16(a, b) }
        squares(a: __m256i) -> __m256i { _mm256_madd_epi16(a, a) }
        low16(a: __m256i) -> __m256i { _mm256_and_si256(a, _mm256_set1_epi32(0xffff)) }
        outside(first: i32, low: i32, high: i32) -> __m256i {{
            let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let at = _mm256_add_epi32(lanes, _mm256_set1_epi32(first));
            let below = _mm256_cmpgt_epi32(_mm256_set1_epi32(low), at);
            let above = _mm256_cmpgt_epi32(at, _mm256_set1_epi32(high));
            _mm256_and_si256(_mm256_or_si256(below, above), _mm256_set1_epi32(i32::MAX))
        }}
    }
    floats!();
}

impl Simd for Avx512 {
    type I = __m512i;
    type F = __m256;
    const LANES: usize = 16;

    #[inline(always)]
    unsafe fn vectorize<O: Op>(op: O) -> O::Out {
        // SAFETY: the caller's conditions.
        unsafe { go_avx512(op) }
    }

    methods! {
        iload(from: *const i32) -> __m512i { _mm512_loadu_si512(from.cast()) }
        istore(to: *mut i32, v: __m512i) { _mm512_storeu_si512(to.cast(), v) }
        isplat(x: i32) -> __m512i { _mm512_set1_epi32(x) }
        iadd(a: __m512i, b: __m512i) -> __m512i { _mm512_add_epi32(a, b) }
        iand(a: __m512i, b: __m512i) -> __m512i { _mm512_and_si512(a, b) }
        ishl(a: __m512i, bits: u32) -> __m512i {
            _mm512_sll_epi32(a, _mm_cvtsi32_si128(bits as i32))
        }
        imin(a: __m512i, b: __m512i) -> __m512i { _mm512_min_epi32(a, b) }
        imax(a: __m512i, b: __m512i) -> __m512i { _mm512_max_epi32(a, b) }
        any_less(a: __m512i, b: __m512i) -> bool { _mm512_cmplt_epi32_mask(a, b) != 0 }
        sub16(a: __m512i, b: __m512i) -> __m512i { _mm512_sub_epi16(a, b) }
        squares(a: __m512i) -> __m512i { _mm512_madd_epi16(a, a) }
        low16(a: __m512i) -> __m512i { _mm512_and_si512(a, _mm512_set1_epi32(0xffff)) }
        outside(first: i32, low: i32, high: i32) -> __m512i {{
            let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            let at = _mm512_add_epi32(lanes, _mm512_set1_epi32(first));
            let below = _mm512_cmplt_epi32_mask(at, _mm512_set1_epi32(low));
            let above = _mm512_cmpgt_epi32_mask(at, _mm512_set1_epi32(high));
            _mm512_maskz_set1_epi32(below | above, i32::MAX)
        }}
    }
    floats!();
}
