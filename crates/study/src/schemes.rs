//! What does the theory say of a scheme? Order, stability and modified equation, measured on the code that networks run.

use crate::answer;
use timestep_numerics::SchemeFacts;
use timestep_numerics::analysis::{self, AnalysisError};
use timestep_numerics::problems::{END, Problem, problems};

/// Derivatives of a measured modified equation, where their number is not asked for.
const TERMS: usize = 3;

answer! {
    /// The error of a scheme at one step size.
    pub struct ErrorAtStep {
        /// Step size, in the time of the problem: `h / time_scale`.
        pub h: f64,
        /// Largest error of a component at the final time 1.
        pub error: f64,
        /// Evaluations of `f`, those of the start included.
        pub evaluations: usize,
    }
}

answer! {
    /// How fast the error of a scheme falls with the step size.
    pub struct OrderOfScheme {
        /// Name of the scheme.
        pub scheme: &'static str,
        /// The coefficient of the scheme, if it has one.
        pub k: Option<f64>,
        /// Slope of `log error` over `log h`, fitted to the finest samples above rounding.
        pub order: f64,
        /// The order that the scheme claims.
        pub theory: u32,
        /// The scheme follows `time_scale · u' = f(u)`: `1+k` for `lm`.
        pub time_scale: f64,
        /// The problem that is solved.
        pub problem: &'static str,
        /// Its equation, with the initial value.
        pub equation: &'static str,
        /// All samples, the largest step first.
        pub samples: Vec<ErrorAtStep>,
        /// Of a scheme that steps the terms of a problem in turn: what it would be with exact sub-flows. Null for others, and for problems
        /// without terms.
        pub splitting: Option<OrderOfSplitting>,
    }
}

answer! {
    /// The order of a splitting apart from how its sub-steps are taken.
    pub struct OrderOfSplitting {
        /// The terms of the problem.
        pub terms: &'static str,
        /// Slope of `log error` over `log h` with exact sub-flows; null where the terms commute and nothing falls.
        pub order: Option<f64>,
        /// The order that the lengths of the sub-steps give.
        pub theory: u32,
    }
}

impl OrderOfSplitting {
    /// Measures a splitting on a problem that has terms; nothing for other schemes and problems.
    fn measure(scheme: &str, problem: &str) -> Option<Self> {
        let problem = problems().iter().find(|p| p.name == problem)?;
        let split = problem.split()?;
        let theory = analysis::splitting_theory(scheme).ok()?;
        let [a, b] = split.rhs;
        let (mut a, mut b) = (|u: &[f64]| Ok(a(u)), |u: &[f64]| Ok(b(u)));
        let end = problem.end();
        let found = analysis::splitting_order(scheme, [&mut a, &mut b], problem.start, (END, &end));
        Some(Self {
            terms: split.terms,
            order: found.ok().map(|found| found.order),
            theory,
        })
    }
}

impl OrderOfScheme {
    /// Measures the order of a scheme at `k`, or at its default coefficient, on a problem, or on the one that is usual
    /// for it.
    ///
    /// # Errors
    /// As [`analysis::order_on`].
    pub fn measure(
        scheme: &str,
        k: Option<f64>,
        problem: Option<&'static Problem>,
    ) -> Result<Self, AnalysisError> {
        let found = match problem {
            Some(problem) => analysis::order_on(scheme, k, problem)?,
            None => analysis::order(scheme, k)?,
        };
        let samples = found.samples.iter();
        Ok(Self {
            splitting: OrderOfSplitting::measure(scheme, found.problem),
            scheme: found.scheme,
            k: found.k,
            order: found.order,
            theory: found.theory,
            time_scale: found.time_scale,
            problem: found.problem,
            equation: found.equation,
            samples: samples
                .map(|s| ErrorAtStep {
                    h: s.h,
                    error: s.error,
                    evaluations: s.evaluations,
                })
                .collect(),
        })
    }
}

answer! {
    /// For which `hλ` a scheme stays bounded.
    pub struct StabilityOfScheme {
        /// Name of the scheme.
        pub scheme: &'static str,
        /// The coefficient of the scheme, if it has one.
        pub k: Option<f64>,
        /// The stable interval of real `hλ`, as `[a, 0]`; `a` is 0 where there is none.
        pub real_interval: [f64; 2],
        /// The largest `y` such that the scheme is stable for all `hλ = is` with `s` below `y`; 0 where there is none.
        pub imaginary_interval: f64,
        /// Whether errors of the history stay bounded without `f`.
        pub zero_stable: bool,
        /// Coefficients of the stability polynomial `R(hλ)`, the constant first; null for a scheme with memory, which
        /// has none.
        pub polynomial: Option<Vec<f64>>,
    }
}

impl StabilityOfScheme {
    /// Measures the stability of a scheme at `k`, or at its default coefficient.
    ///
    /// # Errors
    /// As [`analysis::stability`].
    pub fn measure(scheme: &str, k: Option<f64>) -> Result<Self, AnalysisError> {
        let found = analysis::stability(scheme, k)?;
        Ok(Self {
            scheme: found.scheme,
            k: found.k,
            real_interval: [found.real_interval.0, 0.0],
            imaginary_interval: found.imaginary_interval,
            zero_stable: found.zero_stable,
            // Schemes with memory have no stability polynomial; that is no failure.
            polynomial: analysis::stability_polynomial(scheme, k).ok(),
        })
    }
}

answer! {
    /// Where a one-step scheme grows faster than the solution, close to 0.
    pub struct OrderStarOfScheme {
        /// Name of the scheme.
        pub scheme: &'static str,
        /// The coefficient of the scheme, if it has one.
        pub k: Option<f64>,
        /// The scheme follows `time_scale · u' = f(u)`, so `R(z)` stands for `e^(z / time_scale)`.
        pub time_scale: f64,
        /// Sectors of `|R(z)| > |e^z|` that meet at 0.
        pub sectors: usize,
        /// The order for linear equations: one less than there are sectors.
        pub order: usize,
    }
}

impl OrderStarOfScheme {
    /// Counts the sectors of a scheme at `k`, or at its default coefficient.
    ///
    /// # Errors
    /// As [`analysis::order_star()`].
    pub fn measure(scheme: &str, k: Option<f64>) -> Result<Self, AnalysisError> {
        let found = analysis::order_star(scheme, k)?;
        Ok(Self {
            scheme: found.scheme,
            k: found.k,
            time_scale: found.time_scale,
            sectors: found.sectors,
            order: found.order,
        })
    }
}

answer! {
    /// Which differential equation a scheme really solves.
    pub struct EquationOfScheme {
        /// Name of the scheme.
        pub scheme: &'static str,
        /// The coefficient of the scheme, if it has one.
        pub k: Option<f64>,
        /// `c_1, c_2, …`: `c_j` belongs to `h^(j-1)` times the j-th derivative of `u`.
        pub coefficients: Vec<f64>,
        /// The equation in words.
        pub equation: String,
        /// Whether it holds for linear `f` only; for others, a scheme that evaluates `f` inside of `f` has further terms
        /// of the same powers of `h`, from its order on.
        pub linear_f_only: bool,
    }
}

impl EquationOfScheme {
    /// The modified equation of a scheme, up to `terms` derivatives.
    ///
    /// # Errors
    /// As [`analysis::modified_equation`].
    pub fn measure(scheme: &str, k: Option<f64>, terms: usize) -> Result<Self, AnalysisError> {
        let found = analysis::modified_equation(scheme, k, terms)?;
        Ok(Self {
            scheme: found.scheme,
            k: found.k,
            equation: found.to_string(),
            linear_f_only: found.linear,
            coefficients: found.coefficients,
        })
    }
}

answer! {
    /// The theory of a scheme in short; null where the scheme has no answer at this coefficient.
    pub struct Theory {
        /// The coefficient of the scheme, if it has one.
        pub k: Option<f64>,
        /// Measured order of convergence.
        pub order: Option<f64>,
        /// The problem on which it was measured.
        pub problem: Option<&'static str>,
        /// The stable interval of real `hλ`, as `[a, 0]`.
        pub real_interval: Option<[f64; 2]>,
        /// The largest stable imaginary `hλ`.
        pub imaginary_interval: Option<f64>,
        /// Whether errors of the history stay bounded without `f`.
        pub zero_stable: Option<bool>,
        /// Coefficients of the modified equation.
        pub coefficients: Option<Vec<f64>>,
        /// The modified equation in words.
        pub equation: Option<String>,
    }
}

impl Theory {
    /// Runs the analyses at `k`, or at the default coefficient of the scheme.
    #[must_use]
    pub fn of(scheme: &SchemeFacts, k: Option<f64>) -> Self {
        let k = scheme.coefficient.map(|c| k.unwrap_or(c.default));
        let stability = analysis::stability(scheme.written(), k).ok();
        let equation = analysis::modified_equation(scheme.written(), k, TERMS).ok();
        let order = analysis::order(scheme.written(), k).ok();
        Self {
            k,
            order: order.as_ref().map(|o| o.order),
            problem: order.map(|o| o.problem),
            real_interval: stability.as_ref().map(|s| [s.real_interval.0, 0.0]),
            imaginary_interval: stability.as_ref().map(|s| s.imaginary_interval),
            zero_stable: stability.as_ref().map(|s| s.zero_stable),
            equation: equation.as_ref().map(ToString::to_string),
            coefficients: equation.map(|e| e.coefficients),
        }
    }
}

/// Everything that was measured of orders as comma-separated text, a row for each step size.
#[must_use]
pub fn order_table(all: &[OrderOfScheme]) -> String {
    let mut rows = String::from("scheme,k,problem,h,evaluations,error\n");
    for one in all {
        let k = one.k.map_or(String::new(), |k| k.to_string());
        let problem = one.problem.replace(',', "");
        for s in &one.samples {
            rows.push_str(&format!(
                "{},{k},{problem},{},{},{}\n",
                one.scheme, s.h, s.evaluations, s.error
            ));
        }
    }
    rows
}
