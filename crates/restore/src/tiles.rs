//! How is a picture restored that does not fit into memory? In tiles whose result is that of the whole, bit for bit.
//!
//! A tile is cut out with the pixels around it that its result depends on ([`Tiling`](crate::Tiling)), restored, and the
//! surroundings are thrown away. Tiles of a height form a band; only one band is held as floats, and the
//! rows that the next band needs of the picture as it was are kept from the last, so that results may
//! overwrite it.

mod plan;

pub use plan::Plan;

use crate::{Method, Plane, RestoreError, colour};

/// Where rows come from and results go.
pub trait Canvas {
    /// The colour channels of `height` rows from `top` on; asked from top to bottom, every row once, and
    /// before any result for them is given.
    fn take(&mut self, top: usize, height: usize) -> Vec<Plane>;

    /// The restored colour channels of the rows from `top` on.
    fn give(&mut self, top: usize, planes: Vec<Plane>);
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
}
