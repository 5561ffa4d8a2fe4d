//! Is every published network exactly as large as published?

use timestep_nets::{InputShape, Network, Role, preset, presets};

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
        let network = Network::build(&preset.config(CIFAR, 10)).expect("a preset builds");
        assert_eq!(weights(&network), preset.parameters, "{}", preset.name);
        assert_eq!(
            network.coefficient_count(),
            preset.coefficients,
            "{}",
            preset.name
        );
        let counted: usize = network
            .specs()
            .iter()
            .filter(|s| !matches!(s.role, Role::Buffer | Role::Coefficient))
            .map(|s| s.len())
            .sum();
        assert_eq!(counted, preset.parameters, "{} by its table", preset.name);
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
    ] {
        let config = preset(name).expect("registered").config(CIFAR, 100);
        assert_eq!(
            weights(&Network::build(&config).expect("builds")),
            parameters,
            "{name}"
        );
    }
}

#[test]
fn multiply_adds_are_within_half_a_percent_of_the_published_ones() {
    for (name, millions) in [
        ("resnet-20", 40.6),
        ("resnet-32", 68.9),
        ("preresnet-44", 97.2),
        ("resnet-56", 125.5),
        ("resnet-110", 252.9),
        ("resnet-1202", 2829.0),
        ("lm-resnet-20", 40.6),
        ("preresnet-164", 244.5),
        ("preresnet-1001", 1488.0),
    ] {
        let config = preset(name).expect("registered").config(CIFAR, 10);
        let counted = Network::build(&config)
            .expect("builds")
            .cost()
            .multiply_adds as f64
            / 1e6;
        // The LM networks add three small 1×1 projections to the published count.
        let tolerance = if name.starts_with("lm") { 0.01 } else { 0.005 };
        assert!(
            (counted / millions - 1.0).abs() < tolerance,
            "{name}: {counted:.2} against {millions}"
        );
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
