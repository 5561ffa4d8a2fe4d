//! Does every published network for small images learn the same wherever it computes? Each engine of this build against
//! the one in double precision; `.ci/gpu` asks for those of GPUs (`TIMESTEP_DEVICES=vulkan`).

use crate::common::{Found, Images, classes, draws, logits, train};
use timestep_engine::{Exact, Fused, FusedInt8, engines};
use timestep_nets::{Engine, Mode, Network, NetworkConfig, Parameters, preset, presets};

const BATCH: usize = 5;

/// Part of their length (square root of the sum of squares) that logits may be off in single precision.
const LOGITS: f64 = 1e-4;

/// The same of the gradient of all parameters together. Where a value lies so near zero that it falls on the other side of a
/// ReLU, gradients move by up to a hundredth; without, they are off by a few millionths.
const GRADIENT: f64 = 5e-3;

/// The same for an engine whose numbers wait rounded, in what each is off by.
const ROUNDED: f64 = 25.0;

/// An error of an engine shows in all batches, an unlucky value in one.
const BATCHES: usize = 3;

#[test]
fn every_published_network_learns_the_same_on_every_device() {
    let asked = std::env::var("TIMESTEP_DEVICES").ok();
    let networks = networks();
    assert!(networks.len() > 12, "only {} kinds", networks.len());
    let mut compared = 0;
    for facts in engines() {
        let engine = match (&asked, facts.engine()) {
            (Some(names), _) if !names.split(',').any(|name| name == facts.key) => continue,
            (None, _) if facts.precision == "f64" => continue,
            // Computes as `cpu`, to the last bit, what is recorded: a test of the engines.
            (None, _) if facts.evaluated > 0.0 => continue,
            (Some(_), Err(error)) => panic!("{error}"),
            (None, Err(_)) => continue,
            (_, Ok(engine)) => engine,
        };
        for config in &networks {
            let network = Network::build(config).unwrap_or_else(|e| panic!("{}: {e}", config.name));
            let parameters = network.init(3);
            let mut tried = Vec::new();
            let good = (0..BATCHES).any(|batch| {
                let name = format!("{} {batch}", config.name);
                let images = Images::named(&name, BATCH, config.input);
                let [logits, gradient] = off(&*engine, (&network, &parameters), &images);
                tried.push([logits, gradient]);
                logits <= LOGITS && gradient <= GRADIENT.max(ROUNDED * facts.stored)
            });
            assert!(
                good,
                "{} on {}: logits and gradient are off by {tried:?}",
                config.name, facts.key
            );
            compared += 1;
        }
    }
    assert!(compared >= networks.len(), "{compared} comparisons");
}

/// Every convolution rounds what it reads, so errors of layers come together.
#[test]
fn evaluation_with_8_bit_products_is_near_single_precision() {
    for (name, steps) in [
        ("preresnet-164", vec![2, 2, 2]),
        ("resnet-50", vec![1; 4]),
        ("resnext-50-32x4d", vec![1; 4]),
        ("wrn-16-8", vec![1, 1, 1]),
    ] {
        let mut config = preset(name).expect("a preset").at_home();
        config.body.steps = steps;
        (config.input.height, config.input.width) = (40, 36);
        let network = Network::build(&config).expect("a network");
        let parameters = network.init(3);
        let images = Images::named(name, BATCH, config.input);
        let evaluate = |engine: &dyn Engine| {
            logits(engine, (&network, &parameters), &images, Mode::Eval, None)
        };
        let (whole, precise) = (evaluate(&FusedInt8), evaluate(&Fused));
        let share = part(&whole, &precise);
        assert!(share > 1e-4 && share < 0.05, "{name}: {share}");
    }
}

/// The networks for 32 × 32 pixels, narrow and no deeper than it takes to have every kind of step; one of each structure.
fn networks() -> Vec<NetworkConfig> {
    let mut found: Vec<NetworkConfig> = Vec::new();
    for preset in presets() {
        let mut config = preset.at_home().scaled_to(8);
        if config.input.height != 32 {
            continue;
        }
        config.body.steps.iter_mut().for_each(|n| *n = (*n).min(2));
        config.classes = 5;
        if config.body.name == "residual" {
            // Enough for three segments.
            (config.input.height, config.input.width) = (16, 16);
        }
        let same = |other: &NetworkConfig| NetworkConfig {
            name: config.name.clone(),
            ..other.clone()
        };
        if !found.iter().any(|other| same(other) == config) {
            found.push(config);
        }
    }
    found
}

/// The parts by which logits and gradient are off.
fn off(engine: &dyn Engine, with: (&Network, &Parameters), images: &Images) -> [f64; 2] {
    let learn = |engine: &dyn Engine| {
        train(
            engine,
            with,
            images,
            &classes(BATCH, 0.1),
            draws(5, 11, BATCH),
        )
    };
    let (one, exact) = (learn(engine), learn(&Exact));
    let gradient = |found: &Found| -> Vec<f64> {
        found
            .gradients
            .iter()
            .flatten()
            .flatten()
            .copied()
            .collect()
    };
    [
        part(&one.logits, &exact.logits),
        part(&gradient(&one), &gradient(&exact)),
    ]
}

/// The length of a difference, in lengths of the second.
fn part(one: &[f64], exact: &[f64]) -> f64 {
    assert_eq!(one.len(), exact.len());
    let difference: f64 = one.iter().zip(exact).map(|(a, b)| (a - b).powi(2)).sum();
    let whole: f64 = exact.iter().map(|v| v * v).sum();
    assert!(whole > 0.0, "nothing to compare with");
    (difference / whole).sqrt()
}
