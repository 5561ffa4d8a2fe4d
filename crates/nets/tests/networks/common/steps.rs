//! What do the tests of single steps share? Tiny networks away from their start, and a visit to every step.

use super::{Images, noise};
use timestep_engine::Engine;
use timestep_nets::{InputShape, NetError, Network, NetworkConfig, Parameters, StepAt, Visit};

pub(crate) fn input(height: usize, width: usize) -> InputShape {
    InputShape {
        channels: 3,
        height,
        width,
    }
}

pub(crate) fn one_image(shape: InputShape) -> Images {
    Images::named("image", 1, shape)
}

pub(crate) fn config(block: &str, scheme: &str) -> NetworkConfig {
    NetworkConfig::new(block, scheme, input(4, 2), 5).with_segments(&[2, 2], 4)
}

/// A network with running statistics and coefficients that are not those of the start.
pub(crate) fn network(config: &NetworkConfig) -> (Network, Parameters) {
    let network = Network::build(config).expect("builds");
    let mut parameters = network.init(5);
    let specs = parameters.specs().clone();
    for (spec, id) in specs.iter().zip(specs.ids()) {
        let draw = noise(&spec.name, spec.len());
        let values: Vec<f32> = match &spec.name {
            n if n.ends_with("running_var") => draw.iter().map(|x| 1.0 + 0.4 * x).collect(),
            n if n.ends_with("running_mean") => draw.iter().map(|x| 0.2 * x).collect(),
            n if n.contains("memory_k") => draw.iter().map(|x| 0.4 * x).collect(),
            _ => continue,
        };
        parameters.value_mut(id).copy_from_slice(&values);
    }
    (network, parameters)
}

/// Calls `look` at every step of a pass over one image.
pub(crate) fn steps(
    engine: &dyn Engine,
    config: &NetworkConfig,
    mut look: impl FnMut(&StepAt<'_>) -> Result<(), NetError>,
) -> Result<usize, NetError> {
    let (network, parameters) = network(config);
    let image = one_image(config.input);
    let mut count = 0;
    network.each_step(
        engine,
        &parameters,
        image.view(),
        &mut |visit| match visit {
            Visit::Begin { .. } => Ok(()),
            Visit::Step(at) => {
                count += 1;
                look(at)
            }
        },
    )?;
    Ok(count)
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
