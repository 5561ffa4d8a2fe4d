//! How fast does a network train here? Steps on a few images and an evaluation of them, timed.

use crate::doctor::sample;
use std::time::Instant;
use timestep_nets::{Draws, Network, device};
use timestep_train::evaluate::logits_of;
use timestep_train::recipe::Recipe;
use timestep_train::{Examples, Learner, TrainError};

/// Multiply-adds of a timed step, about: a tenth of a second on two cores.
const MULTIPLY_ADDS: usize = 10_000_000_000;
/// Images of a timed step, at most: more are hardly faster.
const IMAGES: usize = 32;
/// Steps of which the fastest counts: the first one also asks for memory, which matters only where a step is short.
const STEPS: usize = 2;

/// Seconds that an image takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// In training.
    pub(super) train: f64,
    /// In evaluation.
    pub(super) test: f64,
}

impl Pace {
    /// That of a network of a recipe, with its first weights.
    ///
    /// # Errors
    /// [`TrainError::Net`] if a scheme refuses a step.
    pub(super) fn of(network: &Network, recipe: &Recipe) -> Result<Self, TrainError> {
        let input = network.config().input;
        let image = 3 * network.cost().multiply_adds.max(1);
        let batch = (MULTIPLY_ADDS / image).clamp(2, IMAGES.min(recipe.train.batch.max(2)));
        let steps = if image * batch > MULTIPLY_ADDS {
            1
        } else {
            STEPS
        };
        let mut parameters = network.init(0);
        let mut learner = Learner::of(device("cpu")?, recipe, network)?;
        let (dims, images, targets) = sample(input, batch, network.config().classes);
        let examples = Examples {
            dims,
            images: &images,
            targets: &targets,
        };
        let fastest = |once: &mut dyn FnMut(u64) -> Result<(), TrainError>| {
            let mut least = f64::INFINITY;
            for step in 0..steps {
                let began = Instant::now();
                once(step as u64)?;
                least = least.min(began.elapsed().as_secs_f64());
            }
            Ok::<f64, TrainError>(least / batch as f64)
        };
        let train = fastest(&mut |step| {
            let draws = Some(Draws {
                seed: 0,
                step,
                images: (0..batch as u64).collect(),
            });
            // A rate of nearly nothing: the weights stay those that were timed before.
            let _ = learner.step(network, &mut parameters, &examples, 1e-9, draws)?;
            Ok(())
        })?;
        let engine = learner.engine();
        let test = fastest(&mut |_| {
            logits_of(network, &parameters, (dims, &images), engine)?;
            Ok(())
        })?;
        Ok(Self { train, test })
    }
}
