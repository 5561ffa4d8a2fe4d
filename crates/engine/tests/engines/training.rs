//! Does a small network learn the same with every engine? Loss by loss, over some steps of gradient descent.

use crate::case::random;
use crate::present::engines;
use std::sync::Arc;
use timestep_engine::{
    Array, Coef, ConvSpec, End, Engine, Exact, Features, Gradients, Init, ParamId, Parameters,
    Recording, Role, Spec, Specs, Targets, Wanted, ops,
};

const IMAGES: usize = 24;
const CLASSES: usize = 3;
const STEPS: usize = 8;

/// Weights of a stem, a two-step method on one block, a transition and a classifier.
fn parameters() -> Parameters {
    let spec = |name: &str, shape: &[usize], role| Spec {
        name: name.into(),
        shape: shape.to_vec(),
        role,
        init: Init::Constant(0.0),
    };
    let specs = Arc::new(Specs::new(vec![
        spec("stem", &[8, 1, 3, 3], Role::Weight),
        spec("scale", &[8], Role::Norm),
        spec("shift", &[8], Role::Norm),
        spec("block", &[8, 8, 3, 3], Role::Weight),
        spec("k", &[1], Role::Coefficient),
        spec("down", &[16, 8, 3, 3], Role::Weight),
        spec("weight", &[CLASSES, 16], Role::Weight),
        spec("bias", &[CLASSES], Role::Bias),
    ]));
    let mut values = random("weights", specs.total());
    values.iter_mut().for_each(|v| *v *= 0.3);
    let mut parameters = Parameters::new(specs, values);
    parameters.value_mut(ParamId::new(1)).fill(1.0);
    parameters
}

/// Stripes of a width that is the class, with noise.
fn images() -> (Vec<f32>, Vec<u32>) {
    let labels: Vec<u32> = (0..IMAGES).map(|i| (i % CLASSES) as u32).collect();
    let noise = random("noise", IMAGES * 64);
    let image = |(at, noise): (usize, &f32)| {
        let (class, column) = (at / 64 % CLASSES, at % 8);
        let stripe = if column / (class + 1) % 2 == 0 {
            1.0
        } else {
            -1.0
        };
        stripe + 0.5 * noise
    };
    (noise.iter().enumerate().map(image).collect(), labels)
}

/// The losses of some steps.
fn train(engine: &dyn Engine) -> Vec<f64> {
    let mut parameters = parameters();
    let (pixels, labels) = images();
    let recording = Recording {
        wanted: Wanted::Parameters,
        statistics: true,
    };
    let mut losses = Vec::new();
    for _ in 0..STEPS {
        let tape = engine.open(&parameters, &recording);
        let of = |at| Array::parameter(&tape, ParamId::new(at));
        let block = |u: &Features| {
            let (u, _) = ops::norm_train(u, &of(1), &of(2), ops::NORM_EPSILON);
            ops::conv2d(&ops::relu(&u), &of(3), &ConvSpec::square(8, 3, 1))
        };
        let input = Features::images(&tape, [IMAGES, 1, 8, 8], &pixels);
        let first = ops::conv2d(&input, &of(0), &ConvSpec::square(8, 3, 1));
        let second = ops::combine(&[(1.0.into(), &first), (1.0.into(), &block(&first))]);
        let k = Coef::Learned(of(4));
        let third = ops::combine(&[
            (Coef::from(1.0) - k.clone(), &second),
            (k, &first),
            (1.0.into(), &block(&second)),
        ]);
        let down = ops::conv2d(&ops::relu(&third), &of(5), &ConvSpec::square(16, 3, 2));
        let pooled = ops::global_average_pool(&down);
        let logits = ops::linear(&pooled, &of(6), &of(7));
        let loss = ops::cross_entropy(&logits, &Targets::of(&labels));
        losses.push(loss.read()[0]);
        let mut gradients = Gradients::zeros(parameters.specs());
        tape.backward(&[End::Loss(loss.value(), 1.0)], &mut gradients);
        let steps = parameters.values_mut().iter_mut().zip(gradients.values());
        steps.for_each(|(value, gradient)| *value -= 0.2 * gradient);
    }
    losses
}

#[test]
fn a_network_learns_the_same_with_every_engine() {
    let expected = train(&Exact);
    assert!(expected[STEPS - 1] < 0.5 * expected[0], "{expected:?}");
    for facts in engines() {
        let losses = train(&*facts.engine());
        for (own, expected) in losses.iter().zip(&expected) {
            let error = (own - expected).abs();
            assert!(error < 1e-3 * expected, "{}: {losses:?}", facts.name);
        }
    }
}
