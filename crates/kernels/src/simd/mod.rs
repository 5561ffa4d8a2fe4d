//! Which vector instructions can a computation use? One trait, three implementations, for all crates.
//!
//! A kernel is written once, generic over [`Simd`], as the `run` of an [`Op`]; [`Simd::vectorize`]
//! compiles it with the instructions of each set. Methods are `unsafe` where they take raw
//! pointers or need instructions that the processor must have: [`Isa`] hands out an
//! implementation only after it has checked the processor.
//!
//! What only some computations need is beside it: [`Integers`] (distances of blocks), [`Eights`] (transforms of 8 floats, whatever the
//! length of a vector), [`Fours`] (many small problems, one per lane), and [`Lanes`], the same without `unsafe` for its users.

// The conditions of the methods of a trait are said once, at the trait.
#![allow(clippy::missing_safety_doc)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod eights;
mod fours;
mod integers;
mod lanes;
mod portable;

#[cfg(target_arch = "x86_64")]
pub use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub use avx512::Avx512;
pub use eights::{Eights, sum_of_eight};
pub use fours::Fours;
pub use integers::Integers;
pub use lanes::{Lanes, LanesOp, Loops, floats, floats_mut, run_loops};
pub use portable::{Plain, Portable};

/// Floats in the longest vector.
pub const MAX_LANES: usize = 16;

/// A computation that is compiled once for each instruction set.
pub trait Op<S: Simd> {
    /// What it returns.
    type Out;

    /// Does it.
    ///
    /// # Safety
    /// The processor must have the instructions of `S`; further conditions are those of the op.
    unsafe fn run(self) -> Self::Out;
}

/// A vector of `LANES` floats and what can be done with it.
///
/// # Safety
/// `V` must be nothing but `LANES` floats: [`floats`] and [`floats_mut`] view slices of it as such. Of all methods: the processor must
/// have the instruction set, and pointers must be valid for `LANES` floats (for `n` where a count is given); they need no alignment.
pub unsafe trait Simd: Copy + Send + Sync + std::fmt::Debug + 'static {
    /// A vector register.
    type V: Copy + Send + Sync;
    /// The outcome of a comparison.
    type Mask: Copy;
    /// Floats in it.
    const LANES: usize;
    /// Vector registers there are: what a micro-kernel may hold.
    const REGISTERS: usize;

    /// Runs an op compiled with this instruction set.
    unsafe fn vectorize<O: Op<Self>>(op: O) -> O::Out;

    /// The same number in every lane.
    unsafe fn splat(x: f32) -> Self::V;
    /// The floats at a pointer.
    unsafe fn load(from: *const f32) -> Self::V;
    /// Writes all lanes.
    unsafe fn store(to: *mut f32, v: Self::V);
    /// The first `n < LANES` floats; the other lanes are zero.
    unsafe fn load_n(from: *const f32, n: usize) -> Self::V;
    /// Writes the first `n < LANES` lanes.
    unsafe fn store_n(to: *mut f32, v: Self::V, n: usize);
    /// `a + b`.
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    /// `a - b`.
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    /// `a b`.
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`.
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V;
    /// `a b + c`, rounded once where the processor can.
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `c - a b`, rounded once where the processor can.
    unsafe fn fnma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The square root.
    unsafe fn sqrt(a: Self::V) -> Self::V;
    /// The larger; `b` where either is NaN.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// The absolute value.
    unsafe fn abs(a: Self::V) -> Self::V;
    /// `a < b`; false where either is NaN.
    unsafe fn less(a: Self::V, b: Self::V) -> Self::Mask;
    /// `yes` where the mask holds, `no` elsewhere.
    unsafe fn select(mask: Self::Mask, yes: Self::V, no: Self::V) -> Self::V;
    /// Bit `l` is set where the mask holds in lane `l`.
    unsafe fn bits(mask: Self::Mask) -> u32;
    /// `max(0, a)`, where NaN stays NaN.
    unsafe fn relu(a: Self::V) -> Self::V;
    /// `v` where `z > 0` or `z` is NaN, zero elsewhere: the backward pass of `relu`.
    unsafe fn where_positive(z: Self::V, v: Self::V) -> Self::V;

    /// Asks for a cache line that will be needed soon.
    unsafe fn prefetch(_at: *const f32) {}

    /// Loads a whole vector, or the first `n` floats of one.
    #[inline(always)]
    unsafe fn load_some(from: *const f32, n: usize) -> Self::V {
        // SAFETY: passed on to the caller.
        unsafe {
            if n >= Self::LANES {
                Self::load(from)
            } else {
                Self::load_n(from, n)
            }
        }
    }

    /// Stores a whole vector, or the first `n` floats of one.
    #[inline(always)]
    unsafe fn store_some(to: *mut f32, v: Self::V, n: usize) {
        // SAFETY: passed on to the caller.
        unsafe {
            if n >= Self::LANES {
                Self::store(to, v);
            } else {
                Self::store_n(to, v, n);
            }
        }
    }
}

/// An instruction set that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// 16 floats at a time, 32 registers.
    Avx512,
    /// 8 floats at a time with fused multiply-add, 16 registers.
    Avx2,
    /// Whatever the compiler makes of plain Rust.
    Portable,
}

impl Isa {
    /// All of them, fastest first.
    pub const ALL: [Isa; 3] = [Isa::Avx512, Isa::Avx2, Isa::Portable];

    /// Does this processor have it?
    #[must_use]
    pub fn available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("fma")
            }
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx512 | Isa::Avx2 => false,
            Isa::Portable => true,
        }
    }

    /// The name by which it can be asked for.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Isa::Avx512 => "avx512",
            Isa::Avx2 => "avx2",
            Isa::Portable => "portable",
        }
    }

    /// Floats in a vector.
    #[must_use]
    pub fn lanes(self) -> usize {
        match self {
            Isa::Avx512 => 16,
            Isa::Avx2 => 8,
            Isa::Portable => Portable::LANES,
        }
    }

    /// Runs an op with these instructions.
    ///
    /// # Panics
    /// If the processor lacks them.
    ///
    /// # Safety
    /// The conditions of the op must hold.
    #[inline]
    pub unsafe fn run<Out, O>(self, op: O) -> Out
    where
        O: Op<Portable, Out = Out> + OpX86<Out>,
    {
        // SAFETY: `available` was checked when the value was made usable (`Kernels::new`); the
        // conditions of the op are the caller's.
        unsafe {
            match self {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 => Avx512::vectorize(op),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => Avx2::vectorize(op),
                _ => Portable::vectorize(op),
            }
        }
    }
}

/// Ops that also run with the vector instructions of x86.
#[cfg(target_arch = "x86_64")]
pub trait OpX86<Out>: Op<Avx512, Out = Out> + Op<Avx2, Out = Out> {}
#[cfg(target_arch = "x86_64")]
impl<Out, T: Op<Avx512, Out = Out> + Op<Avx2, Out = Out>> OpX86<Out> for T {}

/// On other processors there is nothing more to ask of an op.
#[cfg(not(target_arch = "x86_64"))]
pub trait OpX86<Out> {}
#[cfg(not(target_arch = "x86_64"))]
impl<Out, T> OpX86<Out> for T {}
