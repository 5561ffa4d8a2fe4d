//! Which additions are Winograd's transforms? Six lines each, applied to columns and then to rows.
//!
//! Loops here are plain `for` loops: a closure handed to a function of the standard library would
//! not be compiled with the vector instructions.

use super::POINTS;
use crate::simd::{Op, Simd};

/// `Bᵀ d` for six values.
#[inline(always)]
unsafe fn input<S: Simd>(d: [S::V; 6]) -> [S::V; 6] {
    // SAFETY: register-only; the caller vouches for the instruction set.
    unsafe {
        let (two, four, five) = (S::splat(2.0), S::splat(4.0), S::splat(-5.0));
        let a = S::fma(S::splat(-4.0), d[2], d[4]);
        let b = S::fma(S::splat(-4.0), d[1], d[3]);
        let c = S::sub(d[4], d[2]);
        let e = S::sub(d[3], d[1]);
        [
            S::fma(four, d[0], S::fma(five, d[2], d[4])),
            S::add(a, b),
            S::sub(a, b),
            S::fma(two, e, c),
            S::fma(S::splat(-2.0), e, c),
            S::fma(four, d[1], S::fma(five, d[3], d[5])),
        ]
    }
}

/// `Aᵀ m` for six values.
#[inline(always)]
unsafe fn output<S: Simd>(m: [S::V; 6]) -> [S::V; 4] {
    // SAFETY: register-only; the caller vouches for the instruction set.
    unsafe {
        let (s1, d1) = (S::add(m[1], m[2]), S::sub(m[1], m[2]));
        let (s2, d2) = (S::add(m[3], m[4]), S::sub(m[3], m[4]));
        [
            S::add(S::add(m[0], s1), s2),
            S::fma(S::splat(2.0), d2, d1),
            S::fma(S::splat(4.0), s2, s1),
            S::add(S::fma(S::splat(8.0), d2, d1), m[5]),
        ]
    }
}

/// `A y` for four values: the adjoint of [`output`].
#[inline(always)]
unsafe fn output_adjoint<S: Simd>(y: [S::V; 4]) -> [S::V; 6] {
    // SAFETY: register-only; the caller vouches for the instruction set.
    unsafe {
        let (even, odd) = (S::add(y[0], y[2]), S::add(y[1], y[3]));
        let four = S::fma(S::splat(4.0), y[2], y[0]);
        let eight = S::fma(S::splat(8.0), y[3], S::add(y[1], y[1]));
        [
            y[0],
            S::add(even, odd),
            S::sub(even, odd),
            S::add(four, eight),
            S::sub(four, eight),
            y[3],
        ]
    }
}

/// `G g` for three values.
#[inline(always)]
unsafe fn kernel<S: Simd>(g: [S::V; 3]) -> [S::V; 6] {
    // SAFETY: register-only; the caller vouches for the instruction set.
    unsafe {
        let outer = S::add(g[0], g[2]);
        let sixth = S::splat(-1.0 / 6.0);
        let ends = S::fma(
            S::splat(1.0 / 6.0),
            g[2],
            S::mul(S::splat(1.0 / 24.0), g[0]),
        );
        let middle = S::splat(1.0 / 12.0);
        [
            S::mul(S::splat(0.25), g[0]),
            S::mul(sixth, S::add(outer, g[1])),
            S::mul(sixth, S::sub(outer, g[1])),
            S::fma(middle, g[1], ends),
            S::fma(S::splat(-1.0 / 12.0), g[1], ends),
            g[2],
        ]
    }
}

/// `Gᵀ u` for six values: the adjoint of [`kernel`].
#[inline(always)]
unsafe fn kernel_adjoint<S: Simd>(u: [S::V; 6]) -> [S::V; 3] {
    // SAFETY: register-only; the caller vouches for the instruction set.
    unsafe {
        let (s1, d1) = (S::add(u[1], u[2]), S::sub(u[2], u[1]));
        let (s2, d2) = (S::add(u[3], u[4]), S::sub(u[3], u[4]));
        let sixth = S::splat(1.0 / 6.0);
        let first = S::fma(S::splat(0.25), u[0], S::mul(S::splat(1.0 / 24.0), s2));
        [
            S::fma(S::splat(-1.0 / 6.0), s1, first),
            S::fma(sixth, d1, S::mul(S::splat(1.0 / 12.0), d2)),
            S::fma(sixth, S::sub(s2, s1), u[5]),
        ]
    }
}

/// Where a square of vectors lies.
#[derive(Clone, Copy)]
pub(super) struct Square {
    /// Floats from one row to the next.
    pub(super) row: usize,
    /// Floats from one column to the next.
    pub(super) column: usize,
}

/// `Bᵀ d B` of the 6×6 pixels at `from`, its points `stride` floats apart.
///
/// # Safety
/// All pixels and points are valid for a vector.
#[inline(always)]
unsafe fn input_square<S: Simd>(from: *const f32, at: Square, to: *mut f32, stride: usize) {
    // Two rows of the result at a time, reading pixels again where they are needed again: the
    // 36 values of a half-done tile would not fit the registers, and loads are cheaper than stores.
    // SAFETY: the caller's.
    unsafe {
        let zero = S::splat(0.0);
        let [four, five] = [S::splat(4.0), S::splat(-5.0)];
        let (mut first, mut last) = ([zero; 6], [zero; 6]);
        for x in 0..6 {
            let pixel = from.add(x * at.column);
            let [d0, d2, d4] = [
                S::load(pixel),
                S::load(pixel.add(2 * at.row)),
                S::load(pixel.add(4 * at.row)),
            ];
            first[x] = S::fma(four, d0, S::fma(five, d2, d4));
        }
        store_row::<S>(input::<S>(first), to, stride);
        let [minus_four, two, minus_two] = [S::splat(-4.0), S::splat(2.0), S::splat(-2.0)];
        for x in 0..6 {
            let pixel = from.add(x * at.column);
            let [d1, d2, d3, d4] = [
                S::load(pixel.add(at.row)),
                S::load(pixel.add(2 * at.row)),
                S::load(pixel.add(3 * at.row)),
                S::load(pixel.add(4 * at.row)),
            ];
            let (a, b) = (S::fma(minus_four, d2, d4), S::fma(minus_four, d1, d3));
            first[x] = S::add(a, b);
            last[x] = S::sub(a, b);
        }
        store_row::<S>(input::<S>(first), to.add(6 * stride), stride);
        store_row::<S>(input::<S>(last), to.add(12 * stride), stride);
        for x in 0..6 {
            let pixel = from.add(x * at.column);
            let [d1, d2, d3, d4] = [
                S::load(pixel.add(at.row)),
                S::load(pixel.add(2 * at.row)),
                S::load(pixel.add(3 * at.row)),
                S::load(pixel.add(4 * at.row)),
            ];
            let (c, e) = (S::sub(d4, d2), S::sub(d3, d1));
            first[x] = S::fma(two, e, c);
            last[x] = S::fma(minus_two, e, c);
        }
        store_row::<S>(input::<S>(first), to.add(18 * stride), stride);
        store_row::<S>(input::<S>(last), to.add(24 * stride), stride);
        for x in 0..6 {
            let pixel = from.add(x * at.column);
            let [d1, d3, d5] = [
                S::load(pixel.add(at.row)),
                S::load(pixel.add(3 * at.row)),
                S::load(pixel.add(5 * at.row)),
            ];
            last[x] = S::fma(four, d1, S::fma(five, d3, d5));
        }
        store_row::<S>(input::<S>(last), to.add(30 * stride), stride);
    }
}

/// Stores the six points of a row.
///
/// # Safety
/// All points are valid for a vector.
#[inline(always)]
unsafe fn store_row<S: Simd>(row: [S::V; 6], to: *mut f32, stride: usize) {
    for (x, value) in row.into_iter().enumerate() {
        // SAFETY: the caller's.
        unsafe { S::store(to.add(x * stride), value) };
    }
}

/// `A δ Aᵀ` of the 4×4 pixels at `from`.
///
/// # Safety
/// All pixels and points are valid for a vector.
#[inline(always)]
unsafe fn grad_square<S: Simd>(from: *const f32, at: Square, to: *mut f32, stride: usize) {
    // SAFETY: the caller's.
    unsafe {
        let zero = S::splat(0.0);
        let mut columns = [[zero; 6]; 4];
        for (x, column) in columns.iter_mut().enumerate() {
            let mut pixels = [zero; 4];
            for (y, pixel) in pixels.iter_mut().enumerate() {
                *pixel = S::load(from.add(y * at.row + x * at.column));
            }
            *column = output_adjoint::<S>(pixels);
        }
        for y in 0..6 {
            let mut pixels = [zero; 4];
            for (pixel, column) in pixels.iter_mut().zip(&columns) {
                *pixel = column[y];
            }
            let row = output_adjoint::<S>(pixels);
            for (x, value) in row.into_iter().enumerate() {
                S::store(to.add((6 * y + x) * stride), value);
            }
        }
    }
}

/// `Aᵀ m A` of the points at `from`; writes the first `rows` by `wide` of its 4×4 pixels and
/// the first `n` channels of each.
///
/// # Safety
/// All points are valid for a vector, the pixels that are written for `n` floats.
#[inline(always)]
unsafe fn output_square<S: Simd>(
    from: *const f32,
    stride: usize,
    to: *mut f32,
    at: Square,
    (rows, wide): (usize, usize),
    n: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        let zero = S::splat(0.0);
        let mut columns = [[zero; 4]; 6];
        for (x, column) in columns.iter_mut().enumerate() {
            let mut pixels = [zero; 6];
            for (y, pixel) in pixels.iter_mut().enumerate() {
                *pixel = S::load(from.add((6 * y + x) * stride));
            }
            *column = output::<S>(pixels);
        }
        if rows == 4 && wide == 4 && n == S::LANES {
            for y in 0..4 {
                let mut pixels = [zero; 6];
                for (pixel, column) in pixels.iter_mut().zip(&columns) {
                    *pixel = column[y];
                }
                let row = output::<S>(pixels);
                for (x, value) in row.into_iter().enumerate() {
                    S::store(to.add(y * at.row + x * at.column), value);
                }
            }
        } else {
            for y in 0..rows {
                let mut pixels = [zero; 6];
                for (pixel, column) in pixels.iter_mut().zip(&columns) {
                    *pixel = column[y];
                }
                let row = output::<S>(pixels);
                for (x, value) in row.into_iter().enumerate().take(wide) {
                    S::store_some(to.add(y * at.row + x * at.column), value, n);
                }
            }
        }
    }
}

/// `G g Gᵀ` of nine taps `stride_from` floats apart.
///
/// # Safety
/// All taps and points are valid for a vector.
#[inline(always)]
pub(super) unsafe fn kernel_tile<S: Simd>(
    from: *const f32,
    stride_from: usize,
    to: *mut f32,
    stride_to: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        let zero = S::splat(0.0);
        let mut columns = [[zero; 6]; 3];
        for (x, column) in columns.iter_mut().enumerate() {
            let mut pixels = [zero; 3];
            for (y, pixel) in pixels.iter_mut().enumerate() {
                *pixel = S::load(from.add((3 * y + x) * stride_from));
            }
            *column = kernel::<S>(pixels);
        }
        for y in 0..6 {
            let mut pixels = [zero; 3];
            for (pixel, column) in pixels.iter_mut().zip(&columns) {
                *pixel = column[y];
            }
            let row = kernel::<S>(pixels);
            for (x, value) in row.into_iter().enumerate() {
                S::store(to.add((6 * y + x) * stride_to), value);
            }
        }
    }
}

/// `Gᵀ u G` of 36 points.
///
/// # Safety
/// All points and taps are valid for a vector.
#[inline(always)]
pub(super) unsafe fn kernel_grad_tile<S: Simd>(
    from: *const f32,
    stride_from: usize,
    to: *mut f32,
    stride_to: usize,
) {
    const { assert!(POINTS == 36) }
    // SAFETY: the caller's.
    unsafe {
        let zero = S::splat(0.0);
        let mut columns = [[zero; 3]; 6];
        for (x, column) in columns.iter_mut().enumerate() {
            let mut pixels = [zero; 6];
            for (y, pixel) in pixels.iter_mut().enumerate() {
                *pixel = S::load(from.add((6 * y + x) * stride_from));
            }
            *column = kernel_adjoint::<S>(pixels);
        }
        for y in 0..3 {
            let mut pixels = [zero; 6];
            for (pixel, column) in pixels.iter_mut().zip(&columns) {
                *pixel = column[y];
            }
            let row = kernel_adjoint::<S>(pixels);
            for (x, value) in row.into_iter().enumerate() {
                S::store(to.add((3 * y + x) * stride_to), value);
            }
        }
    }
}

/// A transform of one tile as a function of its own.
///
/// Inside the loop over tiles the compiler would keep an address for each of the 36 points, in
/// memory, and advance all of them from tile to tile: that cost more than the transform.
macro_rules! outlined {
    ($(#[$doc:meta])* $name:ident, $op:ident, $square:ident, ($($arg:ident: $type:ty),*)) => {
        struct $op { $($arg: $type),* }

        impl<S: Simd> Op<S> for $op {
            type Out = ();

            #[inline(always)]
            unsafe fn run(self) {
                // SAFETY: the caller's.
                unsafe { $square::<S>($(self.$arg),*) }
            }
        }

        $(#[$doc])*
        #[inline(always)]
        pub(super) unsafe fn $name<S: Simd>($($arg: $type),*) {
            // SAFETY: the caller's.
            unsafe { S::vectorize($op { $($arg),* }) }
        }
    };
}

outlined!(
    /// `Bᵀ d B` of the 6×6 pixels at `from`, its points `stride` floats apart.
    ///
    /// # Safety
    /// All pixels and points are valid for a vector.
    input_tile, InputTile, input_square,
    (from: *const f32, at: Square, to: *mut f32, stride: usize)
);

outlined!(
    /// `A δ Aᵀ` of the 4×4 pixels at `from`.
    ///
    /// # Safety
    /// All pixels and points are valid for a vector.
    grad_tile, GradTile, grad_square,
    (from: *const f32, at: Square, to: *mut f32, stride: usize)
);

outlined!(
    /// `Aᵀ m A` of the points at `from`; writes the pixels of `extent` and `n` channels of each.
    ///
    /// # Safety
    /// All points are valid for a vector, the pixels that are written for `n` floats.
    output_tile, OutputTile, output_square,
    (from: *const f32, stride: usize, to: *mut f32, at: Square, extent: (usize, usize), n: usize)
);
