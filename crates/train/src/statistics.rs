//! Which running statistics do norms have on these images? Measured at once, for weights that were not trained to have them.
//!
//! Training folds what each batch measures into running statistics. A network whose weights come from elsewhere, such as one
//! with other steps, has none of its own: here they are the means of what batches of training images measure.

use crate::TrainError;
use crate::evaluate::images;
use std::collections::BTreeMap;
use timestep_data::Loader;
use timestep_nets::{Engine, Mode, Network, ParamId, Parameters, Pass};

/// The parameters with running statistics measured on the first `batches` batches of a loader, and the images in these.
///
/// # Errors
/// [`TrainError::Data`] for unreadable images, [`TrainError::Net`] if a scheme refuses a step.
pub fn measured(
    network: &Network,
    parameters: &Parameters,
    loader: &Loader<'_>,
    engine: &dyn Engine,
    batches: usize,
) -> Result<(Parameters, usize), TrainError> {
    let mut sums: BTreeMap<ParamId, (f64, Vec<f64>)> = BTreeMap::new();
    let mut seen = 0;
    for batch in loader.epoch(0, 0).take(batches) {
        let batch = batch?;
        let pass = Pass::new(engine, parameters, Mode::Train);
        let (dims, pixels) = images(&batch);
        let logits = network.forward(&pass, pass.images(dims, pixels))?;
        // Some engines compute only what is read.
        drop(logits.read());
        drop(logits);
        let weight = batch.len() as f64;
        for (id, measured) in pass.into_statistics() {
            let empty = || (0.0, vec![0.0; measured.len()]);
            let (weights, sum) = sums.entry(id).or_insert_with(empty);
            *weights += weight;
            let all = sum.iter_mut().zip(&measured);
            all.for_each(|(sum, one)| *sum += weight * f64::from(*one));
        }
        seen += batch.len();
    }
    let mut found = parameters.clone();
    for (id, (weights, sum)) in sums {
        let own = found.value_mut(id).iter_mut().zip(sum);
        own.for_each(|(own, sum)| *own = (sum / weights) as f32);
    }
    Ok((found, seen))
}
