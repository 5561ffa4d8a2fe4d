//! Does a segment that reconstructs its activations learn what one learns that stores them?

use crate::common::{Images, differences, farthest, largest, train};
use std::sync::Arc;
use timestep_engine::{End, Exact, Features, Fused, Parameters, Recording, Specs, Wanted};
use timestep_nets::{
    Activations, Engine, InputShape, Network, NetworkConfig, Targets, Transition, ops, preset,
};
use timestep_numerics::State as _;

const INPUT: InputShape = InputShape {
    channels: 3,
    height: 16,
    width: 16,
};

/// Compares both ways; gradients may differ by `to` of the largest entry.
fn compare(engine: &dyn Engine, config: &NetworkConfig, to: f64) {
    let build = |activations| {
        let mut config = config.clone();
        config.body.activations = activations;
        Network::build(&config).expect("builds")
    };
    let images = Images::named("images", 4, INPUT);
    let targets = Targets::of(&[3, 1, 4, 0]);
    let [want, got] = [Activations::Stored, Activations::Reconstructed].map(|activations| {
        let network = build(activations);
        let parameters = network.init(5);
        let model = (&network, &parameters);
        train(engine, model, &images, &targets, None).named(&network)
    });
    // Gradients of biases before a norm are zero but for rounding: compared with the others of all.
    let most = largest(want.iter().flat_map(|(_, v)| v));
    let wrong = differences(&got, &want, to, 1e-4 * most);
    assert!(wrong.is_empty(), "{}: {}", config.name, wrong.join(", "));
}

#[test]
fn revnets_learn_the_same_either_way() {
    for name in ["revnet-38", "revnet-164"] {
        let mut config = preset(name).expect("registered").config(INPUT, 5);
        config.body.steps = vec![2, 3, 2];
        compare(&Fused, &config, 1e-4);
        compare(&Exact, &config, 1e-9);
    }
}

#[test]
fn any_reversible_scheme_with_any_block_that_can_be_undone() {
    let mut tried = 0;
    for scheme in timestep_numerics::schemes() {
        for block in timestep_nets::blocks() {
            for transition in [Transition::StridedStep, Transition::ReversibleStep] {
                let mut config =
                    NetworkConfig::new(block.key, scheme.key, INPUT, 5).with_segments(&[2, 3], 8);
                config.body.transition = transition;
                config.body.activations = Activations::Reconstructed;
                match Network::build(&config) {
                    Ok(_) => {
                        // Small gradients of narrow networks feel the rounding of every step.
                        compare(&Fused, &config, 3e-4);
                        compare(&Exact, &config, 1e-9);
                        tried += 1;
                    }
                    Err(error) => {
                        let error = error.to_string();
                        let said = error.contains("cannot be undone") || error.contains("halves");
                        assert!(said, "{}: {error}", config.name);
                    }
                }
            }
        }
    }
    assert!(tried >= 12, "{tried} combinations");
}

#[test]
fn a_state_of_halves_may_be_read_whole_as_well() {
    let images = Images::named("images", 2, INPUT);
    let [_, _, height, width] = images.dims;
    // Every image twice: six channels.
    let twice: Vec<f32> = images
        .values
        .chunks(3 * height * width)
        .flat_map(|image| image.iter().chain(image).copied())
        .collect();
    let [fused, exact] = [&Fused as &dyn Engine, &Exact].map(|engine| {
        let recording = Recording {
            wanted: Wanted::Leaves,
            statistics: false,
        };
        let nothing = Parameters::new(Arc::new(Specs::default()), Vec::new());
        let tape = engine.open(&nothing, &recording);
        let dims = [2, 6, height, width];
        let images = Features::new(&tape, tape.features(dims, &twice, true));
        let halves = |u: &Features| u.split().expect("six channels");
        let join = |a: &Features, b: &Features| Features::join(a, b).expect("of one size");
        let (first, second) = halves(&images);
        let state = join(&ops::relu(&first), &second);
        assert_eq!(state.dims(), dims);
        // Halves that were joined, one of a whole that was not, and the whole itself.
        let (first, second) = halves(&state);
        let swapped = join(&second, &first);
        let terms = [
            (2.0.into(), &state),
            (3.0.into(), &swapped),
            (0.5.into(), &ops::relu(&state)),
            (0.7.into(), &join(&first, &ops::narrow(&state, 2, 3))),
        ];
        let out = ops::combine(&terms);
        assert!(state.is_finite() && out.is_finite());
        // The sum of cubes.
        let values = out.read();
        let slopes: Vec<f64> = values.iter().map(|v| 3.0 * v * v).collect();
        let slopes = tape.features_f64(dims, &slopes, false);
        tape.backward(&[End::Features(out.value(), &slopes)], &mut ());
        let gradient = tape.gradient(images.value()).expect("a gradient");
        [values, tape.read(&gradient)]
    });
    for (fused, exact) in fused.iter().zip(&exact) {
        assert!(largest(exact) > 0.1);
        assert!(farthest(fused, exact) <= 1e-5 * largest(exact));
    }
}
