//! What is learned? Filters, influence functions and weight of the data for each step, and the scheme's coefficients.

use crate::RestoreError;
use crate::learned::{Gaussians, Stage, StageGrads};
use std::sync::OnceLock;
use timestep_kernels::diffusion::Bank;
use timestep_numerics::{SchemeFacts, facts};

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
    /// block more than once per step.
    pub fn start(
        size: usize,
        steps: usize,
        scheme: &str,
        sigma: f64,
    ) -> Result<Self, RestoreError> {
        static CURVE: OnceLock<Vec<f64>> = OnceLock::new();
        let curve = CURVE.get_or_init(|| {
            Gaussians::influence().fit(|z| 0.1 * (z / 20.0) / (1.0 + z * z / 400.0))
        });
        Self::with_curve(size, steps, scheme, sigma, curve)
    }

    /// A model whose functions are zero, to be filled: a program that only applies models fits no curve.
    pub(crate) fn blank(
        size: usize,
        steps: usize,
        scheme: &str,
        sigma: f64,
    ) -> Result<Self, RestoreError> {
        let zeros = vec![0.0; Gaussians::influence().count()];
        Self::with_curve(size, steps, scheme, sigma, &zeros)
    }

    /// A model whose functions are this curve, 10, 5, 1, 1, … times.
    fn with_curve(
        size: usize,
        steps: usize,
        scheme: &str,
        sigma: f64,
        curve: &[f64],
    ) -> Result<Self, RestoreError> {
        let bad = |why: String| Err(RestoreError::BadModel(why));
        if !matches!(size, 3 | 5 | 7) {
            return bad(format!("filters have 3, 5 or 7 rows, not {size}"));
        }
        if !(1..=64).contains(&steps) {
            return bad(format!("{steps} steps are not between 1 and 64"));
        }
        let facts = scheme_facts(scheme)?;
        let stages = (0..steps)
            .map(|t| {
                let scale = [10.0, 5.0].get(t).copied().unwrap_or(1.0);
                let weights: Vec<f64> = curve.iter().map(|w| w * scale).collect();
                Stage::start(size, &weights, if t == 0 { 1.0 } else { 0.1 })
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

    /// A model to start from at another noise level: with `s = sigma / self.sigma`, functions become `s φ(z / s)`, as if
    /// pictures were scaled.
    #[must_use]
    pub fn for_sigma(&self, sigma: f64) -> Self {
        let gaussians = Gaussians::influence();
        let mut model = self.clone();
        let s = sigma / self.sigma;
        for stage in &mut model.stages {
            stage.functions = (0..self.filters())
                .flat_map(|i| {
                    let weights = stage.weights(gaussians, i);
                    gaussians.fit(|z| s * gaussians.exact(weights, z / s))
                })
                .collect();
        }
        model.sigma = sigma;
        model
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
        self.stages[t].taps(self.size, i)
    }

    /// Influence function `i` of step `t` at `z`, from its definition as a sum of Gaussians.
    ///
    /// # Panics
    /// If there is no such function.
    #[must_use]
    pub fn influence(&self, t: usize, i: usize, z: f64) -> f64 {
        let gaussians = Gaussians::influence();
        gaussians.exact(self.stages[t].weights(gaussians, i), z)
    }

    /// The table of influence function `i` of step `t`: four rows of coefficients of its piecewise cubic, which is what runs.
    ///
    /// # Panics
    /// If there is no such function.
    #[must_use]
    pub fn table(&self, t: usize, i: usize) -> Vec<f64> {
        let gaussians = Gaussians::influence();
        gaussians.table(self.stages[t].weights(gaussians, i))
    }

    /// What the kernels need of step `t`.
    ///
    /// # Panics
    /// If there is no such step.
    #[must_use]
    pub fn bank(&self, t: usize) -> Bank {
        self.stages[t].bank(self.size, Gaussians::influence())
    }

    /// All learned numbers of steps `from..to`: for each step filters, functions, `p`, coefficients.
    ///
    /// # Panics
    /// If there are no such steps.
    #[must_use]
    pub fn parameters(&self, from: usize, to: usize) -> Vec<f64> {
        (from..to)
            .flat_map(|t| {
                let stage = self.stages[t].parameters();
                stage.chain(self.coefficients[t].iter().copied())
            })
            .collect()
    }

    /// Replaces the learned numbers of steps `from..to`.
    ///
    /// # Panics
    /// If there are not as many.
    pub fn set_parameters(&mut self, from: usize, to: usize, parameters: &[f64]) {
        let mut rest = parameters;
        for t in from..to {
            let (own, after) = rest.split_at(self.stages[t].count());
            self.stages[t].set_parameters(own);
            let (own, after) = after.split_at(self.coefficients[t].len());
            self.coefficients[t].copy_from_slice(own);
            rest = after;
        }
        assert!(rest.is_empty(), "as many parameters as the steps have");
    }

    /// The gradient with respect to [`parameters`](Self::parameters) of one step, from what the kernels return.
    pub(crate) fn step_gradient(&self, t: usize, grads: &StepGrads) -> Vec<f64> {
        let mut all = self.stages[t].gradient(self.size, Gaussians::influence(), &grads.stage);
        all.extend_from_slice(&grads.coefficients);
        all
    }
}

/// Gradients of one step, added up over pictures.
#[derive(Clone, Debug)]
pub(crate) struct StepGrads {
    pub(crate) stage: StageGrads,
    pub(crate) coefficients: Vec<f64>,
}

impl StepGrads {
    pub(crate) fn zeros(bank: &Bank, coefficients: usize) -> Self {
        Self {
            stage: StageGrads::zeros(bank),
            coefficients: vec![0.0; coefficients],
        }
    }

    /// Adds `by` times the other.
    pub(crate) fn add(&mut self, other: &Self, by: f64) {
        self.stage.add(&other.stage, by);
        for (to, from) in self.coefficients.iter_mut().zip(&other.coefficients) {
            *to += by * from;
        }
    }
}

/// The facts of a scheme that can step the block: one evaluation per step, a state in one part.
pub(crate) fn scheme_facts(scheme: &str) -> Result<&'static SchemeFacts, RestoreError> {
    let facts = facts(scheme).map_err(|e| RestoreError::BadModel(e.to_string()))?;
    if facts.stages.max(facts.start_stages) != 1 || facts.parts != 1 || facts.implicit {
        return Err(RestoreError::BadModel(format!(
            "scheme `{}` evaluates its block more than once per step, splits its state or is implicit; `euler` and `lm` fit",
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
