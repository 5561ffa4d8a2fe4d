//! How is a picture restored that does not fit into memory? In tiles whose result is that of the whole, bit for bit.
//!
//! A tile is cut out with the pixels around it that its result depends on ([`Tiling`]), restored, and the
//! surroundings are thrown away. Tiles of a height form a band; only one band is held as floats, and the
//! rows that the next band needs of the picture as it was are kept from the last, so that results may
//! overwrite it.

use crate::{Method, Need, Plane, RestoreError, Tiling, colour};

/// Where rows come from and results go.
pub trait Canvas {
    /// The colour channels of `height` rows from `top` on; asked from top to bottom, every row once, and
    /// before any result for them is given.
    fn take(&mut self, top: usize, height: usize) -> Vec<Plane>;

    /// The restored colour channels of the rows from `top` on.
    fn give(&mut self, top: usize, planes: Vec<Plane>);
}

/// How a picture is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Columns of a tile without its surroundings.
    pub width: usize,
    /// Rows of a tile without its surroundings.
    pub height: usize,
    /// Bytes that this needs beside the picture itself.
    pub bytes: u64,
    size: (usize, usize),
    halo: usize,
    grid: usize,
}

/// Fewest rows and columns of a tile: smaller ones would be nothing but surroundings.
const SMALLEST: usize = 16;

impl Plan {
    /// The cheapest way to cut a picture of `size` (columns, rows) with so many colour channels for a method that
    /// needs no more than `budget` bytes, if there is one; a method without tiling gets the whole.
    ///
    /// The time this takes does not depend on the size.
    ///
    /// # Errors
    /// The bytes that would do; `u64::MAX` for a size that no memory holds.
    pub fn new(
        size: (usize, usize),
        channels: usize,
        (tiling, need): (Option<Tiling>, Need),
        budget: u64,
    ) -> Result<Self, u64> {
        let Some(tiling) = tiling else {
            let whole = Tiling { halo: 0, grid: 1 };
            let plan = Self::cut(size, size, channels, (whole, need));
            return if plan.bytes <= budget {
                Ok(plan)
            } else {
                Err(plan.bytes)
            };
        };
        let step = tiling.grid.max(1);
        let extents = |extent: usize| -> Vec<usize> {
            let parts = (1..=64).chain((7..16).map(|p| 1 << p));
            let mut all: Vec<usize> = parts
                .map(|n| {
                    let part = extent.div_ceil(n).checked_next_multiple_of(step);
                    part.unwrap_or(extent).min(extent)
                })
                .filter(|e| *e >= SMALLEST.min(extent))
                .collect();
            all.push(SMALLEST.next_multiple_of(step).min(extent));
            all.dedup();
            all
        };
        let (widths, heights) = (extents(size.0), extents(size.1));
        let plans = heights
            .iter()
            .flat_map(|h| widths.iter().map(move |w| (*w, *h)))
            .map(|tile| Self::cut(size, tile, channels, (tiling, need)));
        let mut smallest = u64::MAX;
        let mut best: Option<(u128, Self)> = None;
        for plan in plans {
            smallest = smallest.min(plan.bytes);
            if plan.bytes > budget {
                continue;
            }
            let cost = plan.cost();
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, plan));
            }
        }
        best.map(|(_, plan)| plan).ok_or(smallest)
    }

    fn cut(
        size: (usize, usize),
        (width, height): (usize, usize),
        channels: usize,
        (tiling, need): (Tiling, Need),
    ) -> Self {
        let Tiling { halo, grid } = tiling;
        let around = |extent: usize, tile: usize| {
            if tile == extent {
                extent
            } else {
                (tile + 2 * halo + grid).min(extent)
            }
        };
        let (across, down) = (around(size.0, width), around(size.1, height));
        let floats = 4 * channels as u64;
        // The band as it was and while the next is put together, and its result; the tile and its result.
        let rows = (2 * down as u64).saturating_add(height as u64);
        let band = (size.0 as u64).saturating_mul(rows).saturating_mul(floats);
        let tile = (across as u64)
            .saturating_mul(down as u64)
            .saturating_mul(2 * floats);
        Self {
            width,
            height,
            bytes: band
                .saturating_add(tile)
                .saturating_add(need.bytes(across, down)),
            size,
            halo,
            grid: grid.max(1),
        }
    }

    /// Pixels that are computed, surroundings included.
    fn cost(&self) -> u128 {
        self.along(self.size.0, self.width) * self.along(self.size.1, self.height)
    }

    /// Rows or columns that are computed along a side. Tiles near its ends are looked at one by one; those between
    /// have their surroundings whole and are all alike, as long as tiles begin on the grid.
    fn along(&self, extent: usize, tile: usize) -> u128 {
        let count = extent.div_ceil(tile);
        // From the tile on whose surroundings begin inside, to those that end inside.
        let first = self.halo.div_ceil(tile);
        let end = extent.saturating_sub(self.halo) / tile;
        let walk = |tiles: std::ops::Range<usize>| -> u128 {
            tiles
                .map(|n| self.span(extent, tile, n))
                .map(|s| (s.to - s.from) as u128)
                .sum()
        };
        if first >= end || !tile.is_multiple_of(self.grid) {
            return walk(0..count);
        }
        let alike = self.span(extent, tile, first);
        let between = (end - first) as u128 * (alike.to - alike.from) as u128;
        walk(0..first) + between + walk(end..count)
    }

    /// Tiles of a picture.
    #[must_use]
    pub fn tiles(&self) -> usize {
        self.size.0.div_ceil(self.width) * self.size.1.div_ceil(self.height)
    }

    /// Tiles along a side.
    fn spans(&self, extent: usize, tile: usize) -> impl Iterator<Item = Span> {
        (0..extent.div_ceil(tile)).map(move |n| self.span(extent, tile, n))
    }

    /// Tile `n` along a side.
    fn span(&self, extent: usize, tile: usize, n: usize) -> Span {
        let start = n * tile;
        let end = start.saturating_add(tile).min(extent);
        Span {
            start,
            end,
            from: start.saturating_sub(self.halo) / self.grid * self.grid,
            to: end.saturating_add(self.halo).min(extent),
        }
    }
}

/// A tile along one side: its pixels, and those that are cut out for it.
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
    from: usize,
    to: usize,
}

/// Restores a picture band by band.
///
/// `sigmas` are the noise levels of the channels that the method sees: grey, or Y, U, V of RGB. Where all are
/// 0, rows are given as they were taken. `done` hears the share of the work that is done, and says whether
/// to go on; the result is `false` if it did not.
///
/// # Errors
/// As [`Method::denoise`].
pub fn run(
    method: &dyn Method,
    plan: &Plan,
    sigmas: &[f64],
    canvas: &mut dyn Canvas,
    done: &mut dyn FnMut(f64) -> bool,
) -> Result<bool, RestoreError> {
    let (width, height) = plan.size;
    // The rows held, and where they begin.
    let (mut band, mut top): (Vec<Plane>, usize) = (Vec::new(), 0);
    let mut count = 0;
    for rows in plan.spans(height, plan.height) {
        let bottom = top + band.first().map_or(0, Plane::height);
        let fresh = (rows.to > bottom).then(|| canvas.take(bottom, rows.to - bottom));
        band = join(&band, rows.from - top, fresh);
        top = rows.from;
        let mut result: Vec<Vec<f32>> = band
            .iter()
            .map(|_| vec![0.0; width * (rows.end - rows.start)])
            .collect();
        for columns in plan.spans(width, plan.width) {
            let part: Vec<Plane> = band
                .iter()
                .map(|p| p.crop(columns.from, 0, columns.to - columns.from, p.height()))
                .collect();
            let restored = restore(method, part, sigmas)?;
            for (to, from) in result.iter_mut().zip(&restored) {
                let lines = to.chunks_exact_mut(width);
                for (y, line) in (rows.start - rows.from..).zip(lines) {
                    let row = &from.row(y)[columns.start - columns.from..];
                    line[columns.start..columns.end]
                        .copy_from_slice(&row[..columns.end - columns.start]);
                }
            }
            count += 1;
            if !done(f64::from(count) / plan.tiles() as f64) {
                return Ok(false);
            }
        }
        let result = result
            .into_iter()
            .map(|pixels| Plane::new(width, rows.end - rows.start, pixels))
            .collect::<Result<_, _>>()?;
        canvas.give(rows.start, result);
    }
    Ok(true)
}

/// Old rows from `skip` on, and fresh ones below them.
fn join(old: &[Plane], skip: usize, fresh: Option<Vec<Plane>>) -> Vec<Plane> {
    let keep =
        |p: &Plane| (p.height() > skip).then(|| p.crop(0, skip, p.width(), p.height() - skip));
    let old: Vec<Plane> = old.iter().filter_map(keep).collect();
    match fresh {
        None => old,
        Some(fresh) if old.is_empty() => fresh,
        Some(fresh) => {
            let below = |(old, fresh): (Plane, Plane)| {
                let (width, height) = (old.width(), old.height() + fresh.height());
                let mut pixels = old.into_pixels();
                pixels.extend(fresh.into_pixels());
                // Both are whole rows of one width.
                Plane::new(width, height, pixels).unwrap_or_else(|e| unreachable!("{e}"))
            };
            old.into_iter().zip(fresh).map(below).collect()
        }
    }
}

/// Restores grey or RGB channels; RGB in opponent colours.
pub(crate) fn restore(
    method: &dyn Method,
    planes: Vec<Plane>,
    sigmas: &[f64],
) -> Result<Vec<Plane>, RestoreError> {
    if sigmas.iter().all(|s| *s == 0.0) {
        return Ok(planes);
    }
    in_opponent_colours(planes, |planes| method.denoise(planes, sigmas))
}

/// Applies `change` to grey as it is, and to RGB in opponent colours.
pub(crate) fn in_opponent_colours(
    planes: Vec<Plane>,
    change: impl FnOnce(&[Plane]) -> Result<Vec<Plane>, RestoreError>,
) -> Result<Vec<Plane>, RestoreError> {
    match <[Plane; 3]>::try_from(planes) {
        Ok(mut rgb) => {
            colour::to_opponent(&mut rgb);
            let result = change(&rgb)?;
            drop(rgb);
            back(result)
        }
        Err(planes) => change(&planes),
    }
}

/// Three opponent channels back to RGB; others as they are.
pub(crate) fn back(planes: Vec<Plane>) -> Result<Vec<Plane>, RestoreError> {
    Ok(match <[Plane; 3]>::try_from(planes) {
        Ok(mut planes) => {
            colour::from_opponent(&mut planes);
            planes.into()
        }
        Err(planes) => planes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_method::Blur;

    struct Whole {
        planes: Vec<Plane>,
        taken: usize,
        result: Vec<Vec<f32>>,
    }

    impl Canvas for Whole {
        fn take(&mut self, top: usize, height: usize) -> Vec<Plane> {
            assert_eq!(top, self.taken, "every row once, in order");
            self.taken += height;
            let width = self.planes[0].width();
            let part = |p: &Plane| p.crop(0, top, width, height);
            self.planes.iter().map(part).collect()
        }

        fn give(&mut self, top: usize, planes: Vec<Plane>) {
            assert!(top + planes[0].height() <= self.taken);
            self.result.resize(planes.len(), Vec::new());
            for (all, part) in self.result.iter_mut().zip(planes) {
                assert_eq!(all.len(), top * part.width());
                all.extend(part.pixels());
            }
        }
    }

    fn canvas(width: usize, height: usize, channels: usize) -> Whole {
        let channel = |c: usize| {
            let mut plane = Plane::filled(width, height, 100.0).expect("fits");
            timestep_data::add_noise(plane.pixels_mut(), 60.0, 0, c as u64);
            plane
        };
        Whole {
            planes: (0..channels).map(channel).collect(),
            taken: 0,
            result: Vec::new(),
        }
    }

    fn restored(size: (usize, usize), channels: usize, plan: &Plan) -> Vec<Vec<f32>> {
        let mut canvas = canvas(size.0, size.1, channels);
        let mut shares = Vec::new();
        let mut done = |share| {
            shares.push(share);
            true
        };
        run(&Blur, plan, &vec![5.0; channels], &mut canvas, &mut done).expect("restores");
        assert_eq!(shares.len(), plan.tiles());
        assert_eq!(shares.last(), Some(&1.0));
        canvas.result
    }

    #[test]
    fn tiles_of_any_size_give_the_bits_of_the_whole() {
        let tiling = Blur.tiling().expect("has one");
        let work = (Some(tiling), Blur.need());
        for (size, channels) in [((1, 1), 1), ((3, 7), 3), ((50, 41), 1), ((97, 33), 3)] {
            let whole = Plan::new(size, channels, work, u64::MAX).expect("fits");
            assert_eq!(whole.tiles(), 1);
            let expected = restored(size, channels, &whole);
            for tile in [(4, 4), (8, 20), (20, 8), (100, 12), (12, 100), (1, 3)] {
                let tile = (tile.0.min(size.0), tile.1.min(size.1));
                let plan = Plan::cut(size, tile, channels, (tiling, Blur.need()));
                assert_eq!(
                    restored(size, channels, &plan),
                    expected,
                    "{size:?} {tile:?}"
                );
            }
        }
    }

    #[test]
    fn a_plan_keeps_to_its_budget_or_says_what_would_do() {
        let tiling = (Blur.tiling(), Blur.need());
        let size = (12_000, 9_000);
        let plan = Plan::new(size, 3, tiling, 128 << 20).expect("fits");
        assert!(plan.bytes <= 128 << 20 && plan.tiles() > 1, "{plan:?}");
        // Surroundings cost little as long as there is memory.
        assert!(plan.cost() < 12_000 * 9_000 * 5 / 4, "{plan:?}");
        let needs = Plan::new(size, 3, tiling, 1 << 20).expect_err("too little");
        assert!(Plan::new(size, 3, tiling, needs).is_ok());
        assert!(Plan::new(size, 3, tiling, needs - 1).is_err());
        // A method that cannot be cut needs the whole.
        assert!(Plan::new(size, 3, (None, Blur.need()), 512 << 20).is_err_and(|n| n > 1 << 30));
        assert_eq!(
            Plan::new((64, 64), 3, (None, Blur.need()), 1 << 30).map(|p| p.tiles()),
            Ok(1)
        );
    }
    #[test]
    fn the_cost_is_what_walking_all_tiles_gives() {
        for (halo, grid) in [(0, 1), (3, 4), (20, 8), (100, 4), (7, 16)] {
            let work = (Tiling { halo, grid }, Blur.need());
            for extent in [1, 15, 16, 17, 200, 1000, 1024] {
                for tile in [1, 4, 16, 40, 64, 200, 512, 1000] {
                    let tile = tile.min(extent);
                    let plan = Plan::cut((extent, 1), (tile, 1), 1, work);
                    let walked: usize = plan.spans(extent, tile).map(|s| s.to - s.from).sum();
                    assert_eq!(
                        plan.along(extent, tile),
                        walked as u128,
                        "{halo} {grid} {extent} {tile}"
                    );
                }
            }
        }
    }

    #[test]
    fn sizes_that_a_head_may_claim_take_no_time_and_do_not_wrap() {
        let began = std::time::Instant::now();
        for size in [
            (usize::MAX, usize::MAX),
            (u32::MAX as usize, 1 << 31),
            (1, 1 << 40),
            (1 << 40, 1),
        ] {
            for work in [(Blur.tiling(), Blur.need()), (None, Blur.need())] {
                let needs = Plan::new(size, 3, work, 1 << 30).expect_err("no memory holds it");
                assert!(needs > 1 << 40, "{size:?}: {needs}");
            }
        }
        let long = Plan::new((1, 1 << 40), 3, (Blur.tiling(), Blur.need()), u64::MAX);
        assert!(long.is_ok());
        assert!(began.elapsed().as_secs() < 2, "{:?}", began.elapsed());
    }
}
