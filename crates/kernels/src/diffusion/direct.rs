//! How is a tile diffused as defined? Two filters at a time: filter, function, filter back.

use super::PIECES;
use super::cubic::Cubic;
use super::micro::{Finish, Source, sweep};
use super::step::Step;
use super::tile::{extend, pitch, zeroed};
use crate::scratch::{Arena, Scratch};
use crate::simd::Op;

/// Filters whose maps are filtered back together: the sums are loaded and stored once for all of them.
const TOGETHER: usize = 2;

/// A step by direct sums.
pub(super) struct Direct<'a> {
    pub(super) step: Step<'a>,
}

/// Functions of finished sums, into a map.
struct Influence {
    tables: *const f32,
    to: *mut f32,
    pitch: usize,
}

impl<S: Cubic> Finish<S> for Influence {
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

    #[inline(always)]
    unsafe fn stored(&mut self, y: usize, x: usize, rows: usize, vectors: usize) {
        // SAFETY: as above.
        unsafe {
            for row in y..y + rows {
                for vector in 0..vectors {
                    let at = self.to.add(row * self.pitch + x + vector * S::LANES);
                    S::store(at, S::cubic(self.tables, S::load(at)));
                }
            }
        }
    }
}

/// Sums that are added to.
pub(super) struct Add {
    pub(super) to: *mut f32,
    pub(super) pitch: usize,
}

impl<S: Cubic> Finish<S> for Add {
    #[inline(always)]
    unsafe fn start(&self, y: usize, x: usize) -> S::V {
        // SAFETY: the sums have rows of whole vectors.
        unsafe { S::load(self.to.add(y * self.pitch + x)) }
    }

    #[inline(always)]
    unsafe fn finish(&mut self, y: usize, x: usize, sum: S::V) {
        // SAFETY: as above.
        unsafe { S::store(self.to.add(y * self.pitch + x), sum) }
    }
}

impl Direct<'_> {
    /// Lengths of the scratch: the extended tile, the maps, the sums.
    fn lengths(&self) -> Vec<usize> {
        let reach = self.step.bank.reach();
        let (w, h) = (self.step.tile.width, self.step.tile.height);
        let map = (h + reach) * pitch(w + reach);
        let mut lengths = vec![(h + 2 * reach) * pitch(w + 2 * reach) + pitch(0)];
        lengths.extend([map + pitch(0); TOGETHER]);
        lengths.push(h * pitch(w));
        lengths
    }

    /// # Safety
    /// The processor has `S`.
    #[inline(always)]
    unsafe fn go<S: Cubic, const F: usize>(mut self, mut scratch: Scratch<'_>) {
        let (w, h) = (self.step.tile.width, self.step.tile.height);
        let (reach, area) = (F - 1, F * F);
        let lengths = self.lengths();
        let wide = scratch.take(lengths[0]);
        extend(
            self.step.plane.pixels,
            self.step.plane.size,
            self.step.plane.border,
            self.step.tile,
            reach,
            wide,
        );
        let maps: [&mut [f32]; TOGETHER] = std::array::from_fn(|_| scratch.take(lengths[1]));
        let sums = zeroed(&mut scratch, lengths[1 + TOGETHER]);
        let (wide_pitch, map_pitch, sum_pitch) = (pitch(w + 2 * reach), pitch(w + reach), pitch(w));
        let bank = self.step.bank;
        let maps = maps.map(<[f32]>::as_mut_ptr);
        // SAFETY: scratch rows hold whole vectors and what filters reach beyond.
        unsafe {
            for first in (0..bank.count).step_by(TOGETHER) {
                let together = TOGETHER.min(bank.count - first);
                for (m, map) in maps.iter().enumerate().take(together) {
                    let source = Source {
                        from: wide.as_ptr(),
                        pitch: wide_pitch,
                        taps: bank.taps.as_ptr().add((first + m) * area),
                    };
                    let mut influence = Influence {
                        tables: bank.tables.as_ptr().add((first + m) * 4 * PIECES),
                        to: *map,
                        pitch: map_pitch,
                    };
                    sweep::<S, F>(&[source], (w + reach, h + reach), &mut influence);
                }
                let sources: [Source; TOGETHER] = std::array::from_fn(|m| Source {
                    from: maps[m],
                    pitch: map_pitch,
                    taps: bank
                        .turned
                        .as_ptr()
                        .add((first + m).min(bank.count - 1) * area),
                });
                let mut add = Add {
                    to: sums.as_mut_ptr(),
                    pitch: sum_pitch,
                };
                sweep::<S, F>(&sources[..together], (w, h), &mut add);
            }
            for y in 0..h {
                let g = sums.as_ptr().add(y * sum_pitch);
                self.step.finish::<S>(y, g);
            }
        }
    }
}

impl<S: Cubic> Op<S> for Direct<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        let mut arena = Arena::borrow(&self.lengths());
        let scratch = arena.pieces();
        // SAFETY: the caller's condition.
        unsafe {
            match self.step.bank.size {
                3 => self.go::<S, 3>(scratch),
                5 => self.go::<S, 5>(scratch),
                _ => self.go::<S, 7>(scratch),
            }
        }
    }
}
