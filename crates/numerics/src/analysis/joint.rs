//! Do errors die out whatever order the steps come in? Bounds of a joint spectral radius.
//!
//! A segment has its `k_n` in one order; another network, or the same one longer, has others. The joint spectral radius of a set of matrices is
//! the largest growth rate of any product of them. Each step keeps a constant history, so it is taken of what a step does to the differences
//! of the states: below 1, errors of the history die out for every sequence of these steps.
//! Source: N. Guglielmi, M. Zennaro, On the zero-stability of variable stepsize multistep methods: the spectral radius approach, Numer.
//! Math. 88, 2001.

use super::AnalysisError;
use super::amplification::Amplification;
use crate::linear_algebra::{Square, complex_eigenvalues};
use num_complex::Complex64;

/// Most products that are looked at.
const PRODUCTS: usize = 4096;
/// Longest products.
const LONGEST: usize = 24;

/// What a step does to the differences `(u_n - u_{n-1}, u_{n-1} - u_{n-2}, …)`; `None` for steps with one state, with parts, or that move
/// a constant history.
fn on_differences(step: &Amplification) -> Option<Vec<Vec<f64>>> {
    let states = &step.states;
    let count = states.len();
    if count < 2 || step.parts > 1 {
        return None;
    }
    let image = |u: &[f64]| -> Vec<f64> {
        let row = |i: usize| {
            (0..count)
                .map(|j| step.at(states[i], states[j]).re * u[j])
                .sum()
        };
        (0..count).map(row).collect()
    };
    let constant = image(&vec![1.0; count]);
    if constant.iter().any(|c| (c - 1.0).abs() > 1e-12) {
        return None;
    }
    // Differences up to place `j` and none after it are a history of ones up to there.
    let columns: Vec<Vec<f64>> = (0..count - 1)
        .map(|j| {
            let u: Vec<f64> = (0..count).map(|i| f64::from(u8::from(i <= j))).collect();
            let next = image(&u);
            next.windows(2).map(|pair| pair[0] - pair[1]).collect()
        })
        .collect();
    let row = |i: usize| columns.iter().map(|column| column[i]).collect();
    Some((0..count - 1).map(row).collect())
}

fn product(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let entry = |i: usize, j: usize| (0..b.len()).map(|l| a[i][l] * b[l][j]).sum();
    (0..a.len())
        .map(|i| (0..b.len()).map(|j| entry(i, j)).collect())
        .collect()
}

/// The largest row sum of moduli.
fn norm(a: &[Vec<f64>]) -> f64 {
    let sums = a.iter().map(|row| row.iter().map(|x| x.abs()).sum::<f64>());
    sums.fold(0.0, f64::max)
}

/// The largest modulus of an eigenvalue.
fn radius(a: &[Vec<f64>], scheme: &'static str) -> Result<f64, AnalysisError> {
    if let [row] = a {
        return Ok(row[0].abs());
    }
    let matrix = Square::from_fn(a.len(), |i, j| Complex64::from(a[i][j]));
    let roots = complex_eigenvalues(&matrix).map_err(|_| AnalysisError::Eigenvalues { scheme })?;
    Ok(roots.iter().map(|root| root.norm()).fold(0.0, f64::max))
}

/// A lower and an upper bound of the joint spectral radius of steps on differences; `None` where steps have no history to damp.
///
/// The lower bound is the largest `ρ(P)^{1/m}` of a product `P` of `m` steps, the upper one the least over `m` of the largest
/// `‖P‖^{1/m}`, over all products of up to 24 steps, as long as there are no more than 4,096.
pub(super) fn joint(
    steps: &[Amplification],
    scheme: &'static str,
) -> Result<Option<[f64; 2]>, AnalysisError> {
    let Some(all) = steps.iter().map(on_differences).collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let mut set: Vec<Vec<Vec<f64>>> = Vec::new();
    for one in all {
        if !set.contains(&one) {
            set.push(one);
        }
    }
    if set.is_empty() {
        return Ok(None);
    }
    let (mut low, mut high) = (0.0_f64, f64::INFINITY);
    let mut products = set.clone();
    for length in 1..=LONGEST {
        let part = 1.0 / length as f64;
        let mut largest = 0.0_f64;
        for one in &products {
            low = low.max(radius(one, scheme)?.powf(part));
            largest = largest.max(norm(one));
        }
        high = high.min(largest.powf(part));
        if products.len().saturating_mul(set.len()) > PRODUCTS {
            break;
        }
        products = products
            .iter()
            .flat_map(|longer| set.iter().map(move |one| product(one, longer)))
            .collect();
    }
    // Rounding must not put the bounds the wrong way round.
    Ok(Some([low.min(high), high]))
}

#[cfg(test)]
mod tests {
    use crate::analysis::zero_stability_of_steps;

    fn joint(scheme: &str, steps: &[&[f64]]) -> [f64; 2] {
        let steps: Vec<Vec<f64>> = steps.iter().map(|step| step.to_vec()).collect();
        let found = zero_stability_of_steps(scheme, &steps).expect("an answer");
        found.joint.expect("a history")
    }

    /// Of `lm` the difference is multiplied by `-k_n`: the joint radius is the largest `|k_n|`.
    #[test]
    fn of_lm_it_is_the_largest_modulus_of_a_coefficient() {
        let [low, high] = joint("lm", &[&[-0.5], &[0.8], &[0.1]]);
        assert!(
            (low - 0.8).abs() < 1e-12 && (high - 0.8).abs() < 1e-12,
            "{low} {high}"
        );
    }

    /// With one matrix it is its spectral radius, which the bounds enclose.
    #[test]
    fn of_one_step_it_is_the_spectral_radius() {
        // Differences of `lm3` follow `r² + a r + b`; its roots are those of the scheme but 1.
        let steps: &[&[f64]] = &[&[-0.3, 0.2]];
        let [low, high] = joint("lm3", steps);
        let found = zero_stability_of_steps("lm3", &[vec![-0.3, 0.2]]).expect("an answer");
        let second = found.roots[1].norm();
        assert!((low - second).abs() < 1e-9, "{low} {second}");
        assert!(high >= low && high < low * 1.2, "{low} {high}");
    }

    /// Two damped steps whose alternation grows: a sequence of either is stable, one of both is not.
    #[test]
    fn steps_that_are_damped_alone_can_grow_together() {
        let (a, b): (&[f64], &[f64]) = (&[-1.9, 0.5], &[0.9, 0.8]);
        for (alone, radius) in [(a, 0.5_f64.sqrt()), (b, 0.8_f64.sqrt())] {
            let [low, high] = joint("lm3", &[alone]);
            assert!((low - radius).abs() < 1e-12, "{low}");
            assert!(high < 1.0, "{high}");
        }
        let [low, high] = joint("lm3", &[a, b]);
        assert!(low > 1.888 && high >= low && high < 2.5, "{low} {high}");
        let repeated = zero_stability_of_steps("lm3", &[a.to_vec(), b.to_vec()]);
        assert!(!repeated.expect("an answer").zero_stable);
    }
}
