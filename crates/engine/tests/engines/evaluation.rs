//! Does a pass that records nothing find the same values? Engines do more at once in it and keep packed weights.

use crate::case::{Case, Out};
use crate::cases;
use crate::pass::values_only;
use crate::present::engines;
use timestep_engine::{ConvSpec, Engine, Exact, Fused, ops};

#[test]
fn every_engine_finds_what_exact_finds_without_recording() {
    for case in cases::all() {
        let parameters = case.parameters();
        let exact = values_only(&case, &Exact, &parameters);
        for facts in engines().iter().filter(|facts| facts.name != "exact") {
            let engine = facts.engine();
            let ours = values_only(&case, &*engine, &parameters);
            for (ours, exact) in ours.iter().zip(&exact) {
                // Only convolutions of many channels are rounded.
                let rounded = case.name.starts_with("conv") || case.name.contains("convolution");
                let evaluated = if rounded { facts.evaluated } else { 0.0 };
                let largest = exact.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
                for (a, b) in ours.iter().zip(exact) {
                    let off = (a - b).abs();
                    let name = &case.name;
                    assert!(
                        off <= case.tolerance.max(evaluated) * largest,
                        "{name}, {}: {a} {b}",
                        facts.name
                    );
                }
            }
            let again = values_only(&case, &*engine, &parameters);
            assert!(ours == again, "{}: {} twice", facts.name, case.name);
        }
    }
}

#[test]
fn changed_weights_are_convolved_with_and_not_those_that_were_packed() {
    let case = Case::new("a normed convolution")
        .leaf([1, 8, 6, 6])
        .weight(8 * 8 * 9, 0.2)
        .scale(8)
        .weight(8, 1.0)
        .buffer(8)
        .buffer(8)
        .run(|i| {
            let spec = ConvSpec::square(8, 3, 1);
            let norm = ([&i.p[1], &i.p[2]], [&i.p[3], &i.p[4]]);
            let v = ops::conv2d_normed(&i.u[0], (&i.p[0], &spec), norm, 1e-5, true);
            vec![Out::Features(v)]
        });
    let mut parameters = case.parameters();
    let find =
        |parameters: &_, engine: &dyn Engine| values_only(&case, engine, parameters).concat();
    let before = find(&parameters, &Fused);
    let shared = parameters.clone();
    for value in parameters.value_mut(parameters.ids().next().expect("weights")) {
        *value *= -1.5;
    }
    let (after, exact) = (find(&parameters, &Fused), find(&parameters, &Exact));
    assert!(before != after);
    for (a, b) in after.iter().zip(&exact) {
        assert!((a - b).abs() < 1e-4, "{a} {b}");
    }
    assert!(
        find(&shared, &Fused) == before,
        "the old numbers stay those of who shares them"
    );
}
