//! Which scheme, with which coefficient, is being analysed?

use super::AnalysisError;
use crate::schemes::scheme_of;
use crate::{Memory, Rhs, Scheme, SchemeFacts, StageId, State, StepCtx, StepError, facts};

/// A registered scheme and the checked values of its coefficients.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) facts: &'static SchemeFacts,
    /// `None` exactly for schemes without a coefficient.
    pub(super) k: Option<f64>,
    /// Coefficients of older states; those that are missing are 0.
    older: &'a [f64],
    /// Earlier states that the step has; none is a restart.
    pub(super) history: usize,
}

impl<'a> Subject<'a> {
    /// Looks the scheme up; `k = None` takes its default.
    pub(super) fn new(name: &str, k: Option<f64>) -> Result<Self, AnalysisError> {
        Self::of(facts(name)?, k)
    }

    fn of(facts: &'static SchemeFacts, k: Option<f64>) -> Result<Self, AnalysisError> {
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
        let older = facts.coefficient.map_or(&[][..], |c| c.older);
        Ok(Self {
            facts,
            k,
            older,
            history: facts.memory,
        })
    }

    /// A scheme with all its coefficients, newest state first; none are those of a restart, where
    /// every earlier state has the coefficient 0.
    pub(super) fn with_all(name: &str, coefs: &'a [f64]) -> Result<Self, AnalysisError> {
        Self::of_all(facts(name)?, coefs)
    }

    /// The same of a scheme that was looked up.
    pub(super) fn of_all(
        facts: &'static SchemeFacts,
        coefs: &'a [f64],
    ) -> Result<Self, AnalysisError> {
        let (k, older) = match coefs {
            [] => (facts.coefficient.map(|_| 0.0), coefs),
            [k, older @ ..] => (Some(*k), older),
        };
        older.iter().try_for_each(|k| finite("a coefficient", *k))?;
        Ok(Self {
            older,
            ..Self::of(facts, k)?
        })
    }

    /// The same with this many earlier states, as at the beginning of a segment.
    pub(super) fn with_history(self, history: usize) -> Self {
        Self {
            history: history.min(self.facts.memory),
            ..self
        }
    }

    /// Number of the step within its segment, as far as a scheme looks at it.
    pub(super) fn step(&self) -> usize {
        usize::from(self.history > 0 || self.facts.memory == 0)
    }

    /// The scheme for one kind of state. One that steps the terms of a right-hand side in turn is given equal parts of `f` as terms.
    pub(super) fn scheme<S: State + 'static>(&self) -> Result<Box<dyn Scheme<S>>, AnalysisError> {
        let scheme = scheme_of(self.facts)?;
        Ok(match scheme.terms().iter().max() {
            None => scheme,
            Some(last) => Box::new(InParts(scheme, 1.0 / (last + 1) as f64)),
        })
    }

    /// The context of a step, with the coefficient in it.
    pub(super) fn ctx<S: State>(&self, step: usize, h: f64) -> StepCtx<S> {
        let count = self.facts.coefficient.map_or(0, |c| c.older.len());
        let older = (0..count).map(|i| self.older.get(i).copied().unwrap_or(0.0));
        let all = self.k.into_iter().chain(older);
        StepCtx::new(step, h).with_coefs(all.map(S::Coef::from).collect())
    }
}

/// A splitting each term of which is the same part of `f`.
struct InParts<S>(Box<dyn Scheme<S>>, f64);

impl<S: State> Scheme<S> for InParts<S> {
    fn facts(&self) -> &'static SchemeFacts {
        self.0.facts()
    }

    fn step(
        &self,
        f: &mut dyn Rhs<S>,
        u: &S,
        memory: &mut Memory<S>,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError> {
        // Slopes that are kept are those of a term; whoever asks about the scheme knows of `f` alone.
        let mut own = scaled(memory, self.1);
        let next = self.0.step(&mut Part(f, self.1), u, &mut own, ctx)?;
        *memory = scaled(&own, 1.0 / self.1);
        Ok(next)
    }
}

/// The same history with slopes times a number.
fn scaled<S: State>(memory: &Memory<S>, factor: f64) -> Memory<S> {
    let mut all = Memory::new();
    for past in (1..=memory.len()).rev().filter_map(|n| memory.back(n)) {
        let slope = past.slope.as_ref();
        let slope = slope.map(|slope| S::lincomb(&[(factor.into(), slope)]));
        all.push(past.state.clone(), slope, memory.len());
    }
    all
}

/// A part of a right-hand side.
struct Part<'f, S>(&'f mut dyn Rhs<S>, f64);

impl<S: State> Rhs<S> for Part<'_, S> {
    fn eval(&mut self, at: StageId, u: &S) -> Result<S, StepError> {
        Ok(S::lincomb(&[(self.1.into(), &self.0.eval(at, u)?)]))
    }

    fn solve(&mut self, at: StageId, a: &S, gamma: f64) -> Result<S, StepError> {
        self.0.solve(at, a, self.1 * gamma)
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
