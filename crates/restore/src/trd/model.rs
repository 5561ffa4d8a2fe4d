//! What is learned? Filters, influence functions and weight of the data for each step, and the scheme's coefficients.

use super::basis::{cosines, filter, filter_gradient};
use super::gaussians::Gaussians;
use crate::RestoreError;
use timestep_kernels::diffusion::{Bank, BankGrads};
use timestep_numerics::{SchemeFacts, facts};

/// The block of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Coefficients `c` of each filter in the cosine basis: `n` rows of `n = size² - 1`.
    pub filters: Vec<f64>,
    /// Weights of the Gaussians of each influence function: `n` rows of 63.
    pub functions: Vec<f64>,
    /// `p = ln λ`.
    pub log_lambda: f64,
}

/// A trained, or not yet trained, reaction-diffusion model.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Rows of a filter: 3, 5 or 7.
    pub size: usize,
    /// Key of the scheme.
    pub scheme: String,
    /// Noise level that the model is for.
    pub sigma: f64,
    /// The steps' blocks.
    pub stages: Vec<Stage>,
    /// The scheme's coefficients of each step; empty where a step has none.
    pub coefficients: Vec<Vec<f64>>,
}

impl Model {
    /// The published start of training: filters are the cosine basis, all functions one smooth curve that is
    /// 10, 5, 1, 1, … times `0.1 s z / (1 + s² z²)` with `s = 1/20`, `λ = 1, 0.1, 0.1, …`; coefficients are zero.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] for another size than 3, 5 and 7, no step, or a scheme that is unknown or evaluates its
    /// block more than once a step.
    pub fn start(
        size: usize,
        steps: usize,
        scheme: &str,
        sigma: f64,
    ) -> Result<Self, RestoreError> {
        let bad = |why: String| Err(RestoreError::BadModel(why));
        if !matches!(size, 3 | 5 | 7) {
            return bad(format!("filters have 3, 5 or 7 rows, not {size}"));
        }
        if !(1..=64).contains(&steps) {
            return bad(format!("{steps} steps are not between 1 and 64"));
        }
        let facts = scheme_facts(scheme)?;
        let n = size * size - 1;
        let gaussians = Gaussians::influence();
        let curve = gaussians.fit(|z| 0.1 * (z / 20.0) / (1.0 + z * z / 400.0));
        let stages = (0..steps)
            .map(|t| {
                let scale = [10.0, 5.0].get(t).copied().unwrap_or(1.0);
                let mut filters = vec![0.0; n * n];
                for i in 0..n {
                    filters[i * n + i] = 1.0;
                }
                let functions = (0..n)
                    .flat_map(|_| curve.iter().map(|w| w * scale))
                    .collect();
                Stage {
                    filters,
                    functions,
                    log_lambda: if t == 0 { 0.0 } else { 0.1_f64.ln() },
                }
            })
            .collect();
        let coefficients = (0..steps)
            .map(|t| vec![0.0; coefficients_at(facts, t)])
            .collect();
        Ok(Self {
            size,
            scheme: facts.key.to_owned(),
            sigma,
            stages,
            coefficients,
        })
    }

    /// Filters of a step.
    #[must_use]
    pub fn filters(&self) -> usize {
        self.size * self.size - 1
    }

    /// The taps of filter `i` of step `t`, row by row.
    ///
    /// # Panics
    /// If there is no such filter.
    #[must_use]
    pub fn taps(&self, t: usize, i: usize) -> Vec<f64> {
        let n = self.filters();
        filter(
            &cosines(self.size),
            &self.stages[t].filters[i * n..(i + 1) * n],
        )
    }

    /// Influence function `i` of step `t` at `z`, from its definition as a sum of Gaussians.
    ///
    /// # Panics
    /// If there is no such function.
    #[must_use]
    pub fn influence(&self, t: usize, i: usize, z: f64) -> f64 {
        let gaussians = Gaussians::influence();
        let m = gaussians.count();
        gaussians.exact(&self.stages[t].functions[i * m..(i + 1) * m], z)
    }

    /// The table of influence function `i` of step `t`: four rows of coefficients of its piecewise cubic, which is what runs.
    ///
    /// # Panics
    /// If there is no such function.
    #[must_use]
    pub fn table(&self, t: usize, i: usize) -> Vec<f64> {
        let gaussians = Gaussians::influence();
        let m = gaussians.count();
        gaussians.table(&self.stages[t].functions[i * m..(i + 1) * m])
    }

    /// What the kernels need of step `t`.
    ///
    /// # Panics
    /// If there is no such step.
    #[must_use]
    pub fn bank(&self, t: usize) -> Bank {
        let (n, basis, gaussians) = (self.filters(), cosines(self.size), Gaussians::influence());
        let stage = &self.stages[t];
        let single = |v: Vec<f64>| v.into_iter().map(|x| x as f32);
        let taps: Vec<f32> = stage
            .filters
            .chunks(n)
            .flat_map(|c| single(filter(&basis, c)))
            .collect();
        let tables: Vec<f32> = stage
            .functions
            .chunks(gaussians.count())
            .flat_map(|w| single(gaussians.table(w)))
            .collect();
        Bank::new(self.size, &taps, &tables)
    }

    /// Numbers that step `t` learns, coefficients included.
    fn step_parameters(&self, t: usize) -> usize {
        let stage = &self.stages[t];
        stage.filters.len() + stage.functions.len() + 1 + self.coefficients[t].len()
    }

    /// All learned numbers of steps `from..to`: for each step filters, functions, `p`, coefficients.
    ///
    /// # Panics
    /// If there are no such steps.
    #[must_use]
    pub fn parameters(&self, from: usize, to: usize) -> Vec<f64> {
        let mut all = Vec::new();
        for t in from..to {
            let stage = &self.stages[t];
            all.extend_from_slice(&stage.filters);
            all.extend_from_slice(&stage.functions);
            all.push(stage.log_lambda);
            all.extend_from_slice(&self.coefficients[t]);
        }
        all
    }

    /// Replaces the learned numbers of steps `from..to`.
    ///
    /// # Panics
    /// If there are not as many.
    pub fn set_parameters(&mut self, from: usize, to: usize, parameters: &[f64]) {
        let mut rest = parameters;
        let mut take = |n: usize| {
            let (taken, left) = rest.split_at(n);
            rest = left;
            taken.to_vec()
        };
        for t in from..to {
            let stage = &mut self.stages[t];
            stage.filters = take(stage.filters.len());
            stage.functions = take(stage.functions.len());
            stage.log_lambda = take(1)[0];
            self.coefficients[t] = take(self.coefficients[t].len());
        }
        assert!(rest.is_empty(), "as many parameters as the steps have");
    }

    /// The gradient with respect to [`parameters`](Self::parameters) of one step, from what the kernels return.
    pub(crate) fn step_gradient(&self, t: usize, grads: &StepGrads) -> Vec<f64> {
        let (n, basis, gaussians) = (self.filters(), cosines(self.size), Gaussians::influence());
        let stage = &self.stages[t];
        let mut all = Vec::with_capacity(self.step_parameters(t));
        let area = self.size * self.size;
        for (c, g) in stage.filters.chunks(n).zip(grads.bank.filters.chunks(area)) {
            all.extend(filter_gradient(&basis, c, g));
        }
        for g in grads.bank.tables.chunks(grads.bank.tables.len() / n) {
            all.extend(gaussians.weight_gradient(g));
        }
        all.push(grads.lambda * stage.log_lambda.exp());
        all.extend_from_slice(&grads.coefficients);
        all
    }
}

/// Gradients of one step with respect to taps, tables, `λ` and coefficients, added up over pictures.
#[derive(Clone, Debug)]
pub(crate) struct StepGrads {
    pub(crate) bank: BankGrads,
    pub(crate) lambda: f64,
    pub(crate) coefficients: Vec<f64>,
}

impl StepGrads {
    pub(crate) fn zeros(bank: &Bank, coefficients: usize) -> Self {
        Self {
            bank: BankGrads::zeros(bank),
            lambda: 0.0,
            coefficients: vec![0.0; coefficients],
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.bank.filters, &other.bank.filters),
            (&mut self.bank.tables, &other.bank.tables),
            (&mut self.coefficients, &other.coefficients),
        ];
        for (to, from) in pairs {
            for (to, from) in to.iter_mut().zip(from) {
                *to += from;
            }
        }
        self.lambda += other.lambda;
    }
}

/// The facts of a scheme that can step the block: one evaluation a step, a state in one part.
pub(crate) fn scheme_facts(scheme: &str) -> Result<&'static SchemeFacts, RestoreError> {
    let facts = facts(scheme).map_err(|e| RestoreError::BadModel(e.to_string()))?;
    if facts.stages != 1 || facts.parts != 1 {
        return Err(RestoreError::BadModel(format!(
            "scheme `{}` evaluates its block more than once a step or splits its state; `euler` and `lm` fit",
            facts.key
        )));
    }
    Ok(facts)
}

/// Coefficients of step `t` of a run that starts without history.
pub(crate) fn coefficients_at(facts: &SchemeFacts, t: usize) -> usize {
    facts
        .coefficient
        .map_or(0, |c| c.count(t.min(facts.memory)))
}
