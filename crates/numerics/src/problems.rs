//! On which equations can a scheme be tried?

use crate::{StageId, StepError};

/// The time at which solutions are compared.
pub const END: f64 = 1.0;

/// A differential equation `u' = f(u)` with its initial value; its solution at time 1 is known to rounding.
#[derive(Debug)]
pub struct Problem {
    /// Name on the command line.
    pub key: &'static str,
    /// Name for reports.
    pub name: &'static str,
    /// The equation as one line of mathematics, with its initial value.
    pub equation: &'static str,
    /// Is the slope of each half of the state a function of the other half, so that a partitioned scheme can step
    /// them in turn?
    pub partitioned: bool,
    /// `u(0)`.
    pub start: &'static [f64],
    /// `f`.
    rhs: fn(&[f64]) -> Vec<f64>,
    /// Two terms whose sum is `f`, if it has such: what a splitting steps in turn.
    split: Option<Split>,
    /// The solution at time `t` in closed form, if there is one.
    solution: Option<fn(f64) -> Vec<f64>>,
}

/// A function of a state, such as a term of a right-hand side.
pub type Field = fn(&[f64]) -> Vec<f64>;

/// A right-hand side in two terms, `f = f0 + f1`.
#[derive(Debug)]
pub struct Split {
    /// What they are, in words.
    pub terms: &'static str,
    /// The terms.
    pub rhs: [Field; 2],
    /// The `y` with `y = a + γ f1(y)`, where the second term is linear and stiff.
    pub solve: Option<Solve>,
}

/// From `a` and `γ` to the `y` with `y = a + γ f(y)`.
pub type Solve = fn(&[f64], f64) -> Vec<f64>;

/// Every problem, in the order of lists.
static ALL: [Problem; 8] = [
    Problem {
        solution: Some(|t| vec![(-t).exp()]),
        ..Problem::new("linear", "linear decay", "u' = -u, u(0) = 1", &[1.0], |u| {
            vec![-u[0]]
        })
    },
    Problem {
        solution: Some(|t| vec![1.0 / (1.0 + 3.0 * (-t).exp())]),
        split: Some(Split {
            terms: "u and -u^2",
            rhs: [|u| vec![u[0]], |u| vec![-u[0] * u[0]]],
            solve: None,
        }),
        ..Problem::new(
            "logistic",
            "logistic growth",
            "u' = u (1 - u), u(0) = 1/4",
            &[0.25],
            |u| vec![u[0] * (1.0 - u[0])],
        )
    },
    Problem {
        solution: Some(|t| vec![t.cos(), -t.sin()]),
        partitioned: true,
        split: Some(Split {
            terms: "x' = y and y' = -x",
            rhs: [|u| vec![u[1], 0.0], |u| vec![0.0, -u[0]]],
            solve: None,
        }),
        ..Problem::new(
            "oscillator",
            "harmonic oscillator",
            "x' = y, y' = -x, from (1, 0)",
            &[1.0, 0.0],
            |u| vec![u[1], -u[0]],
        )
    },
    Problem {
        partitioned: true,
        split: Some(Split {
            terms: "x' = y and y' = -sin x",
            rhs: [|u| vec![u[1], 0.0], |u| vec![0.0, -u[0].sin()]],
            solve: None,
        }),
        ..Problem::new(
            "pendulum",
            "pendulum",
            "x' = y, y' = -sin x, from (2, 0)",
            &[2.0, 0.0],
            |u| vec![u[1], -u[0].sin()],
        )
    },
    Problem {
        split: Some(Split {
            terms: "growth (2 x, -y) and meetings (-x y, x y)",
            rhs: [
                |u| vec![2.0 * u[0], -u[1]],
                |u| vec![-u[0] * u[1], u[0] * u[1]],
            ],
            solve: None,
        }),
        ..Problem::new(
            "lotka-volterra",
            "Lotka-Volterra",
            "x' = x (2 - y), y' = y (x - 1), from (2, 1)",
            &[2.0, 1.0],
            |u| vec![u[0] * (2.0 - u[1]), u[1] * (u[0] - 1.0)],
        )
    },
    Problem {
        split: Some(Split {
            terms: "the oscillator (y, -x) and friction (0, 20 (1 - x^2) y)",
            rhs: [
                |u| vec![u[1], -u[0]],
                |u| vec![0.0, 20.0 * (1.0 - u[0] * u[0]) * u[1]],
            ],
            solve: None,
        }),
        ..Problem::new(
            "van-der-pol",
            "Van der Pol's oscillator, stiff",
            "x' = y, y' = 20 (1 - x^2) y - x, from (2, 0)",
            &[2.0, 0.0],
            |u| vec![u[1], 20.0 * (1.0 - u[0] * u[0]) * u[1] - u[0]],
        )
    },
    Problem {
        split: Some(Split {
            terms: "the reaction (x^2 y, -x^2 y) and the rest (1 - 4 x, 3 x)",
            rhs: [
                |u| vec![u[0] * u[0] * u[1], -u[0] * u[0] * u[1]],
                |u| vec![1.0 - 4.0 * u[0], 3.0 * u[0]],
            ],
            solve: None,
        }),
        ..Problem::new(
            "brusselator",
            "brusselator",
            "x' = 1 + x^2 y - 4 x, y' = 3 x - x^2 y, from (1.5, 3)",
            &[1.5, 3.0],
            |u| {
                let reaction = u[0] * u[0] * u[1];
                vec![1.0 + reaction - 4.0 * u[0], 3.0 * u[0] - reaction]
            },
        )
    },
    Problem {
        split: Some(Split {
            terms: "the reaction u - u^3 and the diffusion",
            rhs: [|u| u.iter().map(|u| u - u.powi(3)).collect(), diffusion],
            solve: Some(diffused),
        }),
        ..Problem::new(
            "allen-cahn",
            "Allen-Cahn equation on 15 points, stiff",
            "u' = 12.8 (u_left - 2 u + u_right) + u - u^3, 0 at both ends",
            &[
                0.2, 0.4, 0.6, 0.5, 0.3, 0.1, -0.1, -0.3, -0.4, -0.2, 0.0, 0.3, 0.5, 0.4, 0.2,
            ],
            |u| {
                let change = diffusion(u);
                let both = u.iter().zip(change);
                both.map(|(u, change)| change + u - u.powi(3)).collect()
            },
        )
    },
];

/// Diffusion between neighbours of the Allen-Cahn equation: 0.05 by the square of the distance of 1/16.
const DIFFUSION: f64 = 12.8;

/// `D (u_{i-1} - 2 u_i + u_{i+1})`, with 0 beyond the ends.
fn diffusion(u: &[f64]) -> Vec<f64> {
    let at = |i: Option<usize>| i.and_then(|i| u.get(i)).copied().unwrap_or(0.0);
    let change = |i: usize| at(i.checked_sub(1)) - 2.0 * u[i] + at(Some(i + 1));
    (0..u.len()).map(|i| DIFFUSION * change(i)).collect()
}

/// The `y` with `y = a + γ D (y_{i-1} - 2 y_i + y_{i+1})`, by elimination down and substitution up (Thomas 1949).
fn diffused(a: &[f64], gamma: f64) -> Vec<f64> {
    let (off, diagonal) = (-gamma * DIFFUSION, 1.0 + 2.0 * gamma * DIFFUSION);
    let mut y = a.to_vec();
    // What is left of the row above: its entry on the right, divided by the diagonal.
    let mut right = vec![0.0; y.len()];
    let (mut last, mut above) = (0.0, 0.0);
    for i in 0..y.len() {
        let pivot = diagonal - off * last;
        last = off / pivot;
        right[i] = last;
        y[i] = (y[i] - off * above) / pivot;
        above = y[i];
    }
    for i in (1..y.len()).rev() {
        let below = y[i];
        y[i - 1] -= right[i - 1] * below;
    }
    y
}

impl Problem {
    const fn new(
        key: &'static str,
        name: &'static str,
        equation: &'static str,
        start: &'static [f64],
        rhs: fn(&[f64]) -> Vec<f64>,
    ) -> Self {
        Self {
            key,
            name,
            equation,
            partitioned: false,
            start,
            rhs,
            split: None,
            solution: None,
        }
    }

    /// The solution at time 1.
    ///
    /// Without a closed form it is that of Richardson's extrapolation of the classical Runge-Kutta method with 2^13
    /// and 2^14 steps, whose error is below rounding for these problems.
    #[must_use]
    pub fn end(&self) -> Vec<f64> {
        match self.solution {
            Some(solution) => solution(END),
            None => {
                let (coarse, fine) = (self.classical(1 << 13), self.classical(1 << 14));
                let pairs = coarse.iter().zip(&fine);
                pairs.map(|(c, f)| f + (f - c) / 15.0).collect()
            }
        }
    }

    /// `u(1)` by the classical Runge-Kutta method; sums are compensated, for rounding is what limits it.
    fn classical(&self, steps: usize) -> Vec<f64> {
        let h = END / steps as f64;
        let ahead = |u: &[f64], by: f64, slope: &[f64]| -> Vec<f64> {
            u.iter().zip(slope).map(|(u, s)| u + by * s).collect()
        };
        let mut u = self.start.to_vec();
        let mut lost = vec![0.0; u.len()];
        for _ in 0..steps {
            let s1 = (self.rhs)(&u);
            let s2 = (self.rhs)(&ahead(&u, 0.5 * h, &s1));
            let s3 = (self.rhs)(&ahead(&u, 0.5 * h, &s2));
            let s4 = (self.rhs)(&ahead(&u, h, &s3));
            for i in 0..u.len() {
                let change = h / 6.0 * (s1[i] + 2.0 * (s2[i] + s3[i]) + s4[i]) - lost[i];
                let next = u[i] + change;
                lost[i] = (next - u[i]) - change;
                u[i] = next;
            }
        }
        u
    }

    /// `f` itself.
    #[must_use]
    pub fn slope(&self, u: &[f64]) -> Vec<f64> {
        (self.rhs)(u)
    }

    /// Its two terms, if it has such.
    #[must_use]
    pub fn split(&self) -> Option<&Split> {
        self.split.as_ref()
    }

    /// The right-hand side in the form that a scheme with so many parts steps on: of two, `u` is one half, and even
    /// stages give the slope of the first half from the second, odd ones that of the second half from the first.
    ///
    /// # Errors
    /// Never; the type is that of [`Rhs`](crate::Rhs).
    pub fn rhs(
        &'static self,
        parts: usize,
    ) -> impl FnMut(StageId, &Vec<f64>) -> Result<Vec<f64>, StepError> + use<> {
        let half = self.start.len() / 2;
        move |at, u| {
            if parts == 1 {
                return Ok((self.rhs)(u));
            }
            // The half that is given stands in both places: each slope looks at the other one only.
            let both: Vec<f64> = u.iter().chain(u).copied().collect();
            let slopes = (self.rhs)(&both);
            Ok(match at.stage.is_multiple_of(2) {
                true => slopes[..half].to_vec(),
                false => slopes[half..].to_vec(),
            })
        }
    }
}

/// Every problem, in the order of lists.
#[must_use]
pub fn problems() -> &'static [Problem] {
    &ALL
}

/// The problem of this name.
#[must_use]
pub fn problem(key: &str) -> Option<&'static Problem> {
    ALL.iter()
        .find(|problem| problem.key.eq_ignore_ascii_case(key))
}

/// The problem that the order of a scheme with this many parts is measured on: logistic growth, which is non-linear
/// and has `f(0) = 0`, as the polynomial schemes need. Above order 4 its errors are rounding before they fall as `h^p`:
/// there it is the oscillator, as for partitioned schemes.
#[must_use]
pub(crate) fn usual(parts: usize, order: u32) -> &'static Problem {
    let key = if parts == 2 || order > 4 {
        "oscillator"
    } else {
        "logistic"
    };
    let found = ALL.iter().find(|problem| problem.key == key);
    found.unwrap_or(&ALL[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Closed forms satisfy their equations, by central differences, and begin where the problem does.
    #[test]
    fn solutions_solve_the_equations() {
        let mut closed = 0;
        for problem in problems() {
            let Some(solution) = problem.solution else {
                continue;
            };
            closed += 1;
            assert_eq!(solution(0.0), problem.start, "{}", problem.name);
            let (t, d) = (0.7, 1e-5);
            let (before, now, after) = (solution(t - d), solution(t), solution(t + d));
            for (part, slope) in problem.slope(&now).iter().enumerate() {
                let measured = (after[part] - before[part]) / (2.0 * d);
                assert!((slope - measured).abs() < 1e-9, "{}", problem.name);
            }
            // What is computed elsewhere is computed rightly here.
            let computed = problem.classical(1 << 13);
            for (a, b) in computed.iter().zip(problem.end()) {
                assert!((a - b).abs() < 1e-14, "{}: {a} {b}", problem.name);
            }
        }
        assert_eq!(closed, 3);
    }

    /// SciPy's DOP853 with rtol = atol = 1e-14 gives these; `tests/golden/numerics/problems.py`.
    #[test]
    fn ends_are_those_of_another_program() {
        let golden = include_str!("../../../tests/golden/numerics/problems.txt");
        let mut seen = 0;
        for line in golden.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            let key = words.next().expect("a name");
            let problem = problem(key).expect("a problem");
            let wanted: Vec<f64> = words.map(|w| w.parse().expect("a number")).collect();
            assert_eq!(wanted.len(), problem.start.len());
            for (a, b) in problem.end().iter().zip(&wanted) {
                assert!((a - b).abs() < 2e-12, "{key}: {a} {b}");
            }
            seen += 1;
        }
        assert_eq!(seen, problems().len());
    }

    #[test]
    fn terms_sum_to_the_slope() {
        let mut count = 0;
        for problem in problems() {
            let Some(Split {
                rhs: [a, b], solve, ..
            }) = problem.split()
            else {
                continue;
            };
            count += 1;
            if let Some(solve) = solve {
                let y = solve(problem.start, 0.3);
                for (y, (a, change)) in y.iter().zip(problem.start.iter().zip(b(&y))) {
                    assert!((y - a - 0.3 * change).abs() < 1e-13, "{}", problem.name);
                }
            }
            let u: Vec<f64> = problem.start.iter().map(|u| u + 0.3).collect();
            let sums = a(&u).into_iter().zip(b(&u)).map(|(a, b)| a + b);
            for (sum, slope) in sums.zip(problem.slope(&u)) {
                assert!((sum - slope).abs() < 1e-13, "{}", problem.name);
            }
        }
        assert_eq!(count, 7);
    }

    #[test]
    fn halves_see_each_other_only() {
        for problem in problems().iter().filter(|p| p.partitioned) {
            let mut f = problem.rhs(2);
            let u = [0.3, -0.8];
            let whole = problem.slope(&u);
            let at = |stage| StageId { step: 0, stage };
            assert_eq!(f(at(0), &vec![u[1]]).expect("a slope"), [whole[0]]);
            assert_eq!(f(at(1), &vec![u[0]]).expect("a slope"), [whole[1]]);
        }
    }
}
