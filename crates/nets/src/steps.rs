//! What is a step? A scheme with the blocks of its stages and its learned coefficients, taken on a pass.

pub(crate) mod controlled;
mod implicit;

use crate::drop_path::DropPath;
use crate::noise::StepNoise;
use crate::{Block, Coef, Features, NetError, ParamId, Pass, ops};
use std::ops::Range;
use std::sync::Arc;
use timestep_engine::Backward;
use timestep_numerics::{Memory, Rhs, Scheme, SchemeFacts, StageId, StepCtx, StepError};

/// One step: a scheme, the blocks of its stages and its learned coefficients.
pub(crate) struct Step {
    /// How the block becomes a step.
    pub(crate) scheme: Arc<dyn Scheme<Features>>,
    /// One for each stage.
    pub(crate) blocks: Vec<Box<dyn Block>>,
    /// Do the blocks have the same weights, and only running statistics of their own?
    pub(crate) shared: bool,
    /// Coefficients, newest state first.
    pub(crate) coefficients: Vec<ParamId>,
    /// The parameters of its blocks, by position in the table.
    pub(crate) parameters: Range<usize>,
    /// Step size: 1 where the scale is in the weights of the block.
    pub(crate) h: f64,
    /// How far to go: the new state is `(1 - r) u + r Φ(u)`. 1 but in PolyNet.
    pub(crate) relaxation: f64,
    /// Does the block's own treatment of the state follow (ReLU after post-activation blocks)?
    pub(crate) settles: bool,
    /// What is left out where branches meet in training.
    pub(crate) drop_path: Option<DropPath>,
    /// What is added to the new state in training.
    pub(crate) added: Option<Arc<StepNoise>>,
}

/// The steps of a segment.
pub(crate) struct Steps {
    pub(crate) steps: Vec<Step>,
    /// Steps that the transition has taken before these.
    pub(crate) taken: usize,
    /// Do sizes of steps follow from their error? These steps are then where weights are given.
    pub(crate) control: Option<controlled::Control>,
}

impl Steps {
    /// Theory of the first step's scheme.
    pub(crate) fn first_facts(&self) -> Option<&'static SchemeFacts> {
        self.steps.first().map(|s| s.scheme.facts())
    }

    /// The earlier state that a transition's step of size 1 leaves, brought to where a step of the size of these would have begun.
    ///
    /// Fixed weights of states are those of states at equal distances. Learned ones are learned for the distance that there is.
    pub(crate) fn at_own_distance(&self, state: &Features, past: Features) -> Features {
        let first = self.steps.first();
        match first.filter(|step| step.h != 1.0 && step.coefficients.is_empty()) {
            None => past,
            Some(step) => ops::combine(&[((1.0 - step.h).into(), state), (step.h.into(), &past)]),
        }
    }

    /// The context of step `n` with the coefficients of a pass.
    pub(crate) fn context(&self, n: usize, pass: &Pass) -> StepCtx<Features> {
        let step = &self.steps[n];
        let learned = |id: &ParamId| Coef::Learned(pass.value(*id));
        StepCtx {
            step: self.taken + n,
            h: step.h,
            coefs: step.coefficients.iter().map(learned).collect(),
            restart: self.taken + n == 0,
        }
    }

    /// Takes step `n`.
    pub(crate) fn step(
        self: &Arc<Self>,
        n: usize,
        pass: &Pass,
        u: &Features,
        memory: &mut Memory<Features>,
        number: usize,
    ) -> Result<Features, NetError> {
        let mut rhs = StepRhs {
            step: &self.steps[n],
            pass,
            owner: Some((self, n)),
        };
        let next = self.advance(n, &mut rhs, pass, u, memory, number)?;
        Ok(self.steps[n].settle(pass, next))
    }

    /// Step `n` with a given right-hand side, up to what the block does to the state afterwards.
    pub(crate) fn advance(
        &self,
        n: usize,
        rhs: &mut dyn Rhs<Features>,
        pass: &Pass,
        u: &Features,
        memory: &mut Memory<Features>,
        number: usize,
    ) -> Result<Features, NetError> {
        let step = &self.steps[n];
        let ctx = self.context(n, pass);
        let next = step
            .scheme
            .step(rhs, u, memory, &ctx)
            .map_err(|source| NetError::Step {
                segment: number,
                source,
            })?;
        if step.relaxation == 1.0 {
            return Ok(next);
        }
        let r = step.relaxation;
        Ok(ops::combine(&[((1.0 - r).into(), u), (r.into(), &next)]))
    }
}

impl Step {
    /// What happens to the state after a step: the block's own treatment, then what noise adds in training.
    pub(crate) fn settle(&self, pass: &Pass, next: Features) -> Features {
        let next = if self.settles {
            self.blocks[0].after_step(next)
        } else {
            next
        };
        match &self.added {
            Some(noise) => noise.add_to(pass, next),
            None => next,
        }
    }

    /// Does a ReLU follow the step?
    pub(crate) fn rectifies(&self) -> bool {
        self.settles && self.blocks[0].facts().rectifies
    }
}

/// Numbers that are known, as a result of `from` whose way back the caller knows; both are on one tape.
pub(crate) fn spliced(from: &Features, known: &Features, back: Backward) -> Features {
    let tape = known.tape();
    let results = tape.splice(&[from.value()], &[known.value()], back);
    let value = results.into_iter().next();
    Features::new(tape, value.expect("one result for one output"))
}

/// The right-hand side of one step: its blocks.
pub(crate) struct StepRhs<'a> {
    pub(crate) step: &'a Step,
    pub(crate) pass: &'a Pass,
    /// The steps that it is of, and its number, for whoever has to come back to it in the backward pass.
    pub(crate) owner: Option<(&'a Arc<Steps>, usize)>,
}

impl StepRhs<'_> {
    /// The block of a stage.
    pub(crate) fn block(&self, at: StageId) -> &dyn Block {
        let blocks = &self.step.blocks;
        &**blocks.get(at.stage).unwrap_or(&blocks[0])
    }
}

impl Rhs<Features> for StepRhs<'_> {
    fn eval(&mut self, at: StageId, u: &Features) -> Result<Features, StepError> {
        let theory = self.step.scheme.facts();
        let slope = self.block(at).eval(self.pass, u);
        if theory.stages.max(theory.start_stages) > 1 || theory.keeps_slopes {
            slope.compute();
        }
        Ok(slope)
    }

    fn solve(&mut self, at: StageId, a: &Features, gamma: f64) -> Result<Features, StepError> {
        implicit::solve(self, at, a, gamma)
    }

    fn join(&mut self, at: StageId, branches: &[&Features]) -> Features {
        let drop_path = self.step.drop_path.as_ref();
        let kept = drop_path.and_then(|d| d.kept(self.pass, at.stage, branches.len()));
        let used: Vec<&Features> = match kept {
            None => branches.to_vec(),
            Some(kept) => kept.into_iter().map(|i| branches[i]).collect(),
        };
        let weight = 1.0 / used.len() as f64;
        let terms: Vec<(Coef, &Features)> = used.iter().map(|b| (weight.into(), *b)).collect();
        ops::combine(&terms)
    }
}
