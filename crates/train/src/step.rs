//! What is one step of training? Gradients of a batch, the weights moved along them, running statistics.

use crate::TrainError;
use crate::optimisers::{Group, Optimiser, Sgd};
use crate::recipe::OptimiserSettings;
use std::sync::Arc;
use timestep_engine::{End, Engine};
use timestep_nets::{Draws, Gradients, Network, Parameters, Pass, Role, Specs, Targets, ops};

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
    gradients: Gradients,
}

impl Learner {
    /// A learner at rest for parameters of this table.
    #[must_use]
    pub fn new(engine: Arc<dyn Engine>, settings: &OptimiserSettings, specs: &Arc<Specs>) -> Self {
        Self {
            engine,
            optimiser: Box::new(Sgd::new(settings.momentum, settings.nesterov)),
            groups: groups(settings, specs),
            gradients: Gradients::zeros(specs),
        }
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

    /// Takes one step on a batch, with the random numbers of `draws`; `None` if the loss is not finite (nothing is
    /// changed then).
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
        let pass = Pass::training(&*self.engine, parameters).with_draws(draws);
        let images = pass.images(examples.dims, examples.images);
        let logits = network.forward(&pass, images)?;
        let loss = ops::cross_entropy(&logits, examples.targets);
        let mean = loss.read().first().copied().unwrap_or(f64::NAN);
        if !mean.is_finite() {
            return Ok(None);
        }
        let found = logits.read().iter().map(|v| *v as f32).collect();
        self.gradients.clear();
        let ends = [End::Loss(loss.value(), 1.0)];
        pass.tape().backward(&ends, &mut self.gradients);
        // The tape shares the parameters: it must be gone before they are changed in place.
        drop((logits, loss));
        let statistics = pass.into_statistics();
        let values = parameters.values_mut();
        self.optimiser
            .update(values, self.gradients.values(), &self.groups, lr);
        network.absorb(parameters, statistics);
        Ok(Some(StepResult {
            loss: mean,
            logits: found,
        }))
    }
}

/// Which numbers decay how much: runs of parameters in the order of the table, without running statistics.
#[must_use]
pub fn groups(settings: &OptimiserSettings, specs: &Specs) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (spec, id) in specs.iter().zip(specs.ids()) {
        let decays = match spec.role {
            Role::Weight => true,
            Role::Bias | Role::Norm => settings.decay_norms,
            Role::Coefficient => settings.decay_coefficients,
            Role::Buffer => continue,
        };
        let decay = if decays { settings.weight_decay } else { 0.0 };
        let range = specs.range(id);
        match groups.last_mut() {
            Some(last) if last.decay == decay && last.range.end == range.start => {
                last.range.end = range.end;
            }
            _ => groups.push(Group {
                range,
                decay,
                frozen: false,
            }),
        }
    }
    groups
}
