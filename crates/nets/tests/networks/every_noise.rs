//! Does every noise go with every pair of block and scheme, on every engine, stored and reconstructed?

use crate::common::noisy::{INPUT, at, close, config, gradients, logits};
use timestep_engine::{Exact, Fused};
use timestep_nets::{Activations, Engine, Mode, Network, blocks, preset};
use timestep_numerics::noise::{Backward, Decay, Forward};
use timestep_numerics::{NoiseSettings, Per, schemes};

/// Settings under which something happens at every step.
fn laws() -> Vec<NoiseSettings> {
    let depth = |keep, per| {
        NoiseSettings::named("stochastic-depth")
            .with("keep", keep)
            .per(per)
            .with("decay", Decay::Constant.key())
    };
    vec![
        depth(0.5, Per::Batch),
        depth(0.5, Per::Image),
        NoiseSettings::named("shake-shake"),
        NoiseSettings::named("gaussian").with("level", 0.1),
    ]
}

#[test]
fn every_pair_with_every_noise_is_random_in_training_only() {
    let keys: Vec<String> = (blocks().map(|b| b.key.to_owned()))
        .flat_map(|b| [b.clone(), format!("se-{b}")])
        .collect();
    let (mut built, mut refused) = (0, 0);
    for block in &keys {
        // Of the implicit schemes one: noise is in the block, whoever solves the equation.
        let all = schemes().into_iter();
        for scheme in all.filter(|s| !s.implicit || s.key == "backward-euler") {
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
                let parameters = network.init(1);
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
fn fused_and_exact_operations_agree_on_noise() {
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
                let noise = NoiseSettings::named("shake-shake")
                    .with("forward", forward.key())
                    .with("backward", backward.key())
                    .per(per);
                cases.push(config("shake-shake", "euler", noise));
            }
        }
    }
    for config in cases {
        let network = Network::build(&config).expect("builds");
        let parameters = network.init(2);
        for step in 1..4 {
            let fused = gradients(&Fused, &network, &parameters, at(step));
            let exact = gradients(&Exact, &network, &parameters, at(step));
            for ((name, got), (_, want)) in fused.into_iter().zip(exact) {
                let what = format!("{} {:?} step {step}: {name}", config.name, config.noise);
                let zero = |values: &Vec<f64>| values.iter().all(|v| *v == 0.0);
                match (got, want) {
                    (Some(got), Some(want)) => close(&got, &want, 2e-3, &what),
                    // A dropped block gets nothing from one engine, perhaps zeros from the other.
                    (None, Some(only)) | (Some(only), None) => assert!(zero(&only), "{what}"),
                    (None, None) => {}
                }
            }
        }
    }
}

#[test]
fn reconstructed_activations_repeat_the_draws() {
    for per in [Per::Batch, Per::Image] {
        let noise = NoiseSettings::named("stochastic-depth")
            .per(per)
            .with("decay", Decay::Constant.key());
        let mut config = preset("revnet-38")
            .expect("registered")
            .config(INPUT, 5)
            .with_segments(&[2, 2], 8);
        config.noise = noise;
        config.body.widths = Vec::new();
        config.body.activations = Activations::Stored;
        let stored = Network::build(&config).expect("builds");
        config.body.activations = Activations::Reconstructed;
        let reconstructed = Network::build(&config).expect("builds");
        let parameters = stored.init(5);
        for step in 1..6 {
            for (engine, to) in [(&Fused as &dyn Engine, 2e-3), (&Exact, 1e-9)] {
                let want = gradients(engine, &stored, &parameters, at(step));
                let got = gradients(engine, &reconstructed, &parameters, at(step));
                for ((name, got), (_, want)) in got.into_iter().zip(want) {
                    // Where nothing arrived, the gradient is zero.
                    let n = got.as_ref().or(want.as_ref()).map_or(0, Vec::len);
                    let [got, want] = [got, want].map(|g| g.unwrap_or_else(|| vec![0.0; n]));
                    close(&got, &want, to, &format!("{per:?} step {step}: {name}"));
                }
            }
        }
    }
}
