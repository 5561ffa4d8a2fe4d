//! Does every engine find what `exact` finds? Values, gradients of leaves and of parameters.

use crate::cases;
use crate::pass::{Outcome, outcome};
use crate::present::engines;
use timestep_engine::Exact;

/// Where numbers wait rounded, all gradients together may be off by so many times what a number is off by, as a part of their length: one that falls on the
/// other side of a ReLU is wrong as a whole.
const ROUNDED: f64 = 25.0;

/// The largest magnitude.
fn largest<'a>(numbers: impl IntoIterator<Item = &'a f64>) -> f64 {
    numbers.into_iter().fold(0.0, |m, x| m.max(x.abs()))
}

/// What differs by more than `tolerance` times the largest number, each group of numbers by itself; `floor` counts as the
/// largest at least.
fn differences(
    what: &str,
    ours: &[Vec<f64>],
    theirs: &[Vec<f64>],
    floor: f64,
    tolerance: f64,
) -> Vec<String> {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let mut found = Vec::new();
    for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert_eq!(ours.len(), theirs.len(), "{what} {at}");
        let allowed = tolerance * largest(theirs).max(floor);
        let errors: Vec<f64> = ours.iter().zip(theirs).map(|(a, b)| a - b).collect();
        let error = largest(&errors);
        let finite = ours.iter().all(|a| a.is_finite());
        if !finite || error > allowed {
            found.push(format!(
                "{what} {at}: off by {error:.1e}, allowed {allowed:.1e}"
            ));
        }
    }
    found
}

/// What differs between two passes.
fn all_differences(ours: &Outcome, exact: &Outcome, tolerance: f64) -> Vec<String> {
    let gradients = exact.leaves.iter().chain(&exact.parameters);
    // Gradients that cancel, such as that of a shift before a norm, are as wrong as the terms that cancel are large.
    let floor = 0.1 * largest(gradients.flatten());
    let groups = [
        ("value", &ours.values, &exact.values, 0.0),
        ("gradient of leaf", &ours.leaves, &exact.leaves, floor),
        (
            "gradient of parameter",
            &ours.parameters,
            &exact.parameters,
            floor,
        ),
    ];
    groups
        .into_iter()
        .flat_map(|(what, ours, exact, floor)| differences(what, ours, exact, floor, tolerance))
        .collect()
}

/// What differs between two passes where numbers wait rounded by `stored`: values as ever, gradients in their length.
fn rounded_differences(
    ours: &Outcome,
    exact: &Outcome,
    tolerance: f64,
    stored: f64,
) -> Vec<String> {
    let mut found = differences("value", &ours.values, &exact.values, 0.0, tolerance);
    let all = |outcome: &Outcome| -> Vec<f64> {
        let gradients = outcome.leaves.iter().chain(&outcome.parameters);
        gradients.flatten().copied().collect()
    };
    let length = |numbers: &[f64]| numbers.iter().map(|x| x * x).sum::<f64>().sqrt();
    let (ours, exact) = (all(ours), all(exact));
    let errors: Vec<f64> = ours.iter().zip(&exact).map(|(a, b)| a - b).collect();
    let (error, allowed) = (length(&errors), ROUNDED * stored * length(&exact));
    let finite = ours.iter().all(|a| a.is_finite());
    if !finite || ours.len() != exact.len() || error > allowed {
        found.push(format!(
            "all gradients: off by {error:.1e}, allowed {allowed:.1e}"
        ));
    }
    found
}

#[test]
fn every_engine_finds_what_exact_finds() {
    let mut wrong = Vec::new();
    for case in cases::all() {
        let exact = outcome(&case, &Exact);
        for facts in engines().iter().filter(|facts| facts.name != "exact") {
            let ours = outcome(&case, &*facts.engine());
            let found = match facts.stored > 0.0 {
                true => rounded_differences(&ours, &exact, case.tolerance, facts.stored),
                false => all_differences(&ours, &exact, case.tolerance),
            };
            for difference in found {
                wrong.push(format!("{}, {}: {difference}", facts.name, case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n", wrong.join("\n"));
}

#[test]
fn every_case_has_a_name_of_its_own_and_a_result() {
    let mut names: Vec<String> = cases::all().into_iter().map(|case| case.name).collect();
    names.sort_unstable();
    for pair in names.windows(2) {
        assert_ne!(pair[0], pair[1]);
    }
}
