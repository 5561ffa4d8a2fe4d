//! How are many small problems solved at once? Each in its own lane of vector registers.
//!
//! A computation is written once as the `run` of an [`Op`], generic over [`Lanes`], and compiled for each
//! instruction set by [`Lanes::vectorize`]. A value of a type that implements [`Lanes`] exists only where the
//! processor has the instructions, so that its methods are safe.

// Vector instructions and a cast of vectors to floats live here; each block says why it is sound.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(super) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(super) use avx512::Avx512;
pub(super) use portable::Portable;

/// A computation that is compiled once for each instruction set.
pub(super) trait Op<S: Lanes> {
    /// What it returns.
    type Out;

    /// Does it. Implementations must be `#[inline(always)]`, and so must what they call in turn.
    fn run(self, s: S) -> Self::Out;
}

/// Vectors of [`COUNT`](Lanes::COUNT) floats and what can be done with them, lane by lane.
///
/// # Safety
/// `V` must be nothing but `COUNT` floats: [`floats`] and [`floats_mut`] view slices of it as such.
pub(super) unsafe trait Lanes: Copy + Send + Sync + 'static {
    /// A vector.
    type V: Copy + Send + Sync;
    /// The outcome of a comparison.
    type Mask: Copy;
    /// Floats in a vector.
    const COUNT: usize;
    /// Rows and columns of a tile of accumulators that fits into the registers: 4 or 2.
    const TILE: usize;

    /// Runs `op`, compiled with this instruction set.
    fn vectorize<O: Op<Self>>(self, op: O) -> O::Out;
    /// The same number in every lane.
    fn splat(self, x: f32) -> Self::V;
    /// The first `COUNT` floats of a slice.
    ///
    /// # Panics
    /// If there are fewer.
    fn load(self, from: &[f32]) -> Self::V;
    /// `a + b`.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a - b`.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a b`.
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`.
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a b + c`.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `c - a b`.
    fn nfma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The square root.
    fn sqrt(self, a: Self::V) -> Self::V;
    /// The larger; `b` where either is NaN.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// The absolute value.
    fn abs(self, a: Self::V) -> Self::V;
    /// `a < b`; false where either is NaN.
    fn less(self, a: Self::V, b: Self::V) -> Self::Mask;
    /// `yes` where the mask holds, `no` elsewhere.
    fn select(self, mask: Self::Mask, yes: Self::V, no: Self::V) -> Self::V;
    /// Bit `l` is set where the mask holds in lane `l`.
    fn bits(self, mask: Self::Mask) -> u32;
    /// Four vectors of floats that stand together: lane `l` of vector `c` is `from[at[l] + c]`.
    ///
    /// # Panics
    /// If one of them is not there, or `at` has fewer than `COUNT` elements.
    fn gather(self, from: &[f32], at: &[usize]) -> [Self::V; 4];
    /// The other way round: `to[at[l] + c] += v[c][l]`, for as many lanes as `at` has elements, in a fixed order.
    ///
    /// # Panics
    /// If one of the places is not there.
    fn scatter_add(self, v: [Self::V; 4], to: &mut [f32], at: &[usize]);
}

/// Vectors as the floats they consist of, vector by vector.
#[inline(always)]
pub(super) fn floats<S: Lanes>(vectors: &[S::V]) -> &[f32] {
    // SAFETY: `Lanes` promises that `V` is `COUNT` floats; the alignment of a vector is that of a float or more.
    unsafe { std::slice::from_raw_parts(vectors.as_ptr().cast(), vectors.len() * S::COUNT) }
}

/// As [`floats`], to write to.
#[inline(always)]
pub(super) fn floats_mut<S: Lanes>(vectors: &mut [S::V]) -> &mut [f32] {
    // SAFETY: as in `floats`, and any floats make valid vectors.
    unsafe { std::slice::from_raw_parts_mut(vectors.as_mut_ptr().cast(), vectors.len() * S::COUNT) }
}
