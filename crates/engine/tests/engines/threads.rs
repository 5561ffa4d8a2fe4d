//! Does the number of threads change a bit?

use crate::cases;
use crate::pass::{Outcome, outcome};
use timestep_engine::{Engine, Fused, FusedBf16};

/// All numbers as bits: -0 is not 0.
fn bits(outcome: &Outcome) -> Vec<u64> {
    let groups = [&outcome.values, &outcome.leaves, &outcome.parameters];
    let numbers = groups.into_iter().flatten().flatten();
    numbers.map(|x| x.to_bits()).collect()
}

#[test]
fn fused_finds_the_same_bits_on_one_two_and_three_threads() {
    same_bits(&Fused);
}

#[test]
fn so_does_the_engine_that_stores_bf16() {
    same_bits(&FusedBf16);
}

fn same_bits(engine: &dyn Engine) {
    let cases = cases::all();
    let on = |threads: usize| -> Vec<Vec<u64>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.expect("threads");
        pool.install(|| {
            cases
                .iter()
                .map(|case| bits(&outcome(case, engine)))
                .collect()
        })
    };
    let one = on(1);
    for threads in [2, 3] {
        for (case, (one, more)) in cases.iter().zip(one.iter().zip(on(threads))) {
            assert!(*one == more, "{} on {threads} threads", case.name);
        }
    }
}
