//! On which equations with a known solution can a scheme be tried?

use crate::{StageId, StepError};

/// A differential equation `u' = f(u)` with its closed-form solution from `t = 0`.
#[derive(Clone, Copy, Debug)]
pub struct Problem {
    /// Name for reports.
    pub name: &'static str,
    /// The equation as one line of mathematics.
    pub equation: &'static str,
    /// Number of parts of the state: 2 for partitioned equations.
    pub parts: usize,
    /// `f`; for partitioned equations `u` is one half, and stage 0 gives the slope of the first
    /// half from the second, stage 1 the slope of the second half from the first.
    rhs: fn(StageId, f64) -> f64,
    /// The parts of the solution at time `t`.
    solution: fn(f64) -> [f64; 2],
}

impl Problem {
    /// The exact solution at time `t`, one number a part.
    #[must_use]
    pub fn solution(&self, t: f64) -> Vec<f64> {
        (self.solution)(t)[..self.parts].to_vec()
    }

    /// The right-hand side, in the form that a scheme steps on.
    ///
    /// # Errors
    /// Never; the type is that of [`Rhs`](crate::Rhs).
    pub fn rhs(&self) -> impl FnMut(StageId, &Vec<f64>) -> Result<Vec<f64>, StepError> + use<> {
        let rhs = self.rhs;
        move |at, u| Ok(u.iter().map(|v| rhs(at, *v)).collect())
    }
}

/// Linear decay `u' = -u`, `u(0) = 1`.
#[must_use]
pub fn linear_decay() -> Problem {
    Problem {
        name: "linear decay",
        equation: "u' = -u",
        parts: 1,
        rhs: |_, u| -u,
        solution: |t| [(-t).exp(), 0.0],
    }
}

/// Logistic growth `u' = u (1 - u)`, `u(0) = 1/4`: non-linear, with `f(0) = 0`, as the polynomial
/// schemes need.
#[must_use]
pub fn logistic() -> Problem {
    Problem {
        name: "logistic growth",
        equation: "u' = u (1 - u)",
        parts: 1,
        rhs: |_, u| u * (1.0 - u),
        solution: |t| [1.0 / (1.0 + 3.0 * (-t).exp()), 0.0],
    }
}

/// The harmonic oscillator as a partitioned pair, `x' = y`, `y' = -x`, from `(1, 0)`.
#[must_use]
pub fn oscillator() -> Problem {
    Problem {
        name: "harmonic oscillator",
        equation: "x' = y, y' = -x",
        parts: 2,
        rhs: |at, v| if at.stage.is_multiple_of(2) { v } else { -v },
        solution: |t| [t.cos(), -t.sin()],
    }
}

/// The problem that the order of a scheme with this many parts is measured on.
#[must_use]
pub(crate) fn for_parts(parts: usize) -> Problem {
    if parts == 2 { oscillator() } else { logistic() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The closed forms satisfy their equations, by central differences.
    #[test]
    fn solutions_solve_the_equations() {
        for problem in [linear_decay(), logistic(), oscillator()] {
            let (t, d) = (0.7, 1e-5);
            let (before, now, after) = (
                problem.solution(t - d),
                problem.solution(t),
                problem.solution(t + d),
            );
            for part in 0..problem.parts {
                // The slope of a half comes from the other half.
                let source = if problem.parts == 2 {
                    now[1 - part]
                } else {
                    now[0]
                };
                let slope = (problem.rhs)(
                    StageId {
                        step: 0,
                        stage: part,
                    },
                    source,
                );
                let measured = (after[part] - before[part]) / (2.0 * d);
                assert!((slope - measured).abs() < 1e-9, "{}", problem.name);
            }
        }
    }
}
