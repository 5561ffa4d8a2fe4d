//! Which vector instructions does BM3D use? One trait, three implementations, chosen at run time.
//!
//! The hot loops are written once, as the `run` of an [`Op`] generic over [`Simd`];
//! [`Simd::vectorize`] compiles it for each instruction set. Two kinds of vectors are needed:
//! `LANES` integers of 32 bits, each also two of 16 bits (distances), and 8 floats (transforms).

// Vectors need intrinsics and pointers; every use says why it is sound.
#![allow(unsafe_code)]

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(super) use portable::Portable;
use timestep_kernels::Isa;
#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

/// A computation that is compiled once for each instruction set.
pub(super) trait Op {
    /// What it returns.
    type Out;

    /// Does it.
    ///
    /// # Safety
    /// The processor must have the instructions of `S`; further conditions are those of the op.
    unsafe fn run<S: Simd>(self) -> Self::Out;
}

/// Vectors and what can be done with them.
///
/// # Safety of all methods
/// The processor must have the instruction set. Pointers must be valid for `LANES` integers or 8
/// floats; they need no alignment.
pub(super) trait Simd: Copy + 'static {
    /// `LANES` integers of 32 bits, or twice as many of 16 bits.
    type I: Copy;
    /// 8 floats.
    type F: Copy;
    /// Integers in a vector, at most 16.
    const LANES: usize;

    /// Runs an op compiled with this instruction set.
    unsafe fn vectorize<O: Op>(op: O) -> O::Out;

    unsafe fn iload(from: *const i32) -> Self::I;
    unsafe fn istore(to: *mut i32, v: Self::I);
    unsafe fn isplat(x: i32) -> Self::I;
    unsafe fn iadd(a: Self::I, b: Self::I) -> Self::I;
    unsafe fn iand(a: Self::I, b: Self::I) -> Self::I;
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

    unsafe fn load(from: *const f32) -> Self::F;
    unsafe fn store(to: *mut f32, v: Self::F);
    unsafe fn splat(x: f32) -> Self::F;
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn sub(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn div(a: Self::F, b: Self::F) -> Self::F;
    /// `a b + c`, rounded once where the processor can.
    unsafe fn fma(a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// `c - a b`, rounded once where the processor can.
    unsafe fn fnma(a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// `v` where `|x| > t`, zero elsewhere.
    unsafe fn where_beyond(x: Self::F, t: Self::F, v: Self::F) -> Self::F;
    /// The transpose of 8 rows.
    unsafe fn transpose(rows: [Self::F; 8]) -> [Self::F; 8];
}

/// Sum of the 8 lanes, in their order.
///
/// # Safety
/// The processor must have the instructions of `S`.
#[inline(always)]
pub(super) unsafe fn sum<S: Simd>(v: S::F) -> f32 {
    let mut lanes = [0.0f32; 8];
    // SAFETY: 8 floats are written to an array of 8.
    unsafe { S::store(lanes.as_mut_ptr(), v) };
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

/// Can this processor run what is compiled for `isa`?
pub(super) fn usable(isa: Isa) -> bool {
    #[cfg(target_arch = "x86_64")]
    if isa == Isa::Avx512 && !is_x86_feature_detected!("avx512bw") {
        return false;
    }
    isa.available()
}

/// Runs an op with the instructions of `isa`; with none of them where they are not usable.
///
/// # Safety
/// The conditions of the op must hold.
pub(super) unsafe fn run<O: Op>(isa: Isa, op: O) -> O::Out {
    // SAFETY: the processor has the instructions; the conditions of the op are the caller's.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 if usable(isa) => Avx512::vectorize(op),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 if usable(isa) => Avx2::vectorize(op),
            _ => Portable::vectorize(op),
        }
    }
}
