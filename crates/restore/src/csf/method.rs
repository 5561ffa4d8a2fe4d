//! Which cascade cleans a picture of a given noise level? The nearest one; above its level the picture is scaled down to it, below
//! its result counts where it changes no more than noise.

use super::{Cascade, CsfModel};
use crate::learned::{bad, nearest, rescaled};
use crate::methods::weights;
use crate::{Method, MethodFacts, RestoreError, check};
use timestep_picture::Plane;
use timestep_picture::tiles::{Need, Tiling};
use timestep_registry::{Facts, Kind};

/// What is known about the method.
pub(crate) static FACTS: MethodFacts = MethodFacts {
    named: Facts {
        references: &["schmidt2014shrinkage"],
        ..Facts::new(
            Kind::Method,
            "csf",
            "cascade of shrinkage fields: learned shrinkage, a Fourier division a stage",
            include_str!("mod.rs"),
        )
    },
    make: |options| {
        let all = weights("csf", "csf-7x7", options)?;
        let models: Result<Vec<CsfModel>, _> = all
            .iter()
            .map(|bytes| CsfModel::from_bytes(bytes))
            .collect();
        Ok(Box::new(Csf::new(&models?)?))
    },
    format: Some(super::FORMAT),
};

/// Cascades of shrinkage fields for some noise levels.
#[derive(Debug)]
pub struct Csf {
    models: Vec<(f64, Cascade)>,
}

impl Csf {
    /// A method of these models, which differ in noise level.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] if there is none, or one is for no noise level.
    pub fn new(models: &[CsfModel]) -> Result<Self, RestoreError> {
        if models.is_empty() || models.iter().any(|m| !(m.sigma > 0.0 && m.sigma <= 255.0)) {
            return Err(bad("there is none for a noise level"));
        }
        let mut ready: Vec<_> = models.iter().map(|m| (m.sigma, Cascade::new(m))).collect();
        ready.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(Self { models: ready })
    }
}

/// Rows and columns of the neighbourhood in which changes are compared with noise, to each side.
const NEAR: usize = 4;

/// `noisy + w (restored - noisy)`, where `w` is the variance of the noise over the mean square of the change nearby: what
/// changes more than noise of this level also lost structure. (The best mean of two estimates whose errors are independent.)
fn no_more_than_noise(noisy: &Plane, restored: &Plane, sigma: f64) -> Plane {
    let (width, height) = (noisy.width(), noisy.height());
    let squares = noisy.pixels().iter().zip(restored.pixels());
    let squares: Vec<f64> = squares.map(|(a, b)| f64::from(b - a).powi(2)).collect();
    let rows: Vec<f64> = squares.chunks(width).flat_map(means).collect();
    // The same down the columns.
    let column = |x: usize| {
        (0..height)
            .map(|y| rows[y * width + x])
            .collect::<Vec<f64>>()
    };
    let columns: Vec<Vec<f64>> = (0..width).map(|x| means(&column(x))).collect();
    let variance = sigma * sigma;
    let pixels = noisy.pixels().iter().zip(restored.pixels()).enumerate();
    let pixels = pixels.map(|(i, (a, b))| {
        let change = columns[i % width][i / width];
        a + (variance / change.max(variance)) as f32 * (b - a)
    });
    noisy.with_pixels(pixels.collect::<Vec<f32>>())
}

/// Means of up to [`NEAR`] neighbours to each side.
fn means(values: &[f64]) -> Vec<f64> {
    let window = |i: usize| &values[i.saturating_sub(NEAR)..(i + NEAR + 1).min(values.len())];
    let all = (0..values.len()).map(window);
    all.map(|w| w.iter().sum::<f64>() / w.len() as f64)
        .collect()
}

impl Method for Csf {
    fn facts(&self) -> &'static MethodFacts {
        &FACTS
    }

    fn denoise(&self, planes: &[Plane], sigmas: &[f64]) -> Result<Vec<Plane>, RestoreError> {
        check(planes, sigmas)?;
        let each = planes.iter().zip(sigmas);
        each.map(|(plane, sigma)| {
            if *sigma == 0.0 {
                return Ok(plane.clone());
            }
            let (level, cascade) = nearest(&self.models, *sigma);
            if level > *sigma {
                // Functions are learned as a whole, not as corrections: a picture that is scaled up leaves their range,
                // and is lost.
                let out = cascade.run(plane, |_, _| ());
                return Ok(no_more_than_noise(plane, &out, *sigma));
            }
            let scale = (level / sigma) as f32;
            let out = cascade.run(&rescaled(plane, scale), |_, _| ());
            Ok(rescaled(&out, 1.0 / scale))
        })
        .collect()
    }

    fn tiling(&self) -> Option<Tiling> {
        None
    }

    fn need(&self) -> Need {
        // Planes with a border around, several of them as complex numbers (measured).
        Need {
            bytes_per_pixel: 96,
            border: (24, 24),
        }
    }
}
