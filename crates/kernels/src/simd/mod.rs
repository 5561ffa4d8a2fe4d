//! Which vector instructions can a kernel use? One trait, three implementations.
//!
//! A kernel is written once, generic over [`Simd`], as the `run` of an [`Op`]; [`Simd::vectorize`]
//! compiles it with the instructions of each set. Methods are `unsafe` where they take raw
//! pointers or need instructions that the processor must have: [`Isa`] hands out an
//! implementation only after it has checked the processor.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
pub(crate) use portable::Portable;

use crate::diffusion::{PIECES, RANGE, WIDTH, piece_at, piece_of};

/// Floats in the longest vector.
pub(crate) const MAX_LANES: usize = 16;

/// A computation that is compiled once for each instruction set.
pub(crate) trait Op<S: Simd> {
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
/// # Safety of all methods
/// The processor must have the instruction set. Pointers must be valid for `LANES` floats (for
/// `n` where a count is given); they need no alignment.
pub(crate) trait Simd: Copy + 'static {
    /// A vector register.
    type V: Copy;
    /// Floats in it.
    const LANES: usize;
    /// Vector registers there are: what a micro-kernel may hold.
    const REGISTERS: usize;

    /// Runs an op compiled with this instruction set.
    unsafe fn vectorize<O: Op<Self>>(op: O) -> O::Out;

    unsafe fn splat(x: f32) -> Self::V;
    unsafe fn load(from: *const f32) -> Self::V;
    unsafe fn store(to: *mut f32, v: Self::V);
    /// The first `n < LANES` floats; the other lanes are zero.
    unsafe fn load_n(from: *const f32, n: usize) -> Self::V;
    /// Writes the first `n < LANES` lanes.
    unsafe fn store_n(to: *mut f32, v: Self::V, n: usize);
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    /// `a b + c`.
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `max(0, a)`, where NaN stays NaN.
    unsafe fn relu(a: Self::V) -> Self::V;
    /// `v` where `z > 0` or `z` is NaN, zero elsewhere: the backward pass of `relu`.
    unsafe fn where_positive(z: Self::V, v: Self::V) -> Self::V;

    /// A piecewise cubic function at `z`: `c0 + τ (c1 + τ (c2 + τ c3))` on the piece that holds `z`.
    ///
    /// `tables` are four rows of [`PIECES`] numbers, the coefficients `c0`, `c1`, `c2`, `c3`; piece and place `τ` in it
    /// are those of [`piece_of`]. The same operations in the same order for every instruction set.
    ///
    /// # Safety
    /// `tables` holds `4 PIECES` numbers.
    #[inline(always)]
    unsafe fn cubic(tables: *const f32, z: Self::V) -> Self::V {
        // SAFETY: passed on to the caller.
        unsafe { Self::cubic_slope(tables, z, &mut [0; MAX_LANES]).0 }
    }

    /// [`cubic`](Simd::cubic) at four vectors of places, arguments divided by [`WIDTH`], which are at `places` and may be
    /// overwritten. Piece and `τ` are those of [`piece_at`].
    ///
    /// # Safety
    /// `tables` holds `4 PIECES` numbers, `places` four vectors.
    #[inline(always)]
    unsafe fn four_cubics(tables: *const f32, places: *mut f32) -> [Self::V; 4] {
        // SAFETY: passed on to the caller; a piece is one of the tables'.
        unsafe {
            for at in 0..4 * Self::LANES {
                let place = places.add(at);
                let (piece, tau) = piece_at(*place);
                let c = |row: usize| *tables.add(row * PIECES + piece);
                *place = c(3)
                    .mul_add(tau, c(2))
                    .mul_add(tau, c(1))
                    .mul_add(tau, c(0));
            }
            let result = |r: usize| Self::load(places.add(r * Self::LANES));
            [result(0), result(1), result(2), result(3)]
        }
    }

    /// [`cubic`](Simd::cubic) with the derivative with respect to `z` (zero beyond the outer knots), `τ`, and the pieces.
    ///
    /// # Safety
    /// As [`cubic`](Simd::cubic).
    #[inline(always)]
    unsafe fn cubic_slope(
        tables: *const f32,
        z: Self::V,
        pieces: &mut [u32; MAX_LANES],
    ) -> (Self::V, Self::V, Self::V) {
        let mut at = [0.0_f32; MAX_LANES];
        let (mut value, mut slope, mut taus) = (at, at, at);
        // SAFETY: the arrays hold a vector; a piece is one of the tables'.
        unsafe {
            Self::store(at.as_mut_ptr(), z);
            for lane in 0..Self::LANES {
                let (piece, tau) = piece_of(at[lane]);
                let c = |row: usize| *tables.add(row * PIECES + piece);
                let inside = at[lane].abs() < RANGE;
                value[lane] = c(3)
                    .mul_add(tau, c(2))
                    .mul_add(tau, c(1))
                    .mul_add(tau, c(0));
                let steep = (3.0 * c(3)).mul_add(tau, 2.0 * c(2)).mul_add(tau, c(1));
                slope[lane] = if inside { steep / WIDTH } else { 0.0 };
                (pieces[lane], taus[lane]) = (piece as u32, tau);
            }
            (
                Self::load(value.as_ptr()),
                Self::load(slope.as_ptr()),
                Self::load(taus.as_ptr()),
            )
        }
    }

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
    pub(crate) fn lanes(self) -> usize {
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
    pub(crate) unsafe fn run<Out, O>(self, op: O) -> Out
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
pub(crate) trait OpX86<Out>: Op<Avx512, Out = Out> + Op<Avx2, Out = Out> {}
#[cfg(target_arch = "x86_64")]
impl<Out, T: Op<Avx512, Out = Out> + Op<Avx2, Out = Out>> OpX86<Out> for T {}

/// On other processors there is nothing more to ask of an op.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) trait OpX86<Out> {}
#[cfg(not(target_arch = "x86_64"))]
impl<Out, T> OpX86<Out> for T {}
