//! Does noise multiply increments as its law says, in training only, on both ways to compute, for every pair?

use timestep_nets::{
    Activations, Draws, InputShape, Mode, Network, NetworkConfig, Parameters, Pass, Tensor,
    TensorData, blocks, device, ops, preset, stream,
};
use timestep_numerics::noise::{Backward, Decay, Forward, Scaling};
use timestep_numerics::{NoiseSettings, Per, schemes};

const INPUT: InputShape = InputShape {
    channels: 3,
    height: 8,
    width: 8,
};
const BATCH: usize = 4;

fn config(block: &str, scheme: &str, noise: NoiseSettings) -> NetworkConfig {
    NetworkConfig {
        steps: vec![2, 2],
        width: 4,
        noise,
        ..NetworkConfig::new(block, scheme, INPUT, 5)
    }
}

fn images() -> Tensor<4> {
    use rand_chacha::rand_core::Rng;
    let mut rng = stream(3, "images");
    let values: Vec<f32> = (0..BATCH * 3 * 64)
        .map(|_| (f64::from(rng.next_u32()) / f64::from(u32::MAX) * 2.0 - 1.0) as f32)
        .collect();
    let device = device("cpu").expect("cpu");
    Tensor::from_data(TensorData::new(values, [BATCH, 3, 8, 8]), &device)
}

fn at(step: u64) -> Option<Draws> {
    Some(Draws { seed: 11, step })
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor
        .without_autodiff()
        .into_data()
        .iter::<f32>()
        .collect()
}

fn logits(
    network: &Network,
    parameters: &Parameters,
    mode: Mode,
    draws: Option<Draws>,
) -> Vec<f32> {
    let pass = Pass::new(parameters.values(), mode).with_draws(draws);
    numbers(network.forward(&pass, images()).expect("forward"))
}

/// The state after the last step of a training pass.
fn last_state(network: &Network, parameters: &Parameters, draws: Option<Draws>) -> Vec<f32> {
    let mut last = Vec::new();
    let mut probe = |_: usize, _: usize, u: &timestep_nets::Features| last = numbers(u.to_nchw());
    let pass = Pass::new(parameters.values(), Mode::Train).with_draws(draws);
    network
        .forward_probed(&pass, images(), Some(&mut probe))
        .expect("forward");
    last
}

/// Loss gradients of all parameters; `None` where nothing arrives. The last entry is of the images.
fn gradients(
    network: &Network,
    parameters: &Parameters,
    draws: Option<Draws>,
) -> Vec<(String, Option<Vec<f32>>)> {
    let values = parameters.tracked();
    let pass = Pass::new(&values, Mode::Train).with_draws(draws);
    let input = images().autodiff().require_grad();
    let out = network.forward(&pass, input.clone()).expect("forward");
    let labels = TensorData::new(vec![1_i32, 3, 0, 4], [BATCH]);
    let labels = Tensor::from_data(labels, &device("cpu").expect("cpu"));
    let grads = ops::cross_entropy(out, labels, 0.0).backward();
    let mut all: Vec<(String, Option<Vec<f32>>)> = values
        .iter()
        .zip(parameters.specs().iter())
        .map(|(value, spec)| (spec.name.clone(), value.grad(&grads).map(numbers)))
        .collect();
    all.push(("images".into(), input.grad(&grads).map(numbers)));
    all
}

fn close(got: &[f32], want: &[f32], to: f32, what: &str) {
    let largest = want.iter().fold(1e-3_f32, |m, v| m.max(v.abs()));
    for (a, b) in got.iter().zip(want) {
        assert!((a - b).abs() <= to * largest, "{what}: {a} against {b}");
    }
}

/// Settings under which something happens at every step.
fn laws() -> Vec<NoiseSettings> {
    let depth = |keep, per| NoiseSettings {
        keep,
        per,
        decay: Decay::Constant,
        ..NoiseSettings::named("stochastic-depth")
    };
    vec![
        depth(0.5, Per::Batch),
        depth(0.5, Per::Image),
        NoiseSettings::named("shake-shake"),
        NoiseSettings {
            level: 0.1,
            ..NoiseSettings::named("gaussian")
        },
    ]
}

#[test]
fn every_pair_with_every_noise_is_random_in_training_only() {
    let device = device("cpu").expect("cpu");
    let keys: Vec<String> = (blocks().map(|b| b.key.to_owned()))
        .flat_map(|b| [b.clone(), format!("se-{b}")])
        .collect();
    let (mut built, mut refused) = (0, 0);
    for block in &keys {
        for scheme in schemes() {
            for noise in laws() {
                let config = config(block, scheme.key, noise.clone());
                let network = match Network::build(&config) {
                    Ok(network) => network,
                    Err(error) => {
                        let two = block.ends_with("shake-shake");
                        assert!(noise.name == "shake-shake" && !two, "{block}: {error}");
                        assert!(error.to_string().contains("two branches"), "{error}");
                        refused += 1;
                        continue;
                    }
                };
                built += 1;
                let what = format!("{block} x {} x {noise:?}", scheme.key);
                let parameters = network.init(1, &device);
                let train = |draws| logits(&network, &parameters, Mode::Train, draws);
                let some = train(at(1));
                assert!(some.iter().all(|v| v.is_finite()), "{what}");
                assert_eq!(some, train(at(1)), "{what}: not repeatable");
                let plain = train(None);
                // Of several steps one at least differs from the mean.
                assert!((1..6).any(|step| train(at(step)) != plain), "{what}");
                // Evaluation is that of the network without noise, bit for bit.
                let still =
                    Network::build(&self::config(block, scheme.key, NoiseSettings::default()))
                        .expect("builds without noise");
                assert_eq!(
                    logits(&network, &parameters, Mode::Eval, at(1)),
                    logits(&still, &parameters, Mode::Eval, None),
                    "{what}"
                );
            }
        }
    }
    assert!(
        built > 500 && refused > 100,
        "{built} built, {refused} refused"
    );
}

#[test]
fn fused_and_composed_operations_agree_on_noise() {
    let device = device("cpu").expect("cpu");
    let mut cases = vec![
        config("preact", "lm", laws()[0].clone()),
        config("postact", "poly2", laws()[0].clone()),
        config("se-preact", "lm", laws()[1].clone()),
        config("bottleneck", "euler", laws()[1].clone()),
        config("preact", "heun", laws()[3].clone()),
        config("preact", "reversible", laws()[0].clone()),
    ];
    for forward in [Forward::Shake, Forward::Even] {
        for backward in [Backward::Shake, Backward::Keep, Backward::Even] {
            for per in [Per::Batch, Per::Image] {
                let noise = NoiseSettings {
                    forward,
                    backward,
                    per,
                    ..NoiseSettings::named("shake-shake")
                };
                cases.push(config("shake-shake", "euler", noise));
            }
        }
    }
    for config in cases {
        let network = Network::build(&config).expect("builds");
        let parameters = network.init(2, &device);
        for step in 1..4 {
            let fused = gradients(&network, &parameters, at(step));
            let composed = ops::composed(|| gradients(&network, &parameters, at(step)));
            for ((name, got), (_, want)) in fused.into_iter().zip(composed) {
                let what = format!("{} {:?} step {step}: {name}", config.name, config.noise);
                let zeros = |n: usize| vec![0.0; n];
                match (got, want) {
                    (Some(got), Some(want)) => close(&got, &want, 2e-3, &what),
                    // A dropped block gets nothing from the fused operations, zeros from the others.
                    (None, Some(want)) => assert_eq!(want, zeros(want.len()), "{what}"),
                    (Some(got), None) => assert_eq!(got, zeros(got.len()), "{what}"),
                    (None, None) => {}
                }
            }
        }
    }
}

#[test]
fn a_dropped_block_is_not_touched_and_memory_goes_on() {
    let device = device("cpu").expect("cpu");
    // So rarely kept that no draw of this test keeps it.
    let noise = NoiseSettings {
        keep: 1e-12,
        decay: Decay::Constant,
        ..NoiseSettings::named("stochastic-depth")
    };
    let network = Network::build(&config("preact", "lm", noise)).expect("builds");
    let parameters = network.init(3, &device);
    for (name, grad) in gradients(&network, &parameters, at(1)) {
        let step = name.starts_with("layer") && !name.contains("downsample");
        let sum: f32 = grad.iter().flatten().map(|g| g.abs()).sum();
        if name.ends_with("memory_k") {
            // The state came from a projection, so its difference to the one before is not 0 in the
            // second segment only if a step moved it: nothing did, and the gradient of k is 0.
            assert_eq!(sum, 0.0, "{name}");
        } else if step {
            assert!(grad.is_none(), "{name} of a dropped block has a gradient");
        } else if !name.contains("running") {
            assert!(sum > 0.0, "{name}");
        }
    }
    // With the first block kept, the state has moved, and every later k matters.
    let noise = NoiseSettings {
        keep: 1e-12,
        ..NoiseSettings::named("stochastic-depth")
    };
    let mut config = config("preact", "lm", noise);
    config.steps = vec![3];
    let network = Network::build(&config).expect("builds");
    let parameters = network.init(3, &device);
    let all = gradients(&network, &parameters, at(1));
    let sum = |name: &str| -> f32 {
        let found = all.iter().find(|(n, _)| n == name);
        let (_, grad) = found.unwrap_or_else(|| panic!("no parameter {name}"));
        grad.iter().flatten().map(|g| g.abs()).sum()
    };
    assert!(sum("layer1.0.conv1.weight") > 0.0);
    // Kept with probability one half: the draw of this seed drops it or not, k is used all the same.
    assert!(sum("layer1.1.memory_k") > 0.0);
    assert!(sum("layer1.2.memory_k") > 0.0);
    assert_eq!(sum("layer1.2.conv1.weight"), 0.0);
}

#[test]
fn scaling_at_test_multiplies_blocks_by_their_probability() {
    let device = device("cpu").expect("cpu");
    let scaled = |scaling| {
        let noise = NoiseSettings {
            keep: 0.5,
            decay: Decay::Constant,
            scaling,
            ..NoiseSettings::named("stochastic-depth")
        };
        let mut config = config("preact", "euler", noise);
        config.steps = vec![1];
        let network = Network::build(&config).expect("builds");
        let parameters = network.init(4, &device);
        let mut states = Vec::new();
        let mut probe = |_: usize, _: usize, u: &timestep_nets::Features| {
            states.push(numbers(u.to_nchw()));
        };
        let pass = Pass::new(parameters.values(), Mode::Eval);
        network
            .forward_probed(&pass, images(), Some(&mut probe))
            .expect("forward");
        let moved: Vec<f32> = states[1]
            .iter()
            .zip(&states[0])
            .map(|(a, b)| a - b)
            .collect();
        moved
    };
    let (train, test) = (scaled(Scaling::Train), scaled(Scaling::Test));
    let half: Vec<f32> = train.iter().map(|f| 0.5 * f).collect();
    close(&test, &half, 1e-5, "increment at test");
}

#[test]
fn training_with_noise_is_right_on_average() {
    // The state after one step, averaged over many draws, is that of the mean control.
    let device = device("cpu").expect("cpu");
    for noise in [
        NoiseSettings {
            keep: 0.7,
            decay: Decay::Constant,
            ..NoiseSettings::named("stochastic-depth")
        },
        NoiseSettings {
            per: Per::Batch,
            ..NoiseSettings::named("shake-shake")
        },
    ] {
        let block = if noise.name == "shake-shake" {
            "shake-shake"
        } else {
            "preact"
        };
        let mut config = config(block, "euler", noise.clone());
        config.steps = vec![1];
        let network = Network::build(&config).expect("builds");
        let parameters = network.init(4, &device);
        let last = |draws| last_state(&network, &parameters, draws);
        let want = last(None);
        let draws = 1500;
        let mut mean = vec![0.0_f64; want.len()];
        let mut square = vec![0.0_f64; want.len()];
        for step in 0..draws {
            for ((m, s), v) in mean.iter_mut().zip(&mut square).zip(last(at(step))) {
                *m += f64::from(v) / draws as f64;
                *s += f64::from(v).powi(2) / draws as f64;
            }
        }
        for ((m, s), w) in mean.iter().zip(&square).zip(&want) {
            let error = ((s - m * m).max(0.0) / draws as f64).sqrt();
            // All entries move together, so there is one draw to judge, not a thousand.
            let off = (m - f64::from(*w)).abs();
            assert!(
                off <= 4.0 * error + 1e-5,
                "{noise:?}: {m} ± {error}, mean control {w}"
            );
        }
    }
}

#[test]
fn gaussian_noise_has_its_level_and_is_other_for_each_image() {
    let device = device("cpu").expect("cpu");
    let noise = NoiseSettings {
        level: 0.5,
        ..NoiseSettings::named("gaussian")
    };
    let mut config = config("preact", "euler", noise);
    config.steps = vec![1];
    config.width = 32;
    let network = Network::build(&config).expect("builds");
    let parameters = network.init(4, &device);
    let last = |draws| last_state(&network, &parameters, draws);
    let added: Vec<f64> = (last(at(1)).iter().zip(last(None)))
        .map(|(a, b)| f64::from(*a) - f64::from(b))
        .collect();
    let n = added.len() as f64;
    let mean = added.iter().sum::<f64>() / n;
    let variance = added.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    assert_eq!(added.len(), BATCH * 32 * 64);
    assert!(mean.abs() < 5.0 * 0.5 / n.sqrt(), "mean {mean}");
    assert!(
        (variance - 0.25).abs() < 5.0 * 0.25 * (2.0 / n).sqrt(),
        "variance {variance}"
    );
    let (first, second) = added.split_at(added.len() / BATCH);
    let same = first
        .iter()
        .zip(second)
        .filter(|(a, b)| (*a - *b).abs() < 1e-6);
    assert!(same.count() < 10, "two images have the same noise");
}

#[test]
fn reconstructed_activations_repeat_the_draws() {
    let device = device("cpu").expect("cpu");
    for per in [Per::Batch, Per::Image] {
        let noise = NoiseSettings {
            per,
            decay: Decay::Constant,
            ..NoiseSettings::named("stochastic-depth")
        };
        let mut config = NetworkConfig {
            noise,
            steps: vec![2, 2],
            ..preset("revnet-38")
                .expect("registered")
                .config(INPUT, 5)
                .scaled_to(8)
        };
        config.widths = Vec::new();
        config.activations = Activations::Stored;
        let stored = Network::build(&config).expect("builds");
        config.activations = Activations::Reconstructed;
        let reconstructed = Network::build(&config).expect("builds");
        let parameters = stored.init(5, &device);
        for step in 1..6 {
            let want = gradients(&stored, &parameters, at(step));
            let got = gradients(&reconstructed, &parameters, at(step));
            for ((name, got), (_, want)) in got.into_iter().zip(want) {
                let n = got.as_ref().or(want.as_ref()).map_or(0, Vec::len);
                let (got, want) = (
                    got.unwrap_or_else(|| vec![0.0; n]),
                    want.unwrap_or_else(|| vec![0.0; n]),
                );
                close(&got, &want, 2e-3, &format!("{per:?} step {step}: {name}"));
            }
        }
    }
}

#[test]
fn what_noise_cannot_have_is_refused_with_a_reason() {
    let refused = |config: &NetworkConfig, why: &str| {
        let error = Network::build(config)
            .expect_err("must be refused")
            .to_string();
        assert!(error.contains(why), "{error}");
    };
    refused(
        &config("preact", "lm", NoiseSettings::named("shake-shake")),
        "two branches",
    );
    refused(
        &config("preact", "lm", NoiseSettings::named("shaky")),
        "no noise `shaky`",
    );
    let never = NoiseSettings {
        keep: 0.0,
        ..NoiseSettings::named("stochastic-depth")
    };
    refused(&config("preact", "lm", never), "above 0");
    let mut undone = config("preact", "reversible", NoiseSettings::named("gaussian"));
    undone.activations = Activations::Reconstructed;
    refused(&undone, "cannot be undone");
    let mut fractal = preset("fractalnet-20")
        .expect("registered")
        .config(INPUT, 5);
    fractal.noise = NoiseSettings::named("stochastic-depth");
    refused(&fractal, "one block and one scheme");
    let mut joinless = config("preact", "lm", NoiseSettings::default());
    joinless.drop_path = 0.1;
    refused(&joinless, "joins");
}

#[test]
fn fractal_schemes_of_any_block_drop_paths() {
    let device = device("cpu").expect("cpu");
    let mut config = config("preact", "fractal3", NoiseSettings::default());
    config.drop_path = 0.15;
    let network = Network::build(&config).expect("builds");
    let parameters = network.init(1, &device);
    let train = |draws| logits(&network, &parameters, Mode::Train, draws);
    assert_ne!(train(at(1)), train(None));
    assert_eq!(train(at(1)), train(at(1)));
    let eval = |draws| logits(&network, &parameters, Mode::Eval, draws);
    assert_eq!(eval(at(1)), eval(None));
}
