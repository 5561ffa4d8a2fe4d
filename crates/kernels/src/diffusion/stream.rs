//! How is a strip diffused with fewer multiplications? Down its rows, four at a time, all filters for each group.
//!
//! A group of four rows of every map depends on `F + 3` rows of the plane and adds to as many rows of the result: the upper
//! ones are then complete, the others wait for the next groups. What a group needs, input at points, a map at points, sums
//! at points, is as small as a tile of a few rows, whatever the height of the strip.

use super::cubic::Cubic;
use super::passes::{add_from_points, analyse, react, synthesise, to_points};
use super::step::Step;
use super::tile::{SLACK, extend_row};
use super::toom::{GROUP, MORE};
use super::{PIECES, comb};
use crate::scratch::{Arena, Scratch};
use crate::simd::Op;

/// Columns of a tile and what filters reach beyond it, at most: input, map and sums of a group take 60 kB.
pub(super) const WIDEST: usize = 33 * 16;

/// A step by values at points.
pub(super) struct Stream<'a> {
    pub(super) step: Step<'a>,
}

/// Sizes of what is kept for a group of rows.
#[derive(Clone, Copy)]
struct Layout {
    reach: usize,
    /// Points, and rows of the plane that a group needs.
    points: usize,
    /// Pixels of a map in a lane.
    segment: usize,
    /// Floats from row to row of input, of input at points, and of a map at points.
    wide: usize,
    /// Floats from row to row of sums.
    narrow: usize,
    /// Floats of a row in its own order.
    row: usize,
}

impl Layout {
    fn new(size: usize, width: usize, lanes: usize) -> Self {
        let reach = size - 1;
        let segment = (width + reach).div_ceil(lanes);
        Self {
            reach,
            points: size + MORE,
            segment,
            wide: (segment + reach) * lanes + SLACK,
            narrow: segment * lanes,
            row: segment * lanes + reach,
        }
    }

    /// Lengths of the scratch: rows of input, input at points, places, a map at points, sums at points, rows of sums, a row.
    fn lengths(&self) -> [usize; 7] {
        let all = self.points * self.wide;
        let sums = self.points * self.narrow;
        [
            all,
            all,
            GROUP * self.narrow,
            all,
            sums,
            sums,
            self.row + SLACK,
        ]
    }
}

impl Stream<'_> {
    /// # Safety
    /// The processor has `S`.
    #[inline(always)]
    unsafe fn go<S: Cubic, const F: usize, const H: usize>(
        mut self,
        layout: Layout,
        mut scratch: Scratch<'_>,
    ) {
        let Layout {
            reach,
            points,
            segment,
            wide,
            narrow,
            ..
        } = layout;
        let lengths = layout.lengths();
        let rows = scratch.take(lengths[0]);
        let seen = scratch.take(lengths[1]).as_mut_ptr();
        let places = scratch.take(lengths[2]).as_mut_ptr();
        let map = scratch.take(lengths[3]).as_mut_ptr();
        let sums = scratch.take(lengths[4]);
        let results = scratch.take(lengths[5]);
        let row = scratch.take(lengths[6]);
        let (bank, height) = (self.step.bank, self.step.tile.height);
        results.fill(0.0);
        // Row 0 of the first group is `reach` rows above the tile.
        for r in GROUP..points {
            // SAFETY: a row of its own length.
            unsafe { self.input::<S>(layout, r - GROUP, row, &mut rows[r * wide..][..wide]) };
        }
        for group in 0..(height + reach).div_ceil(GROUP) {
            rows.copy_within(GROUP * wide.., 0);
            for r in points - GROUP..points {
                let y = group * GROUP + r;
                // SAFETY: as above.
                unsafe { self.input::<S>(layout, y, row, &mut rows[r * wide..][..wide]) };
            }
            sums.fill(0.0);
            let sums = sums.as_mut_ptr();
            // SAFETY: the scratch has the lengths of the layout.
            unsafe {
                for j in 0..segment + reach {
                    let at = j * S::LANES;
                    to_points::<S, H>(rows.as_ptr().add(at), wide, seen.add(at), wide);
                }
                for i in 0..bank.count {
                    let taps = i * points * F;
                    let to = bank.seen.as_ptr().add(taps);
                    analyse::<S, F, H>(seen, wide, to, segment, places);
                    let tables = bank.tables.as_ptr().add(i * 4 * PIECES);
                    react::<S, H>(tables, places, segment, map, wide);
                    let back = bank.back.as_ptr().add(taps);
                    for p in 0..points {
                        let map = map.add(p * wide);
                        comb::append::<S>(map, segment, reach);
                        synthesise::<S, F>(map, back.add(p * F), segment, sums.add(p * narrow));
                    }
                }
                for j in 0..segment {
                    let at = j * S::LANES;
                    let results = results.as_mut_ptr().add(at);
                    add_from_points::<S, H>(sums.add(at), narrow, results, narrow);
                }
                for r in 0..GROUP {
                    // Row 0 of the first group's results is `reach` rows above the tile, too.
                    let y = (group * GROUP + r).wrapping_sub(reach);
                    if y < height {
                        let from = results.as_ptr().add(r * narrow);
                        comb::unsort::<S>(from, segment, row.as_mut_ptr());
                        self.step.finish::<S>(y, row.as_ptr());
                    }
                }
            }
            results.copy_within(GROUP * narrow.., 0);
            results[(points - GROUP) * narrow..].fill(0.0);
        }
    }

    /// Row `y` of the input, counted from `reach` rows above the tile, sorted into vectors.
    ///
    /// # Safety
    /// `row` and `to` have the lengths of the layout.
    #[inline(always)]
    unsafe fn input<S: Cubic>(&self, layout: Layout, y: usize, row: &mut [f32], to: &mut [f32]) {
        let tile = self.step.tile;
        let y = (tile.top + y) as isize - layout.reach as isize;
        let left = tile.left as isize - layout.reach as isize;
        let plane = self.step.plane;
        let pixels = &mut row[..layout.row];
        extend_row(plane.pixels, plane.size, plane.border, (left, y), pixels);
        let vectors = layout.segment + layout.reach;
        // SAFETY: the last segment ends with the row.
        unsafe { comb::sort::<S>(row.as_ptr(), layout.segment, vectors, to.as_mut_ptr()) };
    }
}

impl<S: Cubic> Op<S> for Stream<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        let size = self.step.bank.size;
        let layout = Layout::new(size, self.step.tile.width, S::LANES);
        let mut arena = Arena::borrow(&layout.lengths());
        let scratch = arena.pieces();
        // SAFETY: the caller's condition.
        unsafe {
            match size {
                3 => self.go::<S, 3, 2>(layout, scratch),
                5 => self.go::<S, 5, 3>(layout, scratch),
                _ => self.go::<S, 7, 4>(layout, scratch),
            }
        }
    }
}
