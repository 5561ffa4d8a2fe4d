//! What happens at the edges: NaN, 0 in a ReLU, equal numbers in a window, borders, shapes that do not fit?

use crate::present::engines;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use timestep_engine::{
    Array, Coef, End, Engine, Features, Parameters, Recording, Sampling, Specs, Tape, Targets,
    Wanted, Window, ops,
};

fn open(engine: &dyn Engine) -> Rc<dyn Tape> {
    let none = Parameters::new(Arc::new(Specs::default()), Vec::new());
    let recording = Recording {
        wanted: Wanted::Leaves,
        statistics: true,
    };
    engine.open(&none, &recording)
}

fn leaf(tape: &Rc<dyn Tape>, dims: [usize; 4], values: &[f32]) -> Features {
    Features::new(tape, tape.features(dims, values, true))
}

/// The gradient of a leaf of which `v` is made, for a gradient of `v` of 1, 2, 3, ….
fn back(u: &Features, v: &Features) -> Vec<f64> {
    let tape = u.tape();
    let count = v.dims().iter().product();
    let ramp: Vec<f64> = (1..=count).map(|i| i as f64).collect();
    let gradient = tape.features_f64(v.dims(), &ramp, false);
    tape.backward(&[End::Features(v.value(), &gradient)], &mut ());
    let found = tape.gradient(u.value()).expect("the gradient of a leaf");
    tape.read(&found)
}

#[test]
fn relu_keeps_nan_and_has_slope_0_at_0() {
    for facts in engines() {
        let tape = open(&*facts.engine());
        let u = leaf(&tape, [1, 1, 1, 5], &[-1.0, 0.0, 2.0, -0.0, f32::NAN]);
        let v = ops::relu(&u);
        let values = v.read();
        assert_eq!(values[..4], [0.0, 0.0, 2.0, 0.0], "{}", facts.name);
        assert!(values[4].is_nan(), "{}", facts.name);
        assert!(!tape.is_finite(v.value()), "{}", facts.name);
        let found = back(&u, &v);
        assert_eq!(found, [0.0, 0.0, 3.0, 0.0, 5.0], "{}", facts.name);

        let tape = open(&*facts.engine());
        let u = leaf(&tape, [1, 4, 1, 1], &[-1.0, 0.0, 2.0, f32::NAN]);
        let array = ops::global_average_pool(&u).relu();
        let ones = Features::images(&tape, [1, 4, 1, 1], &[1.0; 4]);
        let v = ops::combine(&[(Coef::Learned(array), &ones)]);
        let values = v.read();
        assert_eq!(values[..3], [0.0, 0.0, 2.0], "{}", facts.name);
        assert!(values[3].is_nan(), "{}", facts.name);
        assert_eq!(back(&u, &v), [0.0, 0.0, 3.0, 4.0], "{}", facts.name);
    }
}

#[test]
fn the_largest_is_the_first_of_equal_ones_and_nan_wins() {
    let window = Window {
        kernel: 2,
        stride: 2,
        padding: 0,
    };
    for facts in engines() {
        let tape = open(&*facts.engine());
        let values = [5.0, 5.0, 1.0, 2.0, 5.0, 5.0, 7.0, 7.0];
        let u = leaf(&tape, [1, 1, 2, 4], &values);
        let v = ops::max_pool(&u, window);
        assert_eq!(v.read(), [5.0, 7.0], "{}", facts.name);
        let expected = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0];
        assert_eq!(back(&u, &v), expected, "{}", facts.name);
        let u = leaf(&tape, [1, 1, 2, 2], &[1.0, f32::NAN, 3.0, 4.0]);
        let v = ops::max_pool(&u, window).read();
        assert!(v[0].is_nan(), "{}", facts.name);
    }
}

#[test]
fn pixels_outside_the_image_do_not_count() {
    let window = Window {
        kernel: 3,
        stride: 2,
        padding: 1,
    };
    for facts in engines() {
        let tape = open(&*facts.engine());
        let u = leaf(&tape, [1, 1, 3, 3], &[-3.0; 9]);
        let (largest, mean) = (ops::max_pool(&u, window), ops::mean_pool(&u, window));
        assert_eq!(largest.read(), [-3.0; 4], "{}", facts.name);
        for mean in mean.read() {
            assert!((mean + 3.0).abs() < 1e-6, "{}", facts.name);
        }
    }
}

#[test]
fn known_answers() {
    for facts in engines() {
        let name = facts.name;
        let tape = open(&*facts.engine());
        let close = |found: f64, expected: f64, what: &str| {
            assert!((found - expected).abs() < 1e-6, "{name}, {what}: {found}");
        };
        // Mean 2.5, biased variance 1.25, unbiased 5/3.
        let u = leaf(&tape, [2, 1, 1, 2], &[1.0, 2.0, 3.0, 4.0]);
        let [one, zero] = [1.0, 0.0].map(|x| Array::constant(&tape, [1, 1], &[x]));
        let (v, statistics) = ops::norm_train(&u, &one, &zero, 0.0);
        close(statistics.mean[0], 2.5, "mean");
        close(statistics.variance[0], 5.0 / 3.0, "variance");
        close(v.read()[0], -1.5 / 1.25_f64.sqrt(), "norm");
        let alone = leaf(&tape, [1, 1, 1, 1], &[3.0]);
        let (_, statistics) = ops::norm_train(&alone, &one, &zero, 1e-5);
        close(statistics.variance[0], 0.0, "variance of one number");
        // Equal logits cost the logarithm of the number of classes.
        let logits = Array::constant(&tape, [2, 4], &[7.0; 8]);
        let loss = ops::cross_entropy(&logits, &Targets::of(&[0, 3]));
        close(loss.read()[0], 4.0_f64.ln(), "cross-entropy");
        let large = Array::constant(&tape, [1, 2], &[1000.0, 0.0]);
        let loss = ops::cross_entropy(&large, &Targets::of(&[0]));
        close(loss.read()[0], 0.0, "cross-entropy of large logits");
    }
}

/// What `f` says when it panics; `None` if it does not.
fn complaint(f: impl FnOnce()) -> Option<String> {
    let error = catch_unwind(AssertUnwindSafe(f)).err()?;
    let text = error.downcast_ref::<String>().cloned();
    text.or_else(|| error.downcast_ref::<&str>().map(|s| (*s).to_owned()))
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    type Wrong = fn(&Features);
    let wrong: [(&str, Wrong); 10] = [
        ("narrow", |u| drop(ops::narrow(u, 2, 3))),
        ("narrow beyond", |u| drop(ops::narrow(u, 5, 1))),
        ("embed", |u| drop(ops::embed(u, 2, 5))),
        ("join", |u| {
            let other = Features::images(u.tape(), [1, 4, 3, 2], &[0.0; 24]);
            drop(ops::join(&[u, &other]));
        }),
        ("sample", |u| {
            let sampling = Sampling {
                stride: 2,
                offset: 0,
                channels: 3,
            };
            drop(ops::sample(u, sampling));
        }),
        ("combine", |u| {
            let other = Features::images(u.tape(), [1, 4, 3, 2], &[0.0; 24]);
            drop(ops::combine(&[(1.0.into(), u), (1.0.into(), &other)]));
        }),
        ("gate", |u| {
            let gates = Array::constant(u.tape(), [1, 3], &[0.0; 3]);
            drop(ops::gate(u, &gates));
        }),
        ("mask", |u| drop(ops::mask(u, &[0.0; 23]))),
        ("sum", |u| {
            let [a, b] = [2, 3].map(|n| Array::constant(u.tape(), [1, n], &vec![0.0; n]));
            drop(a.plus(&b));
        }),
        ("gradient", |u| {
            let gradient = u.tape().features([1, 4, 3, 2], &[0.0; 24], false);
            let end = End::Features(u.value(), &gradient);
            u.tape().backward(&[end], &mut ());
        }),
    ];
    for facts in engines() {
        for (what, wrong) in wrong {
            let tape = open(&*facts.engine());
            let u = leaf(&tape, [1, 4, 2, 3], &[0.0; 24]);
            let said = complaint(|| wrong(&u));
            assert!(said.is_some(), "{} accepts a wrong {what}", facts.name);
        }
    }
}
