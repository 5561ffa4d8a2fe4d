//! Do segments that are computed again find what segments that are kept find? And what do forks share?

use crate::cases::chains::{SEGMENTS, spliced};
use crate::pass::outcome;
use crate::present::engines;
use std::rc::Rc;
use std::sync::Arc;
use timestep_engine::{
    Array, End, Engine, Features, Init, ParamId, Parameters, Recording, Role, Spec, Specs, Tape,
    Value, Wanted, WideGradients, ops,
};

const DIMS: [usize; 4] = [1, 4, 2, 2];

fn parameters() -> Parameters {
    let specs = Specs::new(vec![Spec {
        name: "k".into(),
        shape: vec![4],
        role: Role::Coefficient,
        init: Init::Constant(0.0),
    }]);
    Parameters::new(Arc::new(specs), vec![1.0, 2.0, 3.0, 4.0])
}

fn open(engine: &dyn Engine, wanted: Wanted) -> Rc<dyn Tape> {
    let recording = Recording {
        wanted,
        statistics: true,
    };
    engine.open(&parameters(), &recording)
}

fn ramp() -> Vec<f32> {
    (0..16_u8).map(f32::from).collect()
}

fn leaf(tape: &Rc<dyn Tape>) -> Features {
    Features::new(tape, tape.features(DIMS, &ramp(), true))
}

#[test]
fn segments_that_are_computed_again_find_the_same() {
    for facts in engines().iter().filter(|facts| {
        let tape = open(&*facts.engine(), Wanted::Nothing);
        tape.can_splice()
    }) {
        for (name, dims, segment) in SEGMENTS {
            let engine = facts.engine();
            // The name decides the numbers: both run on the same.
            let kept = spliced(name, dims, segment, false);
            let mut again = spliced(name, dims, segment, true);
            again.name.clone_from(&kept.name);
            let (kept, again) = (outcome(&kept, &*engine), outcome(&again, &*engine));
            let groups = [
                (&kept.values, &again.values),
                (&kept.leaves, &again.leaves),
                (&kept.parameters, &again.parameters),
            ];
            let allowed = if facts.precision == "f64" {
                1e-12
            } else {
                2e-5_f64.max(2.0 * facts.stored)
            };
            for (kept, again) in groups {
                let (kept, again) = (kept.concat(), again.concat());
                let largest = kept.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
                for (kept, again) in kept.iter().zip(&again) {
                    let error = (kept - again).abs();
                    assert!(error <= allowed * largest, "{}: {error:e}", facts.name);
                }
            }
        }
    }
}

#[test]
fn splicing_takes_any_number_of_inputs_and_outputs() {
    for facts in engines() {
        let tape = open(&*facts.engine(), Wanted::Parameters);
        let (u, v) = (leaf(&tape), leaf(&tape));
        let scaled = u.clone().scaled(2.0);
        let there = tape.fork(&Recording::default());
        let [a, b] = [&u, &v].map(|u| u.onto(&there, false));
        // Outputs u and v; the second is never used, so the way back is given no gradient for it.
        let back = |gradients: &[Option<Value>], sink: &mut dyn timestep_engine::GradientSink| {
            assert!(gradients[0].is_some() && gradients[1].is_none());
            sink.add(ParamId::new(0), timestep_engine::Numbers::F64(&[5.0; 4]));
            vec![gradients[0].clone(), None]
        };
        let inputs = [scaled.value(), v.value()];
        let results = tape.splice(&inputs, &[a.value(), b.value()], Box::new(back));
        assert_eq!(results.len(), 2);
        assert_eq!(tape.read(&results[1]), v.read(), "{}", facts.name);
        assert!(tape.is_recorded(&results[0]), "{}", facts.name);
        let ones = tape.features(DIMS, &[1.0; 16], false);
        let mut sink = WideGradients::zeros(parameters().specs());
        tape.backward(&[End::Features(&results[0], &ones)], &mut sink);
        let of = |u: &Features| tape.gradient(u.value()).map(|g| tape.read(&g));
        assert_eq!(of(&u), Some(vec![2.0; 16]), "{}", facts.name);
        assert_eq!(of(&v), None, "{}", facts.name);
        assert_eq!(sink.values(), [5.0; 4], "{}", facts.name);
    }
}

#[test]
fn a_way_back_that_nothing_comes_along_is_not_asked() {
    for facts in engines() {
        let tape = open(&*facts.engine(), Wanted::Parameters);
        let u = leaf(&tape);
        let plain = u.onto(&tape.fork(&Recording::default()), false);
        let back = |_: &[Option<Value>], _: &mut dyn timestep_engine::GradientSink| {
            panic!("nobody used the result")
        };
        let _unused = tape.splice(&[u.value()], &[plain.value()], Box::new(back));
        tape.backward(&[End::Features(u.value(), plain.value())], &mut ());
        let found = tape.gradient(u.value()).expect("the end's own gradient");
        assert_eq!(tape.read(&found), u.read(), "{}", facts.name);
    }
}

#[test]
fn the_way_back_may_return_features_that_are_not_written_down() {
    type Made = fn(&Features) -> Features;
    let ways: [(&str, f64, Made); 4] = [
        ("a multiple", 0.5, |g| g.clone().scaled(0.5)),
        ("a ReLU", 1.0, ops::relu),
        ("halves", 1.0, |g| {
            ops::join(&[&ops::narrow(g, 0, 2), &ops::narrow(g, 2, 2)])
        }),
        ("zeros", 0.0, |g| Features::zeros(g, DIMS)),
    ];
    for facts in engines() {
        for (how, factor, made) in ways {
            let tape = open(&*facts.engine(), Wanted::Leaves);
            let u = leaf(&tape);
            let there = tape.fork(&Recording::default());
            let plain = u.onto(&there, false);
            let back = move |gradients: &[Option<Value>],
                             _: &mut dyn timestep_engine::GradientSink| {
                let given = gradients[0].clone().expect("a gradient");
                let given = Features::new(&there, given);
                vec![Some(made(&given).value().clone())]
            };
            let results = tape.splice(&[u.value()], &[plain.value()], Box::new(back));
            let ones = tape.features(DIMS, &[1.0; 16], false);
            tape.backward(&[End::Features(&results[0], &ones)], &mut ());
            let found = tape.gradient(u.value()).map(|g| tape.read(&g));
            let found = found.unwrap_or(vec![0.0; 16]);
            assert_eq!(found, [factor; 16], "{}: {how}", facts.name);
        }
    }
}

#[test]
fn a_fork_has_the_parameters_and_its_own_leaves() {
    for facts in engines() {
        let tape = open(&*facts.engine(), Wanted::Parameters);
        let u = ops::relu(&leaf(&tape).scaled(2.0));
        let fork = tape.fork(&Recording {
            wanted: Wanted::Leaves,
            statistics: false,
        });
        let k = Array::parameter(&fork, ParamId::new(0));
        assert_eq!(k.read(), [1.0, 2.0, 3.0, 4.0], "{}", facts.name);
        let own = u.onto(&fork, true);
        assert_eq!(own.read(), u.read(), "{}", facts.name);
        assert!(own.is_recorded(), "{}", facts.name);
        assert!(!u.onto(&fork, false).is_recorded(), "{}", facts.name);
        let bare = tape.fork(&Recording::default());
        assert!(!u.onto(&bare, true).is_recorded(), "{}", facts.name);
        let v = ops::combine(&[(timestep_engine::Coef::Learned(k), &own)]);
        let ones = fork.features(DIMS, &[1.0; 16], false);
        fork.backward(&[End::Features(v.value(), &ones)], &mut ());
        let found = fork.gradient(own.value()).expect("the gradient of a leaf");
        let each = [1.0, 2.0, 3.0, 4.0].map(|k| [k; 4]).concat();
        assert_eq!(fork.read(&found), each, "{}", facts.name);
    }
}

#[test]
fn a_fork_may_have_other_numbers_and_leaves_those_of_its_origin_alone() {
    for facts in engines() {
        let tape = open(&*facts.engine(), Wanted::Parameters);
        let id = ParamId::new(0);
        let other = vec![-1.0, 0.5, 0.0, 2.0];
        let fork = tape.fork_with(&Recording::default(), &[(id, other.clone())]);
        assert_eq!(Array::parameter(&fork, id).read(), other, "{}", facts.name);
        let again = fork.fork(&Recording::default());
        assert_eq!(Array::parameter(&again, id).read(), other, "{}", facts.name);
        let own = Array::parameter(&tape, id).read();
        assert_eq!(own, [1.0, 2.0, 3.0, 4.0], "{}", facts.name);
    }
}

#[test]
fn halves_are_adopted_and_have_one_gradient() {
    for facts in engines() {
        let tape = open(&*facts.engine(), Wanted::Leaves);
        let u = leaf(&tape);
        let halves = ops::join(&[&ops::narrow(&u, 2, 2), &ops::narrow(&u, 0, 2)]);
        let fork = tape.fork(&Recording {
            wanted: Wanted::Leaves,
            statistics: false,
        });
        let own = halves.onto(&fork, true);
        assert_eq!(own.read(), halves.read(), "{}", facts.name);
        // Only the second half is used.
        let v = ops::narrow(&own, 2, 2).scaled(3.0);
        let ones = fork.features([1, 2, 2, 2], &[1.0; 8], false);
        fork.backward(&[End::Features(v.value(), &ones)], &mut ());
        let found = fork.gradient(own.value()).expect("the gradient of a leaf");
        let expected = [[0.0; 8], [3.0; 8]].concat();
        assert_eq!(fork.read(&found), expected, "{}", facts.name);
    }
}
