//! How good is a splitting apart from how its sub-steps are taken? Its order with exact sub-flows.
//!
//! The scheme's own code runs: a right-hand side that knows the length `τ` of a sub-step can return the mean slope
//! `(φ_τ(u) - u) / τ` of the exact flow of a term, so that the Euler sub-step `u + τ f` is the exact sub-flow.
//! Source: E. Hairer, C. Lubich, G. Wanner, Geometric numerical integration, 2006, sections II.5 and III.5.

use super::order::{farthest, slope};
use super::{AnalysisError, Sample};
use crate::schemes::scheme_of;
use crate::{Memory, StageId, StepCtx, StepError, Substep, facts};

/// A term of a right-hand side.
pub type Term<'t> = &'t mut dyn FnMut(&[f64]) -> Result<Vec<f64>, StepError>;

/// The measured order of a splitting with exact sub-flows.
#[derive(Clone, Debug, PartialEq)]
pub struct SplittingOrder {
    /// Key of the scheme.
    pub scheme: &'static str,
    /// Slope of `log error` over `log h`.
    pub order: f64,
    /// The order that follows from the lengths of the sub-steps: 2 if the terms take turns symmetrically enough.
    pub theory: u32,
    /// All samples, coarsest first; an evaluation is a sub-flow.
    pub samples: Vec<Sample>,
}

/// Steps of the coarsest run; each further run halves `h`.
const COARSEST: usize = 8;
const RUNS: u32 = 6;
/// Classical Runge-Kutta steps in the flow of a sub-step: their error is far below that of the splitting.
const INSIDE: usize = 8;

/// The order of a splitting on `u' = f0(u) + f1(u)` from `start` up to `time`, where `end` is the solution.
///
/// # Errors
/// [`AnalysisError::NoSubsteps`] for a scheme that is no splitting, [`AnalysisError::NoAsymptoticRange`] where the terms commute and
/// there is no error to fall, and what the terms return.
pub fn splitting_order(
    scheme: &str,
    [first, second]: [Term<'_>; 2],
    start: &[f64],
    (time, end): (f64, &[f64]),
) -> Result<SplittingOrder, AnalysisError> {
    let facts = facts(scheme)?;
    let runner = scheme_of::<Vec<f64>>(facts)?;
    let substeps = runner.substeps();
    if substeps.is_empty() {
        return Err(AnalysisError::NoSubsteps { scheme: facts.key });
    }
    let mut samples = Vec::new();
    for run in 0..RUNS {
        let steps = COARSEST << run;
        let h = time / steps as f64;
        let mut evaluations = 0;
        let mut f = |at: StageId, u: &Vec<f64>| {
            evaluations += 1;
            let Substep { term, part } = substeps[at.stage];
            let f: Term<'_> = match term {
                0 => &mut *first,
                _ => &mut *second,
            };
            let length = part * h;
            let end = flow(f, u, length, INSIDE)?;
            Ok::<_, StepError>(combined(&end, -1.0, u, 1.0 / length))
        };
        let mut u = start.to_vec();
        for step in 0..steps {
            u = runner.step(&mut f, &u, &mut Memory::new(), &StepCtx::new(step, h))?;
        }
        samples.push(Sample {
            h,
            error: farthest(&u, end),
            evaluations,
        });
    }
    let order = slope(&samples).ok_or(AnalysisError::NoAsymptoticRange { scheme: facts.key })?;
    Ok(SplittingOrder {
        scheme: facts.key,
        order,
        theory: theory(substeps),
        samples,
    })
}

/// The order of a splitting with exact sub-flows, as the lengths of its sub-steps give it: 1, or 2 if the terms take turns
/// symmetrically enough.
///
/// # Errors
/// [`AnalysisError::NoSubsteps`] for a scheme that is no splitting.
pub fn splitting_theory(scheme: &str) -> Result<u32, AnalysisError> {
    let facts = facts(scheme)?;
    match scheme_of::<f64>(facts)?.substeps() {
        [] => Err(AnalysisError::NoSubsteps { scheme: facts.key }),
        substeps => Ok(theory(substeps)),
    }
}

/// `(a + c b) d`, entry by entry.
fn combined(a: &[f64], c: f64, b: &[f64], d: f64) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| (a + c * b) * d).collect()
}

/// Where `u' = f(u)` leads in a time, by the classical Runge-Kutta method.
///
/// # Errors
/// What `f` returns.
pub fn flow(f: Term<'_>, u: &[f64], time: f64, steps: usize) -> Result<Vec<f64>, StepError> {
    let h = time / steps as f64;
    let mut u = u.to_vec();
    for _ in 0..steps {
        let s1 = f(&u)?;
        let s2 = f(&combined(&u, 0.5 * h, &s1, 1.0))?;
        let s3 = f(&combined(&u, 0.5 * h, &s2, 1.0))?;
        let s4 = f(&combined(&u, h, &s3, 1.0))?;
        for (i, u) in u.iter_mut().enumerate() {
            *u += h / 6.0 * (s1[i] + 2.0 * (s2[i] + s3[i]) + s4[i]);
        }
    }
    Ok(u)
}

/// The order with exact sub-flows: 1 if the lengths of each term sum to a step, and 2 if the commutator of the two cancels as well.
fn theory(substeps: &[Substep]) -> u32 {
    let total = |term: usize| -> f64 {
        let own = substeps.iter().filter(|s| s.term == term);
        own.map(|s| s.part).sum()
    };
    if (0..2).any(|term| (total(term) - 1.0).abs() > 1e-12) {
        return 0;
    }
    // `log(Π e^{cᵢ hXᵢ})` has the term `(h²/2) Σ_{i<j} cᵢ cⱼ [Xᵢ, Xⱼ]` (Baker, Campbell, Hausdorff).
    let mut commutator = 0.0;
    for (i, before) in substeps.iter().enumerate() {
        for after in &substeps[i + 1..] {
            let sign = match (before.term, after.term) {
                (0, 1) => 1.0,
                (1, 0) => -1.0,
                _ => 0.0,
            };
            commutator += sign * before.part * after.part;
        }
    }
    if f64::abs(commutator) > 1e-12 { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems::{END, problem};

    #[test]
    fn lie_is_of_order_1_and_strang_of_order_2_on_every_split_problem() {
        for key in [
            "logistic",
            "oscillator",
            "pendulum",
            "lotka-volterra",
            "brusselator",
        ] {
            let problem = problem(key).expect("a problem");
            let split = problem.split().expect("terms");
            for (scheme, order) in [("lie", 1), ("strang", 2)] {
                let [a, b] = split.rhs;
                let (mut a, mut b) = (|u: &[f64]| Ok(a(u)), |u: &[f64]| Ok(b(u)));
                let end = problem.end();
                let found = splitting_order(scheme, [&mut a, &mut b], problem.start, (END, &end));
                let found = found.expect("an order");
                assert_eq!(found.theory, order, "{scheme}");
                let off = (found.order - f64::from(order)).abs();
                assert!(off < 0.1, "{scheme} on {key}: {found:?}");
            }
        }
    }

    #[test]
    fn terms_that_commute_are_split_without_an_error() {
        let (mut a, mut b) = (
            |u: &[f64]| Ok(vec![-0.5 * u[0]]),
            |u: &[f64]| Ok(vec![-0.25 * u[0]]),
        );
        let end = [(-0.75_f64).exp()];
        let found = splitting_order("lie", [&mut a, &mut b], &[1.0], (1.0, &end));
        // What is left are the errors of the sub-flows, which fall as `h^4`.
        if let Ok(found) = found {
            assert!(found.samples.iter().all(|s| s.error < 1e-8), "{found:?}");
        }
        let none = splitting_order("rk4", [&mut a, &mut b], &[1.0], (1.0, &end));
        assert_eq!(none, Err(AnalysisError::NoSubsteps { scheme: "rk4" }));
    }

    #[test]
    fn the_theory_reads_lengths() {
        let at = |term, part| Substep { term, part };
        assert_eq!(theory(&[at(0, 1.0), at(1, 1.0)]), 1);
        assert_eq!(theory(&[at(1, 0.5), at(0, 1.0), at(1, 0.5)]), 2);
        assert_eq!(theory(&[at(1, 0.4), at(0, 1.0), at(1, 0.6)]), 1);
        assert_eq!(theory(&[at(0, 0.5), at(1, 1.0)]), 0);
    }
}
