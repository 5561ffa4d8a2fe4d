//! How do the coefficients of a block become samples? By whole numbers, with the rounding of all common decoders.
//!
//! Loeffler, Ligtenberg and Moshovitz' transform in 13 bits: columns, kept with 2 bits more, then rows. Other decoders of the
//! same precision give the same bytes.

// Plain loops over arrays become vectors; iterators of many parts are calls that are not compiled for the processor.
#![allow(clippy::needless_range_loop)]

use super::frame::Block;
use timestep_kernels::simd::{Lanes, LanesOp, Simd};

/// Bits of the constants.
const BITS: u32 = 13;
/// Bits that are kept between the passes.
const KEPT: u32 = 2;

/// A constant of the transform.
const fn fixed(x: f64) -> i32 {
    (x * (1 << BITS) as f64 + 0.5) as i32
}

/// Constants of the even rows, in the order in which they are used.
const A: [i32; 3] = [
    fixed(0.541_196_100),
    fixed(1.847_759_065),
    fixed(0.765_366_865),
];
/// Those of the odd rows.
const B: [i32; 9] = [
    fixed(1.175_875_602),
    fixed(1.961_570_560),
    fixed(0.390_180_644),
    fixed(0.899_976_223),
    fixed(2.562_915_447),
    fixed(1.501_321_110),
    fixed(3.072_711_026),
    fixed(2.053_119_869),
    fixed(0.298_631_336),
];

/// Samples of a row of blocks, with the instructions of the processor.
pub(super) struct RowOfBlocks<'a> {
    pub(super) blocks: &'a [Block],
    pub(super) table: &'a [u16; 64],
    /// Eight rows of 8 samples per block.
    pub(super) samples: &'a mut [u8],
}

impl<S: Simd> LanesOp<S> for RowOfBlocks<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self, _: Lanes<S>) {
        let stride = 8 * self.blocks.len();
        for place in 0..self.blocks.len() {
            let out = transform(&self.blocks[place], self.table);
            for row in 0..8 {
                // An array is stored at once; copying a slice is a call.
                if let Some(to) = self.samples[stride * row + 8 * place..].first_chunk_mut() {
                    *to = out[row];
                }
            }
        }
    }
}

/// The samples of one block.
#[inline(always)]
fn transform(block: &Block, table: &[u16; 64]) -> [[u8; 8]; 8] {
    let mut others = 0;
    for k in 1..64 {
        others |= block[k];
    }
    if others == 0 {
        let mean = i32::from(block[0]).wrapping_mul(i32::from(table[0]));
        let sample = (mean.wrapping_add(4 + (128 << 3)) >> 3).clamp(0, 255) as u8;
        return [[sample; 8]; 8];
    }
    let mut x = [[0_i32; 8]; 8];
    for row in 0..8 {
        for column in 0..8 {
            let at = 8 * row + column;
            x[row][column] = i32::from(block[at]).wrapping_mul(i32::from(table[at]));
        }
    }
    pass::<{ BITS - KEPT }>(&mut x, 0);
    let mut x = transposed(&x);
    // Samples are stored without sign: 128 is added, before the shift.
    pass::<{ BITS + KEPT + 3 }>(&mut x, 128 << (BITS + KEPT + 3));
    let x = transposed(&x);
    let mut out = [[0; 8]; 8];
    for row in 0..8 {
        for column in 0..8 {
            out[row][column] = x[row][column].clamp(0, 255) as u8;
        }
    }
    out
}

#[inline(always)]
fn transposed(x: &[[i32; 8]; 8]) -> [[i32; 8]; 8] {
    let mut out = [[0; 8]; 8];
    for row in 0..8 {
        for column in 0..8 {
            out[row][column] = x[column][row];
        }
    }
    out
}

/// Transforms all columns. Damaged files may hold any numbers, so sums wrap.
#[inline(always)]
fn pass<const SHIFT: u32>(x: &mut [[i32; 8]; 8], plus: i32) {
    let half = plus + (1 << (SHIFT - 1));
    for c in 0..8 {
        // The even rows.
        let both = times(add(x[2][c], x[6][c]), A[0]);
        let t2 = sub(both, times(x[6][c], A[1]));
        let t3 = add(both, times(x[2][c], A[2]));
        let t0 = add(add(x[0][c], x[4][c]) << BITS, half);
        let t1 = add(sub(x[0][c], x[4][c]) << BITS, half);
        let even = [add(t0, t3), add(t1, t2), sub(t1, t2), sub(t0, t3)];
        // The odd ones.
        let (x7, x5, x3, x1) = (x[7][c], x[5][c], x[3][c], x[1][c]);
        let z5 = times(add(add(x7, x3), add(x5, x1)), B[0]);
        let z3 = sub(z5, times(add(x7, x3), B[1]));
        let z4 = sub(z5, times(add(x5, x1), B[2]));
        let z1 = times(add(x7, x1), B[3]);
        let z2 = times(add(x5, x3), B[4]);
        let odd = [
            add(sub(times(x1, B[5]), z1), z4),
            add(sub(times(x3, B[6]), z2), z3),
            add(sub(times(x5, B[7]), z2), z4),
            add(sub(times(x7, B[8]), z1), z3),
        ];
        for k in 0..4 {
            x[k][c] = add(even[k], odd[k]) >> SHIFT;
            x[7 - k][c] = sub(even[k], odd[k]) >> SHIFT;
        }
    }
}

#[inline(always)]
fn add(a: i32, b: i32) -> i32 {
    a.wrapping_add(b)
}

#[inline(always)]
fn sub(a: i32, b: i32) -> i32 {
    a.wrapping_sub(b)
}

#[inline(always)]
fn times(a: i32, b: i32) -> i32 {
    a.wrapping_mul(b)
}
