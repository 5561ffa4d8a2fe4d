//! How are many small problems solved at once? Each in its own lane, and without `unsafe`.
//!
//! A value of [`Lanes`] exists only where the processor has the instructions, so that its methods are safe.

#[cfg(target_arch = "x86_64")]
use super::{Avx2, Avx512};
use super::{Fours, Isa, Op, Plain, Simd};
use crate::Kernels;

/// Proof that the processor has the instructions of `S`, and what can be done with its vectors, lane by lane.
#[derive(Clone, Copy, Debug)]
pub struct Lanes<S: Simd>(S);

/// A computation on lanes that is compiled once for each instruction set.
pub trait LanesOp<S: Simd> {
    /// What it returns.
    type Out;

    /// Does it. Implementations must be `#[inline(always)]`, and so must what they call in turn.
    fn run(self, s: Lanes<S>) -> Self::Out;
}

/// A computation on lanes as an [`Op`].
struct With<S: Simd, O>(Lanes<S>, O);

impl<S: Simd, O: LanesOp<S>> Op<S> for With<S, O> {
    type Out = O::Out;

    #[inline(always)]
    unsafe fn run(self) -> O::Out {
        self.1.run(self.0)
    }
}

/// Loops over numbers without vectors of their own: the compiler makes vectors of them, of the widest instructions there are.
pub trait Loops {
    /// What they return.
    type Out;

    /// Does them. Implementations must be `#[inline(always)]`, and so must what they call in turn.
    fn run(self) -> Self::Out;
}

/// Loops as an [`Op`].
struct Plainly<L>(L);

impl<S: Simd, L: Loops> Op<S> for Plainly<L> {
    type Out = L::Out;

    #[inline(always)]
    unsafe fn run(self) -> L::Out {
        self.0.run()
    }
}

/// Runs loops compiled with the instructions of `kernels`.
pub fn run_loops<L: Loops>(kernels: Kernels, loops: L) -> L::Out {
    // SAFETY: kernels have an instruction set of this processor; loops ask for nothing else.
    unsafe { kernels.isa().run(Plainly(loops)) }
}

#[cfg(target_arch = "x86_64")]
impl Lanes<Avx512> {
    /// The instruction set, if the processor has it.
    #[must_use]
    pub fn detect() -> Option<Self> {
        Isa::Avx512.available().then_some(Self(Avx512))
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes<Avx2> {
    /// The instruction set, if the processor has it.
    #[must_use]
    pub fn detect() -> Option<Self> {
        Isa::Avx2.available().then_some(Self(Avx2))
    }
}

impl<const N: usize> Lanes<Plain<N>> {
    /// What every processor has.
    #[must_use]
    pub const fn plain() -> Self {
        Self(Plain)
    }
}

impl<S: Simd> Lanes<S> {
    /// Runs `op`, compiled with this instruction set.
    #[inline(always)]
    pub fn vectorize<O: LanesOp<S>>(self, op: O) -> O::Out {
        // SAFETY: this value proves that the processor has the instructions; the operation asks for nothing else.
        unsafe { S::vectorize(With(self, op)) }
    }

    /// The first `LANES` floats of a slice.
    ///
    /// # Panics
    /// If there are fewer.
    #[inline(always)]
    #[must_use]
    pub fn load(self, from: &[f32]) -> S::V {
        let from = &from[..S::LANES];
        // SAFETY: the slice has as many floats; this value proves that the processor has the instructions.
        unsafe { S::load(from.as_ptr()) }
    }

    /// The same number in every lane.
    #[inline(always)]
    #[must_use]
    pub fn splat(self, x: f32) -> S::V {
        // SAFETY: this value proves that the processor has the instructions.
        unsafe { S::splat(x) }
    }

    /// `a + b`.
    #[inline(always)]
    #[must_use]
    pub fn add(self, a: S::V, b: S::V) -> S::V {
        // SAFETY: this value proves that the processor has the instructions.
        unsafe { S::add(a, b) }
    }

    /// `a - b`.
    #[inline(always)]
    #[must_use]
    pub fn sub(self, a: S::V, b: S::V) -> S::V {
        // SAFETY: this value proves that the processor has the instructions.
        unsafe { S::sub(a, b) }
    }

    /// `a b`.
    #[inline(always)]
    #[must_use]
    pub fn mul(self, a: S::V, b: S::V) -> S::V {
        // SAFETY: this value proves that the processor has the instructions.
        unsafe { S::mul(a, b) }
    }

    /// `a / b`.
    #[inline(always)]
    #[must_use]
    pub fn div(self, a: S::V, b: S::V) -> S::V {
        // SAFETY: this value proves that the processor has the instructions.
        unsafe { S::div(a, b) }
    }

    /// `a b + c`, rounded once where the processor can.
    #[inline(always)]
    #[must_use]
    pub fn fma(self, a: S::V, b: S::V, c: S::V) -> S::V {
        // SAFETY: this value proves that the processor has the instructions.
        unsafe { S::fma(a, b, c) }
    }

    /// `c - a b`, rounded once where the processor can.
    #[inline(always)]
    #[must_use]
    pub fn fnma(self, a: S::V, b: S::V, c: S::V) -> S::V {
        // SAFETY: this value proves that the processor has the instructions.
        unsafe { S::fnma(a, b, c) }
    }

    /// The square root.
    #[inline(always)]
    #[must_use]
    pub fn sqrt(self, a: S::V) -> S::V {
        // SAFETY: this value proves that the processor has the instructions.
        unsafe { S::sqrt(a) }
    }

    /// The larger; `b` where either is NaN.
    #[inline(always)]
    #[must_use]
    pub fn max(self, a: S::V, b: S::V) -> S::V {
        // SAFETY: this value proves that the processor has the instructions.
        unsafe { S::max(a, b) }
    }

    /// The absolute value.
    #[inline(always)]
    #[must_use]
    pub fn abs(self, a: S::V) -> S::V {
        // SAFETY: this value proves that the processor has the instructions.
        unsafe { S::abs(a) }
    }

    /// `a < b`; false where either is NaN.
    #[inline(always)]
    #[must_use]
    pub fn less(self, a: S::V, b: S::V) -> S::Mask {
        // SAFETY: this value proves that the processor has the instructions.
        unsafe { S::less(a, b) }
    }

    /// `yes` where the mask holds, `no` elsewhere.
    #[inline(always)]
    #[must_use]
    pub fn select(self, mask: S::Mask, yes: S::V, no: S::V) -> S::V {
        // SAFETY: this value proves that the processor has the instructions.
        unsafe { S::select(mask, yes, no) }
    }

    /// Bit `l` is set where the mask holds in lane `l`.
    #[inline(always)]
    #[must_use]
    pub fn bits(self, mask: S::Mask) -> u32 {
        // SAFETY: this value proves that the processor has the instructions.
        unsafe { S::bits(mask) }
    }
}

impl<S: Fours> Lanes<S> {
    /// Four vectors of floats that stand together: lane `l` of vector `c` is `from[at[l] + c]`.
    ///
    /// # Panics
    /// If one of them is not there, or `at` has fewer than `LANES` elements.
    #[inline(always)]
    #[must_use]
    pub fn gather(self, from: &[f32], at: &[usize]) -> [S::V; 4] {
        // SAFETY: this value proves that the processor has the instructions.
        unsafe { S::gather(from, at) }
    }

    /// The other way round: `to[at[l] + c] += v[c][l]`, for as many lanes as `at` has elements, in a fixed order.
    ///
    /// # Panics
    /// If one of the places is not there.
    #[inline(always)]
    pub fn scatter_add(self, v: [S::V; 4], to: &mut [f32], at: &[usize]) {
        // SAFETY: this value proves that the processor has the instructions.
        unsafe { S::scatter_add(v, to, at) }
    }
}

/// Vectors as the floats they consist of, vector by vector.
#[inline(always)]
#[must_use]
pub fn floats<S: Simd>(vectors: &[S::V]) -> &[f32] {
    // SAFETY: `Simd` promises that `V` is `LANES` floats; the alignment of a vector is that of a float or more.
    unsafe { std::slice::from_raw_parts(vectors.as_ptr().cast(), vectors.len() * S::LANES) }
}

/// As [`floats`], to write to.
#[inline(always)]
pub fn floats_mut<S: Simd>(vectors: &mut [S::V]) -> &mut [f32] {
    // SAFETY: as in `floats`, and any floats make valid vectors.
    unsafe { std::slice::from_raw_parts_mut(vectors.as_mut_ptr().cast(), vectors.len() * S::LANES) }
}
