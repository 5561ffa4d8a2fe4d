//! Are the gradients of `exact` the slopes of what it computes? Central finite differences in `f64` say so.

use crate::case::{Case, Run, random};
use crate::cases;
use crate::pass::{objective, outcome};
use timestep_engine::{Exact, Parameters};

/// All numbers that a case depends on.
#[derive(Clone)]
struct Point {
    leaves: Vec<Vec<f64>>,
    /// Parameters, one after the other.
    parameters: Vec<f64>,
}

/// Numbers that are moved together, and how far each.
struct Direction {
    name: String,
    leaf: Option<usize>,
    /// From this position of the leaf, or of all parameters.
    from: usize,
    steps: Vec<f64>,
}

impl Point {
    fn moved(&self, direction: &Direction, h: f64) -> Self {
        let mut point = self.clone();
        let numbers = match direction.leaf {
            Some(at) => &mut point.leaves[at],
            None => &mut point.parameters,
        };
        let moved = &mut numbers[direction.from..][..direction.steps.len()];
        moved
            .iter_mut()
            .zip(&direction.steps)
            .for_each(|(x, d)| *x += h * d);
        point
    }
}

/// The slope along a direction, from the two steps of a sequence that agree best: large ones see the curvature, small ones
/// rounding, and any step across the kink of a ReLU is no slope.
fn slope(
    case: &Case,
    run: &Run,
    parameters: &Parameters,
    point: &Point,
    direction: &Direction,
    allowed: f64,
) -> f64 {
    let value = |h: f64| {
        let moved = point.moved(direction, h);
        objective(case, run, &moved.leaves, parameters, moved.parameters)
    };
    let quotient = |h: f64| (value(h) - value(-h)) / (2.0 * h);
    let mut h = 4e-5;
    let mut last = quotient(h);
    let mut best = (f64::INFINITY, last);
    for _ in 0..6 {
        h /= 2.0;
        let next = quotient(h);
        let apart = (next - last).abs();
        if apart < best.0 {
            best = (apart, next);
        }
        if apart <= 0.2 * allowed {
            break;
        }
        last = next;
    }
    best.1
}

fn norm(numbers: &[f64]) -> f64 {
    numbers.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// A random direction of length 1 and two single numbers.
fn directions(name: &str, leaf: Option<usize>, from: usize, count: usize) -> Vec<Direction> {
    let drawn = random(name, count);
    let drawn: Vec<f64> = drawn.iter().map(|x| f64::from(*x)).collect();
    let length = norm(&drawn);
    let mut all = vec![Direction {
        name: format!("{name}, a direction"),
        leaf,
        from,
        steps: drawn.iter().map(|x| x / length).collect(),
    }];
    for at in [0, count / 2 + count / 5] {
        all.push(Direction {
            name: format!("{name}, number {at}"),
            leaf,
            from: from + at,
            steps: vec![1.0],
        });
    }
    all
}

/// The gradients of a case that are no slopes.
fn wrong(case: &Case) -> Vec<String> {
    let parameters = case.parameters();
    let found = outcome(case, &Exact);
    let run = case.slope_of.as_ref().unwrap_or(&case.run);
    let wide = |v: &[f32]| -> Vec<f64> { v.iter().map(|v| f64::from(*v)).collect() };
    let point = Point {
        leaves: case.leaf_values().iter().map(|leaf| wide(leaf)).collect(),
        parameters: wide(parameters.values()),
    };
    let mut groups: Vec<(String, Option<usize>, usize, &[f64])> = Vec::new();
    for (at, gradient) in found.leaves.iter().enumerate() {
        groups.push((format!("leaf {at}"), Some(at), 0, gradient));
    }
    for (id, gradient) in parameters.ids().zip(&found.parameters) {
        let spec = &parameters.specs()[id.index()];
        if spec.is_trained() {
            let from = parameters.specs().range(id).start;
            groups.push((spec.name.clone(), None, from, gradient));
        }
    }
    let total = groups.iter().map(|g| norm(g.3)).fold(0.0, f64::max);
    let mut wrong = Vec::new();
    for (name, leaf, from, gradient) in groups {
        let own = norm(gradient);
        // Gradients that cancel are measured by those that do not.
        let allowed = 1e-7 * own.max(0.01 * total) + 1e-12;
        let all = directions(&name, leaf, from, gradient.len());
        // Where nothing depends on the numbers, one direction shows it.
        let count = if own == 0.0 { 1 } else { all.len() };
        for direction in &all[..count] {
            let slope = slope(case, run, &parameters, &point, direction, allowed);
            let own = &gradient[direction.from - from..][..direction.steps.len()];
            let claimed: f64 = own.iter().zip(&direction.steps).map(|(g, d)| g * d).sum();
            if (slope - claimed).abs() > allowed {
                wrong.push(format!(
                    "{}: {}: {claimed} claimed, {slope} found",
                    case.name, direction.name
                ));
            }
        }
    }
    wrong
}

#[test]
fn gradients_of_exact_are_slopes() {
    let wrong: Vec<String> = cases::all().iter().flat_map(wrong).collect();
    assert!(wrong.is_empty(), "{}\n", wrong.join("\n"));
}
