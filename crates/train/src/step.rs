//! What is one step of training? Forward, loss, backward, and the weights moved along the gradient.

use crate::TrainError;
use crate::evaluate::numbers;
use crate::sgd::Sgd;
use timestep_nets::{Draws, Int, Mode, Network, Parameters, Pass, Tensor, ops};

/// What a step found.
#[derive(Clone, Debug)]
pub struct StepResult {
    /// Mean loss over the batch, before the step.
    pub loss: f64,
    /// Logits, `[batch, classes]`.
    pub logits: Vec<f32>,
}

/// Takes one step on a batch, with the random numbers of `draws`; `None` if the loss is not finite (nothing is changed then).
///
/// # Shapes
/// - `images`: `[batch, channels, height, width]`; `labels`: `[batch]`
///
/// # Errors
/// [`TrainError::Net`] if a scheme refuses a step.
pub fn step(
    network: &Network,
    parameters: &mut Parameters,
    sgd: &mut Sgd,
    (images, labels): (Tensor<4>, Tensor<1, Int>),
    smoothing: f64,
    lr: f64,
    draws: Option<Draws>,
) -> Result<Option<StepResult>, TrainError> {
    let values = parameters.tracked();
    let pass = Pass::new(&values, Mode::Train).with_draws(draws);
    let logits = network.forward(&pass, images.autodiff())?;
    let loss = ops::cross_entropy(logits.clone(), labels, smoothing);
    let mean = numbers(loss.clone())
        .first()
        .map_or(f64::NAN, |v| f64::from(*v));
    if !mean.is_finite() {
        return Ok(None);
    }
    let mut grads = loss.backward();
    let statistics = pass.into_statistics();
    for id in parameters.ids() {
        if let Some(gradient) = values[id.index()].grad_remove(&mut grads) {
            sgd.step(parameters, id, gradient, lr);
        }
    }
    network.absorb(parameters, statistics);
    Ok(Some(StepResult {
        loss: mean,
        logits: numbers(logits),
    }))
}
