//! Does noise multiply increments as its law says, in training only?

use crate::common::noisy::{BATCH, INPUT, at, close, config, gradients, images, logits};
use timestep_engine::Fused;
use timestep_nets::{
    Activations, Draws, Features, Mode, Network, NetworkConfig, Parameters, Pass, preset,
};
use timestep_numerics::noise::{Decay, Scaling};
use timestep_numerics::{NoiseSettings, Per};

/// The states after the first layers and after every step.
fn states(network: &Network, pass: &Pass) -> Vec<Vec<f64>> {
    let mut all = Vec::new();
    let mut probe = |_: usize, _: usize, u: &Features| all.push(u.read());
    network
        .forward_probed(pass, images().on(pass), Some(&mut probe))
        .expect("forward");
    all
}

/// The state after the last step of a training pass.
fn last_state(network: &Network, parameters: &Parameters, draws: Option<Draws>) -> Vec<f64> {
    let pass = Pass::new(&Fused, parameters, Mode::Train).with_draws(draws);
    states(network, &pass).pop().expect("a state")
}

#[test]
fn a_dropped_block_is_not_touched_and_memory_goes_on() {
    // So rarely kept that no draw of this test keeps it.
    let noise = NoiseSettings::named("stochastic-depth")
        .with("keep", 1e-12)
        .with("decay", Decay::Constant.key());
    let network = Network::build(&config("preact", "lm", noise)).expect("builds");
    let parameters = network.init(3);
    for (name, grad) in gradients(&Fused, &network, &parameters, at(1)) {
        let step = name.starts_with("layer") && !name.contains("downsample");
        let sum: f64 = grad.iter().flatten().map(|g| g.abs()).sum();
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
    let noise = NoiseSettings::named("stochastic-depth").with("keep", 1e-12);
    let mut config = config("preact", "lm", noise);
    config.body.steps = vec![3];
    let network = Network::build(&config).expect("builds");
    let parameters = network.init(3);
    let all = gradients(&Fused, &network, &parameters, at(1));
    let sum = |name: &str| -> f64 {
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
    let scaled = |scaling: Scaling| {
        let noise = NoiseSettings::named("stochastic-depth")
            .with("keep", 0.5)
            .with("decay", Decay::Constant.key())
            .with("scaling", scaling.key());
        let mut config = config("preact", "euler", noise);
        config.body.steps = vec![1];
        let network = Network::build(&config).expect("builds");
        let parameters = network.init(4);
        let pass = Pass::new(&Fused, &parameters, Mode::Eval);
        let states = states(&network, &pass);
        let moved: Vec<f64> = states[1]
            .iter()
            .zip(&states[0])
            .map(|(a, b)| a - b)
            .collect();
        moved
    };
    let (train, test) = (scaled(Scaling::Train), scaled(Scaling::Test));
    let half: Vec<f64> = train.iter().map(|f| 0.5 * f).collect();
    close(&test, &half, 1e-5, "increment at test");
}

#[test]
fn training_with_noise_is_right_on_average() {
    // The state after one step, averaged over many draws, is that of the mean control.
    for noise in [
        NoiseSettings::named("stochastic-depth")
            .with("keep", 0.7)
            .with("decay", Decay::Constant.key()),
        NoiseSettings::named("shake-shake").per(Per::Batch),
    ] {
        let block = if noise.name == "shake-shake" {
            "shake-shake"
        } else {
            "preact"
        };
        let mut config = config(block, "euler", noise.clone());
        config.body.steps = vec![1];
        let network = Network::build(&config).expect("builds");
        let parameters = network.init(4);
        let last = |draws| last_state(&network, &parameters, draws);
        let want = last(None);
        let draws = 1500;
        let mut mean = vec![0.0_f64; want.len()];
        let mut square = vec![0.0_f64; want.len()];
        for step in 0..draws {
            for ((m, s), v) in mean.iter_mut().zip(&mut square).zip(last(at(step))) {
                *m += v / draws as f64;
                *s += v.powi(2) / draws as f64;
            }
        }
        for ((m, s), w) in mean.iter().zip(&square).zip(&want) {
            let error = ((s - m * m).max(0.0) / draws as f64).sqrt();
            // All entries move together, so there is one draw to judge, not a thousand.
            let off = (m - *w).abs();
            assert!(
                off <= 4.0 * error + 1e-5,
                "{noise:?}: {m} ± {error}, mean control {w}"
            );
        }
    }
}

#[test]
fn gaussian_noise_has_its_level_and_is_other_for_each_image() {
    let noise = NoiseSettings::named("gaussian").with("level", 0.5);
    let mut config = config("preact", "euler", noise);
    config.body.steps = vec![1];
    config.body.width = 32;
    let network = Network::build(&config).expect("builds");
    let parameters = network.init(4);
    let last = |draws| last_state(&network, &parameters, draws);
    let added: Vec<f64> = (last(at(1)).iter().zip(last(None)))
        .map(|(a, b)| a - b)
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
    let never = NoiseSettings::named("stochastic-depth").with("keep", 0.0);
    refused(&config("preact", "lm", never), "above 0");
    let mut undone = config("preact", "reversible", NoiseSettings::named("gaussian"));
    undone.body.activations = Activations::Reconstructed;
    refused(&undone, "cannot be undone");
    let mut fractal = preset("fractalnet-20")
        .expect("registered")
        .config(INPUT, 5);
    fractal.noise = NoiseSettings::named("stochastic-depth");
    refused(&fractal, "one block and one scheme");
    let mut joinless = config("preact", "lm", NoiseSettings::default());
    joinless.body.drop_path = 0.1;
    refused(&joinless, "joins");
}

#[test]
fn fractal_schemes_of_any_block_drop_paths() {
    let mut config = config("preact", "fractal3", NoiseSettings::default());
    config.body.drop_path = 0.15;
    let network = Network::build(&config).expect("builds");
    let parameters = network.init(1);
    let train = |draws| logits(&network, &parameters, Mode::Train, draws);
    assert_ne!(train(at(1)), train(None));
    assert_eq!(train(at(1)), train(at(1)));
    let eval = |draws| logits(&network, &parameters, Mode::Eval, draws);
    assert_eq!(eval(at(1)), eval(None));
}
