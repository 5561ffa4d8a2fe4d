//! What can be done with eight floats, whatever the length of a vector? Transforms of blocks of 8 × 8.

#[cfg(target_arch = "x86_64")]
use super::Avx2;
use super::{Plain, Simd};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// Vectors of exactly 8 floats.
///
/// # Safety of all methods
/// That of [`Simd`].
pub trait Eights: Simd {
    /// `v` where `|x| > t`, zero elsewhere.
    unsafe fn where_beyond(x: Self::V, t: Self::V, v: Self::V) -> Self::V;
    /// The transpose of 8 rows.
    unsafe fn transpose(rows: [Self::V; 8]) -> [Self::V; 8];
}

/// Sum of 8 lanes, in a fixed order.
///
/// # Safety
/// The processor must have the instructions of `S`.
#[inline(always)]
pub unsafe fn sum_of_eight<S: Eights>(v: S::V) -> f32 {
    let mut lanes = [0.0f32; 8];
    // SAFETY: 8 floats are written to an array of 8.
    unsafe { S::store(lanes.as_mut_ptr(), v) };
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

#[cfg(target_arch = "x86_64")]
impl Eights for Avx2 {
    #[inline(always)]
    unsafe fn where_beyond(x: __m256, t: __m256, v: __m256) -> __m256 {
        // SAFETY: register-only instructions that the caller's processor has.
        unsafe {
            let size = _mm256_andnot_ps(_mm256_set1_ps(-0.0), x);
            _mm256_and_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(size, t), v)
        }
    }

    #[inline(always)]
    unsafe fn transpose(rows: [__m256; 8]) -> [__m256; 8] {
        // SAFETY: the caller's.
        unsafe { transpose8(rows) }
    }
}

impl Eights for Plain<8> {
    #[inline(always)]
    unsafe fn where_beyond(x: [f32; 8], t: [f32; 8], v: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|i| if x[i].abs() > t[i] { v[i] } else { 0.0 })
    }

    #[inline(always)]
    unsafe fn transpose(rows: [[f32; 8]; 8]) -> [[f32; 8]; 8] {
        std::array::from_fn(|i| std::array::from_fn(|j| rows[j][i]))
    }
}

/// The transpose of 8 rows: pairs of floats, then of pairs, then halves of registers.
#[cfg(target_arch = "x86_64")]
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
