//! How does a network that is told no level clean a picture whose level is known? As it is, and never more than the noise.

use super::Model;
use crate::learned::{NEAR, bad, no_more_than_noise, rescaled};
use crate::methods::weights;
use crate::{Method, MethodFacts, RestoreError, check};
use timestep_engine::Fused;
use timestep_picture::Plane;
use timestep_picture::tiles::{Need, Tiling};
use timestep_registry::{Facts, Kind};

/// What is known about the method.
pub(crate) static FACTS: MethodFacts = MethodFacts {
    named: Facts {
        references: &["zhang2017beyond"],
        ..Facts::new(
            Kind::Method,
            "dncnn",
            "deep network of 17 convolutions that estimates the noise",
            include_str!("mod.rs"),
        )
    },
    make: |options| {
        let all = weights("dncnn", "dncnn-17x64", options)?;
        match all.as_slice() {
            [bytes] => Ok(Box::new(Dncnn::new(Model::from_bytes(bytes)?))),
            _ => Err(bad(
                "one network cleans all levels of noise; several were given",
            )),
        }
    },
    format: Some(super::FORMAT),
};

/// The largest level that the network is trained for, in grey levels.
const MOST: f64 = 55.0;
/// Levels from which on nothing but the network decides: below, what it takes away is compared with the noise.
const SURE: f64 = 12.0;

/// A network that cleans all levels of noise.
#[derive(Debug)]
pub struct Dncnn {
    model: Model,
}

impl Dncnn {
    /// The method of a network.
    #[must_use]
    pub fn new(model: Model) -> Self {
        Self { model }
    }

    fn plane(&self, noisy: &Plane, sigma: f64) -> Plane {
        if sigma > MOST {
            let scale = (MOST / sigma) as f32;
            return rescaled(&self.network(&rescaled(noisy, scale)), 1.0 / scale);
        }
        let restored = self.network(noisy);
        if sigma < SURE {
            return no_more_than_noise(noisy, &restored, sigma);
        }
        restored
    }

    fn network(&self, noisy: &Plane) -> Plane {
        let pixels: Vec<f32> = noisy.pixels().iter().map(|v| v / 255.0).collect();
        let size = (noisy.width(), noisy.height());
        let noise = self.model.noise(&Fused, &pixels, size);
        let pixels = noisy.pixels().iter().zip(noise);
        let pixels = pixels.map(|(v, noise)| v - (255.0 * noise) as f32);
        noisy.with_pixels(pixels.collect::<Vec<f32>>())
    }
}

impl Method for Dncnn {
    fn facts(&self) -> &'static MethodFacts {
        &FACTS
    }

    fn denoise(&self, planes: &[Plane], sigmas: &[f64]) -> Result<Vec<Plane>, RestoreError> {
        check(planes, sigmas)?;
        let each = planes.iter().zip(sigmas).map(|(plane, sigma)| {
            if *sigma == 0.0 {
                return plane.clone();
            }
            self.plane(plane, *sigma)
        });
        Ok(each.collect())
    }

    fn tiling(&self) -> Option<Tiling> {
        Some(Tiling {
            // Winograd's method computes whole tiles: what a tile reads counts, to the last bit.
            halo: self.model.layers() + NEAR + WINOGRAD,
            grid: WINOGRAD,
        })
    }

    fn need(&self) -> Need {
        // The features before and after a layer.
        Need {
            bytes_per_pixel: 2 * 4 * self.model.width() + 40,
            border: (0, 0),
        }
    }
}

/// Side of the tiles of Winograd's method.
const WINOGRAD: usize = 4;
