//! What do the tests of noise share? Small networks with noise, and draws by step.

use super::{Images, farthest, largest};
use timestep_engine::Fused;
use timestep_nets::{Draws, Engine, InputShape, Mode, Network, NetworkConfig, Parameters, Targets};
use timestep_numerics::NoiseSettings;

pub(crate) const INPUT: InputShape = InputShape {
    channels: 3,
    height: 8,
    width: 8,
};
pub(crate) const BATCH: usize = 4;

pub(crate) fn config(block: &str, scheme: &str, noise: NoiseSettings) -> NetworkConfig {
    let mut config = NetworkConfig::new(block, scheme, INPUT, 5).with_segments(&[2, 2], 4);
    config.noise = noise;
    let mut config = super::steppable(config);
    // Random controls make a block expand farther.
    config.scheme.h.iter_mut().for_each(|h| *h *= 0.2);
    config
}

pub(crate) fn images() -> Images {
    Images::named("images", BATCH, INPUT)
}

pub(crate) fn at(step: u64) -> Option<Draws> {
    super::draws(11, step, BATCH)
}

pub(crate) fn logits(
    network: &Network,
    parameters: &Parameters,
    mode: Mode,
    draws: Option<Draws>,
) -> Vec<f64> {
    super::logits(&Fused, (network, parameters), &images(), mode, draws)
}

/// Loss gradients of all parameters; `None` where nothing arrives. The last entry is of the images.
pub(crate) fn gradients(
    engine: &dyn Engine,
    network: &Network,
    parameters: &Parameters,
    draws: Option<Draws>,
) -> Vec<(String, Option<Vec<f64>>)> {
    let targets = Targets::of(&[1, 3, 0, 4]);
    let found = super::train(engine, (network, parameters), &images(), &targets, draws);
    let specs = network.specs().iter();
    let mut all: Vec<(String, Option<Vec<f64>>)> = specs
        .zip(found.gradients)
        .map(|(spec, gradient)| (spec.name.clone(), gradient))
        .collect();
    all.push(("images".into(), found.images));
    all
}

pub(crate) fn close(got: &[f64], want: &[f64], to: f64, what: &str) {
    let (off, most) = (farthest(got, want), largest(want).max(1e-3));
    assert!(off <= to * most, "{what}: off by {off:.1e} of {most:.1e}");
}
