//! What is learned of one stage? Its filters, its functions, and the weight of the noisy picture.

use super::arrays::{Arrays, Named};
use super::basis::{cosines, filter, filter_gradient};
use super::gaussians::Gaussians;
use crate::RestoreError;
use timestep_kernels::diffusion::{Bank, BankGrads};

/// The learned numbers of one stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Coefficients `c` of each filter in the cosine basis: `n` rows of `n = size² - 1`; `k = B c / |c|`.
    pub filters: Vec<f64>,
    /// Weights of the Gaussians of each function, `n` rows.
    pub functions: Vec<f64>,
    /// `p = ln λ`.
    pub log_lambda: f64,
}

/// Gradients of a stage with respect to taps, tables and `λ`, added up over pictures.
#[derive(Clone, Debug)]
pub(crate) struct StageGrads {
    pub(crate) bank: BankGrads,
    pub(crate) lambda: f64,
}

impl StageGrads {
    pub(crate) fn zeros(bank: &Bank) -> Self {
        Self {
            bank: BankGrads::zeros(bank),
            lambda: 0.0,
        }
    }

    /// Adds `by` times the other.
    pub(crate) fn add(&mut self, other: &Self, by: f64) {
        let pairs = [
            (&mut self.bank.filters, &other.bank.filters),
            (&mut self.bank.tables, &other.bank.tables),
        ];
        for (to, from) in pairs {
            for (to, from) in to.iter_mut().zip(from) {
                *to += by * from;
            }
        }
        self.lambda += by * other.lambda;
    }
}

impl Stage {
    /// Filters are the cosine basis, all functions have the same weights.
    pub(crate) fn start(size: usize, weights: &[f64], lambda: f64) -> Self {
        let n = size * size - 1;
        let mut filters = vec![0.0; n * n];
        for i in 0..n {
            filters[i * n + i] = 1.0;
        }
        Self {
            filters,
            functions: (0..n).flat_map(|_| weights.iter().copied()).collect(),
            log_lambda: lambda.ln(),
        }
    }

    /// `λ = exp(p)`.
    #[must_use]
    pub fn lambda(&self) -> f64 {
        self.log_lambda.exp()
    }

    /// Numbers learned.
    pub(crate) fn count(&self) -> usize {
        self.filters.len() + self.functions.len() + 1
    }

    /// All of them: filters, functions, `p`.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = f64> + '_ {
        let arrays = self.filters.iter().chain(&self.functions);
        arrays.copied().chain([self.log_lambda])
    }

    /// Replaces them.
    pub(crate) fn set_parameters(&mut self, parameters: &[f64]) {
        let (filters, rest) = parameters.split_at(self.filters.len());
        let (functions, rest) = rest.split_at(self.functions.len());
        self.filters.copy_from_slice(filters);
        self.functions.copy_from_slice(functions);
        self.log_lambda = rest[0];
    }

    /// The taps of filter `i`, row by row.
    pub(crate) fn taps(&self, size: usize, i: usize) -> Vec<f64> {
        let n = size * size - 1;
        filter(&cosines(size), &self.filters[i * n..(i + 1) * n])
    }

    /// The weights of function `i`.
    pub(crate) fn weights(&self, gaussians: &Gaussians, i: usize) -> &[f64] {
        let m = gaussians.count();
        &self.functions[i * m..(i + 1) * m]
    }

    /// What the kernels need.
    pub(crate) fn bank(&self, size: usize, gaussians: &Gaussians) -> Bank {
        let (n, basis) = (size * size - 1, cosines(size));
        let single = |v: Vec<f64>| v.into_iter().map(|x| x as f32);
        let taps: Vec<f32> = self
            .filters
            .chunks(n)
            .flat_map(|c| single(filter(&basis, c)))
            .collect();
        let tables: Vec<f32> = self
            .functions
            .chunks(gaussians.count())
            .flat_map(|w| single(gaussians.table(w)))
            .collect();
        Bank::new(size, &taps, &tables)
    }

    /// The gradient with respect to [`parameters`](Self::parameters).
    pub(crate) fn gradient(
        &self,
        size: usize,
        gaussians: &Gaussians,
        grads: &StageGrads,
    ) -> Vec<f64> {
        let (n, area, basis) = (size * size - 1, size * size, cosines(size));
        let mut all = Vec::with_capacity(self.count());
        for (c, g) in self.filters.chunks(n).zip(grads.bank.filters.chunks(area)) {
            all.extend(filter_gradient(&basis, c, g));
        }
        for g in grads.bank.tables.chunks(grads.bank.tables.len() / n) {
            all.extend(gaussians.weight_gradient(g));
        }
        all.push(grads.lambda * self.lambda());
        all
    }

    /// The arrays of stage `t` as they are written to a file.
    pub(crate) fn to_arrays(&self, t: usize, size: usize) -> Vec<Named> {
        let n = size * size - 1;
        let name = |what: &str| format!("steps.{t}.{what}");
        vec![
            (name("filters"), vec![n, n], self.filters.clone()),
            (
                name("functions"),
                vec![n, self.functions.len() / n],
                self.functions.clone(),
            ),
            (name("log_lambda"), vec![1], vec![self.log_lambda]),
        ]
    }

    /// Reads stage `t`, of the lengths that this one has.
    pub(crate) fn read(&mut self, t: usize, arrays: &Arrays<'_>) -> Result<(), RestoreError> {
        let name = |what: &str| format!("steps.{t}.{what}");
        self.filters = arrays.numbers(&name("filters"), self.filters.len())?;
        self.functions = arrays.numbers(&name("functions"), self.functions.len())?;
        self.log_lambda = arrays.numbers(&name("log_lambda"), 1)?[0];
        Ok(())
    }
}
