//! How is a picture diffused? The scheme steps the plane, the block computes the slope.

use super::Model;
use super::model::scheme_facts;
use crate::RestoreError;
use crate::learned::Stage;
use timestep_kernels::diffusion::{Bank, Border, GROUP};
use timestep_kernels::{Buffer, Kernels};
use timestep_numerics::{Memory, Scheme, StageId, StepCtx, StepError, scheme};
use timestep_picture::Plane;

/// A model made ready for the kernels.
#[derive(Debug)]
pub struct Flow {
    banks: Vec<Bank>,
    lambdas: Vec<f64>,
    coefficients: Vec<Vec<f64>>,
    scheme: String,
    kernels: Kernels,
}

impl Flow {
    /// Prepares a model.
    #[must_use]
    pub fn new(model: &Model) -> Self {
        Self {
            banks: (0..model.stages.len()).map(|t| model.bank(t)).collect(),
            lambdas: model.stages.iter().map(Stage::lambda).collect(),
            coefficients: model.coefficients.clone(),
            scheme: model.scheme.clone(),
            kernels: Kernels::detect(),
        }
    }

    /// Steps.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.banks.len()
    }

    /// Pixels beyond a pixel on which its result depends to the last bit: whole groups of rows for every step, and the group
    /// that it is in.
    #[must_use]
    pub fn halo(&self) -> usize {
        self.banks.iter().map(Bank::halo).sum::<usize>() + GROUP - 1
    }

    /// Diffuses `noisy`, calling `each` with the number of the step and the state after it.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] if the scheme does not fit.
    pub fn run(
        &self,
        noisy: &Plane,
        mut each: impl FnMut(usize, &Plane),
    ) -> Result<Plane, RestoreError> {
        let mut memory = Memory::new();
        let mut state: Option<Plane> = None;
        for t in 0..self.steps() {
            let next = self.step(t, noisy, state.as_ref().unwrap_or(noisy), &mut memory)?;
            each(t, &next);
            state = Some(next);
        }
        Ok(state.unwrap_or_else(|| noisy.clone()))
    }

    /// One step.
    pub(crate) fn step(
        &self,
        t: usize,
        noisy: &Plane,
        state: &Plane,
        memory: &mut Memory<Plane>,
    ) -> Result<Plane, RestoreError> {
        let bad = |e: &dyn std::fmt::Display| RestoreError::BadModel(e.to_string());
        let stepper: Box<dyn Scheme<Plane>> = scheme(&self.scheme).map_err(|e| bad(&e))?;
        let ctx = StepCtx::new(t, 1.0).with_coefs(self.coefficients[t].clone());
        let mut slope = |at: StageId, u: &Plane| -> Result<Plane, StepError> {
            Ok(self.slope(at.step, noisy, u))
        };
        stepper
            .step(&mut slope, state, memory, &ctx)
            .map_err(|e| bad(&e))
    }

    /// `f_t(u) = -Σ_i k̄_i * φ_i(k_i ⋆ u) - λ (u - noisy)`.
    fn slope(&self, t: usize, noisy: &Plane, u: &Plane) -> Plane {
        let lambda = self.lambdas[t] as f32;
        let mut out = Buffer::new(u.pixels().len());
        self.kernels.diffuse(
            &self.banks[t],
            u.pixels(),
            noisy.pixels(),
            (u.width(), u.height()),
            Border::Mirror,
            [-1.0, -lambda, lambda],
            &mut out,
        );
        u.with_pixels(out)
    }
}

impl Model {
    /// Is the model complete and finite, and does its scheme fit?
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] says what is wrong.
    pub fn check(&self) -> Result<(), RestoreError> {
        let facts = scheme_facts(&self.scheme)?;
        let fresh = Self::blank(self.size, self.stages.len(), facts.written(), self.sigma)?;
        let shape = |m: &Self| {
            let stages: Vec<_> = m
                .stages
                .iter()
                .map(|s| (s.filters.len(), s.functions.len()))
                .collect();
            let coefficients: Vec<_> = m.coefficients.iter().map(Vec::len).collect();
            (stages, coefficients)
        };
        if shape(self) != shape(&fresh) {
            return Err(RestoreError::BadModel(
                "arrays of other lengths than its size and steps ask for".into(),
            ));
        }
        let parameters = self.parameters(0, self.stages.len());
        if !parameters.iter().all(|p| p.is_finite()) {
            return Err(RestoreError::BadModel(
                "it holds numbers that are not finite".into(),
            ));
        }
        Ok(())
    }
}
