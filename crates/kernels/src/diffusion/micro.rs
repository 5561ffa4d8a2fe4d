//! How is a plane filtered at the speed of the multiply-adds? In blocks of rows and vectors that stay in registers.

// An unrolled loop compares the constant 0 as any other.
#![allow(clippy::absurd_extreme_comparisons)]

use crate::simd::Simd;

/// Repeats a body for every `$i` below `$n`, at most 14, as straight-line code: a loop that the compiler does not unroll
/// would keep the sums in memory.
macro_rules! unroll {
    ($i:ident < $n:expr, $body:block) => {
        unroll!(@ $i, $n, $body, 0 1 2 3 4 5 6 7 8 9 10 11 12 13)
    };
    (@ $i:ident, $n:expr, $body:block, $($at:literal)*) => {
        $(if $at < $n {
            #[allow(non_upper_case_globals)]
            const $i: usize = $at;
            $body
        })*
    };
}

pub(super) use unroll;

/// Adds the correlation of `from` with a filter of `F × F` taps (column by column) to `R` rows of `C` vectors.
///
/// For each column of taps, every vector of input is loaded once and serves `F` rows of output.
///
/// # Safety
/// The processor has `S`; `from` points to the first pixel under the filter's first tap of `R + F - 1` rows, `pitch`
/// apart, of `C` vectors and `F - 1` more floats.
#[inline(always)]
pub(super) unsafe fn correlate<S: Simd, const F: usize, const R: usize, const C: usize>(
    from: *const f32,
    pitch: usize,
    taps: *const f32,
    sums: &mut [[S::V; C]; R],
) {
    // SAFETY: as above.
    unsafe {
        for dx in 0..F {
            let mut w = [S::splat(0.0); F];
            for dy in 0..F {
                w[dy] = S::splat(*taps.add(dx * F + dy));
            }
            unroll!(row < R + F - 1, {
                let from = from.add(row * pitch + dx);
                for c in 0..C {
                    let v = S::load(from.add(c * S::LANES));
                    for dy in 0..F {
                        if row >= dy && row - dy < R {
                            sums[row - dy][c] = S::fma(w[dy], v, sums[row - dy][c]);
                        }
                    }
                }
            });
        }
    }
}

/// What is done with finished sums of rows and vectors.
pub(super) trait Finish<S: Simd> {
    /// The sums to start from, at row `y` and column `x` of the block.
    unsafe fn start(&self, y: usize, x: usize) -> S::V;
    /// Takes finished sums: stores them, and no more, so that they leave the registers first.
    unsafe fn finish(&mut self, y: usize, x: usize, sum: S::V);
    /// A block of `rows × vectors` from row `y` and column `x` on is stored.
    #[inline(always)]
    unsafe fn stored(&mut self, _y: usize, _x: usize, _rows: usize, _vectors: usize) {}
}

/// One plane that is filtered: its first pixel under the first tap, and the taps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub(super) from: *const f32,
    pub(super) pitch: usize,
    pub(super) taps: *const f32,
}

/// Filters `height` rows of at least `width` pixels (whole vectors), the sum over `sources`, block by block.
///
/// # Safety
/// Every source and `finish` hold that much.
#[inline(always)]
pub(super) unsafe fn sweep<S: Simd, const F: usize>(
    sources: &[Source],
    (width, height): (usize, usize),
    finish: &mut impl Finish<S>,
) {
    let vectors = width.div_ceil(S::LANES);
    // SAFETY: as above. Registers: rows × vectors of sums, a column of taps, the input.
    unsafe {
        let mut y = 0;
        while y < height {
            let left = height - y;
            // Few shapes: each is compiled for every filter size, instruction set and use. Shorter ones fill the rest.
            y += if S::REGISTERS >= 32 {
                match left {
                    6.. => strip::<S, F, 6, 4>(sources, y, vectors, finish),
                    2..6 => strip::<S, F, 2, 4>(sources, y, vectors, finish),
                    _ => strip::<S, F, 1, 4>(sources, y, vectors, finish),
                }
            } else {
                match left {
                    4.. => strip::<S, F, 4, 2>(sources, y, vectors, finish),
                    _ => strip::<S, F, 1, 2>(sources, y, vectors, finish),
                }
            };
        }
    }
}

/// `R` rows, `C` vectors at a time, the rest one vector at a time; the number of rows.
#[inline(always)]
unsafe fn strip<S: Simd, const F: usize, const R: usize, const C: usize>(
    sources: &[Source],
    y: usize,
    vectors: usize,
    finish: &mut impl Finish<S>,
) -> usize {
    // SAFETY: passed on to the caller.
    unsafe {
        let mut x = 0;
        while x + C <= vectors {
            block::<S, F, R, C>(sources, y, x, finish);
            x += C;
        }
        while x < vectors {
            block::<S, F, R, 1>(sources, y, x, finish);
            x += 1;
        }
    }
    R
}

/// One block.
#[inline(always)]
unsafe fn block<S: Simd, const F: usize, const R: usize, const C: usize>(
    sources: &[Source],
    y: usize,
    x: usize,
    finish: &mut impl Finish<S>,
) {
    // SAFETY: passed on to the caller.
    unsafe {
        let mut sums = [[S::splat(0.0); C]; R];
        unroll!(r < R, {
            for c in 0..C {
                sums[r][c] = finish.start(y + r, (x + c) * S::LANES);
            }
        });
        for source in sources {
            let from = source.from.add(y * source.pitch + x * S::LANES);
            correlate::<S, F, R, C>(from, source.pitch, source.taps, &mut sums);
        }
        unroll!(r < R, {
            for c in 0..C {
                finish.finish(y + r, (x + c) * S::LANES, sums[r][c]);
            }
        });
        finish.stored(y, x * S::LANES, R, C);
    }
}
