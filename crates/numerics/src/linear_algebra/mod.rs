//! Which eigenvalues does a small matrix have, and what solves its equations?
//!
//! Dense matrices of at most a few hundred rows, stored by rows. Everything is backward stable: what is
//! found is exact for a matrix that differs from the given one by a modest multiple of `ε ‖A‖`.
//!
//! | question | answer by | method |
//! |---|---|---|
//! | eigenvalues and eigenvectors, `A = Aᵀ` | [`symmetric_eigen`], [`symmetric_eigenvalues`] | Householder's reduction, implicit QL steps |
//! | eigenvalues and eigenvectors, real `A` | [`real_eigen`] | Hessenberg form, Francis' double steps, back substitution |
//! | eigenvalues, complex `A` | [`complex_eigenvalues`] | Hessenberg form, single shifted QR steps |
//! | `A x = b` | [`solve`] | LU decomposition, partial pivoting |
//!
//! Why this is not a library: `docs/decisions/2026-11-28-small-linear-algebra.md`.
//! Source: G. H. Golub and C. F. Van Loan, Matrix computations, 2013, chapters 3, 7 and 8.

mod complex;
mod hessenberg;
mod real;
mod solve;
mod symmetric;
#[cfg(test)]
mod tests;
mod triangular;

pub use complex::complex_eigenvalues;
pub use real::{RealEigen, real_eigen};
pub use solve::solve;
pub use symmetric::{SymmetricEigen, symmetric_eigen, symmetric_eigenvalues};

use num_complex::Complex64;
use std::ops::{Add, Div, Index, IndexMut, Mul, Neg, Sub};

/// An iteration for eigenvalues did not settle, or an entry is not finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the eigenvalues of a matrix cannot be found")]
pub struct NoEigenvalues;

/// A square matrix, stored by rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Square<T> {
    size: usize,
    entries: Vec<T>,
}

impl<T: Copy> Square<T> {
    /// The matrix of `size` rows with the entries `entry(row, column)`.
    #[must_use]
    pub fn from_fn(size: usize, mut entry: impl FnMut(usize, usize) -> T) -> Self {
        let all = (0..size).flat_map(|i| (0..size).map(move |j| (i, j)));
        Self {
            size,
            entries: all.map(|(i, j)| entry(i, j)).collect(),
        }
    }

    /// The number of rows.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// A row.
    #[must_use]
    pub fn row(&self, i: usize) -> &[T] {
        &self.entries[i * self.size..(i + 1) * self.size]
    }

    fn row_mut(&mut self, i: usize) -> &mut [T] {
        &mut self.entries[i * self.size..(i + 1) * self.size]
    }

    /// The rows `i` and `i + 1`.
    fn neighbours(&mut self, i: usize) -> (&mut [T], &mut [T]) {
        let (upper, lower) = self.entries.split_at_mut((i + 1) * self.size);
        (&mut upper[i * self.size..], &mut lower[..self.size])
    }
}

impl<T> Index<(usize, usize)> for Square<T> {
    type Output = T;

    fn index(&self, (i, j): (usize, usize)) -> &T {
        debug_assert!(j < self.size, "column {j} of {}", self.size);
        &self.entries[i * self.size + j]
    }
}

impl<T> IndexMut<(usize, usize)> for Square<T> {
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut T {
        debug_assert!(j < self.size, "column {j} of {}", self.size);
        &mut self.entries[i * self.size + j]
    }
}

/// Real and complex numbers, for what is done alike with both.
trait Number:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    fn real(x: f64) -> Self;
    fn conjugate(self) -> Self;
    fn modulus(self) -> f64;
}

impl Number for f64 {
    fn real(x: f64) -> Self {
        x
    }
    fn conjugate(self) -> Self {
        self
    }
    fn modulus(self) -> f64 {
        self.abs()
    }
}

impl Number for Complex64 {
    fn real(x: f64) -> Self {
        Self::new(x, 0.0)
    }
    fn conjugate(self) -> Self {
        self.conj()
    }
    fn modulus(self) -> f64 {
        self.norm()
    }
}

/// Takes a power of two out of a matrix, so that its largest entry lies in `[1, 2)` and no square over- or
/// underflows. Exact, unless an entry is 1e-300 of the largest. Returns the factor, 1 for the zero matrix.
fn normalise<T: Number>(a: &mut Square<T>) -> Result<f64, NoEigenvalues> {
    let mut largest = 0.0_f64;
    for entry in &a.entries {
        let size = entry.modulus();
        if !size.is_finite() {
            return Err(NoEigenvalues);
        }
        largest = largest.max(size);
    }
    if largest == 0.0 {
        return Ok(1.0);
    }
    // Subnormal numbers, and those near the largest, would make one of the two factors over- or underflow.
    let exponent = (largest.log2().floor() as i32).clamp(-1000, 1000);
    let back = T::real(2.0_f64.powi(-exponent));
    a.entries.iter_mut().for_each(|x| *x = *x * back);
    Ok(2.0_f64.powi(exponent))
}

/// Is a subdiagonal entry of the size `entry` nothing to the diagonal entries around it, whose sizes sum up to `around`?
///
/// That keeps small eigenvalues of graded matrices accurate. Many equal ones may be too far from it for ever: after
/// `steps` enough, nothing to the matrix (whose size is near 1) will do, which is as stable.
fn negligible(entry: f64, around: f64, steps: usize) -> bool {
    let whole = around == 0.0 || steps > PATIENCE;
    entry <= f64::EPSILON * if whole { around.max(1.0) } else { around }
}

/// Steps for one eigenvalue after which it counts as hard to find.
const PATIENCE: usize = 10;

/// QR or QL steps for one eigenvalue before giving up; two or three are usual.
const MOST_STEPS: usize = 60;
