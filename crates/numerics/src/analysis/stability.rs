//! For which `z = hλ` does a scheme stay bounded on `u' = λ u`?
//!
//! A partitioned scheme is tried on `x1' = λ x2`, `x2' = λ x1`, whose eigenvalues are `±λ`.
//! Source: E. Hairer, G. Wanner, Solving ordinary differential equations II, 1996, sections IV.2
//! and V.1.

use super::AnalysisError;
use super::amplification::{Amplification, ON_CIRCLE};
use super::subject::{Subject, finite};
use super::test_equation::Scaled;
use crate::{Memory, Series};
use num_complex::Complex64;

/// Where a scheme is stable.
#[derive(Clone, Debug, PartialEq)]
pub struct Stability {
    /// Key of the scheme.
    pub scheme: &'static str,
    /// The coefficient used, if the scheme has one.
    pub k: Option<f64>,
    /// The interval `[a, 0]` of real `z`, as `(a, 0)`; `a` is 0 if there is none, and in
    /// particular if the scheme is not zero-stable. In terms of `z = hλ` as the scheme is written,
    /// not of its own time. Infinite for implicit schemes that are stable without an end.
    pub real_interval: (f64, f64),
    /// The largest `y` such that `is` is stable for all `0 ≤ s < y`; 0 if there is none.
    pub imaginary_interval: f64,
    /// Does the root condition hold at `z = 0`?
    pub zero_stable: bool,
}

/// The spectral radius of a step on a grid of complex `z`.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// Key of the scheme.
    pub scheme: &'static str,
    /// The coefficient used, if the scheme has one.
    pub k: Option<f64>,
    /// Real parts of the grid.
    pub re: Vec<f64>,
    /// Imaginary parts of the grid.
    pub im: Vec<f64>,
    /// Spectral radius at `re[i] + i im[j]`, stored at `j * re.len() + i`. The scheme is stable
    /// where it is at most 1 (on the boundary itself a double eigenvalue may still grow slowly).
    pub radius: Vec<f64>,
}

impl Region {
    /// The spectral radius at `re[i] + i im[j]`.
    ///
    /// # Panics
    /// If the indices are outside the grid.
    #[must_use]
    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.radius[j * self.re.len() + i]
    }
}

/// Step of the search along an axis. A gap or an interval shorter than this can be missed.
const SCAN: f64 = 0.01;
/// Where the search ends: far beyond the interval of any explicit scheme of this size.
const FAR: f64 = 500.0;
/// Where it is looked for an end that is farther away; there is none if a scheme is stable at all of these too.
const BEYOND: [f64; 4] = [1e3, 1e4, 1e6, 1e9];
/// Width to which the end of an interval is bisected.
const WIDTH: f64 = 1e-11;

/// The real and the imaginary stability interval of a scheme.
///
/// Found by stepping along the axis in steps of 0.01 and bisecting the first change to 1e-11. The
/// criterion is the root condition: spectral radius at most 1 (to 1e-12), and no defective
/// eigenvalue on the unit circle. An interval shorter than 0.01 whose excess does not vanish
/// towards 0 is reported as none, because schemes of high order leave the circle very slowly.
///
/// # Errors
/// [`AnalysisError`] for an unknown scheme or a coefficient that does not fit.
pub fn stability(scheme: &str, k: Option<f64>) -> Result<Stability, AnalysisError> {
    of(Subject::new(scheme, k)?)
}

/// The same for a step with all its coefficients, newest state first; those that are missing are 0.
///
/// # Errors
/// [`AnalysisError`] for an unknown scheme or coefficients that do not fit.
pub fn stability_with(scheme: &str, coefs: &[f64]) -> Result<Stability, AnalysisError> {
    of(Subject::with_all(scheme, coefs)?)
}

pub(super) fn of(subject: Subject<'_>) -> Result<Stability, AnalysisError> {
    let key = subject.facts.key;
    let bounded = |z| Amplification::of(&subject, z)?.power_bounded(key, 1);
    intervals(key, subject.k, bounded)
}

/// The intervals on both axes where something is `bounded`.
pub(super) fn intervals(
    scheme: &'static str,
    k: Option<f64>,
    bounded: impl Fn(Complex64) -> Result<bool, AnalysisError>,
) -> Result<Stability, AnalysisError> {
    let zero_stable = bounded(Complex64::new(0.0, 0.0))?;
    let (mut left, mut up) = (0.0, 0.0);
    if zero_stable {
        left = reach(&bounded, Complex64::new(-1.0, 0.0))?;
        up = reach(&bounded, Complex64::new(0.0, 1.0))?;
    }
    Ok(Stability {
        scheme,
        k,
        // `0.0 - left` keeps an empty interval from ending at minus zero.
        real_interval: (0.0 - left, 0.0),
        imaginary_interval: up,
        zero_stable,
    })
}

/// How far along `direction` something is `stable`.
fn reach(
    stable: impl Fn(Complex64) -> Result<bool, AnalysisError>,
    direction: Complex64,
) -> Result<f64, AnalysisError> {
    let near = [0.25, 0.5, 1.0].map(|part| stable(direction * (part * SCAN)));
    if near
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?
        .iter()
        .all(|stable| !stable)
    {
        return Ok(0.0);
    }
    let mut inside = 0.0;
    let mut count = 1;
    let mut outside = loop {
        let distance = f64::from(count) * SCAN;
        if distance > FAR {
            // Implicit schemes may be stable without an end.
            for farther in BEYOND {
                if !stable(direction * farther)? {
                    return Ok(FAR);
                }
            }
            return Ok(f64::INFINITY);
        }
        if !stable(direction * distance)? {
            break distance;
        }
        inside = distance;
        count += 1;
    };
    while outside - inside > WIDTH {
        let middle = 0.5 * (inside + outside);
        if stable(direction * middle)? {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    Ok(0.5 * (inside + outside))
}

/// The spectral radius of a step at `z`: at most 1 where the scheme is stable.
///
/// # Errors
/// [`AnalysisError`] for an unknown scheme, a coefficient that does not fit, or `z` not finite.
pub fn spectral_radius(scheme: &str, k: Option<f64>, z: Complex64) -> Result<f64, AnalysisError> {
    finite("z", z.re)?;
    finite("z", z.im)?;
    let subject = Subject::new(scheme, k)?;
    Amplification::of(&subject, z)?.radius(subject.facts.key)
}

/// The matrix of a step at `z`, by rows: it maps `(u_n, u_{n-1}, h f(u_{n-1}), …)`, each entry with
/// as many components as the scheme has parts and slopes only where the scheme keeps them, to the
/// same one step later.
///
/// # Errors
/// [`AnalysisError`] for an unknown scheme, a coefficient that does not fit, or `z` not finite.
pub fn amplification_matrix(
    scheme: &str,
    k: Option<f64>,
    z: Complex64,
) -> Result<Vec<Vec<Complex64>>, AnalysisError> {
    finite("z", z.re)?;
    finite("z", z.im)?;
    Ok(Amplification::of(&Subject::new(scheme, k)?, z)?.rows())
}

/// The spectral radius on a grid of `nx` times `ny` points, ends included, for plotting.
///
/// # Errors
/// [`AnalysisError`] for an unknown scheme, a coefficient that does not fit, or a grid without
/// area.
pub fn region(
    scheme: &str,
    k: Option<f64>,
    re: (f64, f64),
    im: (f64, f64),
    nx: usize,
    ny: usize,
) -> Result<Region, AnalysisError> {
    region_of(&Subject::new(scheme, k)?, (re, nx), (im, ny))
}

/// The spectral radius of a step on a grid.
pub(super) fn region_of(
    subject: &Subject<'_>,
    (re, nx): ((f64, f64), usize),
    (im, ny): ((f64, f64), usize),
) -> Result<Region, AnalysisError> {
    let re = axis("the real range", re, nx)?;
    let im = axis("the imaginary range", im, ny)?;
    let mut radius = Vec::with_capacity(nx * ny);
    for y in &im {
        for x in &re {
            let matrix = Amplification::of(subject, Complex64::new(*x, *y))?;
            radius.push(matrix.radius(subject.facts.key)?);
        }
    }
    Ok(Region {
        scheme: subject.facts.key,
        k: subject.k,
        re,
        im,
        radius,
    })
}

pub(super) fn axis(
    what: &'static str,
    (low, high): (f64, f64),
    n: usize,
) -> Result<Vec<f64>, AnalysisError> {
    finite(what, low)?;
    finite(what, high)?;
    if low >= high {
        return Err(AnalysisError::BadInput {
            what,
            problem: "is empty",
        });
    }
    if n < 2 {
        return Err(AnalysisError::BadInput {
            what,
            problem: "needs at least two points",
        });
    }
    let last = (n - 1) as f64;
    // Weights of the two ends, so that both are hit exactly.
    Ok((0..n)
        .map(|i| (low * (last - i as f64) + high * i as f64) / last)
        .collect())
}

/// The coefficients of `R(z) = Σ c_j z^j`, constant first, of a one-step scheme: the scheme run on
/// power series in `z`. For partitioned and implicit schemes and schemes with memory there is no such
/// polynomial.
///
/// # Errors
/// [`AnalysisError::NoPolynomial`] as said, and the errors of the other analyses.
pub fn stability_polynomial(scheme: &str, k: Option<f64>) -> Result<Vec<f64>, AnalysisError> {
    let subject = Subject::new(scheme, k)?;
    let facts = subject.facts;
    if facts.memory > 0 || facts.parts > 1 || facts.implicit {
        return Err(AnalysisError::NoPolynomial { scheme: facts.key });
    }
    // Each evaluation of `f` multiplies by z once, so the degree is at most the number of stages.
    let len = facts.stages + 1;
    let z = Series::variable(len);
    let mut f = Scaled(z);
    let runner = subject.scheme::<Series>()?;
    let start = Series::constant(1.0, len);
    let step = runner.step(&mut f, &start, &mut Memory::new(), &subject.ctx(1, 1.0))?;
    let mut coefficients = step.coefficients().to_vec();
    while coefficients.len() > 1
        && coefficients
            .last()
            .is_some_and(|c| c.abs() < ON_CIRCLE * 1e-6)
    {
        coefficients.pop();
    }
    Ok(coefficients)
}
