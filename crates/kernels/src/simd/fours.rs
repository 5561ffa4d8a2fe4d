//! How are four neighbouring floats of many places brought into vectors, and back? Each place has a lane of its own.

#[cfg(target_arch = "x86_64")]
use super::{Avx2, Avx512};
use super::{Plain, Simd};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// Instruction sets that gather and scatter four floats per lane.
///
/// # Safety of all methods
/// The processor must have the instruction set.
pub trait Fours: Simd {
    /// Four vectors of floats that stand together: lane `l` of vector `c` is `from[at[l] + c]`.
    ///
    /// # Panics
    /// If one of them is not there, or `at` has fewer than `LANES` elements.
    unsafe fn gather(from: &[f32], at: &[usize]) -> [Self::V; 4];
    /// The other way round: `to[at[l] + c] += v[c][l]`, for as many lanes as `at` has elements, in a fixed order.
    ///
    /// # Panics
    /// If one of the places is not there.
    unsafe fn scatter_add(v: [Self::V; 4], to: &mut [f32], at: &[usize]);
}

// SAFETY (all methods): the caller vouches for the instruction set, as the trait asks.
#[cfg(target_arch = "x86_64")]
impl Fours for Avx2 {
    #[inline(always)]
    unsafe fn gather(from: &[f32], at: &[usize]) -> [__m256; 4] {
        // SAFETY: see above.
        let mut rows = unsafe { [_mm256_setzero_ps(); 4] };
        for (k, row) in rows.iter_mut().enumerate() {
            let (low, high) = (four(from, at[k]), four(from, at[k + 4]));
            // SAFETY: see above.
            *row = unsafe { _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(low), high) };
        }
        // SAFETY: see above.
        unsafe { transpose_256(rows) }
    }

    #[inline(always)]
    unsafe fn scatter_add(v: [__m256; 4], to: &mut [f32], at: &[usize]) {
        // SAFETY: see above.
        let rows = unsafe { transpose_256(v) };
        for (k, row) in rows.into_iter().enumerate() {
            // SAFETY: see above.
            let parts = unsafe { [_mm256_castps256_ps128(row), _mm256_extractf128_ps::<1>(row)] };
            // Longer chains of iterators are not always inlined here.
            for (n, part) in parts.iter().enumerate() {
                let Some(&at) = at.get(k + 4 * n) else { break };
                add_four(to, at, *part);
            }
        }
    }
}

// SAFETY (all methods): the caller vouches for the instruction set, as the trait asks.
#[cfg(target_arch = "x86_64")]
impl Fours for Avx512 {
    #[inline(always)]
    unsafe fn gather(from: &[f32], at: &[usize]) -> [__m512; 4] {
        // SAFETY: see above.
        let mut rows = unsafe { [_mm512_setzero_ps(); 4] };
        for (k, row) in rows.iter_mut().enumerate() {
            let quarters = [
                four(from, at[k]),
                four(from, at[k + 4]),
                four(from, at[k + 8]),
                four(from, at[k + 12]),
            ];
            // SAFETY: see above.
            *row = unsafe {
                let row = _mm512_castps128_ps512(quarters[0]);
                let row = _mm512_insertf32x4::<1>(row, quarters[1]);
                let row = _mm512_insertf32x4::<2>(row, quarters[2]);
                _mm512_insertf32x4::<3>(row, quarters[3])
            };
        }
        // SAFETY: see above.
        unsafe { transpose_512(rows) }
    }

    #[inline(always)]
    unsafe fn scatter_add(v: [__m512; 4], to: &mut [f32], at: &[usize]) {
        // SAFETY: see above.
        let rows = unsafe { transpose_512(v) };
        for (k, row) in rows.into_iter().enumerate() {
            // SAFETY: see above.
            let parts = unsafe {
                [
                    _mm512_castps512_ps128(row),
                    _mm512_extractf32x4_ps::<1>(row),
                    _mm512_extractf32x4_ps::<2>(row),
                    _mm512_extractf32x4_ps::<3>(row),
                ]
            };
            // Longer chains of iterators are not always inlined here.
            for (n, part) in parts.iter().enumerate() {
                let Some(&at) = at.get(k + 4 * n) else { break };
                add_four(to, at, *part);
            }
        }
    }
}

impl<const N: usize> Fours for Plain<N> {
    #[inline(always)]
    unsafe fn gather(from: &[f32], at: &[usize]) -> [[f32; N]; 4] {
        std::array::from_fn(|c| std::array::from_fn(|l| from[at[l] + c]))
    }

    #[inline(always)]
    unsafe fn scatter_add(v: [[f32; N]; 4], to: &mut [f32], at: &[usize]) {
        for (l, at) in at.iter().enumerate() {
            for (c, to) in to[*at..at + 4].iter_mut().enumerate() {
                *to += v[c][l];
            }
        }
    }
}

/// Adds to four floats.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn add_four(to: &mut [f32], at: usize, part: __m128) {
    let to = &mut to[at..at + 4];
    // SAFETY: the slice has 4 floats; the instructions are part of x86-64.
    unsafe {
        let sum = _mm_add_ps(_mm_loadu_ps(to.as_ptr()), part);
        _mm_storeu_ps(to.as_mut_ptr(), sum);
    }
}

#[cfg(target_arch = "x86_64")]
/// Four floats.
#[inline(always)]
fn four(from: &[f32], at: usize) -> __m128 {
    let from = &from[at..at + 4];
    // SAFETY: the slice has 4 floats; the instruction is part of x86-64.
    unsafe { _mm_loadu_ps(from.as_ptr()) }
}

#[cfg(target_arch = "x86_64")]
/// Transposes 4 × 4 floats within every 4 lanes.
#[inline(always)]
unsafe fn transpose_256(r: [__m256; 4]) -> [__m256; 4] {
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
        [
            _mm256_shuffle_ps::<0x44>(a, c),
            _mm256_shuffle_ps::<0xEE>(a, c),
            _mm256_shuffle_ps::<0x44>(b, d),
            _mm256_shuffle_ps::<0xEE>(b, d),
        ]
    }
}

#[cfg(target_arch = "x86_64")]
/// Transposes 4 × 4 floats within every 4 lanes.
#[inline(always)]
unsafe fn transpose_512(r: [__m512; 4]) -> [__m512; 4] {
    // SAFETY: register-only instructions that the caller's processor has.
    unsafe {
        let (a, b) = (
            _mm512_unpacklo_ps(r[0], r[1]),
            _mm512_unpackhi_ps(r[0], r[1]),
        );
        let (c, d) = (
            _mm512_unpacklo_ps(r[2], r[3]),
            _mm512_unpackhi_ps(r[2], r[3]),
        );
        [
            _mm512_shuffle_ps::<0x44>(a, c),
            _mm512_shuffle_ps::<0xEE>(a, c),
            _mm512_shuffle_ps::<0x44>(b, d),
            _mm512_shuffle_ps::<0xEE>(b, d),
        ]
    }
}
