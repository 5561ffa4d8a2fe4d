//! How fast does the error of a scheme fall with the step size?

use super::subject::Subject;
use super::{AnalysisError, modified_equation, zero_stability};
use crate::problems::Split;
use crate::problems::{self, END, Problem};
use crate::scheme::searched;
use crate::schemes::scheme_of;
use crate::{Memory, Rhs, StageId, StepError};

/// The error at one step size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Step size, in the time of the problem: `h / time_scale`.
    pub h: f64,
    /// Largest error of a component at the final time 1.
    pub error: f64,
    /// Evaluations of `f`, those of the start included.
    pub evaluations: usize,
}

/// The measured order of convergence.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Key of the scheme.
    pub scheme: &'static str,
    /// The coefficient used, if the scheme has one.
    pub k: Option<f64>,
    /// The problem solved.
    pub problem: &'static str,
    /// Its equation.
    pub equation: &'static str,
    /// Slope of `log error` over `log h`, fitted to the finest samples above rounding.
    pub order: f64,
    /// The order claimed by the scheme's facts.
    pub theory: u32,
    /// The scheme follows `time_scale · u' = f(u)`: the first coefficient of its modified
    /// equation, `1+k` for `lm`.
    pub time_scale: f64,
    /// All samples, coarsest first.
    pub samples: Vec<Sample>,
}

/// Steps of the coarsest run; each further run halves `h`.
const COARSEST: usize = 16;
/// The same for schemes of order 5 and more, whose errors are rounding soon.
const COARSEST_OF_HIGH: usize = 2;
const RUNS: u32 = 10;
/// Number of samples fitted.
const FITTED: usize = 4;
/// Errors below this are rounding: a run makes up to 10⁴ roundings of about 1e-16.
const ROUNDING: f64 = 2e-13;

/// The order of convergence of a scheme in its own time.
///
/// The scheme is run on logistic growth (partitioned schemes and those above order 4: on the harmonic oscillator) up to
/// time 1 with `h`, `h/2`, … and compared with the exact solution at the times that its modified
/// equation assigns to its steps. Multistep schemes use the starting procedure that networks use,
/// not an exact history, so the order is that of the whole computation, start included.
///
/// # Errors
/// [`AnalysisError`] for an unknown scheme, a coefficient that does not fit, a scheme that is not
/// zero-stable or has no time scale.
pub fn order(scheme: &str, k: Option<f64>) -> Result<Order, AnalysisError> {
    let subject = Subject::new(scheme, k)?;
    on(
        &subject,
        problems::usual(subject.facts.parts, subject.facts.order),
    )
}

/// The same on a problem of choice.
///
/// # Errors
/// As [`order`], and [`AnalysisError::BadInput`] for a scheme that steps halves in turn on a problem without halves.
pub fn order_on(
    scheme: &str,
    k: Option<f64>,
    problem: &'static Problem,
) -> Result<Order, AnalysisError> {
    let subject = Subject::new(scheme, k)?;
    if subject.facts.parts > 1 && !problem.partitioned {
        return Err(AnalysisError::BadInput {
            what: "the problem",
            problem: "has no halves that a partitioned scheme could step in turn",
        });
    }
    on(&subject, problem)
}

fn on(subject: &Subject<'_>, problem: &'static Problem) -> Result<Order, AnalysisError> {
    let key = subject.facts.key;
    let time_scale = own_time(subject)?;
    let mut runner = subject.scheme::<Vec<f64>>()?;
    let whole = scheme_of::<Vec<f64>>(subject.facts)?;
    let terms = whole.terms();
    let split = problem.split().filter(|_| !terms.is_empty());
    if split.is_some() {
        runner = whole;
    }
    let exact = problem.end();
    let coarsest = match subject.facts.order {
        0..=4 => COARSEST,
        _ => COARSEST_OF_HIGH,
    };
    let mut samples = Vec::new();
    for run in 0..RUNS {
        let steps = coarsest << run;
        let h = END / steps as f64;
        let mut f = Counted {
            rhs: problem.rhs(subject.facts.parts),
            split,
            terms,
            evaluations: 0,
        };
        let mut memory = Memory::new();
        let mut u = problem.start.to_vec();
        for step in 0..steps {
            let ctx = subject.ctx(step, h * time_scale);
            u = runner.step(&mut f, &u, &mut memory, &ctx)?;
        }
        samples.push(Sample {
            h,
            error: farthest(&u, &exact),
            evaluations: f.evaluations,
        });
    }
    let order = slope(&samples).ok_or(AnalysisError::NoAsymptoticRange { scheme: key })?;
    Ok(Order {
        scheme: key,
        k: subject.k,
        problem: problem.name,
        equation: problem.equation,
        order,
        theory: subject.facts.order,
        time_scale,
        samples,
    })
}

/// The right-hand side of a problem, or its terms in turn, counted.
struct Counted<F> {
    rhs: F,
    split: Option<&'static Split>,
    /// The term of each stage.
    terms: &'static [usize],
    evaluations: usize,
}

impl<F> Rhs<Vec<f64>> for Counted<F>
where
    F: FnMut(StageId, &Vec<f64>) -> Result<Vec<f64>, StepError>,
{
    fn eval(&mut self, at: StageId, u: &Vec<f64>) -> Result<Vec<f64>, StepError> {
        self.evaluations += 1;
        match self.split {
            Some(split) => Ok((split.rhs[self.terms[at.stage]])(u)),
            None => (self.rhs)(at, u),
        }
    }

    fn solve(&mut self, at: StageId, a: &Vec<f64>, gamma: f64) -> Result<Vec<f64>, StepError> {
        match self.split.and_then(|split| split.solve) {
            // A stiff linear term is solved for at the price of about one evaluation.
            Some(solve) if self.terms[at.stage] == 1 => {
                self.evaluations += 1;
                Ok(solve(a, gamma))
            }
            _ => searched(self, at, a, gamma),
        }
    }
}

/// The `c` in the equation `c u' = f(u)` that a scheme follows: with steps `h = c Δt` it advances time by `Δt`.
///
/// # Errors
/// [`AnalysisError`] for a scheme that is not zero-stable or follows no such equation.
pub(super) fn own_time(subject: &Subject<'_>) -> Result<f64, AnalysisError> {
    let (scheme, k) = (subject.facts.key, subject.k);
    let name = subject.facts.written();
    if !zero_stability(name, k)?.zero_stable {
        return Err(AnalysisError::NotZeroStable {
            scheme,
            k: k.unwrap_or(0.0),
        });
    }
    let time_scale = modified_equation(name, k, 1)?.time_scale();
    if time_scale <= 0.0 {
        return Err(AnalysisError::NoTimeScale {
            scheme,
            coefficient: time_scale,
        });
    }
    Ok(time_scale)
}

/// The largest difference of a component.
pub(super) fn farthest(u: &[f64], exact: &[f64]) -> f64 {
    let errors = u.iter().zip(exact).map(|(a, b)| (a - b).abs());
    // A run that left the numbers has an infinite error, not none.
    errors.fold(0.0, |most: f64, e| {
        if e.is_nan() {
            f64::INFINITY
        } else {
            most.max(e)
        }
    })
}

/// Least-squares slope through the finest samples whose error is not rounding.
pub(super) fn slope(samples: &[Sample]) -> Option<f64> {
    let usable: Vec<(f64, f64)> = samples
        .iter()
        .filter(|sample| sample.error.is_finite() && sample.error > ROUNDING)
        .map(|sample| (sample.h.ln(), sample.error.ln()))
        .collect();
    let points = &usable[usable.len().checked_sub(FITTED)?..];
    let n = FITTED as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / n;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / n;
    let covariance: f64 = points
        .iter()
        .map(|(x, y)| (x - mean_x) * (y - mean_y))
        .sum();
    let variance: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    Some(covariance / variance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems::problem;

    fn measured(scheme: &str, key: &str) -> Order {
        order_on(scheme, None, problem(key).expect("a problem")).expect("an order")
    }

    #[test]
    fn implicit_explicit_schemes_have_their_order_on_every_problem_with_terms() {
        for key in [
            "logistic",
            "oscillator",
            "lotka-volterra",
            "brusselator",
            "allen-cahn",
        ] {
            for (scheme, order) in [("imex-euler", 1.0), ("sbdf2", 2.0)] {
                let found = measured(scheme, key);
                let off = (found.order - order).abs();
                assert!(off < 0.1, "{scheme} on {key}: {found:?}");
            }
        }
    }

    /// With 16 steps `hλ` of the diffusion is -3.2: beyond the interval of forward Euler, which is left at once.
    #[test]
    fn a_stiff_term_does_not_limit_the_steps() {
        let coarse = |scheme| measured(scheme, "allen-cahn").samples[0];
        assert!(coarse("euler").error > 1.0);
        assert!(coarse("imex-euler").error < 0.05 && coarse("sbdf2").error < 0.05);
        // One solution of a linear equation for each evaluation of the other term.
        assert_eq!(coarse("imex-euler").evaluations, 32);
    }
}
