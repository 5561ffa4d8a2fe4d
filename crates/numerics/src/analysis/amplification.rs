//! What does one step do to a state and its history, as a matrix?
//!
//! On `f = λ u` a step is linear in `(u_n, u_{n-1}, …)` and in the kept slopes, so its matrix is
//! found by stepping basis vectors. For one-step schemes on one part it is the number `R(z)`.

use super::{AnalysisError, subject::Subject, test_equation::Scaled};
use crate::Memory;
use crate::linear_algebra::{Square, complex_eigenvalues};
use num_complex::Complex64;

/// A square complex matrix, stored by rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Amplification {
    pub(super) size: usize,
    /// Rows of the newest state, which come first.
    pub(super) parts: usize,
    entries: Vec<Complex64>,
    /// Rows that hold states; the others hold slopes.
    pub(super) states: Vec<usize>,
}

const ZERO: Complex64 = Complex64::new(0.0, 0.0);
const ONE: Complex64 = Complex64::new(1.0, 0.0);

/// An eigenvalue closer to the unit circle than this lies on it: far above the rounding of
/// matrices this small, far below every excess that the analyses look at.
pub(super) const ON_CIRCLE: f64 = 1e-12;

/// Eigenvalues closer to each other than this count as one multiple eigenvalue. A double one is
/// computed with an error of about 1e-8, the root of the rounding error.
const SAME: f64 = 1e-6;

impl Amplification {
    /// The matrix of a step at `z = hλ`: not a first one, unless the subject says so. States that a step
    /// does not have yet are zero columns.
    pub(super) fn of(subject: &Subject<'_>, z: Complex64) -> Result<Self, AnalysisError> {
        let facts = subject.facts;
        let scheme = subject.scheme::<Vec<Complex64>>()?;
        let ctx = subject.ctx(subject.step(), 1.0);
        let parts = facts.parts;
        let per_past = if facts.keeps_slopes { 2 } else { 1 };
        let size = parts * (1 + facts.memory * per_past);
        // Blocks of `parts` rows: the current state, then state (and slope) of each past.
        let is_slope = |row: usize| {
            let block = row / parts;
            facts.keeps_slopes && block > 0 && block.is_multiple_of(2)
        };
        let mut entries = vec![ZERO; size * size];
        for column in 0..size {
            let block = |index: usize| -> Vec<Complex64> {
                (index * parts..(index + 1) * parts)
                    .map(|row| if row == column { ONE } else { ZERO })
                    .collect()
            };
            let mut memory = Memory::new();
            // Oldest first, so that the newest ends up in front.
            for back in (0..subject.history).rev() {
                let first = 1 + back * per_past;
                let slope = facts.keeps_slopes.then(|| block(first + 1));
                memory.push(block(first), slope, facts.memory);
            }
            let next = scheme.step(&mut Scaled(z), &block(0), &mut memory, &ctx)?;
            let mut image = next;
            for back in 1..=facts.memory {
                if let Some(past) = memory.back(back) {
                    image.extend_from_slice(&past.state);
                    image.extend(past.slope.iter().flatten());
                }
            }
            for (row, value) in image.into_iter().enumerate() {
                entries[row * size + column] = value;
            }
        }
        let states = (0..size).filter(|row| !is_slope(*row)).collect();
        Ok(Self {
            size,
            parts,
            entries,
            states,
        })
    }

    pub(super) fn at(&self, row: usize, column: usize) -> Complex64 {
        self.entries[row * self.size + column]
    }

    /// The rows of the matrix.
    pub(super) fn rows(&self) -> Vec<Vec<Complex64>> {
        self.entries.chunks(self.size).map(<[_]>::to_vec).collect()
    }

    /// `self · other`.
    pub(super) fn after(&self, other: &Self) -> Self {
        let size = self.size;
        let mut entries = vec![ZERO; size * size];
        for row in 0..size {
            for column in 0..size {
                entries[row * size + column] = (0..size)
                    .map(|i| self.at(row, i) * other.at(i, column))
                    .sum();
            }
        }
        Self {
            size,
            parts: self.parts,
            entries,
            states: self.states.clone(),
        }
    }

    /// All eigenvalues, with multiplicity.
    pub(super) fn eigenvalues(
        &self,
        scheme: &'static str,
    ) -> Result<Vec<Complex64>, AnalysisError> {
        let failed = || AnalysisError::Eigenvalues { scheme };
        if self.entries.iter().any(|entry| !entry.is_finite()) {
            return Err(failed());
        }
        match self.size {
            1 => Ok(vec![self.at(0, 0)]),
            2 => Ok(self.eigenvalues_of_pair().to_vec()),
            size => {
                let matrix = Square::from_fn(size, |row, column| self.at(row, column));
                complex_eigenvalues(&matrix).map_err(|_| failed())
            }
        }
    }

    /// The quadratic formula, without cancellation: moduli on the unit circle come out to
    /// rounding, which the imaginary intervals of leapfrog-like schemes need.
    fn eigenvalues_of_pair(&self) -> [Complex64; 2] {
        let half = (self.at(0, 0) + self.at(1, 1)) * 0.5;
        let det = self.at(0, 0) * self.at(1, 1) - self.at(0, 1) * self.at(1, 0);
        let root = (half * half - det).sqrt();
        let (plus, minus) = (half + root, half - root);
        let (large, other) = if plus.norm() >= minus.norm() {
            (plus, minus)
        } else {
            (minus, plus)
        };
        // `det / large` is the accurate form of the smaller one unless they are alike.
        if other.norm() < 0.5 * large.norm() {
            [large, det / large]
        } else {
            [large, other]
        }
    }

    /// Largest modulus of an eigenvalue.
    pub(super) fn radius(&self, scheme: &'static str) -> Result<f64, AnalysisError> {
        Ok(self
            .eigenvalues(scheme)?
            .iter()
            .map(|root| root.norm())
            .fold(0.0, f64::max))
    }

    /// Do all powers stay bounded? No eigenvalue outside the unit circle, and as many independent
    /// eigenvectors as the multiplicity of each eigenvalue on it.
    ///
    /// `steps` is the number of steps that the matrix is a product of.
    pub(super) fn power_bounded(
        &self,
        scheme: &'static str,
        steps: usize,
    ) -> Result<bool, AnalysisError> {
        let roots = self.eigenvalues(scheme)?;
        for root in &roots {
            let multiplicity = roots
                .iter()
                .filter(|other| (*other - root).norm() < SAME)
                .count();
            // A multiple eigenvalue is known less accurately, and so is its modulus.
            let allowance = if multiplicity > 1 {
                SAME
            } else {
                ON_CIRCLE * steps as f64
            };
            if root.norm() > 1.0 + allowance {
                return Ok(false);
            }
            let on_circle = root.norm() >= 1.0 - allowance;
            if on_circle && multiplicity > 1 && self.nullity(*root) < multiplicity {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Dimension of the eigenspace of `root`, by Gaussian elimination with full pivoting.
    fn nullity(&self, root: Complex64) -> usize {
        let mut rows = self.rows();
        for (i, row) in rows.iter_mut().enumerate() {
            row[i] -= root;
        }
        let scale = self
            .entries
            .iter()
            .map(|entry| entry.norm())
            .fold(1.0, f64::max);
        let mut rank = 0;
        while rank < self.size {
            let pivot = (rank..self.size)
                .flat_map(|i| (rank..self.size).map(move |j| (i, j)))
                .max_by(|a, b| rows[a.0][a.1].norm().total_cmp(&rows[b.0][b.1].norm()));
            let Some((i, j)) = pivot.filter(|(i, j)| rows[*i][*j].norm() > 10.0 * SAME * scale)
            else {
                break;
            };
            rows.swap(rank, i);
            rows.iter_mut().for_each(|row| row.swap(rank, j));
            let pivot_row = rows[rank].clone();
            for row in rows.iter_mut().skip(rank + 1) {
                let factor = row[rank] / pivot_row[rank];
                row.iter_mut()
                    .zip(&pivot_row)
                    .for_each(|(x, p)| *x -= factor * p);
            }
            rank += 1;
        }
        self.size - rank
    }
}
