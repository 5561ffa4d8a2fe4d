//! Where is a network on the map of table 1 in Lu et al. 2018? Equation, and the scheme that steps it.

use timestep_nets::{Body, Network};
use timestep_numerics::noise::{NoiseFacts, noise_facts};

/// A row of the table.
pub(crate) struct Place {
    /// The differential equation.
    pub(crate) equation: &'static str,
    /// The numerical scheme.
    pub(crate) scheme: String,
}

impl Place {
    /// The row of a network.
    pub(crate) fn of(network: &Network) -> Self {
        let theory = network.scheme();
        let equation = match (theory.parts, theory.coefficient.is_some()) {
            (2, _) => "x1' = f0(x2), x2' = f1(x1)",
            (_, true) if theory.key == "lm" => "(1+k) u' + (1-k)/2 u'' = f(u)",
            _ => "u' = f(u)",
        };
        let scheme = match network.config().body {
            Body::Polynet => "truncated backward Euler (poly-3) and two right-hand sides (2-way)",
            Body::Fractal => "Runge-Kutta, in the reading of columns that contain the identity",
            _ => theory.title,
        };
        let h = match network.config().body {
            Body::InceptionResnet => ", step sizes 0.17, 0.10 and 0.20",
            Body::Polynet => ", relaxed by 1 to 0.7",
            _ => "",
        };
        Self {
            equation,
            scheme: format!("{scheme}{h}"),
        }
    }
}

/// What makes the steps of a network random in training.
pub(crate) fn law(network: &Network) -> Option<&'static NoiseFacts> {
    let config = network.config();
    if config.drop_path > 0.0 {
        return noise_facts("drop-path");
    }
    noise_facts(&config.noise.name)
}
