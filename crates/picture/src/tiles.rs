//! How is a picture restored that does not fit into memory? In tiles whose result is that of the whole, bit for bit.
//!
//! A tile is cut out with the pixels around it that its result depends on ([`Tiling`]), restored, and the
//! surroundings are thrown away. Tiles of a height form a band; only one band is held as floats, and the
//! rows that the next band needs of the picture as it was are kept from the last, so that results may
//! overwrite it.

mod plan;

pub use plan::Plan;

use crate::Plane;
use timestep_kernels::Buffer;

/// How much memory a method works with, its input and its result excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// Bytes for a pixel of a plane or tile, all channels of it together.
    pub bytes_per_pixel: usize,
    /// Columns and rows that the method adds to a plane, both sides together. They are most of a plane that is one
    /// pixel wide.
    pub border: (usize, usize),
}

impl Need {
    /// Bytes for a plane or tile of so many columns and rows.
    #[must_use]
    pub fn bytes(&self, width: usize, height: usize) -> u64 {
        let side = |extent: usize, border: usize| (extent as u64).saturating_add(border as u64);
        side(width, self.border.0)
            .saturating_mul(side(height, self.border.1))
            .saturating_mul(self.bytes_per_pixel as u64)
    }
}

/// How tiles must be cut so that each gives the pixels that the whole picture would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiling {
    /// Pixels around a tile that its result depends on.
    pub halo: usize,
    /// Tiles with their halo start at multiples of this many pixels (the grid of reference blocks, groups of rows), or at 0.
    pub grid: usize,
}

/// Where rows come from and results go.
pub trait Canvas {
    /// The colour channels of `height` rows from `top` on; asked from top to bottom, every row once, and
    /// before any result for them is given.
    fn take(&mut self, top: usize, height: usize) -> Vec<Plane>;

    /// The restored colour channels of the rows from `top` on.
    fn give(&mut self, top: usize, planes: Vec<Plane>);
}

/// What a tile becomes. It hears how its work goes on, as a share.
pub type Change<'a, E> = &'a dyn Fn(Vec<Plane>, &mut dyn FnMut(f64)) -> Result<Vec<Plane>, E>;

/// Changes a picture band by band.
///
/// `change` gets the colour channels of a tile with its surroundings and returns as many of the same size. `done` hears the
/// share of the work that is done, and says whether to go on; the result is `false` if it did not.
///
/// # Errors
/// The first that `change` returns.
pub fn run<E>(
    plan: &Plan,
    canvas: &mut dyn Canvas,
    change: Change<'_, E>,
    done: &mut dyn FnMut(f64) -> bool,
) -> Result<bool, E> {
    let (width, height) = plan.size;
    // The rows held, and where they begin.
    let (mut band, mut top): (Vec<Plane>, usize) = (Vec::new(), 0);
    let mut count = 0;
    let mut one = |part: Vec<Plane>| -> Result<Option<Vec<Plane>>, E> {
        let mut go_on = true;
        let mut tell = |share: f64| go_on &= done((f64::from(count) + share) / plan.tiles() as f64);
        let restored = change(part, &mut tell)?;
        tell(1.0);
        count += 1;
        Ok(go_on.then_some(restored))
    };
    let spans: Vec<_> = plan.spans(height, plan.height).collect();
    for (n, rows) in spans.iter().enumerate() {
        let bottom = top + band.first().map_or(0, Plane::height);
        let fresh = (rows.to > bottom).then(|| canvas.take(bottom, rows.to - bottom));
        band = join(band, rows.from - top, fresh);
        top = rows.from;
        let (start, count) = (rows.start - rows.from, rows.end - rows.start);
        if plan.width == width {
            // The band is the tile. Only what the next one needs of it is kept.
            let next = spans.get(n + 1).map_or(rows.to, |next| next.from);
            let kept = band.iter().filter(|_| next < rows.to);
            let kept = kept.map(|p| p.crop(0, next - top, width, rows.to - next));
            let kept = kept.collect();
            let Some(restored) = one(std::mem::replace(&mut band, kept))? else {
                return Ok(false);
            };
            top = next;
            let all = restored.first().is_some_and(|p| p.height() == count);
            let result = if all {
                restored
            } else {
                restored
                    .into_iter()
                    .map(|p| p.crop(0, start, width, count))
                    .collect()
            };
            canvas.give(rows.start, result);
            continue;
        }
        let mut result: Vec<Plane> = band
            .iter()
            .map(|_| Plane::of_buffer(width, count, Buffer::new(width * count)))
            .collect();
        for columns in plan.spans(width, plan.width) {
            let part: Vec<Plane> = band
                .iter()
                .map(|p| p.crop(columns.from, 0, columns.to - columns.from, p.height()))
                .collect();
            let Some(restored) = one(part)? else {
                return Ok(false);
            };
            for (to, from) in result.iter_mut().zip(&restored) {
                let lines = to.pixels_mut().chunks_exact_mut(width);
                for (y, line) in (start..).zip(lines) {
                    let row = &from.row(y)[columns.start - columns.from..];
                    line[columns.start..columns.end]
                        .copy_from_slice(&row[..columns.end - columns.start]);
                }
            }
        }
        canvas.give(rows.start, result);
    }
    Ok(true)
}

/// Old rows from `skip` on, and fresh ones below them.
fn join(old: Vec<Plane>, skip: usize, fresh: Option<Vec<Plane>>) -> Vec<Plane> {
    let held = old.first().map_or(0, Plane::height);
    match fresh {
        None if skip == 0 => old,
        None => {
            let below = |p: Plane| p.crop(0, skip, p.width(), held - skip);
            old.into_iter().map(below).collect()
        }
        Some(fresh) if held <= skip => fresh,
        Some(fresh) => {
            let below = |(old, fresh): (Plane, Plane)| {
                let (width, kept) = (old.width(), held - skip);
                let mut pixels = Buffer::new(width * (kept + fresh.height()));
                let (up, low) = pixels.split_at_mut(width * kept);
                up.copy_from_slice(&old.pixels()[width * skip..]);
                low.copy_from_slice(fresh.pixels());
                Plane::of_buffer(width, kept + fresh.height(), pixels)
            };
            old.into_iter().zip(fresh).map(below).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TILING: Tiling = Tiling { halo: 3, grid: 4 };

    const NEED: Need = Need {
        bytes_per_pixel: 4,
        border: (0, 0),
    };

    /// The mean of 7 × 7 pixels, plus a pattern that repeats every 4 pixels from where the plane begins.
    fn blur(plane: &Plane) -> Plane {
        let (w, h) = (plane.width() as isize, plane.height() as isize);
        let mut result = plane.clone();
        for y in 0..h {
            for x in 0..w {
                let mut sum = 0.0;
                for dy in -3..=3 {
                    for dx in -3..=3 {
                        let at = (y + dy).clamp(0, h - 1) * w + (x + dx).clamp(0, w - 1);
                        sum += plane.pixels()[at as usize];
                    }
                }
                let pattern = ((x % 4) + 10 * (y % 4)) as f32 / 100.0;
                result.pixels_mut()[(y * w + x) as usize] = sum / 49.0 + pattern;
            }
        }
        result
    }

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
            for (n, pixel) in plane.pixels_mut().iter_mut().enumerate() {
                *pixel += ((n * n + 31 * n * (c + 1)) % 241) as f32 - 120.0;
            }
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
        let change = |part: Vec<Plane>, tell: &mut dyn FnMut(f64)| {
            tell(0.5);
            Ok::<_, ()>(part.iter().map(blur).collect())
        };
        assert_eq!(run(plan, &mut canvas, &change, &mut done), Ok(true));
        assert_eq!(shares.len(), 2 * plan.tiles());
        assert!(shares.is_sorted());
        assert_eq!(shares.last(), Some(&1.0));
        canvas.result
    }

    #[test]
    fn tiles_of_any_size_give_the_bits_of_the_whole() {
        let work = (Some(TILING), NEED);
        for (size, channels) in [((1, 1), 1), ((3, 7), 3), ((50, 41), 1), ((97, 33), 3)] {
            let whole = Plan::new(size, channels, work, u64::MAX).expect("fits");
            assert_eq!(whole.tiles(), 1);
            let expected = restored(size, channels, &whole);
            for tile in [(4, 4), (8, 20), (20, 8), (100, 12), (12, 100), (1, 3)] {
                let tile = (tile.0.min(size.0), tile.1.min(size.1));
                let plan = Plan::cut(size, tile, channels, (TILING, NEED));
                assert_eq!(
                    restored(size, channels, &plan),
                    expected,
                    "{size:?} {tile:?}"
                );
            }
        }
    }
}
