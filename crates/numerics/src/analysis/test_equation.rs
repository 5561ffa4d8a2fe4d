//! What is `f` in an analysis? `f(u) = z u`, of which the equation of an implicit step is solved by division.
//!
//! So the amplification of an implicit scheme is the rational function that it is, and its expansion the series of that, to rounding: no
//! iteration is in between.

use crate::{Rhs, Series, StageId, State, StepError};
use num_complex::Complex64;

/// `u ↦ z u`, entry by entry.
pub(super) struct Scaled<Z>(pub(super) Z);

/// A number that `Scaled` multiplies and divides by.
pub(super) trait Scale: Sized {
    fn times(&self, by: &Self) -> Self;
    /// `self / (1 - γ z)`.
    fn over(&self, gamma: f64, z: &Self) -> Self;
}

impl Scale for Complex64 {
    fn times(&self, by: &Self) -> Self {
        self * by
    }

    fn over(&self, gamma: f64, z: &Self) -> Self {
        self / (1.0 - gamma * z)
    }
}

impl Scale for Series {
    fn times(&self, by: &Self) -> Self {
        self * by
    }

    fn over(&self, gamma: f64, z: &Self) -> Self {
        self / &(&Series::constant(1.0, z.len()) - &z.scale(gamma))
    }
}

impl<Z: Scale + State> Rhs<Z> for Scaled<Z> {
    fn eval(&mut self, _: StageId, u: &Z) -> Result<Z, StepError> {
        Ok(u.times(&self.0))
    }

    fn solve(&mut self, _: StageId, a: &Z, gamma: f64) -> Result<Z, StepError> {
        Ok(a.over(gamma, &self.0))
    }
}

impl<Z: Scale + State> Rhs<Vec<Z>> for Scaled<Z> {
    fn eval(&mut self, _: StageId, u: &Vec<Z>) -> Result<Vec<Z>, StepError> {
        Ok(u.iter().map(|v| v.times(&self.0)).collect())
    }

    fn solve(&mut self, _: StageId, a: &Vec<Z>, gamma: f64) -> Result<Vec<Z>, StepError> {
        Ok(a.iter().map(|v| v.over(gamma, &self.0)).collect())
    }
}
