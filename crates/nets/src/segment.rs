//! What is a segment? A run of steps at one shape, entered through a transition.

use crate::drop_path::DropPath;
use crate::noise::StepNoise;
use crate::reversal::{Reversal, reconstructed};
use crate::{Block, Coef, Cost, Entrance, Features, Mode, NetError, ParamId, Pass, Probe, Size};
use std::sync::Arc;
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
}

/// A run of steps at one shape, entered through a transition.
pub struct Segment {
    pub(crate) entrance: Option<Entrance>,
    pub(crate) steps: Arc<Steps>,
    /// A maximum over windows at the end.
    pub(crate) exit: Option<crate::Window>,
    /// What is added to the state after the transition's own step in training.
    pub(crate) added_at_entrance: Option<Arc<StepNoise>>,
    /// Are the activations of its steps reconstructed in the backward pass?
    pub(crate) reconstructed: bool,
    pub(crate) summary: SegmentSummary,
}

impl std::fmt::Debug for Segment {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Segment")
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}

/// What a segment is and costs, per image.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentSummary {
    /// Position from 1, as printed.
    pub number: usize,
    /// Name in weight files: `layer1`.
    pub name: String,
    /// Steps, the transition's own included.
    pub steps: usize,
    /// How it is entered: "start", "strided step" or "projection".
    pub entrance: &'static str,
    /// Channels of the state.
    pub channels: usize,
    /// Size of the state.
    pub size: Size,
    /// Evaluations of the block.
    pub block_evaluations: usize,
    /// Learned coefficients (numbers).
    pub coefficients: usize,
    /// Cost of the whole segment.
    pub cost: Cost,
}

/// What the state and the one before it are between two segments.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) state: Features,
    pub(crate) before: Option<Features>,
}

impl Segment {
    /// Steps the state through the segment.
    ///
    /// # Errors
    /// [`NetError::Step`] if the scheme refuses a step.
    pub(crate) fn forward(
        &self,
        pass: &Pass,
        flow: Flow,
        probe: &mut Option<Probe<'_>>,
    ) -> Result<Flow, NetError> {
        let number = self.summary.number;
        let (mut u, mut memory) = self.enter(pass, flow);
        if self.steps.taken > 0 {
            report(probe, number, 1, &u);
        }
        if self.reconstructed && pass.mode() == Mode::Train && probe.is_none() {
            let reversal = Reversal {
                steps: self.steps.clone(),
                number,
            };
            // Engines that cannot keep what they computed.
            if let Some(end) = reconstructed(reversal, pass, &u, &memory)? {
                return Ok(self.leave(end, None));
            }
        }
        for n in 0..self.steps.steps.len() {
            u = self.steps.step(n, pass, &u, &mut memory, number)?;
            report(probe, number, self.steps.taken + n + 1, &u);
        }
        let before = memory.back(1).map(|past| past.state.clone());
        Ok(self.leave(u, before))
    }

    /// The state and the history that its steps start from.
    pub(crate) fn enter(&self, pass: &Pass, flow: Flow) -> (Features, Memory<Features>) {
        let mut memory = Memory::new();
        let Some(entrance) = &self.entrance else {
            return (flow.state, memory);
        };
        let theory = self.steps.first_facts();
        let keeps_slopes = theory.is_some_and(|t| t.keeps_slopes);
        let arrival = entrance.forward(pass, &flow.state, flow.before.as_ref(), keeps_slopes);
        let state = match &self.added_at_entrance {
            Some(noise) => noise.add_to(pass, arrival.state),
            None => arrival.state,
        };
        if let (Some((past, slope)), Some(theory)) = (arrival.past, theory) {
            let past = self.steps.at_own_distance(&state, past);
            memory.push(past, keeps_slopes.then_some(slope), theory.memory);
        }
        (state, memory)
    }

    pub(crate) fn leave(&self, u: Features, before: Option<Features>) -> Flow {
        Flow {
            state: match self.exit {
                Some(window) => crate::ops::max_pool(&u, window),
                None => u,
            },
            before,
        }
    }

    /// What it is and costs.
    #[must_use]
    pub fn summary(&self) -> &SegmentSummary {
        &self.summary
    }

    /// The learned coefficients of each step (from step 0 of the segment), newest state first; none
    /// at a restart.
    #[must_use]
    pub fn coefficients(&self) -> Vec<Vec<ParamId>> {
        let entrance = self.entrance.as_ref().and_then(Entrance::coefficient);
        let taken = (0..self.steps.taken).map(|_| entrance.into_iter().collect());
        let own = self.steps.steps.iter().map(|s| s.coefficients.clone());
        taken.chain(own).collect()
    }
}

impl Steps {
    /// Theory of the first step's scheme.
    fn first_facts(&self) -> Option<&'static SchemeFacts> {
        self.steps.first().map(|s| s.scheme.facts())
    }

    /// The earlier state that a transition's step of size 1 leaves, brought to where a step of the size of these would have begun.
    ///
    /// Fixed weights of states are those of states at equal distances. Learned ones are learned for the distance that there is.
    fn at_own_distance(&self, state: &Features, past: Features) -> Features {
        let first = self.steps.first();
        match first.filter(|step| step.h != 1.0 && step.coefficients.is_empty()) {
            None => past,
            Some(step) => {
                crate::ops::combine(&[((1.0 - step.h).into(), state), (step.h.into(), &past)])
            }
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
        &self,
        n: usize,
        pass: &Pass,
        u: &Features,
        memory: &mut Memory<Features>,
        number: usize,
    ) -> Result<Features, NetError> {
        let mut rhs = StepRhs {
            step: &self.steps[n],
            pass,
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
        Ok(crate::ops::combine(&[
            ((1.0 - r).into(), u),
            (r.into(), &next),
        ]))
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

/// The right-hand side of one step: its blocks.
pub(crate) struct StepRhs<'a> {
    pub(crate) step: &'a Step,
    pub(crate) pass: &'a Pass,
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

    fn join(&mut self, at: StageId, branches: &[&Features]) -> Features {
        let drop_path = self.step.drop_path.as_ref();
        let kept = drop_path.and_then(|d| d.kept(self.pass, at.stage, branches.len()));
        let used: Vec<&Features> = match kept {
            None => branches.to_vec(),
            Some(kept) => kept.into_iter().map(|i| branches[i]).collect(),
        };
        let weight = 1.0 / used.len() as f64;
        let terms: Vec<(Coef, &Features)> = used.iter().map(|b| (weight.into(), *b)).collect();
        crate::ops::combine(&terms)
    }
}

/// Tells the probe, if there is one.
fn report(probe: &mut Option<Probe<'_>>, segment: usize, step: usize, u: &Features) {
    if let Some(probe) = probe {
        probe(segment, step, u);
    }
}
