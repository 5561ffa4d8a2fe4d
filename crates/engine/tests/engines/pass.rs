//! How does a case run? Forward and backward on a tape, from results weighed by random numbers.

use crate::case::{Case, Inputs, Out, Run, random};
use std::rc::Rc;
use timestep_engine::{
    Coef, End, Engine, Features, Parameters, Recording, Tape, Value, Wanted, WideGradients, ops,
};

/// What a pass found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// The numbers of each result.
    pub(crate) values: Vec<Vec<f64>>,
    /// The gradients of the leaves.
    pub(crate) leaves: Vec<Vec<f64>>,
    /// The gradients of the parameters.
    pub(crate) parameters: Vec<Vec<f64>>,
}

/// A pass for everybody's gradients.
pub(crate) fn everything() -> Recording {
    Recording {
        wanted: Wanted::Parameters,
        statistics: true,
    }
}

/// The weights of result `at` in the objective `Σ g · v`.
fn weights(at: usize, count: usize) -> Vec<f64> {
    let drawn = random(&format!("g{at}"), count);
    drawn.iter().map(|g| f64::from(*g)).collect()
}

/// Results that the objective is made of, read: of each the numbers.
fn read(outs: &[Out]) -> Vec<Vec<f64>> {
    let of = |out: &Out| match out {
        Out::Features(u) => u.read(),
        Out::Array(a) => a.read(),
        Out::Numbers(numbers) => numbers.clone(),
    };
    outs.iter().map(of).collect()
}

/// Runs a case on an engine, forward and backward.
pub(crate) fn outcome(case: &Case, engine: &dyn Engine) -> Outcome {
    let parameters = case.parameters();
    outcome_on(case, &engine.open(&parameters, &everything()), &parameters)
}

/// The values of a case in a pass that records nothing.
pub(crate) fn values_only(
    case: &Case,
    engine: &dyn Engine,
    parameters: &Parameters,
) -> Vec<Vec<f64>> {
    values_on(case, &engine.open(parameters, &Recording::default()))
}

/// The values of a case on a tape that was opened for it.
pub(crate) fn values_on(case: &Case, tape: &Rc<dyn Tape>) -> Vec<Vec<f64>> {
    let leaves = case.leaves.iter().zip(case.leaf_values());
    let leaves = leaves.map(|(dims, u)| Features::new(tape, tape.features(*dims, &u, false)));
    read(&(case.run)(&case.inputs(tape, leaves.collect())))
}

/// Runs a case on a tape that was opened for it, forward and backward.
pub(crate) fn outcome_on(case: &Case, tape: &Rc<dyn Tape>, parameters: &Parameters) -> Outcome {
    let leaves: Vec<Features> = case
        .leaves
        .iter()
        .zip(case.leaf_values())
        .map(|(dims, values)| Features::new(tape, tape.features(*dims, &values, true)))
        .collect();
    let outs = (case.run)(&case.inputs(tape, leaves.clone()));
    // Arrays of several numbers become features: `Σ_c a_c 1`.
    let spread = |out: &Out| match out {
        Out::Array(a) if a.shape() != [1, 1] => {
            let count = a.shape().iter().product();
            let ones = Features::images(tape, [1, count, 1, 1], &vec![1.0; count]);
            Out::Features(ops::combine(&[(Coef::Learned(a.clone()), &ones)]))
        }
        Out::Array(a) => Out::Array(a.clone()),
        Out::Features(u) => Out::Features(u.clone()),
        Out::Numbers(_) => Out::Numbers(Vec::new()),
    };
    let spread: Vec<Out> = outs.iter().map(spread).collect();
    let weights: Vec<(Vec<f64>, Option<Value>)> = spread
        .iter()
        .enumerate()
        .map(|(at, out)| match out {
            Out::Features(u) => {
                let dims = u.dims();
                let g = weights(at, dims.iter().product());
                let gradient = tape.features_f64(dims, &g, false);
                (g, Some(gradient))
            }
            _ => (weights(at, 1), None),
        })
        .collect();
    let ends = spread
        .iter()
        .zip(&weights)
        .filter_map(|(out, (g, gradient))| match (out, gradient) {
            (Out::Features(u), Some(gradient)) => Some(End::Features(u.value(), gradient)),
            (Out::Array(a), _) => Some(End::Loss(a.value(), g[0])),
            _ => None,
        });
    let mut found = WideGradients::zeros(parameters.specs());
    tape.backward(&ends.collect::<Vec<End<'_>>>(), &mut found);
    let recorded = spread.iter().any(|out| match out {
        Out::Features(u) => u.is_recorded(),
        _ => true,
    });
    let leaf_gradient = |leaf: &Features| match tape.gradient(leaf.value()) {
        Some(gradient) => tape.read(&gradient),
        None => vec![0.0; leaf.dims().iter().product()],
    };
    let of_leaves: Vec<Vec<f64>> = leaves.iter().map(leaf_gradient).collect();
    let of_parameters: Vec<Vec<f64>> = parameters
        .ids()
        .map(|id| found.value(id).to_vec())
        .collect();
    if !recorded {
        let all = of_leaves.iter().chain(&of_parameters).flatten();
        assert!(all.into_iter().all(|g| *g == 0.0), "{}", case.name);
    }
    for out in &outs {
        if let Out::Features(u) = out {
            check(&case.name, u);
        }
    }
    Outcome {
        values: read(&outs),
        leaves: of_leaves,
        parameters: of_parameters,
    }
}

/// What a tape says of features agrees with their numbers.
fn check(name: &str, features: &Features) {
    let tape = features.tape();
    let numbers = features.read();
    let count: usize = features.dims().iter().product();
    assert_eq!(numbers.len(), count, "{name}: extents");
    let finite = numbers.iter().all(|u| u.is_finite());
    assert_eq!(tape.is_finite(features.value()), finite, "{name}: finite");
    let squares: f64 = numbers.iter().map(|u| u * u).sum();
    let dot = tape.dot(features.value(), features.value());
    let near = (dot - squares).abs() <= 1e-6 * squares;
    assert!(
        near || !squares.is_finite(),
        "{name}: {dot} is not {squares}"
    );
    let other: Vec<f64> = numbers.iter().rev().map(|u| -2.0 * u).collect();
    let second = tape.features_f64(features.dims(), &other, false);
    let value = features.value();
    let scaled = tape.scaled_squares(value, [value, &second], 0.5, 0.25);
    let wanted: f64 = (numbers.iter().zip(&other))
        .map(|(u, v)| (u / (0.5 + 0.25 * u.abs().max(v.abs()))).powi(2))
        .sum();
    assert!(
        (scaled - wanted).abs() <= 1e-6 * wanted || !squares.is_finite(),
        "{name}: {scaled} is not {wanted}"
    );
    let zero = numbers.iter().all(|u| *u == 0.0);
    assert!(!features.is_zero() || zero, "{name}: known to be zero");
    let step = tape.epsilon();
    let near = tape.features_f64([1, 1, 1, 2], &[1.0 + step, 1.0 + step / 4.0], false);
    assert_eq!(tape.read(&near), [1.0 + step, 1.0], "{name}: rounding");
}

/// The objective `Σ g · v` of a function, given all numbers in double precision.
pub(crate) fn objective(
    case: &Case,
    run: &Run,
    leaves: &[Vec<f64>],
    parameters: &Parameters,
    values: Vec<f64>,
) -> f64 {
    let tape = timestep_engine::Exact.open_f64(parameters.specs(), values, &Recording::default());
    let leaves = case
        .leaves
        .iter()
        .zip(leaves)
        .map(|(dims, values)| Features::new(&tape, tape.features_f64(*dims, values, false)));
    let inputs: Inputs = case.inputs(&tape, leaves.collect());
    let outs: Vec<Out> = run(&inputs);
    let mut total = 0.0;
    for (at, (out, values)) in outs.iter().zip(read(&outs)).enumerate() {
        if !matches!(out, Out::Numbers(_)) {
            let terms = weights(at, values.len()).into_iter().zip(values);
            total += terms.map(|(g, v)| g * v).sum::<f64>();
        }
    }
    total
}
