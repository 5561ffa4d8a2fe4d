//! Which model cleans a picture of a given noise level? The nearest one, on the picture scaled to its level.

use super::{Flow, Model};
use crate::learned::{nearest, rescale, rescaled};
use crate::methods::weights;
use crate::{Method, MethodFacts, RestoreError, check};
use timestep_kernels::diffusion::GROUP;
use timestep_picture::Plane;
use timestep_picture::tiles::{Need, Tiling};
use timestep_registry::{Facts, Kind};

/// Who is shown the plane after each step.
type Each<'a> = &'a mut dyn FnMut(usize, &Plane);

/// What is known about the method.
pub(crate) static FACTS: MethodFacts = MethodFacts {
    named: Facts {
        references: &["chen2015learning", "chen2017trainable"],
        ..Facts::new(
            Kind::Method,
            "trd",
            "trained reaction-diffusion: a learned equation, stepped five times",
            include_str!("mod.rs"),
        )
    },
    make: |options| {
        let all = weights("trd", "trd-7x7", options)?;
        let models: Result<Vec<Model>, _> =
            all.iter().map(|bytes| Model::from_bytes(bytes)).collect();
        Ok(Box::new(Trd::new(&models?)?))
    },
    format: Some(super::FORMAT),
};

/// Trained reaction-diffusion with models for some noise levels.
#[derive(Debug)]
pub struct Trd {
    /// Noise level and model, in the order of levels.
    models: Vec<(f64, Flow)>,
}

impl Trd {
    /// A method of these models, which differ in noise level.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] if there is none, or one is not complete.
    pub fn new(models: &[Model]) -> Result<Self, RestoreError> {
        if models.is_empty() {
            return Err(RestoreError::BadModel("there is none".into()));
        }
        let mut ready = Vec::new();
        for model in models {
            model.check()?;
            if !(model.sigma > 0.0 && model.sigma <= 255.0) {
                return Err(RestoreError::BadModel(format!(
                    "it says that it is for noise level {}",
                    model.sigma
                )));
            }
            ready.push((model.sigma, Flow::new(model)));
        }
        ready.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(Self { models: ready })
    }

    /// Cleans one plane; `each` sees the state after every step, in grey levels of the picture.
    ///
    /// # Errors
    /// As [`Method::denoise`].
    pub fn plane(
        &self,
        noisy: &Plane,
        sigma: f64,
        mut each: impl FnMut(usize, &Plane),
    ) -> Result<Plane, RestoreError> {
        check(std::slice::from_ref(noisy), &[sigma])?;
        self.checked(noisy.clone(), sigma, Some(&mut each))
    }

    /// Cleans a plane that nobody else needs.
    pub(crate) fn owned(&self, noisy: Plane, sigma: f64) -> Result<Plane, RestoreError> {
        check(std::slice::from_ref(&noisy), &[sigma])?;
        self.checked(noisy, sigma, None)
    }

    /// The same for a plane that was checked.
    fn checked(
        &self,
        mut noisy: Plane,
        sigma: f64,
        each: Option<Each<'_>>,
    ) -> Result<Plane, RestoreError> {
        if sigma == 0.0 {
            return Ok(noisy);
        }
        let (level, flow) = nearest(&self.models, sigma);
        let scale = (level / sigma) as f32;
        let back = 1.0 / scale;
        // A factor of one changes no bit.
        rescale(&mut noisy, scale);
        let mut state = match each {
            None => flow.run(&noisy, |_, _| ())?,
            Some(each) => flow.run(&noisy, |t, u| each(t, &rescaled(u, back)))?,
        };
        drop(noisy);
        rescale(&mut state, back);
        Ok(state)
    }
}

impl Method for Trd {
    fn facts(&self) -> &'static MethodFacts {
        &FACTS
    }

    fn denoise(&self, planes: &[Plane], sigmas: &[f64]) -> Result<Vec<Plane>, RestoreError> {
        check(planes, sigmas)?;
        planes
            .iter()
            .zip(sigmas)
            .map(|(plane, sigma)| self.checked(plane.clone(), *sigma, None))
            .collect()
    }

    fn denoise_steps(
        &self,
        planes: &[Plane],
        sigmas: &[f64],
        show: &mut dyn FnMut(usize, &[Plane]),
    ) -> Result<Vec<Plane>, RestoreError> {
        check(planes, sigmas)?;
        // Channels are diffused one after the other, steps are shown with all of them.
        let mut channels: Vec<Vec<Plane>> = Vec::new();
        for (plane, sigma) in planes.iter().zip(sigmas) {
            let mut states = Vec::new();
            let mut each = |_: usize, state: &Plane| states.push(state.clone());
            self.checked(plane.clone(), *sigma, Some(&mut each))?;
            channels.push(states);
        }
        // A channel without noise stays as it is at every step.
        let steps = channels.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let at = |channel: usize, step: usize| {
            let state = channels[channel].get(step).or(channels[channel].last());
            state.unwrap_or(&planes[channel]).clone()
        };
        let mut last = Vec::new();
        for step in 0..steps {
            last = (0..planes.len()).map(|c| at(c, step)).collect();
            show(step + 1, &last);
        }
        Ok(last)
    }

    fn tiling(&self) -> Option<Tiling> {
        Some(Tiling {
            halo: self
                .models
                .iter()
                .map(|(_, flow)| flow.halo())
                .max()
                .unwrap_or(0),
            // Rows are computed in groups that start at the top of the picture.
            grid: GROUP,
        })
    }

    fn need(&self) -> Need {
        // The noisy plane, its scaled copy, the state before and after, an earlier one, the slope.
        Need {
            bytes_per_pixel: 24,
            border: (0, 0),
        }
    }
}
