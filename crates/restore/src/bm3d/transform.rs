//! How is a block transformed? By Bior1.5 or the DCT on 8×8 pixels, by the DCT on 11×11.
//!
//! Coefficients are kept in rows of 8 or 16 floats. Those of 8×8 blocks are transposed: both
//! passes then work on columns, 8 at once, with one transposition between them.

#![allow(unsafe_code)] // Vectors are loaded and stored through pointers.

use timestep_kernels::simd::Eights;

/// A separable transform of square blocks.
pub(super) trait Transform: Sync {
    /// Rows and columns.
    const BLOCK: usize;
    /// Floats of the coefficients of a block; those that mean nothing are 0.
    const FLOATS: usize;

    /// Writes the coefficients of the block whose first pixel is at `from`.
    ///
    /// # Safety
    /// The processor must have the instructions of `S`. `BLOCK` rows of `FLOATS / BLOCK` floats,
    /// `stride` apart, must be readable; `FLOATS` floats writable at `to`.
    unsafe fn forward<S: Eights>(&self, from: *const f32, stride: usize, to: *mut f32);

    /// Adds `weights · block` to the pixels at `to`, the block being that of the coefficients.
    ///
    /// # Safety
    /// As of [`Transform::forward`]; `FLOATS` coefficients and weights must be readable.
    unsafe fn inverse_add<S: Eights>(
        &self,
        from: *const f32,
        weights: *const f32,
        to: *mut f32,
        stride: usize,
    );
}

/// A transform of 8 numbers, on 8 columns at once.
trait Eight: Sync {
    unsafe fn ahead<S: Eights>(x: [S::V; 8]) -> [S::V; 8];
    unsafe fn back<S: Eights>(y: [S::V; 8]) -> [S::V; 8];
}

impl<T: Eight> Transform for T {
    const BLOCK: usize = 8;
    const FLOATS: usize = 64;

    #[inline(always)]
    unsafe fn forward<S: Eights>(&self, from: *const f32, stride: usize, to: *mut f32) {
        // SAFETY: the caller's conditions.
        unsafe {
            let mut rows = [S::splat(0.0); 8];
            for (i, row) in rows.iter_mut().enumerate() {
                *row = S::load(from.add(i * stride));
            }
            let rows = T::ahead::<S>(S::transpose(T::ahead::<S>(rows)));
            for (i, row) in rows.into_iter().enumerate() {
                S::store(to.add(i * 8), row);
            }
        }
    }

    #[inline(always)]
    unsafe fn inverse_add<S: Eights>(
        &self,
        from: *const f32,
        weights: *const f32,
        to: *mut f32,
        stride: usize,
    ) {
        // SAFETY: the caller's conditions.
        unsafe {
            let mut rows = [S::splat(0.0); 8];
            for (i, row) in rows.iter_mut().enumerate() {
                *row = S::load(from.add(i * 8));
            }
            let rows = T::back::<S>(S::transpose(T::back::<S>(rows)));
            for (i, row) in rows.into_iter().enumerate() {
                let at = to.add(i * stride);
                S::store(at, S::fma(row, S::load(weights.add(i * 8)), S::load(at)));
            }
        }
    }
}

/// The biorthogonal wavelet Bior1.5, three levels, periodic; rows of unit norm, inverse exact.
///
/// With `s_i = x_2i + x_2i+1` and `d_i = x_2i - x_2i+1` the rows are the mean, two levels of
/// differences of `s` corrected by `d`, and the four `d` themselves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bior;

/// Entries of row 1 of the matrix.
const A: (f32, f32) = (0.219_418, 0.449_284);
/// Entries of rows 2 and 3.
const P: (f32, f32, f32) = (0.569_359, 0.402_347, 0.083_506);
const SQRT_EIGHTH: f32 = 0.353_553_4;
const SQRT_HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// The same rows in terms of `s` and `d`.
const A_S: f32 = (A.1 + A.0) / 2.0;
const A_D: f32 = (A.0 - A.1) / 2.0;
const P_S: f32 = (P.0 + P.1) / 2.0;
const P_D: f32 = (P.0 - P.1) / 2.0;

impl Eight for Bior {
    #[inline(always)]
    unsafe fn ahead<S: Eights>(x: [S::V; 8]) -> [S::V; 8] {
        // SAFETY: arithmetic in registers, with instructions that the caller vouches for.
        unsafe {
            let s = [
                S::add(x[0], x[1]),
                S::add(x[2], x[3]),
                S::add(x[4], x[5]),
                S::add(x[6], x[7]),
            ];
            let d = [
                S::sub(x[0], x[1]),
                S::sub(x[2], x[3]),
                S::sub(x[4], x[5]),
                S::sub(x[6], x[7]),
            ];
            let (s01, s23) = (S::add(s[0], s[1]), S::add(s[2], s[3]));
            let (d01, d23) = (S::add(d[0], d[1]), S::add(d[2], d[3]));
            let bent = S::sub(S::sub(d[0], d[1]), S::sub(d[2], d[3]));
            let half = S::splat(SQRT_HALF);
            let (p_s, p_d, p_r) = (S::splat(P_S), S::splat(P_D), S::splat(P.2));
            let row1 = S::mul(S::sub(s01, s23), S::splat(A_S));
            let row2 = S::fma(S::sub(s[0], s[1]), p_s, S::mul(d01, p_d));
            let row3 = S::fma(S::sub(s[2], s[3]), p_s, S::mul(d23, p_d));
            [
                S::mul(S::add(s01, s23), S::splat(SQRT_EIGHTH)),
                S::fma(bent, S::splat(A_D), row1),
                S::fnma(d23, p_r, row2),
                S::fnma(d01, p_r, row3),
                S::mul(d[0], half),
                S::mul(d[1], half),
                S::mul(d[2], half),
                S::mul(d[3], half),
            ]
        }
    }

    #[inline(always)]
    unsafe fn back<S: Eights>(y: [S::V; 8]) -> [S::V; 8] {
        // SAFETY: arithmetic in registers, with instructions that the caller vouches for.
        unsafe {
            // Every sum or difference of s and d is halved here: half of (s + d) is a pixel.
            let half_d = S::splat(SQRT_HALF);
            let d = [
                S::mul(y[4], half_d),
                S::mul(y[5], half_d),
                S::mul(y[6], half_d),
                S::mul(y[7], half_d),
            ];
            let (d01, d23) = (S::add(d[0], d[1]), S::add(d[2], d[3]));
            let bent = S::sub(S::sub(d[0], d[1]), S::sub(d[2], d[3]));
            // s0 + s1 + s2 + s3, then half of it; likewise the differences.
            let all = S::mul(y[0], S::splat(0.25 / SQRT_EIGHTH));
            let a = S::mul(
                S::fnma(bent, S::splat(2.0 * A_D), y[1]),
                S::splat(0.25 / A_S),
            );
            let (s01, s23) = (S::add(all, a), S::sub(all, a));
            let (p_d, p_r) = (S::splat(2.0 * P_D), S::splat(2.0 * P.2));
            let by = S::splat(0.25 / P_S);
            let b = S::mul(S::fma(d23, p_r, S::fnma(d01, p_d, y[2])), by);
            let c = S::mul(S::fma(d01, p_r, S::fnma(d23, p_d, y[3])), by);
            let half = S::splat(0.5);
            let s = [
                S::fma(s01, half, b),
                S::sub(S::mul(s01, half), b),
                S::fma(s23, half, c),
                S::sub(S::mul(s23, half), c),
            ];
            [
                S::add(s[0], d[0]),
                S::sub(s[0], d[0]),
                S::add(s[1], d[1]),
                S::sub(s[1], d[1]),
                S::add(s[2], d[2]),
                S::sub(s[2], d[2]),
                S::add(s[3], d[3]),
                S::sub(s[3], d[3]),
            ]
        }
    }
}

/// The orthonormal discrete cosine transform (type II) of 8 numbers, even and odd rows apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dct8;

/// Halves of `cos(k π / 16)`.
const C1: f32 = 0.490_392_64;
const C2: f32 = 0.461_939_77;
const C3: f32 = 0.415_734_8;
const C5: f32 = 0.277_785_12;
const C6: f32 = 0.191_341_72;
const C7: f32 = 0.097_545_16;

impl Eight for Dct8 {
    #[inline(always)]
    unsafe fn ahead<S: Eights>(x: [S::V; 8]) -> [S::V; 8] {
        // SAFETY: arithmetic in registers, with instructions that the caller vouches for.
        unsafe {
            let (s0, d0) = (S::add(x[0], x[7]), S::sub(x[0], x[7]));
            let (s1, d1) = (S::add(x[1], x[6]), S::sub(x[1], x[6]));
            let (s2, d2) = (S::add(x[2], x[5]), S::sub(x[2], x[5]));
            let (s3, d3) = (S::add(x[3], x[4]), S::sub(x[3], x[4]));
            let (t0, u0) = (S::add(s0, s3), S::sub(s0, s3));
            let (t1, u1) = (S::add(s1, s2), S::sub(s1, s2));
            let dot = |a: f32, b: f32, c: f32, d: f32| {
                let first = S::fma(d1, S::splat(b), S::mul(d0, S::splat(a)));
                S::fma(d3, S::splat(d), S::fma(d2, S::splat(c), first))
            };
            let eighth = S::splat(SQRT_EIGHTH);
            [
                S::mul(S::add(t0, t1), eighth),
                dot(C1, C3, C5, C7),
                S::fma(u1, S::splat(C6), S::mul(u0, S::splat(C2))),
                dot(C3, -C7, -C1, -C5),
                S::mul(S::sub(t0, t1), eighth),
                dot(C5, -C1, C7, C3),
                S::fma(u1, S::splat(-C2), S::mul(u0, S::splat(C6))),
                dot(C7, -C5, C3, -C1),
            ]
        }
    }

    #[inline(always)]
    unsafe fn back<S: Eights>(y: [S::V; 8]) -> [S::V; 8] {
        // SAFETY: arithmetic in registers, with instructions that the caller vouches for.
        unsafe {
            let eighth = S::splat(SQRT_EIGHTH);
            let e0 = S::mul(S::add(y[0], y[4]), eighth);
            let e1 = S::mul(S::sub(y[0], y[4]), eighth);
            let f0 = S::fma(y[6], S::splat(C6), S::mul(y[2], S::splat(C2)));
            let f1 = S::fma(y[6], S::splat(-C2), S::mul(y[2], S::splat(C6)));
            let even = [
                S::add(e0, f0),
                S::add(e1, f1),
                S::sub(e1, f1),
                S::sub(e0, f0),
            ];
            let dot = |a: f32, b: f32, c: f32, d: f32| {
                let first = S::fma(y[3], S::splat(b), S::mul(y[1], S::splat(a)));
                S::fma(y[7], S::splat(d), S::fma(y[5], S::splat(c), first))
            };
            let odd = [
                dot(C1, C3, C5, C7),
                dot(C3, -C7, -C1, -C5),
                dot(C5, -C1, C7, C3),
                dot(C7, -C5, C3, -C1),
            ];
            [
                S::add(even[0], odd[0]),
                S::add(even[1], odd[1]),
                S::add(even[2], odd[2]),
                S::add(even[3], odd[3]),
                S::sub(even[3], odd[3]),
                S::sub(even[2], odd[2]),
                S::sub(even[1], odd[1]),
                S::sub(even[0], odd[0]),
            ]
        }
    }
}

/// The orthonormal DCT of 11×11 blocks, by products with its matrix; rows are 16 floats, 5 of them 0.
#[derive(Clone, Debug)]
pub(super) struct Dct11 {
    /// `matrix[u][x]`: row `u` of the transform; padded with zeros.
    matrix: [[f32; 16]; 11],
    /// Its transpose, the inverse.
    inverse: [[f32; 16]; 11],
}

impl Dct11 {
    /// Computes the matrix.
    pub(super) fn new() -> Self {
        let (mut matrix, mut inverse) = ([[0.0; 16]; 11], [[0.0; 16]; 11]);
        for u in 0..11 {
            for x in 0..11 {
                let scale = if u == 0 { 1.0f64 } else { 2.0 } / 11.0;
                let angle = (2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 22.0;
                let value = (scale.sqrt() * angle.cos()) as f32;
                matrix[u][x] = value;
                inverse[x][u] = value;
            }
        }
        Self { matrix, inverse }
    }
}

/// `left · right` for 11 rows, the left one with `stride` floats a row, both with 11 columns that count.
///
/// # Safety
/// 11 rows of 11 floats must be readable at `left`; the processor must have the instructions of `S`.
#[inline(always)]
unsafe fn product<S: Eights>(
    left: *const f32,
    stride: usize,
    right: &[[f32; 16]; 11],
    mut row: impl FnMut(usize, [S::V; 2]),
) {
    // SAFETY: the caller's conditions; rows of `right` hold 16 floats.
    unsafe {
        for i in 0..11 {
            let mut sum = [S::splat(0.0); 2];
            for (k, r) in right.iter().enumerate() {
                let by = S::splat(*left.add(i * stride + k));
                sum[0] = S::fma(by, S::load(r.as_ptr()), sum[0]);
                sum[1] = S::fma(by, S::load(r.as_ptr().add(8)), sum[1]);
            }
            row(i, sum);
        }
    }
}

impl Transform for Dct11 {
    const BLOCK: usize = 11;
    const FLOATS: usize = 11 * 16;

    #[inline(always)]
    unsafe fn forward<S: Eights>(&self, from: *const f32, stride: usize, to: *mut f32) {
        let mut half = [[0.0f32; 16]; 11];
        // SAFETY: the caller's conditions; `half` holds 11 rows of 16 floats.
        unsafe {
            product::<S>(from, stride, &self.inverse, |i, [a, b]| {
                S::store(half[i].as_mut_ptr(), a);
                S::store(half[i].as_mut_ptr().add(8), b);
            });
            product::<S>(self.matrix[0].as_ptr(), 16, &half, |i, [a, b]| {
                S::store(to.add(i * 16), a);
                S::store(to.add(i * 16 + 8), b);
            });
        }
    }

    #[inline(always)]
    unsafe fn inverse_add<S: Eights>(
        &self,
        from: *const f32,
        weights: *const f32,
        to: *mut f32,
        stride: usize,
    ) {
        let mut half = [[0.0f32; 16]; 11];
        // SAFETY: the caller's conditions; `half` holds 11 rows of 16 floats. Columns from 11 on
        // add zero to pixels that the caller made writable.
        unsafe {
            product::<S>(from, 16, &self.matrix, |i, [a, b]| {
                S::store(half[i].as_mut_ptr(), a);
                S::store(half[i].as_mut_ptr().add(8), b);
            });
            product::<S>(self.inverse[0].as_ptr(), 16, &half, |i, block| {
                for (c, v) in block.into_iter().enumerate() {
                    let at = to.add(i * stride + 8 * c);
                    let weight = S::load(weights.add(i * 16 + 8 * c));
                    S::store(at, S::fma(v, weight, S::load(at)));
                }
            });
        }
    }
}
