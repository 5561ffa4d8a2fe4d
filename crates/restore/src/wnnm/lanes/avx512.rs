//! How are 16 problems solved at once? With the instructions of AVX-512F.

use super::{Lanes, Op};
use std::arch::x86_64::*;

/// AVX-512F; a value exists only where the processor has them.
#[derive(Clone, Copy, Debug)]
pub(in crate::wnnm) struct Avx512(());

impl Avx512 {
    /// The instruction set, if the processor has it.
    pub(in crate::wnnm) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma"))
        .then_some(Self(()))
    }
}

#[target_feature(enable = "avx512f,avx2,fma")]
#[inline(never)]
fn go<O: Op<Avx512>>(s: Avx512, op: O) -> O::Out {
    op.run(s)
}

// SAFETY: `__m512` is 16 floats. (All blocks: `self` proves that the processor has the instructions.)
unsafe impl Lanes for Avx512 {
    type V = __m512;
    type Mask = __mmask16;
    const COUNT: usize = 16;
    const TILE: usize = 4;

    #[inline(always)]
    fn vectorize<O: Op<Self>>(self, op: O) -> O::Out {
        // SAFETY: see above.
        unsafe { go(self, op) }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> __m512 {
        let from = &from[..16];
        // SAFETY: see above; the slice has 16 floats.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_div_ps(a, b) }
    }

    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn nfma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_fnmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn sqrt(self, a: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_sqrt_ps(a) }
    }

    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_max_ps(a, b) }
    }

    #[inline(always)]
    fn abs(self, a: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_abs_ps(a) }
    }

    #[inline(always)]
    fn less(self, a: __m512, b: __m512) -> __mmask16 {
        // SAFETY: see above.
        unsafe { _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b) }
    }

    #[inline(always)]
    fn select(self, mask: __mmask16, yes: __m512, no: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_mask_blend_ps(mask, no, yes) }
    }

    #[inline(always)]
    fn bits(self, mask: __mmask16) -> u32 {
        u32::from(mask)
    }

    #[inline(always)]
    fn gather(self, from: &[f32], at: &[usize]) -> [__m512; 4] {
        let mut rows = [self.splat(0.0); 4];
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
        transpose(rows)
    }

    #[inline(always)]
    fn scatter_add(self, v: [__m512; 4], to: &mut [f32], at: &[usize]) {
        for (k, row) in transpose(v).into_iter().enumerate() {
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
fn transpose(r: [__m512; 4]) -> [__m512; 4] {
    // SAFETY: the callers are methods of a value that proves that the processor has the instructions.
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
