//! How does a vector work without knowing the processor? As an array.

use super::{Op, Simd};

/// Plain Rust on `N` floats: what every processor runs, and what Miri can check.
#[derive(Clone, Copy, Debug)]
pub struct Plain<const N: usize>;

/// The usual one: 4 floats fit the smallest registers of today.
pub type Portable = Plain<4>;

/// Applies a function to the lanes of two vectors.
#[inline(always)]
fn zip<const N: usize>(a: [f32; N], b: [f32; N], f: impl Fn(f32, f32) -> f32) -> [f32; N] {
    std::array::from_fn(|i| f(a[i], b[i]))
}

/// A function of its own for every op, as for the other instruction sets: where it is called it is not compiled again.
///
/// # Safety
/// That of the op.
#[inline(never)]
unsafe fn go<const N: usize, O: Op<Plain<N>>>(op: O) -> O::Out {
    // SAFETY: the caller's.
    unsafe { op.run() }
}

// SAFETY: an array of `N` floats is nothing else. All methods: the caller vouches for the pointers, as the trait asks.
unsafe impl<const N: usize> Simd for Plain<N> {
    type V = [f32; N];
    type Mask = [bool; N];
    const LANES: usize = N;
    const REGISTERS: usize = 16;

    #[inline(always)]
    unsafe fn vectorize<O: Op<Self>>(op: O) -> O::Out {
        // SAFETY: see above.
        unsafe { go(op) }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self::V {
        [x; N]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::V {
        // SAFETY: see above; an array of floats has the alignment of a float.
        unsafe { from.cast::<Self::V>().read() }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, v: Self::V) {
        // SAFETY: see above; an array of floats has the alignment of a float.
        unsafe { to.cast::<Self::V>().write(v) }
    }

    #[inline(always)]
    unsafe fn load_n(from: *const f32, n: usize) -> Self::V {
        // SAFETY: see above; only the first `n` are read.
        std::array::from_fn(|i| if i < n { unsafe { *from.add(i) } } else { 0.0 })
    }

    #[inline(always)]
    unsafe fn store_n(to: *mut f32, v: Self::V, n: usize) {
        for (i, x) in v.iter().enumerate().take(n) {
            // SAFETY: see above; only the first `n` are written.
            unsafe { *to.add(i) = *x };
        }
    }

    #[inline(always)]
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a + b)
    }

    #[inline(always)]
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a - b)
    }

    #[inline(always)]
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a * b)
    }

    #[inline(always)]
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // Not `mul_add`: without the instruction that is a slow library call.
        std::array::from_fn(|i| a[i] * b[i] + c[i])
    }

    #[inline(always)]
    unsafe fn relu(a: Self::V) -> Self::V {
        a.map(|a| if a <= 0.0 { 0.0 } else { a })
    }

    #[inline(always)]
    unsafe fn where_positive(z: Self::V, v: Self::V) -> Self::V {
        zip(z, v, |z, v| if z <= 0.0 { 0.0 } else { v })
    }

    #[inline(always)]
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a / b)
    }

    #[inline(always)]
    unsafe fn fnma(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        std::array::from_fn(|i| c[i] - a[i] * b[i])
    }

    #[inline(always)]
    unsafe fn sqrt(a: Self::V) -> Self::V {
        a.map(f32::sqrt)
    }

    #[inline(always)]
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    unsafe fn abs(a: Self::V) -> Self::V {
        a.map(f32::abs)
    }

    #[inline(always)]
    unsafe fn less(a: Self::V, b: Self::V) -> Self::Mask {
        std::array::from_fn(|i| a[i] < b[i])
    }

    #[inline(always)]
    unsafe fn select(mask: Self::Mask, yes: Self::V, no: Self::V) -> Self::V {
        std::array::from_fn(|i| if mask[i] { yes[i] } else { no[i] })
    }

    #[inline(always)]
    unsafe fn bits(mask: Self::Mask) -> u32 {
        (0..N).fold(0, |bits, i| bits | u32::from(mask[i]) << i)
    }
}
