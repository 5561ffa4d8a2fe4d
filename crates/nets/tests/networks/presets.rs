//! Is every published network exactly as large as published?

use timestep_nets::{InputShape, Network, Role, all_coefficients, equations, preset, presets};

const CIFAR: InputShape = InputShape {
    channels: 3,
    height: 32,
    width: 32,
};

fn weights(network: &Network) -> usize {
    network.cost().parameters
}

#[test]
fn parameter_counts_are_exact() {
    for preset in presets() {
        let network = Network::build(&preset.at_home()).expect("a preset builds");
        let counts = preset.counts;
        assert_eq!(weights(&network), counts.parameters, "{}", preset.key);
        assert_eq!(
            network.coefficient_count(),
            counts.coefficients,
            "{}",
            preset.key
        );
        if let Some(millions) = counts.multiply_adds {
            let counted = network.cost().multiply_adds as f64 / 1e6;
            assert!(
                (counted / millions - 1.0).abs() < 0.005,
                "{}: {counted:.2} against {millions}",
                preset.key
            );
        }
        let counted: usize = network
            .specs()
            .iter()
            .filter(|s| !matches!(s.role, Role::Buffer | Role::Coefficient))
            .map(|s| s.len())
            .sum();
        assert_eq!(counted, counts.parameters, "{} by its table", preset.key);
    }
}

#[test]
fn counts_with_100_classes() {
    for (name, parameters) in [
        ("lm-resnet-20", 278_228),
        ("lm-resnet-56", 861_524),
        ("lm-resnet-110", 1_736_468),
        ("preresnet-164", 1_726_388),
        ("preresnet-1001", 10_350_836),
        ("resnext-29-8x64d", 34_518_948),
        ("resnext-29-16x64d", 68_247_460),
        ("lm-resnext-29-8x64d", 34_517_028),
        ("lm-resnext-29-16x64d", 68_245_540),
        ("lm-resnext-29-8x64d-history", 35_173_924),
        ("lm-resnext-29-16x64d-history", 68_902_436),
        ("wrn-28-10", 36_536_884),
        ("revnet-38", 475_060),
        ("revnet-110", 1_740_804),
        ("revnet-164", 1_794_948),
    ] {
        let config = preset(name).expect("registered").config(CIFAR, 100);
        assert_eq!(
            weights(&Network::build(&config).expect("builds")),
            parameters,
            "{name}"
        );
    }
}

/// Counts that are published with two or three digits only, in millions.
#[test]
fn rounded_counts_agree() {
    for (name, parameters, multiply_adds) in [
        ("shake-shake-26-2x32d", 2.92, 430.0),
        ("shake-shake-26-2x64d", 11.65, 1690.0),
        ("shake-shake-26-2x96d", 26.19, 3780.0),
        ("revnet-56", 27.55, 4450.0),
        ("revnet-104", 45.43, 7945.0),
        ("fractalnet-20", 33.76, 845.0),
        ("fractalnet-40", 76.1, 2036.0),
        // The LM networks add three small 1×1 projections to the published count.
        ("lm-resnet-20", 0.272, 40.6),
    ] {
        let config = preset(name).expect("registered").at_home();
        let cost = Network::build(&config).expect("builds").cost();
        let near = |got: usize, want: f64| (got as f64 / 1e6 / want - 1.0).abs() < 0.01;
        assert!(near(cost.parameters, parameters), "{name}: {cost:?}");
        assert!(near(cost.multiply_adds, multiply_adds), "{name}: {cost:?}");
    }
}

#[test]
fn names_in_weight_files_are_unique_and_pytorchs() {
    let config = preset("lm-resnet-20")
        .expect("registered")
        .config(CIFAR, 10);
    let network = Network::build(&config).expect("builds");
    let names: std::collections::BTreeSet<&str> =
        network.specs().iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names.len(), network.specs().len());
    for name in [
        "conv1.weight",
        "layer1.1.memory_k",
        "layer2.0.downsample.2.weight",
        "fc.bias",
    ] {
        assert!(names.contains(name), "{name}");
    }
    for unused in [
        "layer1.0.memory_k",
        "layer2.0.memory_k",
        "layer3.0.memory_k",
        "bn1.weight",
    ] {
        assert!(!names.contains(unused), "{unused} would never be used");
    }
}

#[test]
fn misspelt_networks_are_corrected() {
    let error = preset("lm-resnt-20").expect_err("no such network");
    assert!(
        error.hint().expect("near names").contains("`lm-resnet-20`"),
        "{error}"
    );
}

#[test]
fn dense_multistep_starts_zero_stable() {
    let network = Network::build(&preset("dense-resnet-56").expect("registered").at_home());
    let network = network.expect("builds");
    for seed in 0..6 {
        let parameters = network.init(seed);
        for steps in all_coefficients(&network, &parameters) {
            assert_eq!(steps.len(), 9);
            for (n, coefficients) in steps.iter().enumerate() {
                assert_eq!(coefficients.len(), n);
                for (j, k) in (1_i32..).zip(coefficients) {
                    let most = 0.1 / f64::from(j * j);
                    assert!(-most <= *k && *k <= 0.0, "{k} for {j} steps back");
                }
            }
        }
        for segment in equations(&network, &parameters, 3).expect("analyses") {
            let found = segment.zero_stability.expect("an answer");
            assert!(
                found.zero_stable,
                "seed {seed}, segment {}",
                segment.segment
            );
            // Variation is at most 1 / (1 - 0.35), whatever the draws.
            assert!(found.variation < 1.54, "{}", found.variation);
            assert!(segment.equation.is_some() && segment.stability.is_some());
        }
    }
}
