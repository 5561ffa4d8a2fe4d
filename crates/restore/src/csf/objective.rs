//! What does the training of a stage minimise? The negative mean PSNR after it.

use super::CsfModel;
use super::cascade::{Ready, Space};
use crate::RestoreError;
use crate::learned::{Evaluation, Gaussians, Sample, StageGrads, Trainable, bad};
use rayon::prelude::*;
use std::collections::BTreeMap;
use timestep_picture::Plane;

/// Pictures whose gradients are added up one after the other; these sums are added in order.
const CHUNK: usize = 5;

/// Scale of the weights of functions, against 1 of filters: with it a stage needs a third of the evaluations.
const WEIGHT: f64 = 30.0;

/// The loss of one stage; earlier stages stay as they are.
#[derive(Debug)]
pub struct CsfObjective<'a> {
    samples: &'a [Sample],
    model: CsfModel,
    stage: usize,
    /// Each picture before the stage.
    before: Vec<Plane>,
    spaces: BTreeMap<(usize, usize), Space>,
}

impl<'a> CsfObjective<'a> {
    /// Runs all pictures through the stages before `stage`.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] if there are no pictures or no such stage.
    pub fn new(samples: &'a [Sample], model: CsfModel, stage: usize) -> Result<Self, RestoreError> {
        if samples.is_empty() || stage >= model.stages.len() {
            return Err(bad("no pictures or no such stage to train"));
        }
        let mut spaces = BTreeMap::new();
        for sample in samples {
            let size = (sample.noisy.width(), sample.noisy.height());
            spaces
                .entry(size)
                .or_insert_with(|| Space::new(size.0, size.1));
        }
        let earlier: Vec<Ready> = model.stages[..stage]
            .iter()
            .map(|s| Ready::new(s, model.size))
            .collect();
        let before = samples
            .par_iter()
            .map(|sample| {
                let space = &spaces[&(sample.noisy.width(), sample.noisy.height())];
                let mut x = sample.noisy.clone();
                for ready in &earlier {
                    x = space.stage(ready, &sample.noisy, &x, true).0;
                }
                x
            })
            .collect();
        Ok(Self {
            samples,
            model,
            stage,
            before,
            spaces,
        })
    }
}

impl Trainable for CsfObjective<'_> {
    type Model = CsfModel;

    fn parameters(&self) -> Vec<f64> {
        self.model.stages[self.stage].parameters().collect()
    }

    fn model(&self, parameters: &[f64]) -> CsfModel {
        let mut model = self.model.clone();
        model.stages[self.stage].set_parameters(parameters);
        model
    }

    /// Weights of functions that are near the identity on -260..260 are a hundred times coefficients of unit filters.
    fn scales(&self) -> Vec<f64> {
        let stage = &self.model.stages[self.stage];
        let functions = stage.filters.len()..stage.filters.len() + stage.functions.len();
        let scale = |i: usize| if functions.contains(&i) { WEIGHT } else { 1.0 };
        (0..stage.count()).map(scale).collect()
    }

    fn evaluate(&self, parameters: &[f64]) -> Result<Evaluation, RestoreError> {
        let model = self.model(parameters);
        let stage = &model.stages[self.stage];
        let ready = Ready::new(stage, model.size);
        let count = self.samples.len() as f64;
        let chunks: Vec<(f64, StageGrads)> = self
            .samples
            .par_chunks(CHUNK)
            .zip(self.before.par_chunks(CHUNK))
            .map(|(samples, before)| {
                let (mut loss, mut grads) = (0.0, ready.zeros());
                for (sample, x) in samples.iter().zip(before) {
                    let space = &self.spaces[&(x.width(), x.height())];
                    let (out, trace) = space.stage(&ready, &sample.noisy, x, true);
                    let pixels = out.pixels().iter().zip(sample.clean.pixels());
                    let apart: Vec<f32> = pixels.map(|(x, c)| x - c).collect();
                    let squares: f64 = apart.iter().map(|d| f64::from(*d) * f64::from(*d)).sum();
                    // A perfect picture would have infinite PSNR; what is not a number stays so.
                    let squares = if squares < 1e-9 { 1e-9 } else { squares };
                    let mean = squares / apart.len() as f64;
                    loss -= 10.0 * (255.0 * 255.0 / mean).log10() / count;
                    let by = 20.0 / std::f64::consts::LN_10 / squares / count;
                    // The kernels see differences in grey levels; the scale comes last.
                    let mut own = ready.zeros();
                    space.back(&ready, &trace, &apart, &mut own);
                    grads.add(&own, by);
                }
                (loss, grads)
            })
            .collect();
        let (mut loss, mut total) = (0.0, ready.zeros());
        for (part, grads) in &chunks {
            loss += part;
            total.add(grads, 1.0);
        }
        let gradient = stage.gradient(model.size, Gaussians::shrinkage(), &total);
        Ok(Evaluation { loss, gradient })
    }
}
