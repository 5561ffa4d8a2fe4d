//! What is one step of training? Gradients of a batch, the weights moved along them, running statistics.

use crate::clip::clip;
use crate::ema::Ema;
use crate::freeze::trained;
use crate::optimisers::{Group, Optimiser};
use crate::recipe::{OptimiserSettings, Recipe};
use crate::{TrainError, groups};
use std::sync::Arc;
use timestep_engine::{End, Engine};
use timestep_nets::{Draws, Gradients, Network, Parameters, Pass, Specs, Statistics, Targets, ops};

/// Images `[batch, channels, height, width]` and what their logits are compared with.
#[derive(Clone, Copy, Debug)]
pub struct Examples<'a> {
    /// Extents of the images.
    pub dims: [usize; 4],
    /// Their numbers.
    pub images: &'a [f32],
    /// Their classes.
    pub targets: &'a Targets,
}

/// What a step found.
#[derive(Clone, Debug)]
pub struct StepResult {
    /// Mean loss over the batch, before the step.
    pub loss: f64,
    /// Logits, `[batch, classes]`.
    pub logits: Vec<f32>,
}

/// What moves the weights: an engine that finds gradients and an optimiser that follows them.
#[derive(Debug)]
pub struct Learner {
    engine: Arc<dyn Engine>,
    optimiser: Box<dyn Optimiser>,
    groups: Vec<Group>,
    /// Which parameters are trained, if some are not.
    trained: Option<Arc<[bool]>>,
    /// The longest gradient; 0: any.
    clip_norm: f64,
    /// Parts that a batch is computed in.
    parts: usize,
    /// Decay of the average of the weights; 0: there is none.
    decay: f64,
    /// The average, from the first step on.
    average: Option<Ema>,
}

impl Learner {
    /// A learner at rest that trains all parameters of this table, in one part, without more.
    ///
    /// # Errors
    /// [`TrainError::Optimiser`] if the settings make no sense.
    pub fn new(
        engine: Arc<dyn Engine>,
        settings: &OptimiserSettings,
        specs: &Arc<Specs>,
    ) -> Result<Self, TrainError> {
        Ok(Self {
            engine,
            optimiser: settings.make()?,
            groups: groups(settings, specs, None),
            trained: None,
            clip_norm: 0.0,
            parts: 1,
            decay: 0.0,
            average: None,
        })
    }

    /// The learner of a recipe, at rest.
    ///
    /// # Errors
    /// [`TrainError::UnknownPart`] and [`TrainError::AllFrozen`] for parts that cannot be frozen.
    pub fn of(
        engine: Arc<dyn Engine>,
        recipe: &Recipe,
        network: &Network,
    ) -> Result<Self, TrainError> {
        let trained = trained(network, &recipe.train.freeze)?;
        let specs = network.specs();
        Ok(Self {
            groups: groups(&recipe.optimiser, specs, trained.as_deref()),
            trained,
            clip_norm: recipe.train.clip_norm,
            parts: recipe.train.accumulate.max(1),
            decay: recipe.train.ema,
            ..Self::new(engine, &recipe.optimiser, specs)?
        })
    }

    /// The engine that computes.
    #[must_use]
    pub fn engine(&self) -> &dyn Engine {
        &*self.engine
    }

    /// The optimiser, whose state a checkpoint keeps.
    #[must_use]
    pub fn optimiser(&self) -> &dyn Optimiser {
        &*self.optimiser
    }

    /// The optimiser, to take up a state.
    pub fn optimiser_mut(&mut self) -> &mut dyn Optimiser {
        &mut *self.optimiser
    }

    /// The average of the weights, if one is kept and a step was taken.
    #[must_use]
    pub fn average(&self) -> Option<&Ema> {
        self.average.as_ref()
    }

    /// Takes up an average that was saved after `updates` steps.
    pub fn restore_average(&mut self, updates: u64, values: Vec<f32>) {
        self.average = (self.decay > 0.0).then(|| Ema::restored(self.decay, updates, values));
    }

    /// Takes one step on a batch, with the random numbers of `draws`; `None` if the loss, or the norm of a gradient
    /// that is to be shortened, is not finite (nothing is changed then).
    ///
    /// # Errors
    /// [`TrainError::Net`] if a scheme refuses a step.
    pub fn step(
        &mut self,
        network: &Network,
        parameters: &mut Parameters,
        examples: &Examples<'_>,
        lr: f64,
        draws: Option<Draws>,
    ) -> Result<Option<StepResult>, TrainError> {
        // Zeros are memory that nobody has touched: it is taken up as the backward pass gives back that of the
        // activations, so both do not add up in the peak.
        let mut gradients = Gradients::zeros(network.specs());
        let Some((done, statistics)) =
            self.find(network, parameters, examples, draws, &mut gradients)?
        else {
            return Ok(None);
        };
        let found = gradients.values_mut();
        if self.clip_norm > 0.0 && !clip(found, &self.groups, self.clip_norm).is_finite() {
            return Ok(None);
        }
        if self.decay > 0.0 && self.average.is_none() {
            self.average = Some(Ema::new(self.decay, parameters.values().to_vec()));
        }
        let values = parameters.values_mut();
        self.optimiser
            .update(values, gradients.values(), &self.groups, lr);
        for measured in statistics {
            network.absorb(parameters, measured);
        }
        if let Some(average) = &mut self.average {
            average.update(parameters.values());
        }
        Ok(Some(done))
    }

    /// Finds the gradients of a batch, part by part: each part has the share of its images in the mean, so that equal
    /// parts have equal shares. Every part is normalised by itself, and its statistics are absorbed by themselves.
    fn find(
        &self,
        network: &Network,
        parameters: &Parameters,
        examples: &Examples<'_>,
        draws: Option<Draws>,
        gradients: &mut Gradients,
    ) -> Result<Option<(StepResult, Vec<Statistics>)>, TrainError> {
        let [batch, channels, height, width] = examples.dims;
        let most = batch.div_ceil(self.parts).max(1);
        let mut done = StepResult {
            loss: 0.0,
            logits: Vec::new(),
        };
        let mut statistics = Vec::with_capacity(self.parts);
        for first in (0..batch).step_by(most) {
            let images = first..batch.min(first + most);
            let share = images.len() as f64 / batch as f64;
            let pass = match &self.trained {
                None => Pass::training(&*self.engine, parameters),
                Some(trained) => Pass::training_some(&*self.engine, parameters, trained),
            }
            .with_draws(draws.as_ref().map(|draws| draws.part(images.clone())));
            let image = channels * height * width;
            let pixels = &examples.images[images.start * image..images.end * image];
            let input = pass.images([images.len(), channels, height, width], pixels);
            let logits = network.forward(&pass, input)?;
            let loss = ops::cross_entropy(&logits, &examples.targets.part(images));
            let mean = loss.read().first().copied().unwrap_or(f64::NAN);
            if !mean.is_finite() {
                return Ok(None);
            }
            done.loss += share * mean;
            done.logits.extend(logits.read().iter().map(|v| *v as f32));
            let ends = [End::Loss(loss.value(), share)];
            pass.tape().backward(&ends, gradients);
            // The tape shares the parameters: it must be gone before they are changed in place.
            drop((logits, loss));
            statistics.push(pass.into_statistics());
        }
        Ok(Some((done, statistics)))
    }
}
