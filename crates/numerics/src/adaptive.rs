//! How large may the next step be? Embedded Runge-Kutta pairs with control of their error.
//!
//! A pair has two sets of weights for the same slopes, of neighbouring orders. The difference of both results estimates the
//! local error; a step whose estimate is above the tolerance is taken again with a smaller `h`, and the next `h` is what the
//! estimate promises. The rules are those of SciPy's `solve_ivp`, so that steps can be compared one by one:
//!
//! - the norm of an error is the root mean square of `e_i / (atol + rtol max(|u_i|, |u⁺_i|))`;
//! - after a step with norm `e < 1`, `h` is multiplied by `0.9 e^(-1/(q+1))`, at most by 10 and, after a step that was refused, at
//!   most by 1; `q` is the lower order; after one with `e ≥ 1` by the same, at least by 0.2;
//! - the higher order is the one that is kept (local extrapolation);
//! - the first `h` compares sizes of `u`, `f` and of a difference of slopes.
//!
//! Source: E. Hairer, S. P. Nørsett, G. Wanner, Solving ordinary differential equations I, 1993, section II.4.

mod follow;
mod pairs;

pub use follow::{Course, Equation, Moment, Step, follow};
pub use pairs::{Pair, pair, pair_of, pairs};

use crate::StepError;
use crate::problems::{END, Problem};
use std::fmt;

/// What an error is allowed to be, and how much may be spent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Share of the size of a component.
    pub relative: f64,
    /// Least size of a component that counts.
    pub absolute: f64,
    /// Most evaluations of `f`.
    pub evaluations: usize,
}

impl Tolerance {
    /// Is it one that steps can keep?
    #[must_use]
    pub fn is_sensible(&self) -> bool {
        let (rtol, atol) = (self.relative, self.absolute);
        rtol >= LEAST && atol > 0.0 && rtol.is_finite() && atol.is_finite()
    }

    /// The root mean square of `e_i / (atol + rtol max(|u_i|, |v_i|))`.
    #[must_use]
    pub fn size(&self, error: &[f64], before: &[f64], after: &[f64]) -> f64 {
        let scaled = (0..error.len()).map(|i| {
            let size = before[i].abs().max(after[i].abs());
            error[i] / (self.absolute + self.relative * size)
        });
        rms(scaled, error.len())
    }
}

/// A step that was taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Taken {
    /// Time after it.
    pub time: f64,
    /// Its size.
    pub h: f64,
    /// Norm of its estimated error, below 1.
    pub error: f64,
}

/// A solution with control of the error.
#[derive(Clone, Debug, PartialEq)]
pub struct Controlled {
    /// Key of the pair.
    pub pair: &'static str,
    /// Name of the problem.
    pub problem: &'static str,
    /// Its equation.
    pub equation: &'static str,
    /// The steps.
    pub steps: Vec<Taken>,
    /// Steps that were taken again.
    pub refused: usize,
    /// Evaluations of `f`.
    pub evaluations: usize,
    /// The state at time 1.
    pub end: Vec<f64>,
    /// Largest error of a component at time 1.
    pub error: f64,
}

/// Why a solution was not found.
#[derive(Clone, Debug, PartialEq)]
pub enum Stopped {
    /// The evaluations that are allowed are spent.
    Spent {
        /// How many.
        evaluations: usize,
        /// The time that was reached.
        time: f64,
    },
    /// The step would have to be below the spacing of numbers.
    TooSmall {
        /// The time that was reached.
        time: f64,
    },
    /// A tolerance that no step can meet or that means nothing.
    Tolerance,
    /// The right-hand side failed.
    Step(StepError),
}

impl fmt::Display for Stopped {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spent { evaluations, time } => {
                write!(
                    out,
                    "{evaluations} evaluations of f lead to time {time:.6} only"
                )
            }
            Self::TooSmall { time } => write!(
                out,
                "at time {time:.6} a step that keeps the tolerance is smaller than the spacing of numbers"
            ),
            Self::Tolerance => out.write_str(
                "tolerances are finite, the absolute one above 0, the relative one at least 1e-13",
            ),
            Self::Step(error) => write!(out, "{error}"),
        }
    }
}

impl std::error::Error for Stopped {}

/// Least relative tolerance: below, the estimate is rounding.
const LEAST: f64 = 1e-13;

fn rms(values: impl Iterator<Item = f64>, count: usize) -> f64 {
    (values.map(|x| x * x).sum::<f64>() / count as f64).sqrt()
}

/// Solves a problem up to time 1.
///
/// # Errors
/// [`Stopped`] if the evaluations are spent, or no step is small enough.
pub fn solve(
    pair: &Pair,
    problem: &'static Problem,
    tolerance: &Tolerance,
) -> Result<Controlled, Stopped> {
    let mut equation = Known {
        problem,
        tolerance,
        steps: Vec::new(),
    };
    let start = problem.start.to_vec();
    let course = follow(pair, &mut equation, start, &[0.0, END], tolerance)?;
    let exact = problem.end();
    let errors = course.end.iter().zip(&exact).map(|(a, b)| (a - b).abs());
    Ok(Controlled {
        pair: pair.key,
        problem: problem.name,
        equation: problem.equation,
        steps: equation.steps,
        refused: course.refused,
        evaluations: course.evaluations,
        error: errors.fold(0.0, f64::max),
        end: course.end,
    })
}

/// A problem, and the steps that were taken.
struct Known<'a> {
    problem: &'static Problem,
    tolerance: &'a Tolerance,
    steps: Vec<Taken>,
}

impl Equation<Vec<f64>> for Known<'_> {
    fn slope(&mut self, _at: Moment, u: &Vec<f64>) -> Result<Vec<f64>, StepError> {
        Ok(self.problem.slope(u))
    }

    fn size(&self, error: &Vec<f64>, before: &Vec<f64>, after: &Vec<f64>) -> f64 {
        self.tolerance.size(error, before, after)
    }

    fn taken(&mut self, step: &Step<'_, Vec<f64>>) {
        self.steps.push(step.taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems::{problem, problems};

    const USUAL: Tolerance = Tolerance {
        relative: 1e-6,
        absolute: 1e-9,
        evaluations: 100_000,
    };

    /// `tests/golden/numerics/adaptive.py`: RK23 and RK45 of SciPy on four problems, every step.
    #[test]
    fn steps_are_those_of_another_program() {
        let golden = include_str!("../../../tests/golden/numerics/adaptive.txt");
        let mut seen = 0;
        for line in golden.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            let mut word = || words.next().expect("a word");
            let (key, name) = (word(), word());
            let number = |text: &str| text.parse::<f64>().expect("a number");
            let tolerance = Tolerance {
                relative: number(word()),
                absolute: number(word()),
                ..USUAL
            };
            let evaluations = number(word()) as usize;
            let times: Vec<f64> = words.map(number).collect();
            let found = solve(
                pair(key).expect("a pair"),
                problem(name).expect("a problem"),
                &tolerance,
            )
            .expect("a solution");
            assert_eq!(found.steps.len(), times.len(), "{key} {name}");
            for (step, time) in found.steps.iter().zip(&times) {
                assert!(
                    (step.time - time).abs() < 1e-9,
                    "{key} {name}: {step:?} {time}"
                );
            }
            assert_eq!(found.evaluations, evaluations, "{key} {name}");
            seen += 1;
        }
        assert_eq!(seen, 8);
    }

    /// A tolerance that is a hundred times smaller makes a smaller error, by about as much.
    #[test]
    fn errors_follow_the_tolerance() {
        for pair in pairs() {
            for problem in problems() {
                let error = |relative: f64| {
                    let tolerance = Tolerance {
                        relative,
                        absolute: relative * 1e-3,
                        ..USUAL
                    };
                    solve(pair, problem, &tolerance).expect("a solution")
                };
                let (loose, tight) = (error(1e-4), error(1e-6));
                let what = format!("{} on {}", pair.key, problem.key);
                assert!(
                    tight.error < 1e-4 && tight.error < 0.2 * loose.error,
                    "{what}"
                );
                assert!(tight.evaluations > loose.evaluations, "{what}");
                assert!(tight.steps.iter().all(|s| s.error < 1.0 && s.h > 0.0));
                assert_eq!(tight.steps.last().map(|s| s.time), Some(END));
            }
        }
    }

    #[test]
    fn limits_are_said() {
        let (heun, stiff) = (&pairs()[0], problem("van-der-pol").expect("a problem"));
        let few = Tolerance {
            evaluations: 50,
            ..USUAL
        };
        let stopped = solve(heun, stiff, &few).expect_err("spent");
        assert!(
            matches!(stopped, Stopped::Spent { evaluations, time } if evaluations <= 50 && time > 0.0)
        );
        for (relative, absolute) in [
            (0.0, 1e-9),
            (1e-6, 0.0),
            (f64::NAN, 1e-9),
            (1e-6, f64::INFINITY),
        ] {
            let tolerance = Tolerance {
                relative,
                absolute,
                ..USUAL
            };
            assert_eq!(solve(heun, stiff, &tolerance), Err(Stopped::Tolerance));
        }
    }
}
