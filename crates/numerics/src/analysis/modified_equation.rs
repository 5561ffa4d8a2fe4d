//! Which differential equation does a scheme really solve?
//!
//! Put `u_n = 1` and `u_{n-j} = e^{-jw}` with `w = hD`: the step must return `e^w`. On `f = λ u` this
//! determines `z = hλ` as a power series in `w`, and `z = Σ c_j w^j` reads
//! `Σ c_j h^{j-1} u^{(j)} = f(u)`. The series is found by running the scheme on series.
//!
//! For non-linear `f` the coefficients are exact for schemes that use `f` linearly (multistep
//! schemes); for the others they hold for linear `f`.
//! Source: R. Warming, B. Hyett, The modified equation approach, J. Comp. Phys. 14, 1974;
//! Y. Lu, A. Zhong, Q. Li, B. Dong, ICML 2018, section 3, for `lm`.

use super::AnalysisError;
use super::subject::Subject;
use super::test_equation::Scaled;
use crate::{Memory, Rhs, Scheme, Series, StageId, State as _, StepError};
use std::fmt;

/// `Σ c_j h^{j-1} u^{(j)} = f(u)`.
#[derive(Clone, Debug, PartialEq)]
pub struct ModifiedEquation {
    /// Key of the scheme.
    pub scheme: &'static str,
    /// The coefficient used, if the scheme has one.
    pub k: Option<f64>,
    /// Does it hold for linear `f` only? A scheme that evaluates `f` inside of `f` has, for others, further terms
    /// of the powers of `h` that are printed, from its order on.
    pub linear: bool,
    /// `c_1, c_2, …`: `coefficients[j - 1]` belongs to `h^{j-1} u^{(j)}`.
    pub coefficients: Vec<f64>,
}

impl ModifiedEquation {
    /// The coefficient of `u'`: the scheme follows `time_scale · u' = f(u)` as `h → 0`, so its time
    /// runs faster by the inverse factor.
    #[must_use]
    pub fn time_scale(&self) -> f64 {
        self.coefficients.first().copied().unwrap_or(0.0)
    }

    /// The coefficient of `h u''`, the inertia; 0 if it was not asked for.
    #[must_use]
    pub fn inertia(&self) -> f64 {
        self.coefficients.get(1).copied().unwrap_or(0.0)
    }
}

/// The modified equation up to the derivative of order `terms`.
///
/// For a partitioned scheme the pair `x1' = f(x2)`, `x2' = f(x1)` is followed along the
/// eigenvector whose halves agree as `h → 0`.
///
/// # Errors
/// [`AnalysisError`] for an unknown scheme, a coefficient that does not fit, `terms = 0`, or a
/// scheme that follows no equation `c u' = f(u)`.
pub fn modified_equation(
    scheme: &str,
    k: Option<f64>,
    terms: usize,
) -> Result<ModifiedEquation, AnalysisError> {
    of(Subject::new(scheme, k)?, terms)
}

/// The same for a step with all its coefficients, newest state first; those that are missing are 0.
///
/// # Errors
/// As [`modified_equation`].
pub fn modified_equation_with(
    scheme: &str,
    coefs: &[f64],
    terms: usize,
) -> Result<ModifiedEquation, AnalysisError> {
    of(Subject::with_all(scheme, coefs)?, terms)
}

fn of(subject: Subject<'_>, terms: usize) -> Result<ModifiedEquation, AnalysisError> {
    if terms == 0 {
        return Err(AnalysisError::BadInput {
            what: "the number of terms",
            problem: "must be at least 1",
        });
    }
    let problem = Problem {
        subject,
        scheme: subject.scheme()?,
        growth: Series::variable(terms + 1).exp(),
    };
    let z = problem.solve(terms)?;
    Ok(ModifiedEquation {
        scheme: subject.facts.key,
        k: subject.k,
        linear: match subject.facts.implicit {
            false => subject.facts.stages > 1,
            true => !problem.evaluates_states_only(&z)?,
        },
        coefficients: z.coefficients()[1..].to_vec(),
    })
}

/// Residuals above this at orders that cannot be solved for mean that the scheme is inconsistent.
const ROUNDING: f64 = 1e-9;

/// Notes where `f` is evaluated.
struct Watch {
    f: Scaled<Series>,
    seen: Vec<Vec<Series>>,
}

impl Rhs<Vec<Series>> for Watch {
    fn eval(&mut self, at: StageId, u: &Vec<Series>) -> Result<Vec<Series>, StepError> {
        self.seen.push(u.clone());
        self.f.eval(at, u)
    }

    fn solve(
        &mut self,
        at: StageId,
        a: &Vec<Series>,
        gamma: f64,
    ) -> Result<Vec<Series>, StepError> {
        let found = self.f.solve(at, a, gamma)?;
        self.seen.push(found.clone());
        Ok(found)
    }
}

struct Problem<'a> {
    subject: Subject<'a>,
    scheme: Box<dyn Scheme<Vec<Series>>>,
    /// `e^w`.
    growth: Series,
}

impl Problem<'_> {
    /// The series `z(w)`, one coefficient after the other. At each order the residual is linear
    /// in the new unknowns, so its slope is read off by trying the values 0 and 1.
    fn solve(&self, terms: usize) -> Result<Series, AnalysisError> {
        let inconsistent = || AnalysisError::Inconsistent {
            scheme: self.subject.facts.key,
        };
        let len = terms + 1;
        let parts = self.subject.facts.parts;
        let mut z = Series::constant(0.0, len);
        // Second half of the eigenvector, the first being 1; unused for one part.
        let mut ratio = Series::constant(1.0, len);
        if self
            .residual(&z, &ratio, 0)?
            .iter()
            .any(|r| r.abs() > ROUNDING)
        {
            return Err(inconsistent());
        }
        for order in 1..len {
            let rest = self.residual(&z, &ratio, order)?;
            let mut bumped = z.clone();
            bumped.set(order, 1.0);
            let by_z = difference(&self.residual(&bumped, &ratio, order)?, &rest);
            // At order 1 the eigenvector is known already: its leading ratio is 1.
            if parts == 1 || order == 1 {
                if by_z[0].abs() < ROUNDING {
                    return Err(inconsistent());
                }
                z.set(order, -rest[0] / by_z[0]);
                continue;
            }
            let mut turned = ratio.clone();
            turned.set(order - 1, 1.0);
            let by_ratio = difference(&self.residual(&z, &turned, order)?, &rest);
            let det = by_z[0] * by_ratio[1] - by_z[1] * by_ratio[0];
            if det.abs() < ROUNDING {
                return Err(inconsistent());
            }
            z.set(order, (by_ratio[0] * rest[1] - by_ratio[1] * rest[0]) / det);
            ratio.set(order - 1, (by_z[1] * rest[0] - by_z[0] * rest[1]) / det);
        }
        // The second half has not been used at order 1.
        if self
            .residual(&z, &ratio, 1)?
            .iter()
            .any(|r| r.abs() > ROUNDING)
        {
            return Err(inconsistent());
        }
        Ok(z)
    }

    /// Does a step evaluate `f` at states only, the one that it looks for included? Then it uses `f` linearly, whatever `f` is.
    fn evaluates_states_only(&self, z: &Series) -> Result<bool, AnalysisError> {
        let u = vec![Series::constant(1.0, z.len())];
        let mut memory = Memory::new();
        for back in (1..=self.subject.facts.memory).rev() {
            let decay = Series::variable(z.len()).scale(-(back as f64)).exp();
            memory.push(vec![decay], None, self.subject.facts.memory);
        }
        let mut watch = Watch {
            f: Scaled(z.clone()),
            seen: Vec::new(),
        };
        let ctx = self.subject.ctx(1, 1.0);
        let next = self.scheme.step(&mut watch, &u, &mut memory, &ctx)?;
        let same = |a: &Vec<Series>, b: &Vec<Series>| {
            let apart = a.iter().zip(b).map(|(a, b)| a - b);
            apart.into_iter().all(|d| d.dot(&d).sqrt() < ROUNDING)
        };
        Ok(watch.seen.iter().all(|at| same(at, &u) || same(at, &next)))
    }

    /// Coefficient of `w^order` in (step - e^w u_n), by part.
    fn residual(
        &self,
        z: &Series,
        ratio: &Series,
        order: usize,
    ) -> Result<Vec<f64>, AnalysisError> {
        let facts = self.subject.facts;
        let len = z.len();
        let mut u = vec![Series::constant(1.0, len)];
        u.extend((1..facts.parts).map(|_| ratio.clone()));
        let mut memory = Memory::new();
        for back in (1..=facts.memory).rev() {
            let decay = Series::variable(len).scale(-(back as f64)).exp();
            let state: Vec<Series> = u.iter().map(|part| part * &decay).collect();
            let slope = facts
                .keeps_slopes
                .then(|| state.iter().map(|v| v * z).collect());
            memory.push(state, slope, facts.memory);
        }
        let mut f = Scaled(z.clone());
        let next = self
            .scheme
            .step(&mut f, &u, &mut memory, &self.subject.ctx(1, 1.0))?;
        Ok(next
            .iter()
            .zip(&u)
            .map(|(next, part)| (next - &(part * &self.growth)).coefficient(order))
            .collect())
    }
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// In words: `0.5 u' + 0.75 h u'' + 0.0833 h^2 u''' + O(h^3) = f(u)`. Three digits, zero terms left out.
impl fmt::Display for ModifiedEquation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (index, c) in self.coefficients.iter().enumerate() {
            if c.abs() < ROUNDING {
                continue;
            }
            match (first, *c < 0.0) {
                (true, true) => out.write_str("-")?,
                (true, false) => {}
                (false, true) => out.write_str(" - ")?,
                (false, false) => out.write_str(" + ")?,
            }
            first = false;
            let size = digits(c.abs());
            if size != "1" {
                write!(out, "{size} ")?;
            }
            match index {
                0 => {}
                1 => out.write_str("h ")?,
                power => write!(out, "h^{power} ")?,
            }
            match index + 1 {
                order @ 1..=3 => write!(out, "u{}", "'".repeat(order))?,
                order => write!(out, "u^({order})")?,
            }
        }
        out.write_str(if first { "0" } else { "" })?;
        match self.coefficients.len() {
            1 => out.write_str(" + O(h) = f(u)"),
            power => write!(out, " + O(h^{power}) = f(u)"),
        }
    }
}

/// A positive number to three significant digits, without trailing zeros.
fn digits(value: f64) -> String {
    let places = (2.0 - value.log10().floor()).clamp(0.0, 17.0) as usize;
    let text = format!("{value:.places$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}
