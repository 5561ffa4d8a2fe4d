//! Does every block work with every scheme? Shapes, gradients, weights, train against eval.

use crate::common::{Images, all_schemes, classes, learn, logits, steppable};
use timestep_engine::{Exact, Fused, Recording, Wanted};
use timestep_nets::{
    Engine, Granularity, InputShape, Metadata, Mode, Network, NetworkConfig, Parameters, Pass,
    Role, Shortcut, Transition, blocks, ops, read_safetensors, to_safetensors,
};

const INPUT: InputShape = InputShape {
    channels: 3,
    height: 8,
    width: 6,
};

fn config(block: &str, scheme: &str) -> NetworkConfig {
    steppable(NetworkConfig::new(block, scheme, INPUT, 5).with_segments(&[2, 3], 4))
}

fn images(batch: usize) -> Images {
    Images::named("images", batch, INPUT)
}

/// The smoothed loss of images in a pass.
fn loss(pass: &Pass, network: &Network, images: &Images) -> f64 {
    let logits = network.forward(pass, images.on(pass)).expect("forward");
    let [batch, ..] = images.dims;
    ops::cross_entropy(&logits, &classes(batch, 0.1)).read()[0]
}

/// Gradient of every trained parameter, in layout order; nothing for the others.
fn gradients(
    engine: &dyn Engine,
    (network, parameters): (&Network, &Parameters),
    images: &Images,
) -> Vec<Vec<f64>> {
    let pass = Pass::training(engine, parameters);
    let [batch, ..] = images.dims;
    let images = images.on(&pass);
    let found = learn(pass, network, images, &classes(batch, 0.1));
    found
        .gradients
        .into_iter()
        .zip(parameters.specs().iter())
        .map(|(gradient, spec)| {
            assert!(
                gradient.is_some() || !spec.is_trained(),
                "`{}` receives no gradient",
                spec.name
            );
            gradient.unwrap_or_default()
        })
        .collect()
}

/// Every block, and every block with squeeze-and-excitation around it.
fn all_blocks() -> Vec<String> {
    let plain: Vec<String> = blocks().map(|b| b.key.to_owned()).collect();
    let gated = plain.iter().map(|b| format!("se-{b}"));
    plain.iter().cloned().chain(gated).collect()
}

#[test]
fn every_pair_trains_two_steps_and_weights_round_trip() {
    for block in all_blocks() {
        for scheme in all_schemes() {
            let config = config(&block, scheme.written());
            let network =
                Network::build(&config).unwrap_or_else(|e| panic!("{}: {e}", config.name));
            let mut parameters = network.init(1);
            // Under one start all ReLUs of a branch or gate of a few channels may be off, and a norm of a single channel
            // that shifts nothing scales what the next norm undoes: its gradient is 0 but for rounding. Hardly so
            // under each of five.
            let mut missing: Vec<String> = Vec::new();
            for seed in 1..6 {
                let start = network.init(seed);
                let all = gradients(&Fused, (&network, &start), &images(3));
                let silent = |grad: &Vec<f64>| grad.iter().all(|g| *g == 0.0);
                let specs = start.specs().iter().zip(&all);
                let names = specs
                    .filter(|(spec, grad)| spec.is_trained() && silent(grad))
                    .map(|(spec, _)| spec.name.clone());
                missing = match seed {
                    1 => names.collect(),
                    _ => names.filter(|name| missing.contains(name)).collect(),
                };
                if missing.is_empty() {
                    break;
                }
            }
            assert!(
                missing.is_empty(),
                "{}: no gradient: {missing:?}",
                config.name
            );
            for _ in 0..2 {
                let all = gradients(&Fused, (&network, &parameters), &images(3));
                for (id, grad) in parameters.ids().zip(&all) {
                    let spec = parameters.specs()[id.index()].clone();
                    let what = format!("{}: `{}`", config.name, spec.name);
                    if !spec.is_trained() {
                        continue;
                    }
                    assert!(grad.iter().all(|g| g.is_finite()), "{what}");
                    let values = parameters.value_mut(id);
                    assert_eq!(values.len(), grad.len(), "{what}");
                    for (value, g) in values.iter_mut().zip(grad) {
                        *value -= 1e-3 * *g as f32;
                    }
                }
            }
            let bytes = to_safetensors(&parameters, &Metadata::new()).expect("writes");
            let again = network
                .load(&read_safetensors(&bytes).expect("reads"))
                .expect("fits its own network");
            for id in parameters.ids() {
                assert_eq!(parameters.value(id), again.value(id));
            }
        }
    }
}

/// A norm that sees several kinds of features needs statistics for each: averaged over all of them they fit none, and
/// the network is not the trained one in evaluation.
#[test]
fn every_evaluation_of_a_block_has_statistics_of_its_own() {
    for block in all_blocks() {
        for scheme in all_schemes() {
            let network = Network::build(&config(&block, scheme.written())).expect("fits");
            let parameters = network.init(1);
            let pass = Pass::new(&Fused, &parameters, Mode::Train);
            let images = images(2).on(&pass);
            network.forward(&pass, images).expect("forward");
            let mut noted: Vec<usize> = pass
                .into_statistics()
                .iter()
                .map(|(id, _)| id.index())
                .collect();
            noted.sort_unstable();
            let specs = network.specs().iter().enumerate();
            let buffers: Vec<usize> = specs
                .filter(|(_, s)| s.role == Role::Buffer)
                .map(|(at, _)| at)
                .collect();
            assert_eq!(noted, buffers, "{block} x {}: each once", scheme.written());
        }
    }
}

#[test]
fn gradients_agree_with_finite_differences_in_f64() {
    for (block, scheme) in [
        ("preact", "lm"),
        ("postact", "euler"),
        ("preact-bottleneck", "momentum"),
        ("preact", "rk4"),
        ("se-preact", "lm3"),
        ("preact-resnext", "dense"),
        ("inception-b", "fractal2"),
        ("shake-shake", "zerosnet"),
        ("conv-norm-relu", "poly2"),
        ("preact", "backward-euler"),
        ("preact", "trapezoidal"),
        ("postact", "implicit-midpoint"),
        ("parabolic", "bdf2"),
        ("transformer", "lie"),
        ("reaction-diffusion", "imex-euler"),
        ("reaction-diffusion", "sbdf2"),
        ("reaction-diffusion", "rk4"),
        ("transformer", "strang"),
        ("transformer", "lm"),
    ] {
        let network = Network::build(&config(block, scheme)).expect("builds");
        let parameters = network.init(2);
        let images = images(4);
        let exact = gradients(&Exact, (&network, &parameters), &images);
        let specs = network.specs();
        let still = Recording {
            wanted: Wanted::Nothing,
            statistics: true,
        };
        for (id, spec) in specs.ids().zip(specs.iter()) {
            if !spec.is_trained() {
                continue;
            }
            let at = spec.len() / 2;
            let at_offset = |offset: f64| {
                let values = parameters.values().iter();
                let mut values: Vec<f64> = values.map(|v| f64::from(*v)).collect();
                values[specs.range(id)][at] += offset;
                let tape = Exact.open_f64(specs, values, &still);
                loss(&Pass::on(tape, Mode::Train), &network, &images)
            };
            // Small enough that hardly any ReLU changes sides between the two evaluations.
            let e = 1e-6;
            let numeric = (at_offset(e) - at_offset(-e)) / (2.0 * e);
            let exact = &exact[id.index()];
            let scale = exact.iter().fold(1e-3_f64, |m, g| m.max(g.abs()));
            assert!(
                (numeric - exact[at]).abs() < 2e-5 * scale,
                "{block} x {scheme} `{}`: {numeric} against {}",
                spec.name,
                exact[at]
            );
        }
    }
}

#[test]
fn zero_coefficient_is_bitwise_the_residual_network() {
    let lm = Network::build(&config("preact", "lm")).expect("builds");
    let euler = Network::build(&config("preact", "euler")).expect("builds");
    let plain = euler.init(5);
    let mut with_k = lm.init(5);
    for id in with_k.ids() {
        if with_k.specs()[id.index()].role == Role::Coefficient {
            with_k.value_mut(id).fill(0.0);
        }
    }
    for mode in [Mode::Train, Mode::Eval] {
        let of = |network: &Network, parameters: &Parameters| {
            logits(&Fused, (network, parameters), &images(3), mode, None)
        };
        assert_eq!(of(&lm, &with_k), of(&euler, &plain));
    }
}

#[test]
fn running_statistics_approach_the_batch_ones() {
    let network = Network::build(&config("preact", "lm")).expect("builds");
    let mut parameters = network.init(7);
    let images = images(16);
    for _ in 0..200 {
        let pass = Pass::new(&Fused, &parameters, Mode::Train);
        let _logits = network.forward(&pass, images.on(&pass)).expect("forward");
        let statistics = pass.into_statistics();
        network.absorb(&mut parameters, statistics);
    }
    let [train, eval] = [Mode::Train, Mode::Eval].map(|mode| {
        let pass = Pass::new(&Fused, &parameters, mode);
        loss(&pass, &network, &images)
    });
    // Only the unbiased variance of the running statistics differs.
    assert!(
        (train - eval).abs() < 0.02 * train.abs(),
        "train {train}, eval {eval}"
    );
}

#[test]
fn odd_channels_are_refused_by_a_reversible_scheme_with_the_reason() {
    let mut odd = config("preact", "reversible");
    odd.body.width = 3;
    let error = Network::build(&odd)
        .expect_err("3 channels cannot be halved")
        .to_string();
    assert!(error.contains("3 channels"), "{error}");
}

#[test]
fn both_transitions_and_channel_coefficients_build_and_run() {
    for transition in [Transition::StridedStep, Transition::ProjectThenStep] {
        for shortcut in [
            Shortcut::OptionA,
            Shortcut::Projection,
            Shortcut::SharedProjection,
        ] {
            let mut config = config("preact", "lm");
            config.body.transition = transition;
            config.body.shortcut = shortcut;
            config.scheme.coefficient = Granularity::Channel;
            let network = Network::build(&config).expect("builds");
            // Steps minus one restart per segment, one number per channel: 1 * 4 + 2 * 8.
            assert_eq!(network.coefficient_count(), 20);
            let _grads = gradients(&Fused, (&network, &network.init(1)), &images(2));
        }
    }
}

#[test]
fn the_first_non_finite_step_is_named() {
    let network = Network::build(&config("preact", "lm")).expect("builds");
    let mut parameters = network.init(1);
    let id = parameters.find("layer2.1.conv2.weight").expect("exists");
    // Finite weights whose product overflows in this step only.
    parameters.value_mut(id).fill(3e38);
    let images = images(2);
    let found = network.locate_non_finite(&Fused, &parameters, images.view(), Mode::Train);
    assert_eq!(found.expect("overflow").to_string(), "segment 2, step 2");
}
