//! Can a part of a network be frozen? Then nothing in it changes, and the others learn as they should.

use std::sync::Arc;
use timestep_engine::{End, Engine, Fused, Gradients};
use timestep_nets::{
    Activations, InputShape, Network, Parameters, Part, Pass, Role, Targets, ops, preset, presets,
};

const INPUT: InputShape = InputShape {
    channels: 1,
    height: 8,
    width: 8,
};

/// A narrow network of a family, with running statistics that are not those of a batch.
fn narrow(name: &str, activations: Activations) -> (Network, Parameters) {
    let mut config = preset(name).expect("known").config(INPUT, 10).scaled_to(4);
    config.body.steps = vec![2; 3];
    config.body.activations = activations;
    let network = Network::build(&config).expect("builds");
    let mut parameters = network.init(3);
    for id in parameters.ids() {
        let spec = &network.specs()[id.index()];
        if spec.role == Role::Buffer {
            let shift = if spec.name.ends_with("mean") {
                0.1
            } else {
                0.5
            };
            parameters
                .value_mut(id)
                .iter_mut()
                .for_each(|v| *v += shift);
        }
    }
    (network, parameters)
}

fn part<'n>(network: &'n Network, name: &str) -> &'n Part {
    network.part(name).expect("a part of every network")
}

/// Gradients of a batch with these parts frozen, and for which parameters statistics were measured.
fn gradients(
    network: &Network,
    parameters: &Parameters,
    frozen: &[&str],
) -> (Gradients, Vec<usize>) {
    let frozen: Vec<&Part> = frozen.iter().map(|name| part(network, name)).collect();
    let trained = network.trained_without(&frozen);
    let pass = Pass::training_some(&Fused, parameters, &trained);
    let images: Vec<f32> = (0..4 * 64).map(|i| (i as f32 * 0.37).sin()).collect();
    let logits = network
        .forward(&pass, pass.images([4, 1, 8, 8], &images))
        .expect("steps");
    let loss = ops::cross_entropy(&logits, &Targets::of(&[1, 0, 7, 3]));
    let mut gradients = Gradients::zeros(network.specs());
    pass.tape()
        .backward(&[End::Loss(loss.value(), 1.0)], &mut gradients);
    drop((logits, loss));
    let measured = pass.into_statistics();
    (
        gradients,
        measured.iter().map(|(id, _)| id.index()).collect(),
    )
}

#[test]
fn parts_cover_every_network() {
    for preset in presets() {
        let network = Network::build(&preset.at_home()).expect("builds");
        let parts = network.parts();
        let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names.len(), network.segments().len() + 2, "{}", preset.key);
        assert_eq!((names[0], names[names.len() - 1]), ("stem", "head"));
        let mut end = 0;
        for part in parts {
            assert_eq!(part.parameters.start, end, "{}", preset.key);
            end = part.parameters.end;
        }
        assert_eq!(end, network.specs().len(), "{}", preset.key);
        let head = &network.specs()[part(&network, "head").parameters.clone()];
        assert!(
            head.iter().any(|s| s.shape[0] == network.config().classes),
            "{}",
            preset.key
        );
        // Where weights are called by their segment, it is that of their part.
        for part in parts.iter().filter(|part| part.name.starts_with("layer")) {
            for spec in &network.specs()[part.parameters.clone()] {
                let other = spec.name.starts_with("layer")
                    && !spec.name.starts_with(&format!("{}.", part.name));
                assert!(!other, "{} in {}", spec.name, part.name);
            }
        }
    }
}

#[test]
fn frozen_parts_have_no_gradients_and_measure_nothing() {
    for name in ["lm-resnet-20", "resnet-20", "revnet-38"] {
        let (network, parameters) = narrow(name, Activations::Stored);
        for frozen in [
            &["stem", "layer1"][..],
            &["layer2"],
            &["head"],
            &["stem", "layer1", "layer2", "layer3"],
        ] {
            let (gradients, measured) = gradients(&network, &parameters, frozen);
            for id in network.specs().ids() {
                let inside = frozen
                    .iter()
                    .any(|f| part(&network, f).parameters.contains(&id.index()));
                let spec = &network.specs()[id.index()];
                if inside || spec.role == Role::Buffer {
                    assert!(
                        gradients.value(id).iter().all(|g| *g == 0.0),
                        "{name}: {}",
                        spec.name
                    );
                    assert_eq!(
                        inside,
                        !measured.contains(&id.index()) || !inside && spec.is_trained()
                    );
                } else if spec.role == Role::Weight {
                    assert!(
                        gradients.value(id).iter().any(|g| *g != 0.0),
                        "{name}: {}",
                        spec.name
                    );
                }
            }
        }
    }
}

#[test]
fn reconstruction_freezes_the_same_parts() {
    let (stored, parameters) = narrow("revnet-38", Activations::Stored);
    let (reversed, _) = narrow("revnet-38", Activations::Reconstructed);
    for frozen in [&["layer2"][..], &["stem", "layer1"], &["layer1"], &[]] {
        let (a, measured_a) = gradients(&stored, &parameters, frozen);
        let (b, measured_b) = gradients(&reversed, &parameters, frozen);
        assert_eq!(measured_a, measured_b, "{frozen:?}");
        let size = a.values().iter().fold(0.0_f32, |m, g| m.max(g.abs()));
        for (a, b) in a.values().iter().zip(b.values()) {
            assert!((a - b).abs() <= 1e-4 * size, "{frozen:?}: {a} against {b}");
        }
    }
}

#[test]
fn nothing_frozen_is_a_training_pass() {
    let (network, parameters) = narrow("lm-resnet-20", Activations::Stored);
    let (some, _) = gradients(&network, &parameters, &[]);
    let engine: Arc<dyn Engine> = Arc::new(Fused);
    let pass = Pass::training(&*engine, &parameters);
    let images: Vec<f32> = (0..4 * 64).map(|i| (i as f32 * 0.37).sin()).collect();
    let logits = network
        .forward(&pass, pass.images([4, 1, 8, 8], &images))
        .expect("steps");
    let loss = ops::cross_entropy(&logits, &Targets::of(&[1, 0, 7, 3]));
    let mut all = Gradients::zeros(network.specs());
    pass.tape()
        .backward(&[End::Loss(loss.value(), 1.0)], &mut all);
    assert_eq!(some.values(), all.values());
}
