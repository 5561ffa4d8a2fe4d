//! Does one step of a trained network amplify `z = hλ`?
//!
//! The step is taken with the coefficients that it learned and with the history that it has, and repeated
//! for ever: the region is that of *constant* coefficients. A network changes `k_n` from step to step, so
//! each of its steps has a region of its own, and a state that stays inside all of them still meets products
//! of different matrices ([`zero_stability_of_steps`](super::zero_stability_of_steps) follows these at `z = 0`).

use super::AnalysisError;
use super::amplification::Amplification;
use super::stability::{Region, Stability, of, region_of};
use super::subject::{Subject, finite};
use crate::SchemeFacts;
use num_complex::Complex64;

/// A scheme at one step of a segment: its learned coefficients and the length of its history.
#[derive(Clone, Debug)]
pub struct LearnedStep {
    scheme: &'static SchemeFacts,
    coefficients: Vec<f64>,
    history: usize,
}

impl PartialEq for LearnedStep {
    fn eq(&self, other: &Self) -> bool {
        self.scheme.written() == other.scheme.written()
            && self.coefficients == other.coefficients
            && self.history == other.history
    }
}

impl LearnedStep {
    /// The step of `scheme` with `coefficients`, newest state first (those that are missing are 0), and
    /// `history` earlier states: 0 is the first step of a segment.
    ///
    /// # Errors
    /// [`AnalysisError`] for an unknown scheme or coefficients that do not fit.
    pub fn new(scheme: &str, coefficients: &[f64], history: usize) -> Result<Self, AnalysisError> {
        let subject = Subject::with_all(scheme, coefficients)?;
        Ok(Self {
            scheme: subject.facts,
            coefficients: coefficients.to_vec(),
            history: history.min(subject.facts.memory),
        })
    }

    /// Key of the scheme.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.scheme.key
    }

    /// Its coefficients, newest state first.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// Earlier states that it has, as far as the scheme keeps them.
    #[must_use]
    pub fn history(&self) -> usize {
        self.history
    }

    fn subject(&self) -> Result<Subject<'_>, AnalysisError> {
        Ok(Subject::of_all(self.scheme, &self.coefficients)?.with_history(self.history))
    }

    /// The factor by which the step, repeated, multiplies the solution of `u' = λ u` at `z = hλ`: the
    /// spectral radius of its matrix. At most 1 inside its stability region.
    ///
    /// # Errors
    /// [`AnalysisError`] if `z` is not finite or the eigenvalues cannot be found.
    pub fn growth(&self, z: Complex64) -> Result<f64, AnalysisError> {
        finite("z", z.re)?;
        finite("z", z.im)?;
        Amplification::of(&self.subject()?, z)?.radius(self.scheme.key)
    }

    /// Its stable intervals.
    ///
    /// # Errors
    /// [`AnalysisError`] if the eigenvalues cannot be found.
    pub fn stability(&self) -> Result<Stability, AnalysisError> {
        of(self.subject()?)
    }

    /// The growth on a grid of `nx` times `ny` points, ends included, for plotting.
    ///
    /// # Errors
    /// [`AnalysisError`] for a grid without area.
    pub fn region(
        &self,
        (re, nx): ((f64, f64), usize),
        (im, ny): ((f64, f64), usize),
    ) -> Result<Region, AnalysisError> {
        region_of(&self.subject()?, (re, nx), (im, ny))
    }
}
