//! What is a scheme? An immutable rule that turns a right-hand side `f` into a step.
//!
//! History is explicit: a scheme reads it from [`Memory`] and writes it there. Learned
//! coefficients and the step size arrive in [`StepCtx`]; noise multiplies `f` outside, in the
//! [`Rhs`], so a scheme never knows of it.

use crate::implicit::{Limits, fixed_point};
use crate::{Butcher, State};

mod facts;

pub use facts::{CoefficientFacts, SchemeFacts, Sharing};

/// Which evaluation of the right-hand side this is, so that a block can pick its weights.
///
/// `step` counts the steps of a segment from 0; `stage` counts the evaluations inside a step
/// that may have weights of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageId {
    /// Step within the segment, from 0.
    pub step: usize,
    /// Evaluation within the step, from 0.
    pub stage: usize,
}

/// A right-hand side `f` of `u_t = f(u)`.
///
/// Implemented for every `FnMut(StageId, &S) -> Result<S, StepError>`.
pub trait Rhs<S: State> {
    /// `f(u)` with the weights of evaluation `at`.
    ///
    /// # Errors
    /// Whatever makes `f` undefined at `u`, for instance a shape that does not fit.
    fn eval(&mut self, at: StageId, u: &S) -> Result<S, StepError>;

    /// Where branches of a step meet: their mean. `at` names the evaluation that came last.
    ///
    /// Drop-path (Larsson et al. 2017) is a right-hand side that leaves branches out here, so a
    /// scheme need not know of it.
    ///
    /// # Panics
    /// If there are no branches.
    fn join(&mut self, _at: StageId, branches: &[&S]) -> S {
        let weight = S::Coef::from(1.0 / branches.len() as f64);
        let terms: Vec<(S::Coef, &S)> = branches.iter().map(|b| (weight.clone(), *b)).collect();
        S::lincomb(&terms)
    }

    /// The `y` with `y = a + γ f(y)`, for which an implicit step asks, with the weights of evaluation `at`.
    ///
    /// By accelerated fixed-point iteration to rounding. Whoever knows more of `f` finds it otherwise: an analysis on `f = λ u` divides, and a network
    /// finds the gradient as well.
    ///
    /// # Errors
    /// [`StepError::NoFixedPoint`] if none is found, and whatever makes `f` undefined.
    fn solve(&mut self, at: StageId, a: &S, gamma: f64) -> Result<S, StepError> {
        searched(self, at, a, gamma)
    }
}

/// The `y` with `y = a + γ f(y)`, by accelerated fixed-point iteration to rounding.
///
/// # Errors
/// [`StepError::NoFixedPoint`] if none is found, and whatever makes `f` undefined.
pub(crate) fn searched<S: State>(
    f: &mut (impl Rhs<S> + ?Sized),
    at: StageId,
    a: &S,
    gamma: f64,
) -> Result<S, StepError> {
    let mut map = |y: &S| {
        let slope = f.eval(at, y)?;
        Ok(S::lincomb(&[(1.0.into(), a), (gamma.into(), &slope)]))
    };
    let found = fixed_point(&mut map, a, &Limits::EXACT)?;
    // Rounding of large terms that cancel can keep a residual above that of one.
    if found.found || found.residual < 1e-11 {
        return Ok(found.state);
    }
    Err(StepError::NoFixedPoint {
        step: at.step,
        evaluations: found.evaluations,
        residual: found.residual,
        contraction: found.contraction.unwrap_or(0.0),
    })
}

impl<S: State, F: FnMut(StageId, &S) -> Result<S, StepError>> Rhs<S> for F {
    fn eval(&mut self, at: StageId, u: &S) -> Result<S, StepError> {
        self(at, u)
    }
}

/// Why a step could not be taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StepError {
    /// A partitioned scheme was given a state without two halves.
    #[error("scheme `{scheme}` needs a state with two equal halves (an even number of channels)")]
    NoHalves {
        /// Key of the scheme.
        scheme: &'static str,
    },
    /// The step needs more learned coefficients than the context holds.
    #[error("scheme `{scheme}` needs {needed} coefficient(s) at step {step} but was given {given}")]
    MissingCoefficients {
        /// Key of the scheme.
        scheme: &'static str,
        /// Step within the segment.
        step: usize,
        /// Number of coefficients that a step of this scheme reads.
        needed: usize,
        /// Number in the context.
        given: usize,
    },
    /// The step cannot be undone, for instance because a coefficient is too close to zero.
    #[error("scheme `{scheme}` cannot undo step {step}: {why}")]
    NotInvertible {
        /// Key of the scheme.
        scheme: &'static str,
        /// Step within the segment.
        step: usize,
        /// The reason, in words.
        why: String,
    },
    /// The equation of an implicit step was not solved.
    #[error(
        "the implicit step {step} was not solved in {evaluations} evaluations of its right-hand side: {residual:.1e} of the state is left, \
         and the first iteration made {contraction:.2} of its residual"
    )]
    NoFixedPoint {
        /// Step within the segment.
        step: usize,
        /// Evaluations of the right-hand side.
        evaluations: usize,
        /// Residual as a part of the size of the state.
        residual: f64,
        /// What the first iteration made of its residual: below 1 the map contracts there.
        contraction: f64,
    },
    /// Steps that keep a tolerance were not found.
    #[error("{0}")]
    Uncontrolled(String),
    /// The right-hand side failed.
    #[error("{0}")]
    Rhs(String),
}

/// One entry of the history: an earlier state and, where the scheme keeps it, its slope `f(u)`.
#[derive(Clone, Debug)]
pub struct Past<S> {
    /// `u_{n-j}`.
    pub state: S,
    /// `f(u_{n-j})`, kept by schemes that reuse slopes (Adams-Bashforth).
    pub slope: Option<S>,
}

/// Earlier states of a segment, newest first, at most as many as the scheme asks for.
///
/// Empty at the first step of a segment (a *restart*): a multistep scheme then falls back to its
/// starting procedure.
#[derive(Clone, Debug)]
pub struct Memory<S> {
    past: Vec<Past<S>>,
}

impl<S> Default for Memory<S> {
    fn default() -> Self {
        Self { past: Vec::new() }
    }
}

impl<S: Clone> Memory<S> {
    /// An empty history.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets everything: what a transition between segments does.
    pub fn clear(&mut self) {
        self.past.clear();
    }

    /// Number of earlier states held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.past.len()
    }

    /// Is the history empty?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.past.is_empty()
    }

    /// The state `back` steps before the current one (1 is the previous one).
    #[must_use]
    pub fn back(&self, back: usize) -> Option<&Past<S>> {
        back.checked_sub(1).and_then(|i| self.past.get(i))
    }

    /// Records the state that a step has just left, keeping at most `depth` entries.
    pub fn push(&mut self, state: S, slope: Option<S>, depth: usize) {
        self.past.insert(0, Past { state, slope });
        self.past.truncate(depth);
    }

    /// Removes and returns the newest entry: what undoing a step does.
    pub fn pop(&mut self) -> Option<Past<S>> {
        if self.past.is_empty() {
            None
        } else {
            Some(self.past.remove(0))
        }
    }
}

/// What a step is told besides the state: which step it is, `h`, and the learned coefficients.
#[derive(Clone, Debug)]
pub struct StepCtx<S: State> {
    /// Step within the segment, from 0.
    pub step: usize,
    /// Step size. A network has `h = 1`: the scale is in the weights of `f`.
    pub h: f64,
    /// Learned coefficients of this step (`k_n` for `lm`); empty for schemes without any.
    pub coefs: Vec<S::Coef>,
    /// History is void: the first step of a segment.
    pub restart: bool,
}

impl<S: State> StepCtx<S> {
    /// A context for step `step` with step size `h` and no coefficients; a restart if `step` is 0.
    #[must_use]
    pub fn new(step: usize, h: f64) -> Self {
        Self {
            step,
            h,
            coefs: Vec::new(),
            restart: step == 0,
        }
    }

    /// The same with coefficients.
    #[must_use]
    pub fn with_coefs(mut self, coefs: Vec<S::Coef>) -> Self {
        self.coefs = coefs;
        self
    }

    /// Identifies evaluation `stage` of this step.
    #[must_use]
    pub fn stage(&self, stage: usize) -> StageId {
        StageId {
            step: self.step,
            stage,
        }
    }

    /// The first `needed` coefficients.
    ///
    /// # Errors
    /// [`StepError::MissingCoefficients`] if there are fewer.
    pub fn first_coefs(
        &self,
        scheme: &'static str,
        needed: usize,
    ) -> Result<&[S::Coef], StepError> {
        self.coefs
            .get(..needed)
            .ok_or(StepError::MissingCoefficients {
                scheme,
                step: self.step,
                needed,
                given: self.coefs.len(),
            })
    }

    /// The only coefficient of a one-coefficient scheme.
    ///
    /// # Errors
    /// [`StepError::MissingCoefficients`] if there is none.
    pub fn coef(&self, scheme: &'static str) -> Result<S::Coef, StepError> {
        self.coefs
            .first()
            .cloned()
            .ok_or(StepError::MissingCoefficients {
                scheme,
                step: self.step,
                needed: 1,
                given: 0,
            })
    }
}

/// A sub-step of a splitting: it steps one term of `u' = f0(u) + f1(u)` alone, by forward Euler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Substep {
    /// Which term, from 0.
    pub term: usize,
    /// Its length, as a part of the step.
    pub part: f64,
}

/// A rule that advances a state by one step of `u_t = f(u)`.
///
/// A scheme is an immutable value; everything that changes is in `memory`.
pub trait Scheme<S: State>: Send + Sync {
    /// What is known about the scheme without running it.
    fn facts(&self) -> &'static SchemeFacts;

    /// `u_{n+1}` from `u_n` and the history, which it updates.
    ///
    /// # Errors
    /// [`StepError`] if the state or the coefficients do not fit, or `f` fails.
    fn step(
        &self,
        f: &mut dyn Rhs<S>,
        u: &S,
        memory: &mut Memory<S>,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError>;

    /// Its coefficients, if it is an explicit Runge-Kutta method.
    fn tableau(&self) -> Option<Butcher> {
        None
    }

    /// Which term of a split right-hand side, from 0, each stage evaluates; none for schemes that step it as a whole.
    fn terms(&self) -> &'static [usize] {
        &[]
    }

    /// The sub-steps, in the order of their stages, of a scheme that steps the terms of a split right-hand side in turn; none of
    /// any other.
    fn substeps(&self) -> &'static [Substep] {
        &[]
    }

    /// The scheme as a reversible one, if it is.
    fn reversible(&self) -> Option<&dyn Reversible<S>> {
        None
    }
}

/// A scheme whose step can be undone without stored activations.
pub trait Reversible<S: State>: Scheme<S> {
    /// `u_n` from `u_{n+1}`; `memory` goes from what it was after the step to what it was before.
    ///
    /// # Errors
    /// [`StepError::NotInvertible`] where the inverse does not exist.
    fn unstep(
        &self,
        f: &mut dyn Rhs<S>,
        next: &S,
        memory: &mut Memory<S>,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError>;
}
