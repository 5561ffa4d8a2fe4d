use super::*;
use crate::{Engine, InputShape, Mode, NetworkConfig, Pass, device};
use std::sync::Arc;

fn network(scheme: &str, steps: &[usize]) -> Network {
    let input = InputShape {
        channels: 1,
        height: 6,
        width: 6,
    };
    let config = NetworkConfig::new("preact", scheme, input, 3).with_segments(steps, 4);
    Network::build(&config).expect("builds")
}

/// Random numbers that are the same in all steps of a segment: an autonomous equation.
fn tied(network: &Network) -> Parameters {
    let mut parameters = network.init(3);
    for pair in network.successive() {
        let earlier = parameters.value(pair.earlier).to_vec();
        parameters.value_mut(pair.later).copy_from_slice(&earlier);
    }
    // Slopes of random weights are large; smaller ones need fewer steps until a limit is in sight.
    for (spec, id) in network.specs().iter().zip(network.specs().ids()) {
        if spec.name.ends_with("conv2.weight") {
            parameters.value_mut(id).iter_mut().for_each(|w| *w *= 0.3);
        }
    }
    parameters
}

fn manner(coefficients: Coefficients) -> Manner {
    Manner {
        coefficients,
        ..Manner::default()
    }
}

fn exact() -> Arc<dyn Engine> {
    device("exact").expect("there")
}

/// Logits of four images.
fn logits(network: &Network, parameters: &Parameters) -> Vec<f64> {
    let images: Vec<f32> = (0..4 * 36).map(|i| (i as f32 * 0.7).sin()).collect();
    let engine = exact();
    let pass = Pass::new(&*engine, parameters, Mode::Eval);
    let logits = network.forward(&pass, pass.images([4, 1, 6, 6], &images));
    logits.expect("steps").read().to_vec()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).powi(2))
        .sum::<f64>()
        .sqrt()
}

/// Distances of the network with 4, 8, 16 and 32 times the steps, each to the next.
fn distances(scheme: &str, coefficients: Coefficients) -> Vec<f64> {
    let network = network(scheme, &[3, 3]);
    let parameters = tied(&network);
    let all: Vec<Vec<f64>> = [4.0, 8.0, 16.0, 32.0]
        .into_iter()
        .map(|factor| {
            let steps = network.steps_times(factor);
            let finer = resample(&network, &parameters, &steps, manner(coefficients));
            let finer = finer.expect("samples");
            logits(&finer.network, &finer.parameters)
        })
        .collect();
    all.windows(2)
        .map(|pair| distance(&pair[0], &pair[1]))
        .collect()
}

#[test]
fn the_same_steps_are_the_same_network() {
    for scheme in ["euler", "lm", "heun", "leapfrog", "lm3", "dense"] {
        let network = network(scheme, &[3, 4]);
        let parameters = network.init(5);
        for coefficients in [Coefficients::Rescaled, Coefficients::Kept] {
            let found = resample(&network, &parameters, &[3, 4], manner(coefficients));
            let found = found.expect("samples");
            assert_eq!(found.network.config(), network.config(), "{scheme}");
            for id in parameters.ids() {
                for (new, old) in found.parameters.value(id).iter().zip(parameters.value(id)) {
                    assert!((new - old).abs() < 1e-6, "{scheme}");
                }
            }
        }
    }
}

/// What is sampled is a differential equation: finer steps come closer and closer to its solution, at the rate of the scheme (ReLUs have
/// kinks, which cost a part of it). Leapfrog does so only if the state that a transition leaves behind is brought to
/// the distance of its own steps.
#[test]
fn finer_steps_approach_a_limit_at_the_rate_of_the_scheme() {
    for (scheme, least) in [
        ("euler", 1.7),
        ("heun", 3.0),
        ("rk4", 3.0),
        ("leapfrog", 1.7),
        ("ab2", 1.7),
        ("lm3", 1.7),
    ] {
        let found = distances(scheme, Coefficients::Kept);
        for pair in found.windows(2) {
            assert!(pair[0] / pair[1] > least, "{scheme}: {found:?}");
        }
    }
    for coefficients in [Coefficients::Kept, Coefficients::Rescaled] {
        let found = distances("lm", coefficients);
        assert!(
            found[0] / found[1] > 1.7 && found[1] / found[2] > 1.7,
            "{found:?}"
        );
    }
}

/// Halved and doubled by hand: cells and their middles, and what stands in a network's table.
#[test]
fn weights_lie_in_the_middles_of_cells() {
    let network = network("euler", &[4, 3]);
    let mut parameters = network.init(1);
    let name = |step: usize| format!("layer1.{step}.conv1.weight");
    for step in 0..4 {
        let id = parameters.find(&name(step)).expect("there");
        parameters.value_mut(id).fill(step as f32);
    }
    let sampled = |steps: usize, interpolation: Interpolation| -> Vec<f32> {
        let manner = Manner {
            interpolation,
            ..Manner::default()
        };
        let found = resample(&network, &parameters, &[steps, 3], manner).expect("samples");
        assert_eq!(found.network.config().h_of(0, 0), 4.0 / steps as f64);
        assert_eq!(found.network.config().h_of(1, 1), 1.0);
        let of = |step: usize| found.parameters.find(&name(step)).expect("there");
        (0..steps)
            .map(|step| found.parameters.value(of(step))[0])
            .collect()
    };
    let linear = Interpolation::Linear;
    assert_eq!(sampled(2, linear), [0.5, 2.5]);
    assert_eq!(
        sampled(8, linear),
        [0.0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.0]
    );
    assert_eq!(sampled(1, linear), [1.5]);
    let constant = Interpolation::Constant;
    assert_eq!(
        sampled(8, constant),
        [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    );
    assert_eq!(sampled(2, constant), [1.0, 3.0]);
}

/// The coefficients of a network of `lm` are those that its steps ask for; the first after a transition has a state farther behind it.
#[test]
fn coefficients_are_rescaled_step_by_step() {
    let network = network("lm", &[3, 3]);
    let mut parameters = network.init(1);
    for (spec, id) in network.specs().iter().zip(network.specs().ids()) {
        if spec.role == Role::Coefficient {
            parameters.value_mut(id).fill(-0.3);
        }
    }
    let finer = |coefficients| {
        let steps = network.steps_times(2.0);
        resample(&network, &parameters, &steps, manner(coefficients)).expect("samples")
    };
    let wanted = refined("lm", f64::from(-0.3_f32), 0.5).expect("a step");
    let found = finer(Coefficients::Rescaled);
    let k = crate::coefficients(&found.network, &found.parameters);
    let near = |k: Option<f64>, wanted: f64| k.is_some_and(|k| (k - wanted).abs() < 1e-6);
    assert!(
        k[0][0].is_none() && near(k[0][1], wanted.k) && near(k[0][5], wanted.k),
        "{k:?}"
    );
    assert!(
        k[1][0].is_none() && near(k[1][1], wanted.behind) && near(k[1][2], wanted.k),
        "{k:?}"
    );
    let config = found.network.config();
    assert!(
        (config.h_of(0, 3) - wanted.control).abs() < 1e-6,
        "{:?}",
        config.scheme.h
    );
    // A restart is a step of forward Euler.
    assert!(
        (config.h_of(0, 0) - wanted.first).abs() < 1e-6,
        "{:?}",
        config.scheme.h
    );
    assert_eq!(config.h_of(1, 0), 1.0);
    let found = finer(Coefficients::Kept);
    let k = crate::coefficients(&found.network, &found.parameters);
    assert!(near(k[0][2], -0.3) && near(k[1][1], -0.15), "{k:?}");
    assert_eq!(found.network.config().scheme.h, [0.5]);
}

#[test]
fn what_cannot_be_sampled_is_refused_with_the_reason() {
    let strided = network("euler", &[2, 1]);
    let parameters = strided.init(0);
    for (steps, reason) in [
        (&[2, 2][..], "segment 2 has no step that keeps the shape"),
        (&[0, 1], "segment 1 needs at least 1 step"),
        (&[2], "2 segments, and 1 were given"),
    ] {
        let error = resample(&strided, &parameters, steps, Manner::default());
        let error = error.expect_err("refused").to_string();
        assert!(error.contains(reason), "{error}");
    }
    assert!(resample(&strided, &parameters, &[4, 1], Manner::default()).is_ok());
    let other = network("euler", &[2, 2]);
    let error = resample(&other, &other.init(0), &[2, 1], Manner::default());
    assert!(
        error
            .expect_err("refused")
            .to_string()
            .contains("its transition's and one")
    );
}

#[test]
fn successive_parameters_are_those_of_neighbours() {
    let network = network("lm", &[3, 3]);
    let pairs = network.successive();
    let specs = network.specs();
    let names: Vec<(&str, &str)> = (pairs.iter())
        .map(|p| {
            (
                specs[p.earlier.index()].name.as_str(),
                specs[p.later.index()].name.as_str(),
            )
        })
        .collect();
    // Two norms and two convolutions in each pair of steps; the strided step of the second segment has no neighbour.
    assert_eq!(names.len(), 6 * 3, "{names:?}");
    assert!(names.contains(&("layer1.1.conv2.weight", "layer1.2.conv2.weight")));
    assert!(names.contains(&("layer2.1.bn1.bias", "layer2.2.bn1.bias")));
    assert!(pairs.iter().all(|p| p.distance == 1.0));
}
