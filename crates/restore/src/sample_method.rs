//! What do the tests of tiles and jobs restore with? A box blur whose grid can be seen in its result.

use crate::{Method, MethodFacts, RestoreError, check};
use timestep_picture::Plane;
use timestep_picture::tiles::{Need, Tiling};
use timestep_registry::{Facts, Kind};

/// The mean of 7 × 7 pixels, plus a pattern that repeats every 4 pixels from where the plane begins.
#[derive(Debug)]
pub(crate) struct Blur;

static FACTS: MethodFacts = MethodFacts {
    named: Facts::new(Kind::Method, "blur", "box blur", ""),
    make: |_| Ok(Box::new(Blur)),
    format: None,
};

impl Method for Blur {
    fn facts(&self) -> &'static MethodFacts {
        &FACTS
    }

    fn denoise(&self, planes: &[Plane], sigmas: &[f64]) -> Result<Vec<Plane>, RestoreError> {
        check(planes, sigmas)?;
        Ok(planes.iter().map(blur).collect())
    }

    fn tiling(&self) -> Option<Tiling> {
        Some(Tiling { halo: 3, grid: 4 })
    }

    fn need(&self) -> Need {
        Need {
            bytes_per_pixel: 4,
            border: (0, 0),
        }
    }
}

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
