//! What do the two trained methods have in common for those who train and measure them? One type, one set of phases.

use super::{Evaluation, Fit, Fitted, Phase, Sample, Stage, Trainable, bad, fit, phases};
use crate::csf::{Csf, CsfModel, CsfObjective};
use crate::methods::{bundled, method_of};
use crate::trd::{Model, Objective, Trd};
use crate::{Method, RestoreError};
use std::path::Path;
use timestep_picture::metrics;

/// A model of either method.
#[derive(Clone, Debug, PartialEq)]
pub enum Restorer {
    /// Trained reaction-diffusion.
    Trd(Model),
    /// A cascade of shrinkage fields.
    Csf(CsfModel),
}

/// How much is trained: iterations of L-BFGS, and steps of Adam.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// On each step by itself.
    pub greedy: usize,
    /// On all steps together.
    pub joint: usize,
    /// On all steps together, on every picture.
    pub finish: usize,
    /// With noise drawn anew, by Adam: on all steps of TRD together, on each stage of CSF.
    pub drawn: usize,
}

/// What a phase is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The chosen pictures, with noise that was drawn once.
    Chosen,
    /// Every picture of the folder, with noise that was drawn once.
    Every,
    /// A few pictures of the folder at a time, with noise drawn anew ([`Draws`](super::Draws)).
    Drawn,
}

impl Restorer {
    /// The published start of training. `scheme` is the key of a scheme for TRD, `None` for CSF, which has none.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] for sizes, numbers of steps and schemes that cannot be.
    pub fn start(
        scheme: Option<&str>,
        size: usize,
        steps: usize,
        sigma: f64,
    ) -> Result<Self, RestoreError> {
        Ok(match scheme {
            Some(scheme) => Self::Trd(Model::start(size, steps, scheme, sigma)?),
            None => Self::Csf(CsfModel::start(size, steps, sigma)?),
        })
    }

    /// This model with the numbers of `weights`, which must be of the same method, size, scheme and number of steps. Functions
    /// of TRD that were learned at another noise level are scaled to this one.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] if they differ, or the bytes are no model.
    pub fn with_weights(&self, weights: &[u8]) -> Result<Self, RestoreError> {
        let given = Self::from_bytes(weights)?;
        let (wanted, found) = (self.shape(), given.shape());
        if wanted != found {
            return Err(bad(format!("they are of {found}, not of {wanted}")));
        }
        Ok(match (self, given) {
            (Self::Trd(own), Self::Trd(given)) => Self::Trd(given.for_sigma(own.sigma)),
            (_, given) => given,
        })
    }

    /// A model from the bytes of a weights file of either method.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] says what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RestoreError> {
        match method_of(bytes) {
            Some("csf") => Ok(Self::Csf(CsfModel::from_bytes(bytes)?)),
            // What is wrong with a file of another kind is said there.
            _ => Ok(Self::Trd(Model::from_bytes(bytes)?)),
        }
    }

    /// The model as the bytes of a weights file. `about` is kept in the metadata, for instance the recipe.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] if numbers are not finite.
    pub fn to_bytes(&self, about: &[(&str, String)]) -> Result<Vec<u8>, RestoreError> {
        match self {
            Self::Trd(model) => model.to_bytes(about),
            Self::Csf(model) => model.to_bytes(about),
        }
    }

    /// The method with these weights.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] if the model is not complete.
    pub fn method(&self) -> Result<Box<dyn Method>, RestoreError> {
        Ok(match self {
            Self::Trd(model) => Box::new(Trd::new(std::slice::from_ref(model))?),
            Self::Csf(model) => Box::new(Csf::new(std::slice::from_ref(model))?),
        })
    }

    /// Method, size, steps and scheme in words.
    #[must_use]
    pub fn shape(&self) -> String {
        match self {
            Self::Trd(m) => format!(
                "trd with {0}×{0} filters, {1} steps of `{2}`",
                m.size,
                m.stages.len(),
                timestep_numerics::facts(&m.scheme).map_or(m.scheme.as_str(), |f| f.key)
            ),
            Self::Csf(m) => format!(
                "csf with {0}×{0} filters, {1} stages",
                m.size,
                m.stages.len()
            ),
        }
    }

    /// Noise level that it is for, in grey levels.
    #[must_use]
    pub fn sigma(&self) -> f64 {
        match self {
            Self::Trd(model) => model.sigma,
            Self::Csf(model) => model.sigma,
        }
    }

    /// Steps.
    #[must_use]
    pub fn steps(&self) -> usize {
        match self {
            Self::Trd(model) => model.stages.len(),
            Self::Csf(model) => model.stages.len(),
        }
    }

    /// Learned numbers of the steps of a phase.
    #[must_use]
    pub fn count(&self, phase: Phase) -> usize {
        let stages = self.stages(phase);
        stages.map(|(stage, own)| stage.count() + own.len()).sum()
    }

    /// Learned coefficients of the scheme, a list a step; none where it has none.
    #[must_use]
    pub fn coefficients(&self) -> Vec<Vec<f64>> {
        match self {
            Self::Trd(m) if m.coefficients.iter().any(|c| !c.is_empty()) => m.coefficients.clone(),
            _ => Vec::new(),
        }
    }

    /// The phases of its training, each with what it is trained on: step by step, then all together, then all together on every
    /// picture, then with noise drawn anew.
    #[must_use]
    pub fn phases(&self, lengths: Lengths) -> Vec<(Phase, Source)> {
        let steps = self.steps();
        let some = phases(steps, lengths.greedy, lengths.joint);
        let all = phases(steps, 0, lengths.finish);
        let drawn = match self {
            Self::Trd(_) => phases(steps, 0, lengths.drawn),
            Self::Csf(_) => phases(steps, lengths.drawn, 0),
        };
        let on = |phases: Vec<Phase>, source| phases.into_iter().map(move |phase| (phase, source));
        on(some, Source::Chosen)
            .chain(on(all, Source::Every))
            .chain(on(drawn, Source::Drawn))
            .collect()
    }

    /// The stages of a phase, and the learned coefficients of each, of which CSF has none.
    fn stages(&self, phase: Phase) -> impl Iterator<Item = (&Stage, &[f64])> {
        let (stages, coefficients) = match self {
            Self::Trd(model) => (&model.stages, model.coefficients.as_slice()),
            Self::Csf(model) => (&model.stages, [].as_slice()),
        };
        (phase.first..phase.last).map(move |t| {
            let own = coefficients.get(t).map_or([].as_slice(), Vec::as_slice);
            (&stages[t], own)
        })
    }

    /// The learned numbers of the steps of a phase.
    #[must_use]
    pub fn parameters(&self, phase: Phase) -> Vec<f64> {
        let stages = self.stages(phase);
        let each = stages.flat_map(|(stage, own)| stage.parameters().chain(own.iter().copied()));
        each.collect()
    }

    /// How large a change of each of them is natural: the root of the mean square of filters, of functions; a tenth for what is left.
    #[must_use]
    pub fn sizes(&self, phase: Phase) -> Vec<f64> {
        let size = |numbers: &[f64]| {
            let squares: f64 = numbers.iter().map(|x| x * x).sum();
            let root = (squares / numbers.len() as f64).sqrt();
            vec![root.max(1e-3); numbers.len()]
        };
        let each = self.stages(phase).flat_map(|(stage, own)| {
            let rest = vec![0.1; 1 + own.len()];
            [size(&stage.filters), size(&stage.functions), rest].concat()
        });
        each.collect()
    }

    /// This model with other numbers in the steps of a phase.
    ///
    /// # Panics
    /// If there are not as many as [`count`](Self::count) says.
    #[must_use]
    pub fn with_parameters(&self, phase: Phase, parameters: &[f64]) -> Self {
        assert_eq!(
            parameters.len(),
            self.count(phase),
            "numbers of these steps"
        );
        let mut model = self.clone();
        match &mut model {
            Self::Trd(model) => model.set_parameters(phase.first, phase.last, parameters),
            Self::Csf(model) => {
                let mut rest = parameters;
                for stage in &mut model.stages[phase.first..phase.last] {
                    let (own, after) = rest.split_at(stage.count());
                    stage.set_parameters(own);
                    rest = after;
                }
            }
        }
        model
    }

    /// PSNR in dB that a loss stands for: of the mean squared error over all pixels for TRD, the mean over the pictures for CSF.
    #[must_use]
    pub fn psnr(&self, loss: f64) -> f64 {
        match self {
            Self::Trd(_) => 10.0 * (255.0 * 255.0 / (2.0 * loss)).log10(),
            Self::Csf(_) => -loss,
        }
    }

    /// Loss and gradient of a phase at these weights.
    ///
    /// # Errors
    /// [`RestoreError`] if the model does not fit.
    pub fn evaluate(&self, samples: &[Sample], phase: Phase) -> Result<Evaluation, RestoreError> {
        match self {
            Self::Trd(model) => {
                let loss = Objective::new(samples, model.clone(), phase.first, phase.last)?;
                loss.evaluate(&loss.parameters())
            }
            Self::Csf(model) => {
                let loss = CsfObjective::new(samples, model.clone(), phase.first)?;
                loss.evaluate(&loss.parameters())
            }
        }
    }

    /// Trains the steps of a phase. `known` are the evaluations that an interrupted run has made of it, `each` is called after
    /// every new one with its number (from 0); `false` stops.
    ///
    /// # Errors
    /// As [`fit`].
    pub fn fit(
        &self,
        samples: &[Sample],
        phase: Phase,
        known: Vec<Evaluation>,
        each: &mut dyn FnMut(usize, &Evaluation) -> bool,
    ) -> Result<Fitted<Self>, RestoreError> {
        match self {
            Self::Trd(model) => {
                let loss = Objective::new(samples, model.clone(), phase.first, phase.last)?;
                let each = &mut |n: usize, e: &Evaluation, _: &Model| each(n, e);
                Ok(fit(&loss, phase.iterations, Fit { known, each })?.map(Self::Trd))
            }
            Self::Csf(model) => {
                let loss = CsfObjective::new(samples, model.clone(), phase.first)?;
                let each = &mut |n: usize, e: &Evaluation, _: &CsfModel| each(n, e);
                Ok(fit(&loss, phase.iterations, Fit { known, each })?.map(Self::Csf))
            }
        }
    }

    /// Mean PSNR in dB over pictures that are restored as `denoise` would: neither rounded nor clipped.
    ///
    /// # Errors
    /// [`RestoreError`] if the model does not fit.
    pub fn measure(&self, samples: &[Sample]) -> Result<f64, RestoreError> {
        let method = self.method()?;
        let mut sum = 0.0;
        for sample in samples {
            let noisy = std::slice::from_ref(&sample.noisy);
            let restored = method.denoise(noisy, &[self.sigma()])?;
            sum += metrics::psnr(&restored, std::slice::from_ref(&sample.clean));
        }
        Ok(sum / samples.len().max(1) as f64)
    }
}

/// The bytes of weights by the name of bundled ones, or of a file.
///
/// # Errors
/// The error of the file system if it is neither.
pub fn weights_named(name: &str) -> std::io::Result<Vec<u8>> {
    match bundled(name) {
        Some(bytes) => Ok(bytes.to_vec()),
        None => crate::methods::read_weights(Path::new(name)),
    }
}
