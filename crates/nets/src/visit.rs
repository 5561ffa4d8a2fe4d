//! What does a step meet? Its state, its history and its coefficients, in a forward pass over real images.
//!
//! [`Network::each_step`] is a forward pass in evaluation mode that stops at every step: norms use their
//! running statistics, so images do not depend on each other. The analyses of trained networks stand on it:
//! Jacobians ([`StepAt::transposed_product`]), spectra ([`StepAt::spectrum`]) and traces.

use crate::segment::Flow;
use crate::steps::{StepRhs, Steps};
use crate::{BodyFacts, Features, Mode, NetError, Network, Parameters, Pass, ops};
use timestep_engine::Engine;
use timestep_numerics::{Rhs, SchemeFacts, StageId, State as _, StepError};

/// What a forward pass passes by.
#[derive(Debug)]
pub enum Visit<'a> {
    /// The state in which a segment begins.
    Begin {
        /// Segment, from 1.
        segment: usize,
        /// Steps that its transition has taken: 0 or 1.
        taken: usize,
        /// The state after them.
        state: &'a Features,
    },
    /// A step that keeps the shape of the state.
    Step(&'a StepAt<'a>),
}

/// A step of a network where a forward pass has met it.
pub struct StepAt<'a> {
    /// Segment, from 1.
    pub segment: usize,
    /// Step within the segment, from 1, the transition's own counted.
    pub step: usize,
    /// The state `u_n` before the step.
    pub state: &'a Features,
    /// The state `u_{n+1}` after it.
    pub next: &'a Features,
    /// What the blocks returned, in the order of their evaluation: `f(u_n)` first.
    pub slopes: &'a [Features],
    /// Learned coefficients, newest state first: the mean over channels where there is one for each.
    pub coefficients: Vec<f64>,
    /// Earlier states that the step had.
    pub history: usize,
    pub(crate) body: &'static BodyFacts,
    pub(crate) index: usize,
    pub(crate) steps: &'a Steps,
    pub(crate) parameters: &'a Parameters,
    pub(crate) engine: &'a dyn Engine,
}

impl std::fmt::Debug for StepAt<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("StepAt")
            .field("segment", &self.segment)
            .field("step", &self.step)
            .field("coefficients", &self.coefficients)
            .field("history", &self.history)
            .finish_non_exhaustive()
    }
}

impl StepAt<'_> {
    /// Theory of its scheme.
    #[must_use]
    pub fn scheme(&self) -> &'static SchemeFacts {
        self.steps.steps[self.index].scheme.facts()
    }

    /// Its step size.
    #[must_use]
    pub fn h(&self) -> f64 {
        self.steps.steps[self.index].h
    }

    /// Do several evaluations of a step share weights? Each normalises with running statistics of its own, so they are
    /// not quite one function; what is measured is the first.
    #[must_use]
    pub fn first_of_several(&self) -> bool {
        self.steps.steps[self.index].shared
    }

    /// Has every channel a coefficient of its own, so that [`coefficients`](Self::coefficients) are means?
    #[must_use]
    pub fn by_channel(&self) -> bool {
        let specs = self.parameters.specs();
        let ids = &self.steps.steps[self.index].coefficients;
        ids.iter().any(|id| specs[id.index()].len() > 1)
    }

    /// Does a ReLU follow, which the scheme does not know of?
    #[must_use]
    pub fn rectifies(&self) -> bool {
        self.steps.steps[self.index].rectifies()
    }

    /// `f(u_n)`: of a reversible pair the slopes of both halves, of a splitting those of all sub-steps, each by its length. `None` where it has another shape than
    /// the state.
    #[must_use]
    pub fn slope(&self) -> Option<Features> {
        let scheme = &self.steps.steps[self.index].scheme;
        if !scheme.terms().is_empty() {
            // The mean slope over the step: sub-steps of a splitting are parts of one.
            let part = |stage: usize| scheme.substeps().get(stage).map_or(1.0, |s| s.part);
            let all = self.slopes.iter().enumerate();
            let terms: Vec<_> = all.map(|(at, f)| (part(at).into(), f)).collect();
            let mean = ops::combine(&terms);
            return (mean.dims() == self.state.dims()).then_some(mean);
        }
        let slope = match (self.scheme().parts, self.slopes) {
            (2, [first, second]) => ops::join(&[first, second]),
            (_, [first, ..]) => first.clone(),
            (_, []) => return None,
        };
        (slope.dims() == self.state.dims()).then_some(slope)
    }
}

/// The right-hand side of a step, which keeps what it returned.
struct Witness<'a> {
    rhs: StepRhs<'a>,
    slopes: Vec<Features>,
}

impl Rhs<Features> for Witness<'_> {
    fn eval(&mut self, at: StageId, u: &Features) -> Result<Features, StepError> {
        let slope = self.rhs.eval(at, u)?;
        // Read twice from now on: by the scheme and by whoever asks.
        slope.compute();
        self.slopes.push(slope.clone());
        Ok(slope)
    }

    fn solve(&mut self, at: StageId, a: &Features, gamma: f64) -> Result<Features, StepError> {
        let y = self.rhs.solve(at, a, gamma)?;
        y.compute();
        // What the block returned there, as the equation has it.
        let part = 1.0 / gamma;
        self.slopes
            .push(ops::combine(&[(part.into(), &y), ((-part).into(), a)]));
        Ok(y)
    }

    fn join(&mut self, at: StageId, branches: &[&Features]) -> Features {
        self.rhs.join(at, branches)
    }
}

impl Network {
    /// Evaluates `images` `[batch, channels, height, width]` and shows every step on the way.
    ///
    /// # Errors
    /// What `visit` returns; [`NetError::Controlled`] for a network without steps of its own; [`NetError::Step`] if a scheme refuses a step or a state is not finite.
    pub fn each_step<E: From<NetError>>(
        &self,
        engine: &dyn Engine,
        parameters: &Parameters,
        (dims, images): ([usize; 4], &[f32]),
        visit: &mut dyn FnMut(Visit<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.config().scheme.control.is_some() {
            return Err(NetError::Controlled(self.config().name.clone()).into());
        }
        let pass = Pass::new(engine, parameters, Mode::Eval);
        let mut flow = Flow {
            state: self.stem(&pass, pass.images(dims, images)),
            before: None,
        };
        for segment in self.segments() {
            let number = segment.summary().number;
            let (mut state, mut memory) = segment.enter(&pass, flow);
            let steps = &*segment.steps;
            finite(number, steps.taken, &state)?;
            visit(Visit::Begin {
                segment: number,
                taken: steps.taken,
                state: &state,
            })?;
            for index in 0..steps.steps.len() {
                let step = &steps.steps[index];
                let history = memory.len();
                let mut witness = Witness {
                    rhs: StepRhs {
                        step,
                        pass: &pass,
                        owner: None,
                    },
                    slopes: Vec::new(),
                };
                let next =
                    steps.advance(index, &mut witness, &pass, &state, &mut memory, number)?;
                let next = step.settle(&pass, next);
                let count = steps.taken + index + 1;
                finite(number, count, &next)?;
                let mean = |values: &[f32]| {
                    values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64
                };
                let coefficients = step.coefficients.iter();
                visit(Visit::Step(&StepAt {
                    segment: number,
                    step: count,
                    state: &state,
                    next: &next,
                    slopes: &witness.slopes,
                    coefficients: coefficients.map(|id| mean(parameters.value(*id))).collect(),
                    history,
                    body: self.body(),
                    index,
                    steps,
                    parameters,
                    engine,
                }))?;
                state = next;
            }
            let before = memory.back(1).map(|past| past.state.clone());
            flow = segment.leave(state, before);
        }
        Ok(())
    }
}

/// Refuses a state that is not finite.
fn finite(segment: usize, step: usize, state: &Features) -> Result<(), NetError> {
    if state.is_finite() {
        return Ok(());
    }
    let place = match step {
        0 => "where it begins".to_owned(),
        step => format!("after step {step}"),
    };
    Err(NetError::Step {
        segment,
        source: StepError::Rhs(format!("the state {place} is not finite")),
    })
}
