//! How are weights made functions of depth? By a penalty on what changes from step to step.
//!
//! A residual network is a sampled differential equation if its weights are those of a function `θ(t)` at the times of its steps.
//! The penalty `λ/2 Σ ‖θ_{n+1} - θ_n‖² / h`, over successive steps of a segment, is the sampled `λ/2 ∫ ‖θ'‖² dt`. Like weight decay
//! it changes the gradients and not the loss that is reported. Learned coefficients and running statistics are not penalised.
//!
//! Source: E. Haber, L. Ruthotto, Stable architectures for deep neural networks, Inverse Problems 34, 2017, section 4.

use crate::TrainError;
use crate::recipe::RecipeError;
use timestep_nets::resample::Successive;
use timestep_nets::{Network, Parameters};

/// A penalty on what changes from step to step.
#[derive(Clone, Debug)]
pub struct DepthPenalty {
    weight: f64,
    pairs: Vec<Successive>,
}

impl DepthPenalty {
    /// The penalty of this weight on the steps of a network; `None` if the weight is 0.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] for a network in which no two steps of a segment have the same block.
    pub fn of(network: &Network, weight: f64) -> Result<Option<Self>, TrainError> {
        if weight == 0.0 {
            return Ok(None);
        }
        let pairs = network.successive();
        if pairs.is_empty() {
            return Err(TrainError::Recipe(RecipeError::unfit(
                "train.depth_penalty",
                weight,
                format!(
                    "compares the blocks of successive steps, and no segment of `{}` has two alike",
                    network.config().name
                ),
                "leave it out, or give the segments more steps",
            )));
        }
        Ok(Some(Self { weight, pairs }))
    }

    /// Its value, without what it is weighted with.
    #[must_use]
    pub fn value(&self, parameters: &Parameters) -> f64 {
        let one = |pair: &Successive| {
            let (a, b) = (parameters.value(pair.earlier), parameters.value(pair.later));
            let squares = a.iter().zip(b).map(|(a, b)| f64::from(b - a).powi(2));
            squares.sum::<f64>() / pair.distance
        };
        0.5 * self.pairs.iter().map(one).sum::<f64>()
    }

    /// Adds its gradient to those of the loss, flat in the order of the table.
    pub(crate) fn add(&self, parameters: &Parameters, gradients: &mut [f32]) {
        let specs = parameters.specs();
        for pair in &self.pairs {
            let (earlier, later) = (specs.range(pair.earlier), specs.range(pair.later));
            let scale = (self.weight / pair.distance) as f32;
            let values = parameters.values();
            for (a, b) in earlier.zip(later) {
                let pull = scale * (values[b] - values[a]);
                gradients[a] -= pull;
                gradients[b] += pull;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use timestep_nets::{InputShape, NetworkConfig};

    fn network(steps: &[usize], h: &[f64]) -> Network {
        let input = InputShape {
            channels: 1,
            height: 4,
            width: 4,
        };
        let mut config = NetworkConfig::new("preact", "lm", input, 2).with_segments(steps, 2);
        config.scheme.h = h.to_vec();
        Network::build(&config).expect("builds")
    }

    /// Against differences of the penalty, where steps have several sizes.
    #[test]
    fn the_gradient_is_that_of_the_value() {
        let network = network(&[3, 3], &[0.5, 2.0]);
        let penalty = DepthPenalty::of(&network, 0.3)
            .expect("applies")
            .expect("some");
        let mut parameters = network.init(4);
        let mut gradients = vec![0.0; parameters.values().len()];
        penalty.add(&parameters, &mut gradients);
        let mut reached = 0;
        for (at, found) in gradients.iter().enumerate() {
            let old = parameters.values()[at];
            let step = 1e-2;
            parameters.values_mut()[at] = old + step;
            let more = penalty.value(&parameters);
            parameters.values_mut()[at] = old - step;
            let less = penalty.value(&parameters);
            parameters.values_mut()[at] = old;
            let slope = 0.3 * (more - less) / (2.0 * f64::from(step));
            let found = f64::from(*found);
            assert!(
                (found - slope).abs() < 1e-4 * (1.0 + slope.abs()),
                "{at}: {found} {slope}"
            );
            reached += usize::from(found != 0.0);
        }
        assert!(reached > 0);
    }

    #[test]
    fn a_network_without_successive_blocks_is_refused() {
        let network = network(&[1, 2], &[]);
        let error = DepthPenalty::of(&network, 0.1).expect_err("nothing to compare");
        assert!(error.to_string().contains("no segment of"), "{error}");
        assert!(DepthPenalty::of(&network, 0.0).expect("none").is_none());
    }
}
