//! Which loops does a filter at points consist of? Three over the columns of a group of rows: to it, through its function, back.
//!
//! All vectors of a row follow each other ([`comb`](super::comb)), rows of points are a given number of floats apart. On a
//! processor that starts one multiply-add and one addition in a cycle, sums and differences cost nothing beside the products:
//! transforms prefer them.

// An unrolled loop compares the constant 0 as any other.
#![allow(clippy::absurd_extreme_comparisons)]

use super::cubic::Cubic;
use super::micro::unroll;
use super::toom::{GROUP, Points};

/// `p x + y`, cheaper for `p = 1`.
#[inline(always)]
unsafe fn plus<S: Cubic>(p: f32, x: S::V, y: S::V) -> S::V {
    // SAFETY: registers only.
    unsafe {
        if p == 1.0 {
            S::add(x, y)
        } else {
            S::fma(S::splat(p), x, y)
        }
    }
}

/// `p x`, cheaper for 1 and 2.
#[inline(always)]
unsafe fn times<S: Cubic>(p: f32, x: S::V) -> S::V {
    // SAFETY: registers only.
    unsafe {
        if p == 1.0 {
            x
        } else if p == 2.0 {
            S::add(x, x)
        } else {
            S::mul(S::splat(p), x)
        }
    }
}

/// `p x + q y`, the product that costs more as part of a multiply-add.
#[inline(always)]
unsafe fn both<S: Cubic>(p: f32, x: S::V, q: f32, y: S::V) -> S::V {
    // SAFETY: registers only.
    unsafe {
        if q == 1.0 || (q == 2.0 && p != 1.0) {
            plus::<S>(p, x, times::<S>(q, y))
        } else {
            plus::<S>(q, y, times::<S>(p, x))
        }
    }
}

/// Adds a row filtered with `F` taps to `C` vectors: every vector that is loaded serves all taps.
///
/// # Safety
/// `from` holds `C + F - 1` vectors, `taps` is `F` long.
#[inline(always)]
unsafe fn filter_row<S: Cubic, const F: usize, const C: usize>(
    from: *const f32,
    taps: *const f32,
    sums: &mut [S::V; C],
) {
    // SAFETY: as above.
    unsafe {
        let mut w = [S::splat(0.0); F];
        for k in 0..F {
            w[k] = S::splat(*taps.add(k));
        }
        unroll!(x < C + F - 1, {
            let v = S::load(from.add(x * S::LANES));
            for k in 0..F {
                if x >= k && x - k < C {
                    sums[x - k] = S::fma(w[k], v, sums[x - k]);
                }
            }
        });
    }
}

/// `B d`: the input of a group at points, for one vector. `d` are its rows, `pitch` floats apart.
///
/// # Safety
/// All rows and points are valid for a vector.
#[inline(always)]
pub(super) unsafe fn to_points<S: Cubic, const H: usize>(
    d: *const f32,
    pitch: usize,
    to: *mut f32,
    stride: usize,
) {
    let points = const { Points::<H>::new() };
    // SAFETY: as above.
    unsafe {
        let row = |r: usize| S::load(d.add(r * pitch));
        let (mut zero, mut infinity) = (row(2 * H), row(2 * H + 1));
        for m in (0..H).rev() {
            let c = S::splat(points.all[m]);
            zero = S::fma(c, row(2 * m), zero);
            infinity = S::fma(c, row(2 * m + 1), infinity);
        }
        S::store(to, zero);
        S::store(to.add((2 * H + 1) * stride), infinity);
        for k in 0..H {
            let (mut even, mut odd) = (row(2 * H), row(2 * H - 1));
            for m in (0..H - 1).rev() {
                let q = S::splat(points.others[k][m]);
                even = S::fma(q, row(2 * m + 2), even);
                odd = S::fma(q, row(2 * m + 1), odd);
            }
            let a = points.at[k];
            S::store(to.add((1 + 2 * k) * stride), S::fma(S::splat(a), odd, even));
            S::store(
                to.add((2 + 2 * k) * stride),
                S::fma(S::splat(-a), odd, even),
            );
        }
    }
}

/// Adds `Bᵀ x`, the sums of a group, to the rows at `rows`, for one vector. `x` are the points.
///
/// # Safety
/// All rows and points are valid for a vector.
#[inline(always)]
pub(super) unsafe fn add_from_points<S: Cubic, const H: usize>(
    x: *const f32,
    stride: usize,
    rows: *mut f32,
    pitch: usize,
) {
    let points = const { Points::<H>::new() };
    // SAFETY: as above.
    unsafe {
        let point = |p: usize| S::load(x.add(p * stride));
        let (zero, infinity) = (point(0), point(2 * H + 1));
        // Rows 0 to 2 H + 1, of which there are at most 10.
        let mut sums = [S::splat(0.0); 10];
        for m in 0..=H {
            let c = S::splat(points.all[m]);
            sums[2 * m] = S::mul(c, zero);
            sums[2 * m + 1] = S::mul(c, infinity);
        }
        for k in 0..H {
            let (plus, minus) = (point(1 + 2 * k), point(2 + 2 * k));
            let even = S::add(plus, minus);
            let odd = S::mul(S::splat(points.at[k]), S::sub(plus, minus));
            for m in 0..H {
                let q = S::splat(points.others[k][m]);
                sums[2 * m + 2] = S::fma(q, even, sums[2 * m + 2]);
                sums[2 * m + 1] = S::fma(q, odd, sums[2 * m + 1]);
            }
        }
        for r in 0..2 * H + 2 {
            let to = rows.add(r * pitch);
            S::store(to, S::add(S::load(to), sums[r]));
        }
    }
}

/// First pass: `Vᵀ [(G k) ⊙ (B d)]`, the places of a group's pixels in the table, for `segment` columns. The four rows of a column follow
/// each other.
///
/// # Safety
/// `points` hold `segment + F - 1` vectors each, `places` four times `segment`.
#[inline(always)]
pub(super) unsafe fn analyse<S: Cubic, const F: usize, const H: usize>(
    points: *const f32,
    stride: usize,
    taps: *const f32,
    segment: usize,
    places: *mut f32,
) {
    // SAFETY: as above. Registers: the four rows of some columns, two points of them, a row of taps.
    unsafe {
        let mut j = 0;
        let at = |j: usize| (points.add(j * S::LANES), places.add(j * GROUP * S::LANES));
        if S::REGISTERS >= 32 {
            // Blocks of three leave a multiple of four.
            let threes = (4 - segment % 4) % 4;
            if 3 * threes <= segment {
                for _ in 0..threes {
                    let (from, to) = at(j);
                    analyse_block::<S, F, H, 3>(from, stride, taps, to);
                    j += 3;
                }
                while j < segment {
                    let (from, to) = at(j);
                    analyse_block::<S, F, H, 4>(from, stride, taps, to);
                    j += 4;
                }
            }
        } else {
            while j + 2 <= segment {
                let (from, to) = at(j);
                analyse_block::<S, F, H, 2>(from, stride, taps, to);
                j += 2;
            }
        }
        while j < segment {
            let (from, to) = at(j);
            analyse_block::<S, F, H, 1>(from, stride, taps, to);
            j += 1;
        }
    }
}

/// The same for `C` columns.
#[inline(always)]
unsafe fn analyse_block<S: Cubic, const F: usize, const H: usize, const C: usize>(
    from: *const f32,
    stride: usize,
    taps: *const f32,
    places: *mut f32,
) {
    let powers = const { Points::<H>::new().powers };
    // SAFETY: passed on to the caller.
    unsafe {
        let mut rows = [[S::splat(0.0); C]; GROUP];
        filter_row::<S, F, C>(from, taps, &mut rows[0]);
        unroll!(k < H, {
            let (mut plus, mut minus) = ([S::splat(0.0); C], [S::splat(0.0); C]);
            let p = 1 + 2 * k;
            filter_row::<S, F, C>(from.add(p * stride), taps.add(p * F), &mut plus);
            let p = 2 + 2 * k;
            filter_row::<S, F, C>(from.add(p * stride), taps.add(p * F), &mut minus);
            for c in 0..C {
                let (even, odd) = (S::add(plus[c], minus[c]), S::sub(plus[c], minus[c]));
                for r in 0..GROUP {
                    let part = if r % 2 == 0 { even } else { odd };
                    rows[r][c] = if k == 0 && r > 0 {
                        times::<S>(powers[k][r], part)
                    } else {
                        self::plus::<S>(powers[k][r], part, rows[r][c])
                    };
                }
            }
        });
        let p = 2 * H + 1;
        filter_row::<S, F, C>(from.add(p * stride), taps.add(p * F), &mut rows[GROUP - 1]);
        for c in 0..C {
            for r in 0..GROUP {
                S::store(places.add((c * GROUP + r) * S::LANES), rows[r][c]);
            }
        }
    }
}

/// Second pass: the function of `tables` at all places, and `V z` of the results. Writes over the places.
///
/// # Safety
/// As [`analyse`]; every row of `points` holds `segment` vectors.
#[inline(always)]
pub(super) unsafe fn react<S: Cubic, const H: usize>(
    tables: *const f32,
    places: *mut f32,
    segment: usize,
    points: *mut f32,
    stride: usize,
) {
    let powers = const { Points::<H>::new().powers };
    // SAFETY: as above.
    unsafe {
        for j in 0..segment {
            let z = S::four_cubics(tables, places.add(j * GROUP * S::LANES));
            let to = points.add(j * S::LANES);
            S::store(to, z[0]);
            S::store(to.add((2 * H + 1) * stride), z[GROUP - 1]);
            unroll!(k < H, {
                let even = both::<S>(powers[k][0], z[0], powers[k][2], z[2]);
                let odd = both::<S>(powers[k][1], z[1], powers[k][3], z[3]);
                S::store(to.add((1 + 2 * k) * stride), S::add(even, odd));
                S::store(to.add((2 + 2 * k) * stride), S::sub(even, odd));
            });
        }
    }
}

/// Third pass: adds `(V z) ⊙ (G k)` of one point to the sums, for `segment` columns.
///
/// # Safety
/// `from` holds `segment + F - 1` vectors, `sums` holds `segment`.
#[inline(always)]
pub(super) unsafe fn synthesise<S: Cubic, const F: usize>(
    from: *const f32,
    taps: *const f32,
    segment: usize,
    sums: *mut f32,
) {
    // SAFETY: as above.
    unsafe {
        let mut j = 0;
        let at = |j: usize| (from.add(j * S::LANES), sums.add(j * S::LANES));
        let threes = (4 - segment % 4) % 4;
        if 3 * threes <= segment {
            for _ in 0..threes {
                let (from, to) = at(j);
                add_row::<S, F, 3>(from, taps, to);
                j += 3;
            }
            if S::REGISTERS >= 32 {
                while j + 8 <= segment {
                    let (from, to) = at(j);
                    add_row::<S, F, 8>(from, taps, to);
                    j += 8;
                }
            }
            while j < segment {
                let (from, to) = at(j);
                add_row::<S, F, 4>(from, taps, to);
                j += 4;
            }
        }
        while j < segment {
            let (from, to) = at(j);
            add_row::<S, F, 1>(from, taps, to);
            j += 1;
        }
    }
}

/// The same for `C` columns.
#[inline(always)]
unsafe fn add_row<S: Cubic, const F: usize, const C: usize>(
    from: *const f32,
    taps: *const f32,
    to: *mut f32,
) {
    // SAFETY: passed on to the caller.
    unsafe {
        let mut sums = [S::splat(0.0); C];
        for c in 0..C {
            sums[c] = S::load(to.add(c * S::LANES));
        }
        filter_row::<S, F, C>(from, taps, &mut sums);
        for c in 0..C {
            S::store(to.add(c * S::LANES), sums[c]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::{PIECES, piece_at};
    use crate::simd::{Isa, MAX_LANES, Op};

    /// The function at places, four vectors at a time.
    struct Cubics<'a> {
        tables: &'a [f32],
        places: &'a mut [f32],
    }

    impl<S: Cubic> Op<S> for Cubics<'_> {
        type Out = ();

        unsafe fn run(self) {
            for four in self.places.chunks_exact_mut(4 * S::LANES) {
                // SAFETY: the caller has the instructions; four vectors.
                unsafe {
                    let z = S::four_cubics(self.tables.as_ptr(), four.as_mut_ptr());
                    for r in 0..4 {
                        S::store(four.as_mut_ptr().add(r * S::LANES), z[r]);
                    }
                }
            }
        }
    }

    #[test]
    fn a_place_has_its_value_whatever_its_neighbours_are() {
        let tables: Vec<f32> = (0..4 * PIECES)
            .map(|i| (i * 37 % 101) as f32 / 50.0 - 1.0)
            .collect();
        let hard = [
            0.0,
            -1e-9,
            -16.0,
            -16.000_002,
            15.999_999,
            16.0,
            31.0,
            31.999_998,
            32.0,
            -32.0,
            -33.5,
            1e9,
            -6_291_472.0,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NAN,
        ];
        // Vectors of easy places, of hard ones, and mixed: one hard place moves through four vectors.
        let easy = |i: usize| (i * 7919 % 3001) as f32 / 100.0 - 15.0;
        let mut places: Vec<f32> = (0..8 * MAX_LANES).map(easy).collect();
        places.extend(hard.iter().cycle().take(4 * MAX_LANES));
        for (n, place) in hard.into_iter().enumerate() {
            places.extend((0..4 * MAX_LANES).map(|i| if i == 4 * n + 1 { place } else { easy(i) }));
        }
        for isa in Isa::ALL.into_iter().filter(|isa| isa.available()) {
            let mut values = places.clone();
            // SAFETY: the processor has the instructions.
            unsafe {
                isa.run(Cubics {
                    tables: &tables,
                    places: &mut values,
                });
            }
            for (value, place) in values.iter().zip(&places) {
                let (piece, tau) = piece_at(*place);
                let c = |row: usize| tables[row * PIECES + piece];
                let right = c(3)
                    .mul_add(tau, c(2))
                    .mul_add(tau, c(1))
                    .mul_add(tau, c(0));
                assert_eq!(value.to_bits(), right.to_bits(), "{isa:?} {place}");
            }
        }
    }
}
