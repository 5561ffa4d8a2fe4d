//! How is a picture cut into tiles? The cheapest way that keeps to a budget of memory.

use super::{Need, Tiling};

/// How a picture is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Columns of a tile without its surroundings.
    pub width: usize,
    /// Rows of a tile without its surroundings.
    pub height: usize,
    /// Bytes that this needs beside the picture itself.
    pub bytes: u64,
    pub(super) size: (usize, usize),
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

    pub(super) fn cut(
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
        let floats_of = |columns: usize, rows: usize| {
            (columns as u64)
                .saturating_mul(rows as u64)
                .saturating_mul(floats)
        };
        let bytes = if width == size.0 {
            // The band is the tile: it, its result, and what the next one needs of it, which is also what this one began with.
            let kept = halo.saturating_mul(2).saturating_add(grid).min(down);
            floats_of(size.0, down.saturating_mul(2).saturating_add(kept))
                .saturating_add(need.bytes(across, down))
        } else {
            // The band as it was and while the next is put together, and its result; the tile and its result.
            let rows = down.saturating_mul(2).saturating_add(height);
            floats_of(size.0, rows)
                .saturating_add(floats_of(across, down).saturating_mul(2))
                .saturating_add(need.bytes(across, down))
        };
        Self {
            width,
            height,
            bytes,
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
    pub(super) fn spans(&self, extent: usize, tile: usize) -> impl Iterator<Item = Span> {
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
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) from: usize,
    pub(super) to: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    const TILING: Option<Tiling> = Some(Tiling { halo: 3, grid: 4 });

    const NEED: Need = Need {
        bytes_per_pixel: 4,
        border: (0, 0),
    };

    #[test]
    fn a_plan_keeps_to_its_budget_or_says_what_would_do() {
        let tiling = (TILING, NEED);
        let size = (12_000, 9_000);
        let plan = Plan::new(size, 3, tiling, 128 << 20).expect("fits");
        assert!(plan.bytes <= 128 << 20 && plan.tiles() > 1, "{plan:?}");
        // Surroundings cost little as long as there is memory.
        assert!(plan.cost() < 12_000 * 9_000 * 5 / 4, "{plan:?}");
        let needs = Plan::new(size, 3, tiling, 1 << 20).expect_err("too little");
        assert!(Plan::new(size, 3, tiling, needs).is_ok());
        assert!(Plan::new(size, 3, tiling, needs - 1).is_err());
        // A method that cannot be cut needs the whole.
        assert!(Plan::new(size, 3, (None, NEED), 512 << 20).is_err_and(|n| n > 1 << 30));
        assert_eq!(
            Plan::new((64, 64), 3, (None, NEED), 1 << 30).map(|p| p.tiles()),
            Ok(1)
        );
    }
    #[test]
    fn the_cost_is_what_walking_all_tiles_gives() {
        for (halo, grid) in [(0, 1), (3, 4), (20, 8), (100, 4), (7, 16)] {
            let work = (Tiling { halo, grid }, NEED);
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
        for (size, tiles_fit) in [
            ((usize::MAX, usize::MAX), false),
            ((u32::MAX as usize, 1 << 31), false),
            // One column can be cut into short tiles; a band of tiles is always as wide as the picture.
            ((1, 1 << 40), true),
            ((1 << 40, 1), false),
        ] {
            let plan = |tiling| Plan::new(size, 3, (tiling, NEED), 1 << 30);
            let needs = plan(None).expect_err("no memory holds it");
            assert!(needs > 1 << 40, "{size:?}: {needs}");
            match plan(TILING) {
                Ok(plan) => assert!(tiles_fit && plan.bytes <= 1 << 30, "{size:?}: {plan:?}"),
                Err(needs) => assert!(!tiles_fit && needs > 1 << 40, "{size:?}: {needs}"),
            }
        }
        assert!(began.elapsed().as_secs() < 2, "{:?}", began.elapsed());
    }
}
