//! What can be done with integers? Distances of blocks of pixels, two of 16 bits at a time.

#[cfg(target_arch = "x86_64")]
use super::{Avx2, Avx512};
use super::{Eights, Plain, Portable, Simd};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// Instruction sets with vectors of integers, and of eight floats beside them.
///
/// # Safety of all methods
/// The processor must have the instruction set. Pointers must be valid for `INTEGERS` integers; they need no alignment.
pub trait Integers: Simd {
    /// `INTEGERS` integers of 32 bits, or twice as many of 16 bits.
    type I: Copy;
    /// Its vectors of eight floats.
    type Eight: Eights;
    /// Integers in a vector, at most 16.
    const INTEGERS: usize;

    /// The integers at a pointer.
    unsafe fn iload(from: *const i32) -> Self::I;
    /// Writes all lanes.
    unsafe fn istore(to: *mut i32, v: Self::I);
    /// The same number in every lane.
    unsafe fn isplat(x: i32) -> Self::I;
    /// `a + b`.
    unsafe fn iadd(a: Self::I, b: Self::I) -> Self::I;
    /// The bits that both have.
    unsafe fn iand(a: Self::I, b: Self::I) -> Self::I;
    /// Shifted to the left.
    unsafe fn ishl(a: Self::I, bits: u32) -> Self::I;
    /// The lesser, signed.
    unsafe fn imin(a: Self::I, b: Self::I) -> Self::I;
    /// The greater, signed.
    unsafe fn imax(a: Self::I, b: Self::I) -> Self::I;
    /// Is `a < b` in any lane?
    unsafe fn any_less(a: Self::I, b: Self::I) -> bool;
    /// Differences of the halves of 16 bits.
    unsafe fn sub16(a: Self::I, b: Self::I) -> Self::I;
    /// `low² + high²` of the halves of 16 bits.
    unsafe fn squares(a: Self::I) -> Self::I;
    /// The low halves; the high ones are zero.
    unsafe fn low16(a: Self::I) -> Self::I;
    /// `i32::MAX` in lanes `l` with `first + l < low` or `first + l > high`, 0 in the others.
    unsafe fn outside(first: i32, low: i32, high: i32) -> Self::I;
}

/// Writes methods that are one expression; the caller of each vouches for the instruction set and
/// the pointers, as [`Integers`] asks.
#[cfg(target_arch = "x86_64")]
macro_rules! methods {
    ($($name:ident($($arg:ident: $of:ty),*) $(-> $out:ty)? { $body:expr })*) => {$(
        #[inline(always)]
        unsafe fn $name($($arg: $of),*) $(-> $out)? {
            // SAFETY: the conditions of the trait are the caller's.
            unsafe { $body }
        }
    )*};
}

#[cfg(target_arch = "x86_64")]
impl Integers for Avx2 {
    type I = __m256i;
    type Eight = Avx2;
    const INTEGERS: usize = 8;

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
}

#[cfg(target_arch = "x86_64")]
impl Integers for Avx512 {
    type I = __m512i;
    // Blocks have 8 columns; 16 lanes would hold two.
    type Eight = Avx2;
    const INTEGERS: usize = 16;

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
}

/// Applies a function to the lanes of two vectors.
#[inline(always)]
fn map(a: [i32; 8], b: [i32; 8], f: impl Fn(i32, i32) -> i32) -> [i32; 8] {
    std::array::from_fn(|lane| f(a[lane], b[lane]))
}

// SAFETY (all methods): only loads and stores are unsafe; the caller vouches for their pointers.
impl Integers for Portable {
    type I = [i32; 8];
    type Eight = Plain<8>;
    const INTEGERS: usize = 8;

    #[inline(always)]
    unsafe fn iload(from: *const i32) -> [i32; 8] {
        // SAFETY: see above.
        unsafe { from.cast::<[i32; 8]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn istore(to: *mut i32, v: [i32; 8]) {
        // SAFETY: see above.
        unsafe { to.cast::<[i32; 8]>().write_unaligned(v) }
    }
    #[inline(always)]
    unsafe fn isplat(x: i32) -> [i32; 8] {
        [x; 8]
    }
    #[inline(always)]
    unsafe fn iadd(a: [i32; 8], b: [i32; 8]) -> [i32; 8] {
        map(a, b, i32::wrapping_add)
    }
    #[inline(always)]
    unsafe fn iand(a: [i32; 8], b: [i32; 8]) -> [i32; 8] {
        map(a, b, |a, b| a & b)
    }
    #[inline(always)]
    unsafe fn ishl(a: [i32; 8], bits: u32) -> [i32; 8] {
        map(a, a, |a, _| a << bits)
    }
    #[inline(always)]
    unsafe fn imin(a: [i32; 8], b: [i32; 8]) -> [i32; 8] {
        map(a, b, i32::min)
    }
    #[inline(always)]
    unsafe fn imax(a: [i32; 8], b: [i32; 8]) -> [i32; 8] {
        map(a, b, i32::max)
    }
    #[inline(always)]
    unsafe fn any_less(a: [i32; 8], b: [i32; 8]) -> bool {
        let mut any = 0;
        for lane in 0..8 {
            any |= i32::from(a[lane] < b[lane]);
        }
        any != 0
    }
    #[inline(always)]
    unsafe fn sub16(a: [i32; 8], b: [i32; 8]) -> [i32; 8] {
        map(a, b, |a, b| {
            let low = (a as i16).wrapping_sub(b as i16);
            let high = ((a >> 16) as i16).wrapping_sub((b >> 16) as i16);
            i32::from(low) & 0xffff | i32::from(high) << 16
        })
    }
    #[inline(always)]
    unsafe fn squares(a: [i32; 8]) -> [i32; 8] {
        map(a, a, |a, _| {
            let (low, high) = (i32::from(a as i16), a >> 16);
            low * low + high * high
        })
    }
    #[inline(always)]
    unsafe fn low16(a: [i32; 8]) -> [i32; 8] {
        map(a, a, |a, _| a & 0xffff)
    }
    #[inline(always)]
    unsafe fn outside(first: i32, low: i32, high: i32) -> [i32; 8] {
        let lanes = [0, 1, 2, 3, 4, 5, 6, 7];
        map(lanes, lanes, |l, _| {
            let inside = (low..=high).contains(&(first + l));
            if inside { 0 } else { i32::MAX }
        })
    }
}
