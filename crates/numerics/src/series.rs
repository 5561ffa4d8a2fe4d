//! How does a step act on a function near a point? Truncated power series as states.
//!
//! A scheme that is run on series in `w` returns the Taylor expansion of its step, which is how
//! [`analysis::modified_equation`](crate::analysis::modified_equation) finds the equation that
//! the scheme really solves.

use crate::State;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A power series `a_0 + a_1 w + … + a_{n-1} w^{n-1}`, everything beyond cut off.
///
/// All operands of an operation must have the same number of coefficients.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    coefficients: Vec<f64>,
}

impl Series {
    /// The series with these coefficients, constant term first.
    #[must_use]
    pub fn new(coefficients: Vec<f64>) -> Self {
        Self { coefficients }
    }

    /// The constant `value`, kept to `len` coefficients.
    #[must_use]
    pub fn constant(value: f64, len: usize) -> Self {
        let mut coefficients = vec![0.0; len];
        if let Some(first) = coefficients.first_mut() {
            *first = value;
        }
        Self { coefficients }
    }

    /// The variable `w` itself, kept to `len` coefficients.
    #[must_use]
    pub fn variable(len: usize) -> Self {
        let mut coefficients = vec![0.0; len];
        if let Some(second) = coefficients.get_mut(1) {
            *second = 1.0;
        }
        Self { coefficients }
    }

    /// The coefficients, constant term first.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// Number of coefficients kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.coefficients.len()
    }

    /// Are no coefficients kept at all?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.coefficients.is_empty()
    }

    /// The coefficient of `w^power`; 0 where it is cut off.
    #[must_use]
    pub fn coefficient(&self, power: usize) -> f64 {
        self.coefficients.get(power).copied().unwrap_or(0.0)
    }

    /// Sets the coefficient of `w^power`; does nothing where it is cut off.
    pub fn set(&mut self, power: usize, value: f64) {
        if let Some(place) = self.coefficients.get_mut(power) {
            *place = value;
        }
    }

    /// `factor` times the series.
    #[must_use]
    pub fn scale(&self, factor: f64) -> Self {
        Self {
            coefficients: self.coefficients.iter().map(|a| factor * a).collect(),
        }
    }

    /// The exponential, by `y' = a' y`: `n y_n = Σ_{j=1..n} j a_j y_{n-j}`.
    #[must_use]
    pub fn exp(&self) -> Self {
        let a = &self.coefficients;
        let mut y = Vec::with_capacity(a.len());
        for n in 0..a.len() {
            y.push(if n == 0 {
                a[0].exp()
            } else {
                (1..=n).map(|j| j as f64 * a[j] * y[n - j]).sum::<f64>() / n as f64
            });
        }
        Self { coefficients: y }
    }

    /// The inverse `1 / self`, or `None` if the constant term is zero.
    #[must_use]
    pub fn recip(&self) -> Option<Self> {
        let a = &self.coefficients;
        let first = *a.first()?;
        if first == 0.0 {
            return None;
        }
        let mut y: Vec<f64> = Vec::with_capacity(a.len());
        for n in 0..a.len() {
            let rest: f64 = (1..=n).map(|j| a[j] * y[n - j]).sum();
            y.push((f64::from(u8::from(n == 0)) - rest) / first);
        }
        Some(Self { coefficients: y })
    }

    /// The value at `w`, by Horner's rule.
    #[must_use]
    pub fn evaluate(&self, w: f64) -> f64 {
        self.coefficients
            .iter()
            .rev()
            .fold(0.0, |sum, a| sum * w + a)
    }

    fn zip(&self, other: &Self, op: impl Fn(f64, f64) -> f64) -> Self {
        debug_assert_eq!(
            self.len(),
            other.len(),
            "series are cut off at the same power"
        );
        let pairs = self.coefficients.iter().zip(&other.coefficients);
        Self {
            coefficients: pairs.map(|(a, b)| op(*a, *b)).collect(),
        }
    }
}

impl Add for &Series {
    type Output = Series;
    fn add(self, other: &Series) -> Series {
        self.zip(other, |a, b| a + b)
    }
}

impl Sub for &Series {
    type Output = Series;
    fn sub(self, other: &Series) -> Series {
        self.zip(other, |a, b| a - b)
    }
}

impl Neg for &Series {
    type Output = Series;
    fn neg(self) -> Series {
        self.scale(-1.0)
    }
}

impl Mul for &Series {
    type Output = Series;
    /// The Cauchy product, cut off.
    fn mul(self, other: &Series) -> Series {
        let (a, b) = (&self.coefficients, &other.coefficients);
        let len = a.len().min(b.len());
        Series {
            coefficients: (0..len)
                .map(|n| (0..=n).map(|j| a[j] * b[n - j]).sum())
                .collect(),
        }
    }
}

impl Div for &Series {
    type Output = Series;
    /// # Panics
    /// If the constant term of the divisor is zero; see [`Series::recip`].
    fn div(self, other: &Series) -> Series {
        let inverse = other
            .recip()
            .expect("the divisor has a non-zero constant term");
        self.mul(&inverse)
    }
}

impl State for Series {
    type Coef = f64;

    fn lincomb(terms: &[(f64, &Series)]) -> Series {
        let (_, first) = terms
            .first()
            .expect("a linear combination has at least one term");
        let mut sum = vec![0.0; first.len()];
        for (c, series) in terms {
            for (total, a) in sum.iter_mut().zip(&series.coefficients) {
                *total += c * a;
            }
        }
        Series { coefficients: sum }
    }

    fn dot(&self, other: &Series) -> f64 {
        let pairs = self.coefficients.iter().zip(&other.coefficients);
        pairs.map(|(a, b)| a * b).sum()
    }

    fn is_finite(&self) -> bool {
        self.coefficients.iter().all(|a| a.is_finite())
    }
}
