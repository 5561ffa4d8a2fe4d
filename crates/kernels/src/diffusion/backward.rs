//! What are the gradients of a step of diffusion? Those of its input, filters and functions, for one plane on one thread.
//!
//! With `E = ∂ℓ/∂g` extended by zeros, `v_i = k_i ⋆ ũ`, `t_i = k_i ⋆ E`, `s_i = t_i φ_i'(v_i)`:
//!
//! ```text
//! ∂ℓ/∂k_i(d) = Σ_y s_i(y) ũ(y+d) + φ_i(v_i(y)) E(y+d)
//! ∂ℓ/∂c      = Σ_y t_i(y) (1, τ, τ², τ³)        over the pixels of each piece
//! ∂ℓ/∂ũ      = Σ_i k̄_i * s_i                     whose border folds back into the plane
//! ```
//!
//! `v_i` is computed again: only the input of a step is kept.

use super::cubic::Cubic;
use super::direct::Add;
use super::micro::{Finish, Source, sweep};
use super::tile::{Border, Tile, extend, fold, pitch, zeroed};
use super::{Bank, PIECES};
use crate::kernels::Kernels;
use crate::scratch::{Arena, Scratch};
use crate::simd::{MAX_LANES, Op};

/// Sums of one piece of a table that are kept apart, so that neighbouring pixels of one piece need not wait for each
/// other.
const COPIES: usize = 4;

/// Gradients of a [`Bank`], added up over planes.
#[derive(Clone, Debug)]
pub struct BankGrads {
    /// Of the filters, row by row, as [`Bank::new`] takes them.
    pub filters: Vec<f64>,
    /// Of the tables, as [`Bank::new`] takes them.
    pub tables: Vec<f64>,
}

impl BankGrads {
    /// Zeros for a bank.
    #[must_use]
    pub fn zeros(bank: &Bank) -> Self {
        Self {
            filters: vec![0.0; bank.count * bank.size * bank.size],
            tables: vec![0.0; bank.count * 4 * PIECES],
        }
    }
}

/// The backward pass of `g`.
struct Back<'a> {
    bank: &'a Bank,
    u: &'a [f32],
    e: &'a [f32],
    size: (usize, usize),
    border: Border,
    grads: &'a mut BankGrads,
    to_u: Option<&'a mut [f32]>,
}

/// Finished sums as they are.
struct Keep {
    to: *mut f32,
    pitch: usize,
}

impl<S: Cubic> Finish<S> for Keep {
    #[inline(always)]
    unsafe fn start(&self, _y: usize, _x: usize) -> S::V {
        // SAFETY: registers only.
        unsafe { S::splat(0.0) }
    }

    #[inline(always)]
    unsafe fn finish(&mut self, y: usize, x: usize, sum: S::V) {
        // SAFETY: the map has rows of whole vectors.
        unsafe { S::store(self.to.add(y * self.pitch + x), sum) }
    }
}

impl Back<'_> {
    /// Lengths of the scratch: `ũ`, `E`, `∂ℓ/∂ũ`; `v` and `t`, which become `φ(v)` and nothing; `s` with zeros around it.
    fn lengths(&self) -> [usize; 6] {
        let (w, h) = self.size;
        let reach = self.bank.reach();
        let wide = (h + 2 * reach) * pitch(w + 2 * reach) + pitch(0);
        let map = (h + reach) * pitch(w + reach) + pitch(0);
        let framed = (h + 3 * reach) * pitch(w + 3 * reach) + pitch(0);
        [wide, wide, wide, map, map, framed]
    }

    /// # Safety
    /// The processor has `S`.
    #[inline(always)]
    unsafe fn go<S: Cubic, const F: usize>(self, mut scratch: Scratch<'_>) {
        let (w, h) = self.size;
        let (reach, area) = (F - 1, F * F);
        let lengths = self.lengths();
        let wide = scratch.take(lengths[0]);
        let e = zeroed(&mut scratch, lengths[1]);
        let to_wide = zeroed(&mut scratch, lengths[2]);
        let v = zeroed(&mut scratch, lengths[3]);
        let t = zeroed(&mut scratch, lengths[4]);
        let s = zeroed(&mut scratch, lengths[5]);
        let whole = Tile {
            left: 0,
            top: 0,
            width: w,
            height: h,
        };
        extend(self.u, self.size, self.border, whole, reach, wide);
        let wide_pitch = pitch(w + 2 * reach);
        for y in 0..h {
            let at = (y + reach) * wide_pitch + reach;
            e[at..at + w].copy_from_slice(&self.e[y * w..(y + 1) * w]);
        }
        let (map_w, map_h) = (w + reach, h + reach);
        let (map_pitch, framed_pitch) = (pitch(map_w), pitch(w + 3 * reach));
        let bank = self.bank;
        // SAFETY: scratch rows hold whole vectors and what filters reach beyond.
        unsafe {
            for i in 0..bank.count {
                for (from, to) in [(&*wide, &mut *v), (&*e, &mut *t)] {
                    let source = Source {
                        from: from.as_ptr(),
                        pitch: wide_pitch,
                        taps: bank.taps.as_ptr().add(i * area),
                    };
                    let mut keep = Keep {
                        to: to.as_mut_ptr(),
                        pitch: map_pitch,
                    };
                    sweep::<S, F>(&[source], (map_w, map_h), &mut keep);
                }
                let tables = bank.tables.as_ptr().add(i * 4 * PIECES);
                let mut histogram = Histogram::new();
                for y in 0..map_h {
                    let row = y * map_pitch;
                    let framed = (y + reach) * framed_pitch + reach;
                    elements::<S>(
                        tables,
                        v.as_mut_ptr().add(row),
                        t.as_ptr().add(row),
                        s.as_mut_ptr().add(framed),
                        map_w,
                        &mut histogram,
                    );
                }
                let at = i * 4 * PIECES;
                histogram.add_to(&mut self.grads.tables[at..at + 4 * PIECES]);
                let filters = &mut self.grads.filters[i * area..(i + 1) * area];
                let inner = s.as_ptr().add(reach * framed_pitch + reach);
                let shape = (map_w, map_h);
                products::<S, F>(
                    inner,
                    framed_pitch,
                    wide.as_ptr(),
                    wide_pitch,
                    shape,
                    filters,
                );
                products::<S, F>(
                    v.as_ptr(),
                    map_pitch,
                    e.as_ptr(),
                    wide_pitch,
                    shape,
                    filters,
                );
                if self.to_u.is_none() {
                    continue;
                }
                let source = Source {
                    from: s.as_ptr(),
                    pitch: framed_pitch,
                    taps: bank.turned.as_ptr().add(i * area),
                };
                let mut add = Add {
                    to: to_wide.as_mut_ptr(),
                    pitch: wide_pitch,
                };
                sweep::<S, F>(&[source], (w + 2 * reach, h + 2 * reach), &mut add);
            }
        }
        if let Some(to_u) = self.to_u {
            fold(to_wide, self.size, self.border, reach, to_u);
        }
    }
}

impl<S: Cubic> Op<S> for Back<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        let mut arena = Arena::borrow(&self.lengths());
        let scratch = arena.pieces();
        // SAFETY: the caller's condition.
        unsafe {
            match self.bank.size {
                3 => self.go::<S, 3>(scratch),
                5 => self.go::<S, 5>(scratch),
                _ => self.go::<S, 7>(scratch),
            }
        }
    }
}

/// Sums of `t (1, τ, τ², τ³)` over the pixels of each piece.
struct Histogram {
    sums: [[[f32; 4]; PIECES]; COPIES],
}

impl Histogram {
    fn new() -> Self {
        Self {
            sums: [[[0.0; 4]; PIECES]; COPIES],
        }
    }

    fn add_to(&self, tables: &mut [f64]) {
        for piece in 0..PIECES {
            for row in 0..4 {
                let sum: f64 = self
                    .sums
                    .iter()
                    .map(|copy| f64::from(copy[piece][row]))
                    .sum();
                tables[row * PIECES + piece] += sum;
            }
        }
    }
}

/// One row: replaces `v` by `φ(v)`, writes `s = t φ'(v)`, adds to the histogram. Beyond the last pixel all is zero.
#[inline(always)]
unsafe fn elements<S: Cubic>(
    tables: *const f32,
    v: *mut f32,
    t: *const f32,
    s: *mut f32,
    width: usize,
    histogram: &mut Histogram,
) {
    let mut x = 0;
    let mut pieces = [0_u32; MAX_LANES];
    let mut powers = [[0.0_f32; MAX_LANES]; 4];
    // SAFETY: rows hold whole vectors; pieces are those of the tables.
    unsafe {
        while x < width {
            let n = (width - x).min(S::LANES);
            let (value, slope, tau) = S::cubic_slope(tables, S::load(v.add(x)), &mut pieces);
            let weight = S::load(t.add(x));
            // Whole vectors are loaded from these rows: what is beyond the pixels must not count.
            S::store(v.add(x), S::splat(0.0));
            S::store_some(v.add(x), value, n);
            S::store_some(s.add(x), S::mul(weight, slope), n);
            let mut power = weight;
            for row in &mut powers {
                S::store(row.as_mut_ptr(), power);
                power = S::mul(power, tau);
            }
            for lane in 0..n {
                let piece = (pieces[lane] as usize).min(PIECES - 1);
                let sum = &mut histogram.sums[lane % COPIES][piece];
                for row in 0..4 {
                    sum[row] += powers[row][lane];
                }
            }
            x += S::LANES;
        }
    }
}

/// Adds `Σ_y a(y) b(y + d)` for every shift `d` of `F × F` to `sums`, which are row by row. Columns of shifts are taken
/// a few at a time, so that their sums and `F` rows of `a` stay in registers.
#[inline(always)]
unsafe fn products<S: Cubic, const F: usize>(
    a: *const f32,
    a_pitch: usize,
    b: *const f32,
    b_pitch: usize,
    shape: (usize, usize),
    sums: &mut [f64],
) {
    // SAFETY: passed on to the caller.
    unsafe {
        let mut dx = 0;
        while dx < F {
            let b = b.add(dx);
            // Sums, rows and input must fit the registers: 5 × 5 + 5, 7 × 3 + 7 of 32.
            if S::REGISTERS >= 32 && F <= 5 {
                columns::<S, F, F>(a, a_pitch, b, b_pitch, shape, dx, sums);
                dx += F;
            } else if S::REGISTERS >= 32 && F - dx >= 3 {
                columns::<S, F, 3>(a, a_pitch, b, b_pitch, shape, dx, sums);
                dx += 3;
            } else {
                columns::<S, F, 1>(a, a_pitch, b, b_pitch, shape, dx, sums);
                dx += 1;
            }
        }
    }
}

/// The same for `D` columns of shifts from `dx`.
#[inline(always)]
unsafe fn columns<S: Cubic, const F: usize, const D: usize>(
    a: *const f32,
    a_pitch: usize,
    b: *const f32,
    b_pitch: usize,
    (width, height): (usize, usize),
    dx: usize,
    sums: &mut [f64],
) {
    // SAFETY: `a` has zeros beyond its pixels up to a whole vector; `b` reaches as far as the filters do.
    unsafe {
        let mut totals = [[S::splat(0.0); D]; F];
        let mut x = 0;
        while x < width {
            // Row `y` of `b` meets rows `y - F + 1 ..= y` of `a`.
            let mut rows = [S::splat(0.0); F];
            for y in 0..height + F - 1 {
                for dy in (1..F).rev() {
                    rows[dy] = rows[dy - 1];
                }
                rows[0] = if y < height {
                    S::load(a.add(y * a_pitch + x))
                } else {
                    S::splat(0.0)
                };
                for d in 0..D {
                    let v = S::load(b.add(y * b_pitch + x + d));
                    for dy in 0..F {
                        totals[dy][d] = S::fma(rows[dy], v, totals[dy][d]);
                    }
                }
            }
            x += S::LANES;
        }
        let mut lanes = [0.0_f32; MAX_LANES];
        for dy in 0..F {
            for d in 0..D {
                S::store(lanes.as_mut_ptr(), totals[dy][d]);
                let sum: f64 = lanes[..S::LANES].iter().map(|v| f64::from(*v)).sum();
                sums[dy * F + dx + d] += sum;
            }
        }
    }
}

impl Kernels {
    /// The backward pass of `g = Σ_i k̄_i * φ_i(k_i ⋆ ũ)` for one plane, on this thread: adds to the gradients of the
    /// bank and, where it is asked for, to `to_u`, given `e = ∂ℓ/∂g`.
    ///
    /// # Panics
    /// If a length does not fit.
    #[allow(clippy::too_many_arguments)]
    pub fn diffuse_backward(
        &self,
        bank: &Bank,
        u: &[f32],
        e: &[f32],
        size: (usize, usize),
        border: Border,
        grads: &mut BankGrads,
        to_u: Option<&mut [f32]>,
    ) {
        let wanted = to_u.as_ref().map_or(u.len(), |to_u| to_u.len());
        for len in [u.len(), e.len(), wanted] {
            assert_eq!(len, size.0 * size.1, "a pixel each");
        }
        assert_eq!(grads.filters.len(), bank.count * bank.size * bank.size);
        let back = Back {
            bank,
            u,
            e,
            size,
            border,
            grads,
            to_u,
        };
        // SAFETY: the processor has the instructions.
        unsafe { self.isa().run(back) }
    }
}
