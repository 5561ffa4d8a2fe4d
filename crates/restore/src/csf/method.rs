//! Which cascade cleans a picture of a given noise level? The nearest one; above its level the picture is scaled down to it, below
//! its result counts where it changes no more than noise.

use super::{Cascade, CsfModel};
use crate::learned::{bad, nearest, no_more_than_noise, rescaled};
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
