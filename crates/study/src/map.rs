//! Where is a network on the map of table 1 in Lu et al. 2018? Equation, and the scheme that steps it.

use timestep_nets::Network;
use timestep_numerics::noise::{ActsOn, NoiseFacts, noise_facts, noises};

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The differential equation.
    pub equation: &'static str,
    /// The numerical scheme.
    pub scheme: String,
}

impl Place {
    /// The row of a network.
    #[must_use]
    pub fn of(network: &Network) -> Self {
        let theory = network.scheme();
        let equation = match (theory.parts, theory.coefficient.is_some()) {
            (2, _) => "x1' = f0(x2), x2' = f1(x1)",
            (_, true) if theory.key == "lm" => "(1+k) u' + (1-k)/2 u'' = f(u)",
            _ => "u' = f(u)",
        };
        let body = network.body();
        let scheme = body.scheme.unwrap_or(theory.title);
        Self {
            equation,
            scheme: format!("{scheme}{}", body.sizes),
        }
    }
}

/// What makes the steps of a network random in training.
#[must_use]
pub fn law(network: &Network) -> Option<&'static NoiseFacts> {
    let config = network.config();
    if config.drop_path > 0.0 {
        return noises()
            .into_iter()
            .find(|law| law.acts_on == ActsOn::Joins);
    }
    noise_facts(&config.noise.name)
}
