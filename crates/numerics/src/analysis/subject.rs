//! Which scheme, with which coefficient, is being analysed?

use super::AnalysisError;
use crate::{Scheme, SchemeFacts, State, StepCtx, facts, scheme};

/// A registered scheme and the checked value of its coefficient.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    pub(super) facts: &'static SchemeFacts,
    /// `None` exactly for schemes without a coefficient.
    pub(super) k: Option<f64>,
}

impl Subject {
    /// Looks the scheme up; `k = None` takes its default.
    pub(super) fn new(name: &str, k: Option<f64>) -> Result<Self, AnalysisError> {
        let facts = facts(name)?;
        if let Some(value) = k {
            finite("k", value)?;
        }
        let k = match (k, facts.coefficient) {
            (Some(k), None) => {
                return Err(AnalysisError::NoCoefficient {
                    scheme: facts.key,
                    k,
                });
            }
            (k, Some(coefficient)) => Some(k.unwrap_or(coefficient.default)),
            (None, None) => None,
        };
        Ok(Self { facts, k })
    }

    /// The scheme for one kind of state.
    pub(super) fn scheme<S: State>(&self) -> Result<Box<dyn Scheme<S>>, AnalysisError> {
        Ok(scheme(self.facts.key)?)
    }

    /// The context of a step, with the coefficient in it.
    pub(super) fn ctx<S: State>(&self, step: usize, h: f64) -> StepCtx<S> {
        let older = self.facts.coefficient.map_or(&[][..], |c| c.older);
        let all = self.k.into_iter().chain(older.iter().copied());
        StepCtx::new(step, h).with_coefs(all.map(S::Coef::from).collect())
    }
}

/// Refuses NaN and infinities.
pub(super) fn finite(what: &'static str, value: f64) -> Result<(), AnalysisError> {
    if value.is_finite() {
        Ok(())
    } else {
        Err(AnalysisError::NotFinite { what, value })
    }
}
