//! How are 8 problems solved at once? With the instructions of AVX2 and FMA.

use super::{Lanes, Op};
use std::arch::x86_64::*;

/// AVX2 and FMA; a value exists only where the processor has them.
#[derive(Clone, Copy, Debug)]
pub(in crate::wnnm) struct Avx2(());

impl Avx2 {
    /// The instruction set, if the processor has it.
    pub(in crate::wnnm) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }
}

#[target_feature(enable = "avx2,fma")]
#[inline(never)]
fn go<O: Op<Avx2>>(s: Avx2, op: O) -> O::Out {
    op.run(s)
}

// SAFETY: `__m256` is 8 floats. (All blocks: `self` proves that the processor has the instructions.)
unsafe impl Lanes for Avx2 {
    type V = __m256;
    type Mask = __m256;
    const COUNT: usize = 8;
    const TILE: usize = 2;

    #[inline(always)]
    fn vectorize<O: Op<Self>>(self, op: O) -> O::Out {
        // SAFETY: see above.
        unsafe { go(self, op) }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_set1_ps(x) }
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> __m256 {
        let from = &from[..8];
        // SAFETY: see above; the slice has 8 floats.
        unsafe { _mm256_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    fn div(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_div_ps(a, b) }
    }

    #[inline(always)]
    fn fma(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn nfma(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_fnmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn sqrt(self, a: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_sqrt_ps(a) }
    }

    #[inline(always)]
    fn max(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_max_ps(a, b) }
    }

    #[inline(always)]
    fn abs(self, a: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), a) }
    }

    #[inline(always)]
    fn less(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_cmp_ps::<_CMP_LT_OQ>(a, b) }
    }

    #[inline(always)]
    fn select(self, mask: __m256, yes: __m256, no: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_blendv_ps(no, yes, mask) }
    }

    #[inline(always)]
    fn bits(self, mask: __m256) -> u32 {
        // SAFETY: see above.
        unsafe { _mm256_movemask_ps(mask) as u32 }
    }

    #[inline(always)]
    fn gather(self, from: &[f32], at: &[usize]) -> [__m256; 4] {
        let mut rows = [self.splat(0.0); 4];
        for (k, row) in rows.iter_mut().enumerate() {
            let (low, high) = (four(from, at[k]), four(from, at[k + 4]));
            // SAFETY: see above.
            *row = unsafe { _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(low), high) };
        }
        transpose(rows)
    }

    #[inline(always)]
    fn scatter_add(self, v: [__m256; 4], to: &mut [f32], at: &[usize]) {
        for (k, row) in transpose(v).into_iter().enumerate() {
            // SAFETY: see above.
            let parts = unsafe { [_mm256_castps256_ps128(row), _mm256_extractf128_ps::<1>(row)] };
            // Longer chains of iterators are not always inlined here.
            for (n, part) in parts.iter().enumerate() {
                let Some(&at) = at.get(k + 4 * n) else { break };
                let to = &mut to[at..at + 4];
                // SAFETY: see above; the slice has 4 floats.
                unsafe {
                    let sum = _mm_add_ps(_mm_loadu_ps(to.as_ptr()), *part);
                    _mm_storeu_ps(to.as_mut_ptr(), sum);
                }
            }
        }
    }
}

/// Four floats.
#[inline(always)]
fn four(from: &[f32], at: usize) -> __m128 {
    let from = &from[at..at + 4];
    // SAFETY: the slice has 4 floats; the instruction is part of x86-64.
    unsafe { _mm_loadu_ps(from.as_ptr()) }
}

/// Transposes 4 × 4 floats within every 4 lanes; only called where the processor can.
#[inline(always)]
fn transpose(r: [__m256; 4]) -> [__m256; 4] {
    // SAFETY: the callers are methods of a value that proves that the processor has the instructions.
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
