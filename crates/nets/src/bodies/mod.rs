//! Which families of networks are there? What stands around the steps: stem, segments and head. One file each,
//! one registry line each.

use crate::ends::{Head, HeadSpec, Inlet, Stem};
use crate::segment::{Segment, SegmentSummary};
use crate::steps::controlled::Control;
use crate::steps::{Step, Steps};
use crate::{
    Block, BlockKind, Builder, Cost, Entrance, Features, Granularity, Init, NetError,
    NetworkConfig, ParamId, Role, Size,
};
use std::sync::Arc;
use timestep_numerics::{Scheme, SchemeFacts, Sharing, scheme};
use timestep_registry::{Facts, registry};

mod residual_check;

/// The headings that the page of every body has, in this order.
pub const BODY_HEADINGS: [&str; 4] = [
    "As a network",
    "Segments",
    "When to use / when not",
    "Reference",
];

registry! {
    /// Every body, in the order of lists.
    pub static BODIES: [BodyFacts] = FACTS;

    mod residual;
    mod fractal;
    mod inception;
    mod polynet;
}

/// Builds the pieces of a network that a checked configuration asks for.
type BuildBody = fn(&mut Builder, &NetworkConfig) -> Result<Parts, NetError>;

/// Collects the reasons why block, scheme and the rest of a configuration do not fit a body.
type CheckBody = fn(&NetworkConfig, &BlockKind, &SchemeFacts, &mut Vec<String>);

/// What is known about a body without building a network.
#[derive(Debug)]
pub struct BodyFacts {
    /// What is known of everything that can be named.
    pub named: Facts,
    /// Do all steps have the block and the scheme that the configuration names? Noise can act on them then.
    pub uniform: bool,
    /// Does a step add an increment to the state?
    pub identity: bool,
    /// Has it joins for drop-path, with this scheme?
    pub joins: fn(&SchemeFacts) -> bool,
    /// Its scheme on the map of equations, where that is not the one that the configuration names.
    pub scheme: Option<&'static str>,
    /// Its step sizes on the map, where they are not 1; with a comma before them.
    pub sizes: &'static str,
    pub(crate) build: BuildBody,
    pub(crate) check: CheckBody,
}

timestep_registry::named!(BodyFacts);

/// The body called `name` (key or alias, in any case).
///
/// # Errors
/// [`NetError::Unknown`] with near names.
pub fn body(name: &str) -> Result<&'static BodyFacts, NetError> {
    BODIES.find(name).ok_or_else(|| NetError::Unknown {
        kind: "body",
        name: name.to_owned(),
        near: BODIES.near(name).into_iter().map(str::to_owned).collect(),
        list: "timestep list bodies",
    })
}

/// A network's pieces, and what each costs.
pub(crate) struct Parts {
    pub(crate) stem: Stem,
    pub(crate) stem_cost: Cost,
    pub(crate) inlet: Inlet,
    pub(crate) segments: Vec<Segment>,
    pub(crate) head: Head,
    pub(crate) head_cost: Cost,
}

/// A network of three segments whose lengths alone can be changed.
fn three_segments(config: &NetworkConfig, name: &str, problems: &mut Vec<String>) {
    if config.body.steps.len() != 3 {
        problems.push(format!(
            "{name} has 3 segments, not {}",
            config.body.steps.len()
        ));
    }
}

/// Size of the images.
fn image(config: &NetworkConfig) -> Size {
    Size {
        height: config.input.height,
        width: config.input.width,
    }
}

/// All pieces, with a head on what the segments leave.
fn with_head(
    make: &mut Builder,
    (stem, stem_cost, inlet): (Stem, Cost, Inlet),
    segments: Vec<Segment>,
    spec: &HeadSpec,
    classes: usize,
) -> Parts {
    let end = segments.last().map(Segment::summary);
    let end = end.map_or(inlet, |end| Inlet {
        channels: end.channels,
        size: end.size,
    });
    Parts {
        stem,
        stem_cost,
        inlet,
        head: Head::build(make, spec, end, classes),
        head_cost: make.take_cost(),
        segments,
    }
}

/// A registered scheme for features, shared by the steps of a segment.
fn shared_scheme(name: &str) -> Result<Arc<dyn Scheme<Features>>, NetError> {
    let found = scheme::<Features>(name)
        .map_err(|_| NetError::Incompatible(vec![format!("scheme `{name}`")]))?;
    Ok(Arc::from(found))
}

/// A segment while it is built.
struct SegmentBuilder<'b> {
    make: &'b mut Builder,
    name: String,
    number: usize,
    taken: usize,
    steps: Vec<Step>,
    coefficients: usize,
    evaluations: usize,
    cost: Cost,
    /// Activations of all steps, and of the step that keeps most.
    activations: (usize, usize),
    /// Multiply-adds of all steps.
    blocks_adds: usize,
    entrance: Option<Entrance>,
    control: Option<Control>,
}

impl<'b> SegmentBuilder<'b> {
    /// A segment with number `number` from 1, entered as `entrance` says, which was just built and has
    /// `coefficients` numbers of its own.
    fn new(
        make: &'b mut Builder,
        name: &str,
        number: usize,
        entrance: Option<Entrance>,
        coefficients: usize,
    ) -> Self {
        let cost = make.take_cost();
        let evaluations = match &entrance {
            Some(Entrance::StridedStep(_)) => 1,
            Some(Entrance::ReversibleStep(_)) => 2,
            _ => 0,
        };
        Self {
            name: name.to_owned(),
            number,
            taken: usize::from(entrance.as_ref().is_some_and(Entrance::is_step)),
            steps: Vec::new(),
            coefficients,
            evaluations,
            cost,
            activations: (0, 0),
            blocks_adds: 0,
            entrance,
            control: None,
            make,
        }
    }

    /// Adds a step: `block` builds the block of a stage under a name.
    fn step(
        &mut self,
        scheme: &Arc<dyn Scheme<Features>>,
        coefficients: (Granularity, usize),
        name: &str,
        mut block: impl FnMut(&mut Builder, &str, usize) -> Box<dyn Block>,
    ) -> &mut Step {
        let theory = scheme.facts();
        let stages = theory.stages_at(self.taken + self.steps.len());
        let per_stage = theory.sharing == Sharing::PerStage && stages > 1;
        let shared = !per_stage && stages > 1;
        let terms = scheme.terms();
        self.step_of(scheme, coefficients, (name, shared), |make, name| {
            if per_stage {
                let of_stage = |s: usize| {
                    // A block of several terms is made for the one that the stage steps.
                    let term = terms.get(s).map(|term| {
                        let times = terms.iter().filter(|other| *other == term).count();
                        (*term, times)
                    });
                    make.set_term(term);
                    let made = block(make, &format!("{name}.stage{s}"), s);
                    make.set_term(None);
                    made
                };
                return (0..stages).map(of_stage).collect();
            }
            let first = make.next_id();
            let mut blocks = vec![block(make, name, 0)];
            let weights = first..make.next_id();
            for stage in 1..stages {
                let name = format!("{name}.stage{stage}");
                blocks.push(make.again_with(weights.clone(), |make| block(make, &name, 0)));
            }
            blocks
        })
    }

    /// Adds a step whose blocks, one or one for each stage, are built together; `shared` if they are one block in
    /// weights and cost.
    fn step_of(
        &mut self,
        scheme: &Arc<dyn Scheme<Features>>,
        (granularity, channels): (Granularity, usize),
        (name, shared): (&str, bool),
        blocks: impl FnOnce(&mut Builder, &str) -> Vec<Box<dyn Block>>,
    ) -> &mut Step {
        let theory = scheme.facts();
        let history = self.taken + self.steps.len();
        let stages = theory.stages_at(history);
        let first = self.make.next_id();
        let blocks = blocks(self.make, name);
        let parameters = first..self.make.next_id();
        let mut cost = self.make.take_cost();
        if shared {
            cost = cost.repeated(stages);
        }
        self.cost.add(cost);
        self.blocks_adds = self.blocks_adds.saturating_add(cost.multiply_adds);
        self.activations.0 = self.activations.0.saturating_add(cost.activations);
        self.activations.1 = self.activations.1.max(cost.activations);
        self.evaluations += stages;
        let coefficients = coefficients(self.make, theory, (granularity, channels), name, history);
        self.coefficients += coefficients.iter().map(|(_, count)| count).sum::<usize>();
        self.steps.push(Step {
            scheme: scheme.clone(),
            blocks,
            parameters,
            coefficients: coefficients.into_iter().map(|(id, _)| id).collect(),
            h: 1.0,
            relaxation: 1.0,
            settles: true,
            drop_path: None,
            added: None,
            shared,
        });
        let last = self.steps.len() - 1;
        &mut self.steps[last]
    }

    /// The segment, whose steps keep their last state only: they are undone one at a time.
    fn finish_reconstructed(mut self, channels: usize, size: Size) -> Segment {
        let (all, largest) = self.activations;
        let others = self.cost.activations.saturating_sub(all);
        let end = channels.saturating_mul(size.area());
        self.cost.activations = others.saturating_add(largest).saturating_add(end);
        let mut segment = self.finish(channels, size);
        segment.reconstructed = true;
        segment
    }

    /// The segment, whose steps have sizes that follow from their error. What it costs is counted as if they were those that it has.
    fn finish_controlled(mut self, channels: usize, size: Size, control: Control) -> Segment {
        let stages = control.pair.nodes().len();
        let own = self.steps.len();
        let (all, largest) = self.activations;
        let entrance = self.cost.activations.saturating_sub(all);
        // Kept is a state for each step, and the activations of the stages of one.
        let state = channels.saturating_mul(size.area());
        let kept = largest.saturating_mul(stages);
        self.cost.activations = entrance
            .saturating_add(kept)
            .saturating_add(state.saturating_mul(own + 1));
        let more = self.blocks_adds.saturating_mul(stages.saturating_sub(1));
        self.cost.multiply_adds = self.cost.multiply_adds.saturating_add(more);
        self.evaluations += own * stages.saturating_sub(1);
        self.control = (own > 0).then_some(control);
        self.finish(channels, size)
    }

    /// The segment, whose state has this shape.
    fn finish(self, channels: usize, size: Size) -> Segment {
        self.make.close_part();
        let entrance = self.entrance.as_ref().map_or("start", Entrance::name);
        let summary = SegmentSummary {
            number: self.number,
            name: self.name,
            steps: self.taken + self.steps.len(),
            entrance,
            channels,
            size,
            block_evaluations: self.evaluations,
            coefficients: self.coefficients,
            cost: self.cost,
        };
        let steps = Steps {
            steps: self.steps,
            taken: self.taken,
            control: self.control,
        };
        Segment {
            entrance: self.entrance,
            steps: Arc::new(steps),
            exit: None,
            added_at_entrance: None,
            reconstructed: false,
            summary,
        }
    }
}

/// Adds the learned coefficients of a step: those of the earlier states that are there.
fn coefficients(
    make: &mut Builder,
    theory: &SchemeFacts,
    (granularity, channels): (Granularity, usize),
    step_name: &str,
    history: usize,
) -> Vec<(ParamId, usize)> {
    let Some(facts) = theory.coefficient else {
        return Vec::new();
    };
    let count = match granularity {
        Granularity::Scalar => 1,
        Granularity::Channel => channels,
    };
    (0..facts.count(history))
        .map(|i| {
            let name = format!("{step_name}.{}", facts.name_of(i));
            let (low, high) = facts.init_of(i);
            let init = Init::Uniform(low, high);
            (
                make.parameter(name, vec![count], Role::Coefficient, init),
                count,
            )
        })
        .collect()
}

#[cfg(test)]
mod guide_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_registered_and_documented() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bodies");
        let helpers = ["residual_check", "guide", "guide_tests"];
        assert!(timestep_registry::unregistered(folder, MODULES, &helpers).is_empty());
        for facts in BODIES.all() {
            assert_eq!(facts.lacks(&BODY_HEADINGS), None, "{}", facts.key);
        }
        let error = body("residul").expect_err("no body");
        assert!(error.hint().expect("a near name").contains("`residual`"));
    }
}
