//! Which eigenvalues of a matrix lie furthest out, if it is only known by its products with vectors?
//!
//! Arnoldi's process: the vectors `v, Av, A²v, …` are made orthonormal, and the eigenvalues of `A`
//! projected on their span, the *Ritz values*, approach the outer eigenvalues of `A` first, complex
//! pairs included. The span holds every iterate of the power method, so the largest modulus is found at
//! least as fast as by that method, which would not settle on a pair at all.
//!
//! The residual of a Ritz pair `(θ, x)`, `‖Ax - θx‖` with `‖x‖ = 1`, comes for free. It says that `θ` is
//! an eigenvalue of a matrix that differs from `A` by no more than that. For a normal `A` the nearest
//! eigenvalue is no further away; for others it may be, and then a small change of `A` moves it as far.
//! Source: Y. Saad, Numerical methods for large eigenvalue problems, 2011, chapter 6.

use super::AnalysisError;
use super::subject::finite;
use crate::linear_algebra::{Square, real_eigen};
use num_complex::Complex64;

/// How long [`arnoldi`] goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Most products with the matrix; also the number of vectors kept.
    pub products: usize,
    /// It ends earlier once the residuals of the outer values (see [`Spectrum::outer`]) are below this
    /// part of the largest modulus.
    pub tolerance: f64,
}

/// An approximate eigenvalue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ritz {
    /// Its value.
    pub value: Complex64,
    /// `‖Ax - θx‖` of its approximate eigenvector, `‖x‖ = 1`.
    pub residual: f64,
}

/// What was found of a spectrum.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    /// Ritz values, largest modulus first; pairs of a real matrix as pairs, the upper one first.
    pub values: Vec<Ritz>,
    /// Products with the matrix that it took.
    pub products: usize,
}

impl Spectrum {
    /// Largest modulus.
    #[must_use]
    pub fn radius(&self) -> f64 {
        self.values.first().map_or(0.0, |r| r.value.norm())
    }

    /// The outer values: largest modulus, smallest and largest real part, largest imaginary part. Arnoldi's
    /// process finds these first; values inside are rough.
    #[must_use]
    pub fn outer(&self) -> [Ritz; 4] {
        let none = Ritz {
            value: Complex64::new(0.0, 0.0),
            residual: 0.0,
        };
        let by = |key: fn(&Ritz) -> f64| {
            let largest = |best: &Ritz, r: &Ritz| if key(r) > key(best) { *r } else { *best };
            let mut all = self.values.iter();
            let first = all.next().copied().unwrap_or(none);
            all.fold(first, |best, r| largest(&best, r))
        };
        [
            by(|r| r.value.norm()),
            by(|r| -r.value.re),
            by(|r| r.value.re),
            by(|r| r.value.im),
        ]
    }

    /// Largest residual of the outer values, as a part of the largest modulus; 0 for the zero matrix.
    #[must_use]
    pub fn uncertainty(&self) -> f64 {
        let worst = self.outer().map(|r| r.residual).into_iter();
        let worst = worst.fold(0.0, f64::max);
        if worst == 0.0 {
            0.0
        } else {
            worst / self.radius()
        }
    }
}

/// A projected entry this small against the vector that it comes from is rounding: the span is invariant.
const ROUNDING: f64 = 1e-13;
/// The projected matrix is solved after each this many products.
const LOOK: usize = 5;

/// The outer eigenvalues of a real matrix, by its products with vectors.
///
/// `start` should have a part along every wanted eigenvector; random numbers do. If the span of the
/// iterates becomes invariant before the effort is spent, the Ritz values are eigenvalues, but those of
/// eigenvectors that the start does not hold are missing.
///
/// # Errors
/// What `product` returns; [`AnalysisError::BadInput`] if `start` is empty or zero, the effort is
/// none, or a product has another length; [`AnalysisError::NotFinite`] if a product is not finite;
/// [`AnalysisError::NoSpectrum`] if the small eigenvalue problem fails.
pub fn arnoldi<E: From<AnalysisError>>(
    start: &[f64],
    effort: Effort,
    mut product: impl FnMut(&[f64]) -> Result<Vec<f64>, E>,
) -> Result<Spectrum, E> {
    let bad = |what, problem| E::from(AnalysisError::BadInput { what, problem });
    let length = norm(start);
    finite("the length of the start", length)?;
    if length == 0.0 {
        return Err(bad("the start", "is zero"));
    }
    if effort.products == 0 {
        return Err(bad("the number of products", "must be at least 1"));
    }
    let mut basis = vec![scaled(start, 1.0 / length)];
    // Columns of the projected (Hessenberg) matrix; column j has j + 2 entries.
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let most = effort.products.min(start.len());
    loop {
        let mut next = product(&basis[basis.len() - 1])?;
        if next.len() != start.len() {
            return Err(bad("a product", "has another length than the start"));
        }
        let size = norm(&next);
        finite("a product with the matrix", size)?;
        let mut column = vec![0.0; basis.len()];
        // Twice is enough (Kahan): the second round takes what rounding left of the first.
        for _ in 0..2 {
            for (v, entry) in basis.iter().zip(&mut column) {
                let part = dot(v, &next);
                *entry += part;
                next.iter_mut().zip(v).for_each(|(n, v)| *n -= part * v);
            }
        }
        let rest = norm(&next);
        let invariant = rest <= ROUNDING * size;
        column.push(if invariant { 0.0 } else { rest });
        columns.push(column);
        let done = invariant || columns.len() == most;
        if done || columns.len().is_multiple_of(LOOK) {
            let found = ritz(&columns)?;
            if done || found.uncertainty() <= effort.tolerance {
                return Ok(found);
            }
        }
        basis.push(scaled(&next, 1.0 / rest));
    }
}

/// Eigenvalues of the projected matrix with their residuals.
fn ritz(columns: &[Vec<f64>]) -> Result<Spectrum, AnalysisError> {
    let m = columns.len();
    let small = Square::from_fn(m, |i, j| columns[j].get(i).copied().unwrap_or(0.0));
    let last = columns[m - 1][m];
    let solved = real_eigen(&small).map_err(|_| AnalysisError::NoSpectrum)?;
    let mut values: Vec<Ritz> = solved
        .values
        .iter()
        .enumerate()
        .map(|(j, value)| Ritz {
            value: *value,
            residual: last * solved.vectors[(j, m - 1)].norm(),
        })
        .collect();
    if values
        .iter()
        .any(|r| !r.value.is_finite() || !r.residual.is_finite())
    {
        return Err(AnalysisError::NoSpectrum);
    }
    // The two of a pair are exact conjugates, so they have one modulus and stay together.
    values.sort_by(|a, b| {
        let (x, y) = (a.value, b.value);
        (y.norm().total_cmp(&x.norm()))
            .then(y.re.total_cmp(&x.re))
            .then(y.im.total_cmp(&x.im))
    });
    Ok(Spectrum {
        values,
        products: m,
    })
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(v: &[f64]) -> f64 {
    dot(v, v).sqrt()
}

fn scaled(v: &[f64], factor: f64) -> Vec<f64> {
    v.iter().map(|x| x * factor).collect()
}
