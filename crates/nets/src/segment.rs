//! What is a segment? A run of steps of one scheme at one shape.

use crate::{
    Block, BlockFacts, BlockShape, Builder, Coef, Cost, Entrance, Features, Granularity, Init,
    MakeBlock, NetError, NetworkConfig, ParamId, Pass, Probe, Role, Shortcut, Size, Transition,
};
use timestep_numerics::{Memory, Rhs, Scheme, SchemeFacts, Sharing, StageId, StepCtx, StepError};

/// One step: the blocks of its stages and its learned coefficient, if it has one.
struct Step {
    /// One block, or one for each stage.
    blocks: Vec<Box<dyn Block>>,
    coefficient: Option<ParamId>,
}

/// A run of steps at one shape, entered through a transition.
pub struct Segment {
    /// Position from 1, as printed.
    number: usize,
    scheme: Box<dyn Scheme<Features>>,
    entrance: Option<Entrance>,
    steps: Vec<Step>,
    summary: SegmentSummary,
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

/// The shape in which a segment is entered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inlet {
    /// Channels that come in.
    pub(crate) channels: usize,
    /// Size that comes in.
    pub(crate) size: Size,
    /// Stride of the transition.
    pub(crate) stride: usize,
}

impl Segment {
    /// Builds segment `index` (from 0).
    pub(crate) fn build(
        make: &mut Builder,
        config: &NetworkConfig,
        index: usize,
        inlet: Inlet,
        (facts, make_block): (&'static BlockFacts, MakeBlock),
        scheme: Box<dyn Scheme<Features>>,
    ) -> Self {
        let name = format!("layer{}", index + 1);
        let theory = scheme.facts();
        let inner = config.width << index;
        let channels = inner * facts.expansion;
        let size = inlet.size.strided(inlet.stride);
        let entering = BlockShape {
            input: inlet.channels,
            output: channels,
            inner,
            stride: inlet.stride,
            stride_at: config.stride_at,
            size: inlet.size,
        };
        let kind = effective_shortcut(config, facts);
        let changes = inlet.stride != 1 || inlet.channels != channels;
        let entrance = changes.then(|| match config.transition {
            Transition::StridedStep => Entrance::strided_step(
                make,
                &format!("{name}.0"),
                kind,
                (facts, make_block),
                &entering,
            ),
            Transition::ProjectThenStep => Entrance::project(make, &name, kind, facts, &entering),
        });
        let mut cost = make.take_cost();

        let taken = usize::from(entrance.as_ref().is_some_and(Entrance::is_step));
        let part = BlockShape {
            input: channels / theory.parts,
            output: channels / theory.parts,
            inner: (inner / theory.parts).max(1),
            stride: 1,
            stride_at: config.stride_at,
            size,
        };
        let mut steps = Vec::new();
        let mut coefficients = 0;
        for n in taken..config.steps[index] {
            let step_name = format!("{name}.{n}");
            let per_stage = theory.sharing == Sharing::PerStage && theory.stages > 1;
            let blocks: Vec<Box<dyn Block>> = if per_stage {
                (0..theory.stages)
                    .map(|s| make_block(make, &format!("{step_name}.stage{s}"), &part))
                    .collect()
            } else {
                vec![make_block(make, &step_name, &part)]
            };
            let evaluations = theory.stages / blocks.len();
            cost.add(make.take_cost().repeated(evaluations));
            let coefficient = coefficient(make, theory, config, channels, &step_name, n == 0);
            coefficients += coefficient.map_or(0, |(_, count)| count);
            // A coefficient is counted apart from the weights.
            steps.push(Step {
                blocks,
                coefficient: coefficient.map(|(id, _)| id),
            });
        }
        let summary = SegmentSummary {
            name,
            steps: config.steps[index],
            entrance: match &entrance {
                None => "start",
                Some(Entrance::StridedStep(_)) => "strided step",
                Some(Entrance::Project(_)) => "projection",
            },
            channels,
            size,
            block_evaluations: taken + steps.len() * theory.stages,
            coefficients,
            cost,
        };
        Self {
            number: index + 1,
            scheme,
            entrance,
            steps,
            summary,
        }
    }

    /// Steps the state through the segment.
    ///
    /// # Errors
    /// [`NetError::Step`] if the scheme refuses a step.
    pub(crate) fn forward(
        &self,
        pass: &Pass<'_>,
        mut u: Features,
        probe: &mut Option<Probe<'_>>,
    ) -> Result<Features, NetError> {
        let theory = self.scheme.facts();
        let mut memory = Memory::new();
        let mut n = 0;
        if let Some(entrance) = &self.entrance {
            let arrival = entrance.forward(pass, &u, theory.keeps_slopes);
            u = arrival.state;
            if let Some((state, slope)) = arrival.past {
                memory.push(state, theory.keeps_slopes.then_some(slope), theory.memory);
                n = 1;
                report(probe, self.number, n, &u);
            }
        }
        for step in &self.steps {
            let mut rhs = |at: StageId, u: &Features| -> Result<Features, StepError> {
                let block = step.blocks.get(at.stage).unwrap_or(&step.blocks[0]);
                let slope = block.eval(pass, u);
                if theory.stages > 1 || theory.keeps_slopes {
                    slope.compute();
                }
                Ok(slope)
            };
            let coefs = step
                .coefficient
                .iter()
                .map(|id| Coef::Learned(pass.value(*id)))
                .collect();
            let ctx = StepCtx {
                step: n,
                h: 1.0,
                coefs,
                restart: n == 0,
            };
            let rhs: &mut dyn Rhs<Features> = &mut rhs;
            u = self
                .scheme
                .step(rhs, &u, &mut memory, &ctx)
                .map_err(|source| NetError::Step {
                    segment: self.number,
                    source,
                })?;
            u = step.blocks[0].after_step(u);
            n += 1;
            report(probe, self.number, n, &u);
        }
        Ok(u)
    }

    /// What it is and costs.
    #[must_use]
    pub fn summary(&self) -> &SegmentSummary {
        &self.summary
    }

    /// The learned coefficient of each step (from step 0 of the segment), `None` where a step
    /// has none: at a restart.
    #[must_use]
    pub fn coefficients(&self) -> Vec<Option<ParamId>> {
        let taken = self.summary.steps - self.steps.len();
        let own = self.steps.iter().map(|s| s.coefficient);
        std::iter::repeat_n(None, taken).chain(own).collect()
    }
}

/// Tells the probe, if there is one.
fn report(probe: &mut Option<Probe<'_>>, segment: usize, step: usize, u: &Features) {
    if let Some(probe) = probe {
        probe(segment, step, u);
    }
}

/// Adds the learned coefficient of a step, unless it is a restart that would never use it.
fn coefficient(
    make: &mut Builder,
    theory: &SchemeFacts,
    config: &NetworkConfig,
    channels: usize,
    step_name: &str,
    restart: bool,
) -> Option<(ParamId, usize)> {
    let facts = theory.coefficient?;
    if restart && !facts.at_restart {
        return None;
    }
    let count = match config.coefficient {
        Granularity::Scalar => 1,
        Granularity::Channel => channels,
    };
    let init = Init::Uniform(facts.init.0, facts.init.1);
    let name = format!("{step_name}.{}", facts.name);
    Some((
        make.parameter(name, vec![count], Role::Coefficient, init),
        count,
    ))
}

/// A projection without a block cannot share the block's entry: it gets a norm of its own.
fn effective_shortcut(config: &NetworkConfig, facts: &BlockFacts) -> Shortcut {
    let alone = config.transition == Transition::ProjectThenStep;
    if config.shortcut == Shortcut::SharedProjection && (alone || !facts.preactivation) {
        Shortcut::Projection
    } else {
        config.shortcut
    }
}
