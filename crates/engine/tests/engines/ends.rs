//! Where does a backward pass begin, and whose gradients does it find?

use crate::present::engines;
use std::rc::Rc;
use std::sync::Arc;
use timestep_engine::{
    Array, ConvSpec, End, Engine, Features, GradientSink, Init, ParamId, Parameters, Recording,
    Role, Spec, Specs, Tape, Targets, Value, Wanted, WideGradients, ops,
};

const DIMS: [usize; 4] = [2, 4, 3, 3];

/// Weights of a convolution, scale, shift, and running means.
fn parameters() -> Parameters {
    let spec = |name: &str, count, role| Spec {
        name: name.into(),
        shape: vec![count],
        role,
        init: Init::Constant(0.0),
    };
    let specs = Specs::new(vec![
        spec("weight", 4 * 4 * 9, Role::Weight),
        spec("scale", 4, Role::Norm),
        spec("shift", 4, Role::Norm),
        spec("running", 4, Role::Buffer),
    ]);
    let values = crate::case::random("ends", specs.total());
    Parameters::new(Arc::new(specs), values)
}

/// A function of a leaf and all parameters: features, and a loss that depends on them.
fn function(tape: &Rc<dyn Tape>, u: &Features) -> (Features, Array) {
    let p = |at| Array::parameter(tape, ParamId::new(at));
    let v = ops::conv2d(u, &p(0), &ConvSpec::square(4, 3, 1));
    let (v, _) = ops::norm_train(&v, &p(1), &p(2), 1e-5);
    let v = ops::add_bias(&ops::relu(&v), &p(3));
    let logits = ops::global_average_pool(&v);
    let loss = ops::cross_entropy(&logits, &Targets::of(&[0, 3]));
    (v, loss)
}

fn gradient(tape: &Rc<dyn Tape>, name: &str) -> Value {
    tape.features(DIMS, &crate::case::random(name, 72), false)
}

fn leaf(tape: &Rc<dyn Tape>) -> Features {
    let values = crate::case::random("leaf", 72);
    Features::new(tape, tape.features(DIMS, &values, true))
}

fn open(engine: &dyn Engine, wanted: Wanted) -> Rc<dyn Tape> {
    let recording = Recording {
        wanted,
        statistics: true,
    };
    engine.open(&parameters(), &recording)
}

/// The gradients of parameters and of the leaf, from features and loss.
fn found(engine: &dyn Engine, wanted: Wanted) -> (WideGradients, Option<Vec<f64>>) {
    let tape = open(engine, wanted);
    let u = leaf(&tape);
    let (v, loss) = function(&tape, &u);
    let g = gradient(&tape, "g");
    let mut sink = WideGradients::zeros(parameters().specs());
    let ends = [End::Features(v.value(), &g), End::Loss(loss.value(), 3.0)];
    tape.backward(&ends, &mut sink);
    let of_leaf = tape.gradient(u.value()).map(|g| tape.read(&g));
    (sink, of_leaf)
}

#[test]
fn only_gradients_that_are_wanted_are_found() {
    for facts in engines() {
        let (engine, name) = (facts.engine(), facts.name);
        let (all, of_leaf) = found(&*engine, Wanted::Parameters);
        let of_leaf = of_leaf.expect("the gradient of a leaf");
        assert!(of_leaf.iter().any(|g| *g != 0.0));
        let is_zero = |g: &WideGradients, at| {
            let own = g.value(ParamId::new(at));
            own.iter().all(|g| *g == 0.0)
        };
        for at in 0..3 {
            assert!(!is_zero(&all, at), "{name}: parameter {at}");
        }
        assert!(is_zero(&all, 3), "{name}: running means are not trained");

        let (none, no_leaf) = found(&*engine, Wanted::Nothing);
        assert!(none.values().iter().all(|g| *g == 0.0), "{name}: nothing");
        assert!(no_leaf.is_none(), "{name}: nothing, not of leaves either");

        let (none, same_leaf) = found(&*engine, Wanted::Leaves);
        assert!(none.values().iter().all(|g| *g == 0.0), "{name}: leaves");
        assert_eq!(same_leaf.as_ref(), Some(&of_leaf), "{name}: leaves");

        for marked in [
            [true, false, false, false],
            [false, true, false, true],
            [false, false, true, false],
            [false; 4],
        ] {
            let (some, same_leaf) = found(&*engine, Wanted::Marked(Arc::new(marked)));
            assert_eq!(same_leaf.as_ref(), Some(&of_leaf), "{name}: {marked:?}");
            for (at, is_marked) in marked.iter().enumerate() {
                let (own, id) = (some.value(ParamId::new(at)), ParamId::new(at));
                if *is_marked && at < 3 {
                    assert_eq!(own, all.value(id), "{name}: {marked:?}, {at}");
                } else {
                    // A bias that is marked has a gradient even though no optimiser changes it.
                    assert_eq!(is_zero(&some, at), !*is_marked, "{name}: {marked:?}, {at}");
                }
            }
        }
    }
}

#[test]
fn nothing_is_recorded_where_no_gradient_is_wanted() {
    for facts in engines() {
        for (wanted, is_leaf, recorded) in [
            (Wanted::Nothing, true, false),
            (Wanted::Leaves, true, true),
            (Wanted::Leaves, false, false),
            (Wanted::Parameters, false, true),
            (Wanted::Marked(Arc::new([false; 4])), false, false),
        ] {
            let tape = open(&*facts.engine(), wanted.clone());
            let values = crate::case::random("leaf", 72);
            let u = Features::new(&tape, tape.features(DIMS, &values, is_leaf));
            assert_eq!(u.is_recorded(), recorded && is_leaf, "{}", facts.name);
            let (v, _) = function(&tape, &u);
            assert_eq!(v.is_recorded(), recorded, "{}: {wanted:?}", facts.name);
        }
    }
}

#[test]
fn gradients_of_several_ends_add_up() {
    /// One end of a pass.
    #[derive(Clone, Copy)]
    enum At {
        Features(&'static str),
        Leaf(&'static str),
        Loss(f64),
    }
    for facts in engines() {
        let run = |ends: &[At]| {
            let tape = open(&*facts.engine(), Wanted::Parameters);
            let u = leaf(&tape);
            let (v, loss) = function(&tape, &u);
            let gradients: Vec<Value> = ends
                .iter()
                .map(|end| match end {
                    At::Features(name) | At::Leaf(name) => gradient(&tape, name),
                    At::Loss(_) => gradient(&tape, "not used"),
                })
                .collect();
            let ends: Vec<End<'_>> = ends
                .iter()
                .zip(&gradients)
                .map(|(end, gradient)| match end {
                    At::Features(_) => End::Features(v.value(), gradient),
                    At::Leaf(_) => End::Features(u.value(), gradient),
                    At::Loss(factor) => End::Loss(loss.value(), *factor),
                })
                .collect();
            let mut sink = WideGradients::zeros(parameters().specs());
            tape.backward(&ends, &mut sink);
            let of_leaf = tape.gradient(u.value()).expect("the gradient of a leaf");
            [sink.values().to_vec(), tape.read(&of_leaf)].concat()
        };
        let (g, h, own) = (At::Features("g"), At::Features("h"), At::Leaf("own"));
        let together = run(&[g, At::Loss(2.0), h, own, At::Loss(0.5)]);
        let apart = [g, h, own, At::Loss(2.5)].map(|end| run(&[end]));
        for (at, sum) in together.iter().enumerate() {
            let terms: f64 = apart.iter().map(|a| a[at]).sum();
            assert!((sum - terms).abs() < 1e-4, "{}: {sum} {terms}", facts.name);
        }
    }
}

#[test]
fn an_end_may_be_a_leaf_and_its_gradient_any_features() {
    for facts in engines() {
        let name = facts.name;
        let numbers = crate::case::random("g", 72);
        let wide: Vec<f64> = numbers.iter().map(|g| f64::from(*g)).collect();
        type Made = fn(&Features) -> Features;
        let gradients: [(&str, Made); 6] = [
            ("as they are", |g| g.clone()),
            ("a multiple", |g| g.clone().scaled(0.5)),
            ("a ReLU", ops::relu),
            ("halves", |g| {
                let halves = [ops::narrow(g, 0, 2), ops::narrow(g, 2, 2)];
                ops::join(&[&halves[0], &halves[1]])
            }),
            ("zeros", |g| Features::zeros(g, DIMS)),
            ("a multiple of zeros", |g| {
                Features::zeros(g, DIMS).scaled(2.0)
            }),
        ];
        for (how, made) in gradients {
            let tape = open(&*facts.engine(), Wanted::Leaves);
            let g = made(&Features::images(&tape, DIMS, &numbers));
            let expected = g.read();
            for of_halves in [false, true] {
                let u = leaf(&tape);
                let end = if of_halves {
                    let halves = [ops::narrow(&u, 0, 2), ops::narrow(&u, 2, 2)];
                    ops::join(&[&halves[0], &halves[1]])
                } else {
                    u.clone()
                };
                tape.backward(&[End::Features(end.value(), g.value())], &mut ());
                let found = tape.gradient(u.value()).map(|g| tape.read(&g));
                let found = found.unwrap_or(vec![0.0; 72]);
                assert_eq!(found, expected, "{name}: {how}, halves: {of_halves}");
            }
            if how == "as they are" {
                assert_eq!(expected, wide, "{name}");
            }
        }
    }
}

#[test]
fn a_leaf_that_nothing_depends_on_has_no_gradient() {
    for facts in engines() {
        let tape = open(&*facts.engine(), Wanted::Parameters);
        let (used, unused) = (leaf(&tape), leaf(&tape));
        let image = Features::images(&tape, DIMS, &[1.0; 72]);
        let (v, loss) = function(&tape, &used);
        tape.backward(&[End::Loss(loss.value(), 1.0)], &mut ());
        assert!(tape.gradient(used.value()).is_some(), "{}", facts.name);
        for features in [&unused, &image, &v] {
            let found = tape.gradient(features.value());
            assert!(found.is_none(), "{}", facts.name);
        }
    }
}

#[test]
fn gradients_are_added_to_what_the_sink_holds() {
    for facts in engines() {
        let once = |sink: &mut dyn GradientSink| {
            let tape = open(&*facts.engine(), Wanted::Parameters);
            let (_, loss) = function(&tape, &leaf(&tape));
            tape.backward(&[End::Loss(loss.value(), 1.0)], sink);
        };
        let (mut one, mut two) = (
            WideGradients::zeros(parameters().specs()),
            WideGradients::zeros(parameters().specs()),
        );
        once(&mut one);
        once(&mut two);
        once(&mut two);
        for (one, two) in one.values().iter().zip(two.values()) {
            assert_eq!(2.0 * one, *two, "{}", facts.name);
        }
    }
}
