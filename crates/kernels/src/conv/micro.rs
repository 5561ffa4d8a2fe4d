//! Where are the multiplications done? In two register-blocked loops that every convolution uses.
//!
//! [`Tile`]: `P` pixels times `V` vectors of output channels, the sum over taps and input
//! channels in registers: forward passes, gradients of inputs, and the 36 products of a Winograd
//! transform. [`Outer`]: `R` rows times `V` vectors, the sum over pixels in registers: gradients of weights.
//! Both read one operand as broadcasts and the other as vectors, so channels must be contiguous
//! (NHWC) and weights packed ([`crate::conv::pack`]).

use crate::simd::{Op, Simd};

/// A stretch of consecutive input floats that meet consecutive rows of the packed weights.
///
/// In NHWC a row of `kernel` taps with all its channels is one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// Where it starts, relative to the pixel's first float.
    pub(crate) offset: usize,
    /// Its length in floats.
    pub(crate) len: usize,
}

/// `out[p][..] = Σ_runs Σ_k input[p·pixel + run.offset + k] · weights[k][..]`.
#[derive(Clone, Copy)]
pub(crate) struct Tile<'r> {
    /// First pixel.
    pub(crate) input: *const f32,
    /// Floats from one pixel to the next.
    pub(crate) pixel: usize,
    /// Which input floats enter.
    pub(crate) runs: &'r [Run],
    /// Packed weights, one row of `V` vectors for each float of the runs.
    pub(crate) weights: *const f32,
    /// First result.
    pub(crate) out: *mut f32,
    /// Floats from one pixel's result to the next.
    pub(crate) out_pixel: usize,
    /// Are there no sums yet? They are unknown numbers then, written without being read.
    pub(crate) fresh: bool,
    /// Do results go to memory that is in no cache, so that it should be asked for ahead?
    pub(crate) far: bool,
}

/// The same pointer, about which the compiler knows nothing.
///
/// Otherwise it keeps one pointer a pixel and advances all of them, more than there are registers.
// The pointer is not followed here: it only passes through.
#[allow(clippy::pointers_in_nomem_asm_block)]
#[inline(always)]
pub(crate) fn opaque(pointer: *const f32) -> *const f32 {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        let mut pointer = pointer;
        // SAFETY: no instruction at all.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) pointer,
                options(pure, nomem, nostack, preserves_flags));
        }
        pointer
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    pointer
}

/// A [`Tile`] of fixed extent.
struct TileOf<'r, const P: usize, const V: usize>(Tile<'r>);

impl<S: Simd, const P: usize, const V: usize> Op<S> for TileOf<'_, P, V> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        // SAFETY: pointers and extents are vouched for by the caller of `tiles`.
        unsafe {
            let t = self.0;
            let mut acc = [[S::splat(0.0); V]; P];
            if !t.fresh {
                for (p, row) in acc.iter_mut().enumerate() {
                    for (v, value) in row.iter_mut().enumerate() {
                        *value = S::load(t.out.add(p * t.out_pixel + v * S::LANES));
                    }
                }
            }
            let mut w = t.weights;
            let pixel = t.pixel;
            if t.far {
                // Where the results of the second tile from here will go.
                for p in 2 * P..3 * P {
                    for v in 0..V {
                        S::prefetch(t.out.wrapping_add(p * t.out_pixel + v * S::LANES));
                    }
                }
            }
            for run in t.runs {
                let mut a = t.input.add(run.offset);
                let end = a.add(run.len);
                while a < end {
                    let mut row = [S::splat(0.0); V];
                    for (v, value) in row.iter_mut().enumerate() {
                        *value = S::load(w.add(v * S::LANES));
                    }
                    // One base for every third pixel: an address is a base plus 0, 1 or 2 pixels.
                    let mut base = a;
                    for p in 0..P {
                        if p > 0 && p % 3 == 0 {
                            base = opaque(base.wrapping_add(3 * pixel));
                        }
                        let x = S::splat(*base.wrapping_add((p % 3) * pixel));
                        for v in 0..V {
                            acc[p][v] = S::fma(x, row[v], acc[p][v]);
                        }
                    }
                    w = w.add(V * S::LANES);
                    a = a.add(1);
                }
            }
            for (p, row) in acc.iter().enumerate() {
                for (v, value) in row.iter().enumerate() {
                    let to = t.out.add(p * t.out_pixel + v * S::LANES);
                    S::store(to, *value);
                }
            }
        }
    }
}

/// Most pixels that fit into the registers beside `vectors` vectors of weights.
const fn most(registers: usize, vectors: usize) -> usize {
    match (registers, vectors) {
        (32, 1) => 16,
        (32, _) => 14,
        (_, 1) => 8,
        _ => 4,
    }
}

/// Numbers of pixels that are compiled, largest first.
const SIZES: [usize; 9] = [16, 14, 12, 8, 7, 4, 3, 2, 1];

/// How many pixels to take next of `left`: one of [`SIZES`].
pub(crate) fn next_size(left: usize, most: usize) -> usize {
    let fits = |s: &usize| *s <= most && *s <= left;
    let even = SIZES
        .iter()
        .copied()
        .find(|s| fits(s) && *s >= 6 && left.is_multiple_of(*s));
    even.or_else(|| SIZES.iter().copied().find(fits))
        .unwrap_or(1)
}

/// Runs `pixels` pixels of a tile that is `vectors` (1 or 2) vectors wide.
///
/// # Safety
/// Every float that the formula of [`Tile`] names must be valid, `out` for writing.
#[inline(always)]
pub(crate) unsafe fn tiles<S: Simd>(tile: Tile<'_>, pixels: usize, vectors: usize) {
    debug_assert!(vectors == 1 || vectors == 2);
    let fitting = most(S::REGISTERS, vectors);
    let mut done = 0;
    while done < pixels {
        let size = next_size(pixels - done, fitting);
        // SAFETY: pixels `done .. done + size` of the caller's.
        unsafe {
            let part = Tile {
                input: tile.input.add(done * tile.pixel),
                out: tile.out.add(done * tile.out_pixel),
                ..tile
            };
            macro_rules! pick {
                ($($p:literal),*) => {
                    match (size, vectors) {
                        $(($p, 1) if const { $p <= most(S::REGISTERS, 1) } => {
                            S::vectorize(TileOf::<$p, 1>(part));
                        })*
                        $(($p, 2) if const { $p <= most(S::REGISTERS, 2) } => {
                            S::vectorize(TileOf::<$p, 2>(part));
                        })*
                        _ => unreachable!("sizes come from SIZES and fit the registers"),
                    }
                };
            }
            pick!(16, 14, 12, 8, 7, 4, 3, 2, 1);
        }
        done += size;
    }
}

/// `sums[r][..] += Σ_y Σ_x rows[y·row_pitch + x·pixel + r] · other[y·other_pitch + x·other_pixel ..]`.
#[derive(Clone, Copy)]
pub(crate) struct Outer {
    /// The operand read as broadcasts; `r` counts consecutive floats.
    pub(crate) rows: *const f32,
    /// Floats from one pixel to the next.
    pub(crate) pixel: usize,
    /// Floats from one row of pixels to the next.
    pub(crate) row_pitch: usize,
    /// The operand read as vectors.
    pub(crate) other: *const f32,
    /// Floats from one pixel to the next.
    pub(crate) other_pixel: usize,
    /// Floats from one row of pixels to the next.
    pub(crate) other_pitch: usize,
    /// Rows of pixels.
    pub(crate) height: usize,
    /// Pixels in a row.
    pub(crate) width: usize,
    /// Sums, which are added to.
    pub(crate) sums: *mut f32,
    /// Are there no sums yet? They are unknown numbers then, written without being read.
    pub(crate) fresh: bool,
    /// Floats from one row of sums to the next.
    pub(crate) sums_pitch: usize,
}

/// An [`Outer`] of fixed extent.
struct OuterOf<const R: usize, const V: usize>(Outer);

impl<S: Simd, const R: usize, const V: usize> Op<S> for OuterOf<R, V> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        // SAFETY: pointers and extents are vouched for by the caller of `outer`.
        unsafe {
            let o = self.0;
            let mut acc = [[S::splat(0.0); V]; R];
            if !o.fresh {
                for (r, row) in acc.iter_mut().enumerate() {
                    for (v, value) in row.iter_mut().enumerate() {
                        *value = S::load(o.sums.add(r * o.sums_pitch + v * S::LANES));
                    }
                }
            }
            for y in 0..o.height {
                let mut a = o.rows.add(y * o.row_pitch);
                let mut b = o.other.add(y * o.other_pitch);
                for _ in 0..o.width {
                    let mut vectors = [S::splat(0.0); V];
                    for (v, value) in vectors.iter_mut().enumerate() {
                        *value = S::load(b.add(v * S::LANES));
                    }
                    for r in 0..R {
                        let x = S::splat(*a.add(r));
                        for v in 0..V {
                            acc[r][v] = S::fma(x, vectors[v], acc[r][v]);
                        }
                    }
                    a = a.add(o.pixel);
                    b = b.add(o.other_pixel);
                }
            }
            for (r, row) in acc.iter().enumerate() {
                for (v, value) in row.iter().enumerate() {
                    S::store(o.sums.add(r * o.sums_pitch + v * S::LANES), *value);
                }
            }
        }
    }
}

/// Runs `rows` rows of sums that are `vectors` (1 or 2) vectors wide.
///
/// # Safety
/// Every float that the formula of [`Outer`] names must be valid, `sums` for writing.
#[inline(always)]
pub(crate) unsafe fn outer<S: Simd>(outer: Outer, rows: usize, vectors: usize) {
    debug_assert!(vectors == 1 || vectors == 2);
    let fitting = most(S::REGISTERS, vectors);
    let mut done = 0;
    while done < rows {
        let size = next_size(rows - done, fitting);
        // SAFETY: rows `done .. done + size` of the caller's.
        unsafe {
            let part = Outer {
                rows: outer.rows.add(done),
                sums: outer.sums.add(done * outer.sums_pitch),
                ..outer
            };
            macro_rules! pick {
                ($($r:literal),*) => {
                    match (size, vectors) {
                        $(($r, 1) if const { $r <= most(S::REGISTERS, 1) } => {
                            S::vectorize(OuterOf::<$r, 1>(part));
                        })*
                        $(($r, 2) if const { $r <= most(S::REGISTERS, 2) } => {
                            S::vectorize(OuterOf::<$r, 2>(part));
                        })*
                        _ => unreachable!("sizes come from SIZES and fit the registers"),
                    }
                };
            }
            pick!(16, 14, 12, 8, 7, 4, 3, 2, 1);
        }
        done += size;
    }
}
