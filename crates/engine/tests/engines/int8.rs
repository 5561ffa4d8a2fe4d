//! Where does the engine with 8-bit products multiply so, and where not?

use crate::case::{Case, Out};
use crate::pass::{outcome, values_on, values_only};
use timestep_engine::{ConvSpec, Engine, Fused, FusedInt8, Recording, Wanted, ops};

/// A wide 1×1 convolution, norm and ReLU, and another one whose result is added to the first.
fn case() -> Case {
    let case = Case::new("two wide convolutions").leaf([2, 64, 6, 6]);
    let case = case.weight(80 * 64, 0.2).scale(80).weight(80, 1.0);
    let case = case.buffer(80).buffer(80).weight(80 * 80, 0.2);
    case.run(|i| {
        let spec = ConvSpec::square(80, 1, 1);
        let norm = ([&i.p[1], &i.p[2]], [&i.p[3], &i.p[4]]);
        let u = ops::conv2d_normed(&i.u[0], (&i.p[0], &spec), norm, 1e-5, true);
        let f = ops::conv2d(&u, &i.p[5], &spec);
        let sum = ops::combine(&[(1.0.into(), &u), (0.5.into(), &f)]);
        vec![Out::Features(sum)]
    })
}

#[test]
fn a_pass_that_records_nothing_is_near_and_one_that_records_has_the_same_bits() {
    let case = case();
    let parameters = case.parameters();
    let find = |engine: &dyn Engine| values_only(&case, engine, &parameters).concat();
    // One after the other on the same parameters: neither takes what the other has packed.
    let (before, ours, after) = (find(&Fused), find(&FusedInt8), find(&Fused));
    assert!(before == after && before != ours);
    assert!(ours == find(&FusedInt8), "twice");
    let length = |numbers: &[f64]| numbers.iter().map(|x| x * x).sum::<f64>().sqrt();
    let errors: Vec<f64> = ours.iter().zip(&before).map(|(a, b)| a - b).collect();
    let share = length(&errors) / length(&before);
    assert!(share > 1e-4 && share < 0.01, "{share}");

    // Forward passes of training whose gradients follow later, and what is computed beside a pass (searches of steps).
    let also = |engine: &dyn Engine, statistics: bool, forked: bool| {
        let recording = Recording {
            wanted: Wanted::Nothing,
            statistics,
        };
        let tape = engine.open(&parameters, &recording);
        let tape = match forked {
            true => tape.fork(&recording),
            false => tape,
        };
        values_on(&case, &tape).concat()
    };
    for (statistics, forked) in [(true, false), (false, true)] {
        assert!(also(&FusedInt8, statistics, forked) == also(&Fused, statistics, forked));
    }

    let (ours, precise) = (outcome(&case, &FusedInt8), outcome(&case, &Fused));
    assert!(ours.values == precise.values);
    assert!(ours.leaves == precise.leaves && ours.parameters == precise.parameters);
}
