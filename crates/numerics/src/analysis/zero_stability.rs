//! Do errors of the history die out, also when the coefficient changes from step to step?
//!
//! The step at `z = 0` is a companion matrix `C(k)`. With constant `k` its powers must stay bounded
//! (Dahlquist's root condition); with a sequence `k_1, k_2, …` the products `C(k_n) ⋯ C(k_m)` must.
//! Source: E. Hairer, S. P. Nørsett, G. Wanner, Solving ordinary differential equations I, 1993,
//! sections III.3 and III.5.

use super::AnalysisError;
use super::amplification::Amplification;
use super::joint::joint;
use super::subject::Subject;
use num_complex::Complex64;

/// How a scheme passes on errors of its history.
#[derive(Clone, Debug, PartialEq)]
pub struct ZeroStability {
    /// Key of the scheme.
    pub scheme: &'static str,
    /// The coefficients: one for a constant `k`, the whole sequence otherwise, none for schemes
    /// without a coefficient.
    pub coefficients: Vec<f64>,
    /// Roots of the first characteristic polynomial, largest first. For a sequence: the eigenvalues
    /// of the product of all its steps. For `lm` they are 1 and `∏(-k_n)`.
    pub roots: Vec<Complex64>,
    /// Does the root condition hold? For a sequence: if it is repeated forever.
    pub zero_stable: bool,
    /// Largest row-sum norm of a product of consecutive steps, whatever the step it starts at:
    /// the factor by which an error in the states can grow. Over [`HORIZON`] steps for constant
    /// `k`; infinite if that is not zero-stable.
    pub growth: f64,
    /// Largest total variation `Σ |u_{m+1} - u_m|` of the answer to a unit error in one state,
    /// the error itself included, whatever the step it comes from: an upper bound of its growth.
    /// For `lm` it is `sup_s Σ_m ∏_{s<j≤m} |k_j|`, the sufficient criterion for variable
    /// coefficients; `1/(1-|k|)` for constant `|k| < 1`. Infinite if not zero-stable for constant
    /// `k`; it grows without bound with the number of steps for undamped oscillations such as
    /// `k = 1`, although those stay bounded.
    pub variation: f64,
    /// Lower and upper bound of the joint spectral radius of the steps on differences of states: below 1, errors die out whatever order
    /// the steps come in. `None` for steps without history, and for halves.
    pub joint: Option<[f64; 2]>,
}

/// Number of steps over which a constant `k` is followed.
pub const HORIZON: usize = 1000;

/// Zero-stability for a constant coefficient.
///
/// # Errors
/// [`AnalysisError`] for an unknown scheme or a coefficient that does not fit.
pub fn zero_stability(scheme: &str, k: Option<f64>) -> Result<ZeroStability, AnalysisError> {
    let subject = Subject::new(scheme, k)?;
    let step = at_zero(&subject)?;
    let zero_stable = step.power_bounded(subject.facts.key, 1)?;
    let (mut growth, mut variation) = (f64::INFINITY, f64::INFINITY);
    if zero_stable {
        let mut follow = Follow::new();
        (0..HORIZON).for_each(|_| follow.step(&step));
        (growth, variation) = (follow.growth, follow.variation());
    }
    let joint = joint(std::slice::from_ref(&step), subject.facts.key)?;
    Ok(ZeroStability {
        joint,
        scheme: subject.facts.key,
        coefficients: subject.k.into_iter().collect(),
        roots: sorted(step.eigenvalues(subject.facts.key)?),
        zero_stable,
        growth,
        variation,
    })
}

/// Zero-stability for a sequence of coefficients, one per step, such as those of a trained network.
///
/// The bounds are exact for the sequence; the verdict is for the sequence repeated forever.
///
/// # Errors
/// [`AnalysisError`] for an unknown scheme, one without coefficient, or an empty sequence.
pub fn zero_stability_of(scheme: &str, ks: &[f64]) -> Result<ZeroStability, AnalysisError> {
    let all: Vec<Vec<f64>> = ks.iter().map(|k| vec![*k]).collect();
    zero_stability_of_steps(scheme, &all)
}

/// The same for steps with all their coefficients, newest state first; those that are missing are 0.
///
/// # Errors
/// As [`zero_stability_of`].
pub fn zero_stability_of_steps(
    scheme: &str,
    steps: &[Vec<f64>],
) -> Result<ZeroStability, AnalysisError> {
    if let Some(k) = steps.iter().flatten().next() {
        // A scheme without coefficients says so.
        Subject::new(scheme, Some(*k))?;
    }
    let ks: Vec<f64> = steps.iter().filter_map(|c| c.first().copied()).collect();
    let steps = steps
        .iter()
        .map(|coefs| at_zero(&Subject::with_all(scheme, coefs)?))
        .collect::<Result<Vec<_>, _>>()?;
    let key = Subject::new(scheme, None)?.facts.key;
    let period = steps
        .iter()
        .cloned()
        .reduce(|product, step| step.after(&product));
    let Some(period) = period else {
        return Err(AnalysisError::BadInput {
            what: "the sequence of k",
            problem: "is empty",
        });
    };
    let (mut growth, mut variation) = (0.0_f64, 0.0_f64);
    for start in 0..steps.len() {
        let mut follow = Follow::new();
        steps[start..].iter().for_each(|step| follow.step(step));
        growth = growth.max(follow.growth);
        variation = variation.max(follow.variation());
    }
    Ok(ZeroStability {
        joint: joint(&steps, key)?,
        scheme: key,
        coefficients: ks,
        roots: sorted(period.eigenvalues(key)?),
        zero_stable: period.power_bounded(key, steps.len())?,
        growth,
        variation,
    })
}

fn at_zero(subject: &Subject<'_>) -> Result<Amplification, AnalysisError> {
    Amplification::of(subject, Complex64::new(0.0, 0.0))
}

fn sorted(mut roots: Vec<Complex64>) -> Vec<Complex64> {
    roots.sort_by(|a, b| b.norm().total_cmp(&a.norm()).then(b.re.total_cmp(&a.re)));
    roots
}

/// The product of the steps so far, and what has been seen of it.
struct Follow {
    product: Option<Amplification>,
    growth: f64,
    /// Total variation so far of the newest state, by column (the state that had the unit error).
    variations: Vec<f64>,
}

impl Follow {
    fn new() -> Self {
        Self {
            product: None,
            growth: 1.0,
            variations: Vec::new(),
        }
    }

    fn step(&mut self, step: &Amplification) {
        let states = step.states.clone();
        let next = match &self.product {
            None => step.clone(),
            Some(product) => step.after(product),
        };
        // Slopes enter with a factor h, which is 0 here, so only states are counted.
        for row in &states {
            let sum: f64 = states
                .iter()
                .map(|column| next.at(*row, *column).norm())
                .sum();
            self.growth = self.growth.max(sum);
        }
        // The unit error is in the newest state: it has parts, all of them first in the matrix.
        let parts: Vec<usize> = (0..step.parts).collect();
        self.variations.resize(parts.len(), 1.0);
        for column in &parts {
            let before = |row: usize| match &self.product {
                None => Complex64::from(f64::from(u8::from(row == *column))),
                Some(product) => product.at(row, *column),
            };
            let change = parts
                .iter()
                .map(|row| (next.at(*row, *column) - before(*row)).norm());
            self.variations[*column] += change.fold(0.0, f64::max);
        }
        self.product = Some(next);
    }

    fn variation(&self) -> f64 {
        self.variations.iter().copied().fold(1.0, f64::max)
    }
}
