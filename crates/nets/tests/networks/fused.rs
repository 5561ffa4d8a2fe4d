//! Do the fused kernels compute what plain loops in f64 compute? Every block with every scheme, forward and
//! backward, and features that are cut, joined and used many times.

use crate::common::{
    Arrived, Images, all_schemes, classes, differences, logits, noise, steppable, train,
};
use std::sync::Arc;
use timestep_engine::{Coef, End, Exact, Features, Fused, Recording, Wanted};
use timestep_nets::{
    Array, Engine, Granularity, Init, InputShape, Mode, Network, NetworkConfig, ParamId,
    Parameters, Role, Shortcut, Spec, Specs, Transition, blocks, ops,
};
use timestep_numerics::State;

const INPUT: InputShape = InputShape {
    channels: 3,
    height: 9,
    width: 6,
};

fn config(block: &str, scheme: &str) -> NetworkConfig {
    steppable(NetworkConfig::new(block, scheme, INPUT, 5).with_segments(&[3, 2], 8))
}

fn compare(config: &NetworkConfig) {
    let network = Network::build(config).unwrap_or_else(|e| panic!("{}: {e}", config.name));
    let parameters = network.init(2);
    let model = (&network, &parameters);
    let mut wrong = Vec::new();
    // A ReLU input within rounding of zero may fall on either side, which is no error of either
    // program. That this happens in three batches would be one.
    for batch in ["images", "pictures", "photographs"] {
        let images = Images::named(batch, 3, config.input);
        let [fused, exact] = [&Fused as &dyn Engine, &Exact].map(|engine| {
            let found = train(engine, model, &images, &classes(3, 0.1), None);
            let eval = logits(engine, model, &images, Mode::Eval, None);
            (found.named(&network), [("evaluation".to_owned(), eval)])
        });
        wrong = differences(&fused.0, &exact.0, 1e-3, 1e-3);
        let evaluation = differences(&fused.1, &exact.1, 1e-4, 1e-3);
        assert!(evaluation.is_empty(), "{}: {evaluation:?}", config.name);
        if wrong.is_empty() {
            return;
        }
    }
    panic!("{}: {}", config.name, wrong.join(", "));
}

#[test]
fn every_block_with_every_scheme() {
    for block in blocks() {
        for scheme in all_schemes() {
            compare(&config(block.key, scheme.written()));
        }
    }
}

#[test]
fn every_transition_shortcut_and_granularity() {
    for transition in [Transition::StridedStep, Transition::ProjectThenStep] {
        for shortcut in [
            Shortcut::OptionA,
            Shortcut::Projection,
            Shortcut::SharedProjection,
        ] {
            for coefficient in [Granularity::Scalar, Granularity::Channel] {
                for block in ["preact", "postact"] {
                    let mut config = config(block, "lm");
                    config.body.transition = transition;
                    config.body.shortcut = shortcut;
                    config.scheme.coefficient = coefficient;
                    compare(&config);
                }
            }
        }
    }
}

#[test]
fn wide_and_deep_enough_for_winograd() {
    let mut config = config("preact", "lm");
    config.body.width = 16;
    config.body.steps = vec![4, 4];
    config.input = InputShape {
        channels: 3,
        height: 9,
        width: 6,
    };
    compare(&config);
}

/// Features that are used several times, cut and joined.
fn tangle(u: &Features, k: Array) -> Features {
    let (first, second) = u.split().expect("an even number of channels");
    let swapped = Features::join(&second, &ops::relu(&first)).expect("halves join");
    let k = Coef::Learned(k);
    let terms = [
        (k.clone(), u),
        (Coef::Number(-0.5), &swapped),
        (Coef::Number(1.0) - k.clone(), u),
        (k.clone() * k.clone(), &swapped),
        (Coef::Number(2.0), u),
        (k.clone(), &swapped),
        (k, &swapped),
    ];
    let sum = Features::lincomb(&terms);
    Features::lincomb(&[
        (Coef::Number(1.0), &sum),
        (Coef::Number(0.25), &ops::relu(&sum)),
    ])
}

#[test]
fn features_used_many_times_cut_and_joined() {
    let dims = [2, 6, 5, 3];
    let n = dims.iter().product();
    let k = Spec {
        name: "k".to_owned(),
        shape: vec![1],
        role: Role::Coefficient,
        init: Init::Constant(0.3),
    };
    let parameters = Parameters::new(Arc::new(Specs::new(vec![k])), vec![0.3]);
    let [fused, exact] = [&Fused as &dyn Engine, &Exact].map(|engine| {
        let recording = Recording {
            wanted: Wanted::Parameters,
            statistics: false,
        };
        let tape = engine.open(&parameters, &recording);
        let u = Features::new(&tape, tape.features(dims, &noise("tangle", n), true));
        let out = tangle(&u, Array::parameter(&tape, ParamId::new(0)));
        let weights = tape.features(dims, &noise("weights", n), false);
        let mut arrived = Arrived::nothing(1);
        tape.backward(&[End::Features(out.value(), &weights)], &mut arrived);
        let gradient = tape.gradient(u.value()).expect("a gradient");
        vec![
            ("out".to_owned(), out.read()),
            ("u".to_owned(), tape.read(&gradient)),
            ("k".to_owned(), arrived.0[0].clone().expect("a gradient")),
        ]
    });
    let wrong = differences(&fused, &exact, 1e-5, 1e-3);
    assert!(wrong.is_empty(), "{wrong:?}");
}
