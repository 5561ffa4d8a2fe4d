//! How does the state change shape between segments? By a shortcut, with or without a step.

use crate::carry::Carry;
use crate::{Block, BlockKind, BlockShape, Builder, Features, ParamId, Pass, Shortcut, ops};
use timestep_numerics::State as _;

/// What a transition leaves: the new state and what history may start from.
#[derive(Debug)]
pub struct Arrival {
    /// The state after the transition.
    pub state: Features,
    /// Projected state and slope of the transition's own step, if it took one.
    pub past: Option<(Features, Features)>,
}

/// The way into a segment whose shape differs from what comes before.
#[derive(Debug)]
pub enum Entrance {
    /// A step with a strided block: `P(u) + f(u)`, history `P(u)`.
    StridedStep(StridedStep),
    /// Only the projection `P(u)`; history is void.
    Project(Projection),
    /// A step of the reversible pair with shortcuts of both halves.
    ReversibleStep(ReversibleStep),
    /// Layers of a network of its own kind, such as a reduction with branches; history is void.
    Layers(Box<dyn Reduction>),
}

/// Layers that carry the state to another shape.
pub trait Reduction: std::fmt::Debug + Send + Sync {
    /// The state in its new shape.
    fn forward(&self, pass: &Pass, u: &Features) -> Features;
}

/// A strided block beside its shortcut.
#[derive(Debug)]
pub struct StridedStep {
    block: Box<dyn Block>,
    carry: Carry,
    /// Projection of the earlier state and its coefficient, where history goes on.
    past: Option<(Carry, ParamId)>,
}

/// A shortcut alone.
#[derive(Debug)]
pub struct Projection(Carry);

/// `y1 = P(x1) + F(x2)`, `y2 = P(x2) + G(y1)`, with a strided `F`.
#[derive(Debug)]
pub struct ReversibleStep {
    blocks: [Box<dyn Block>; 2],
    carries: [Carry; 2],
}

impl Entrance {
    /// A strided step named `name`.
    #[must_use]
    pub fn strided_step(
        make: &mut Builder,
        name: &str,
        kind: Shortcut,
        block_kind: &BlockKind,
        shape: &BlockShape,
    ) -> Self {
        let block = block_kind.build(make, name, shape);
        let name = format!("{name}.downsample");
        let carry = Carry::build(make, &name, kind, block_kind.facts, shape);
        Entrance::StridedStep(StridedStep {
            block,
            carry,
            past: None,
        })
    }

    /// The same with a projection of the earlier state, whose coefficient is `k`.
    #[must_use]
    pub fn with_history(
        self,
        make: &mut Builder,
        name: &str,
        block: &BlockKind,
        shape: &BlockShape,
        k: ParamId,
    ) -> Self {
        let Entrance::StridedStep(step) = self else {
            return self;
        };
        let kind = Shortcut::Projection;
        let name = format!("{name}.history");
        let carry = Carry::build(make, &name, kind, block.facts, shape);
        Entrance::StridedStep(StridedStep {
            past: Some((carry, k)),
            ..step
        })
    }

    /// A projection named `name`.
    #[must_use]
    pub fn project(
        make: &mut Builder,
        name: &str,
        kind: Shortcut,
        block: &BlockKind,
        shape: &BlockShape,
    ) -> Self {
        let name = format!("{name}.downsample");
        Entrance::Project(Projection(Carry::build(
            make,
            &name,
            kind,
            block.facts,
            shape,
        )))
    }

    /// A step of the reversible pair named `name`; `shape` is that of the first block.
    #[must_use]
    pub fn reversible_step(
        make: &mut Builder,
        name: &str,
        kind: Shortcut,
        block: &BlockKind,
        shape: &BlockShape,
    ) -> Self {
        let second = BlockShape {
            input: shape.output,
            stride: 1,
            size: shape.size.strided(shape.stride),
            activated: false,
            stage: 1,
            ..*shape
        };
        let blocks = [
            block.build(make, &format!("{name}.stage0"), shape),
            block.build(make, &format!("{name}.stage1"), &second),
        ];
        let carries = [0, 1].map(|half| {
            let name = format!("{name}.stage{half}.downsample");
            Carry::build(make, &name, kind, block.facts, shape)
        });
        Entrance::ReversibleStep(ReversibleStep { blocks, carries })
    }

    /// The blocks of a step of its own.
    pub(crate) fn blocks(&self) -> Vec<&dyn Block> {
        match self {
            Entrance::StridedStep(step) => vec![&*step.block],
            Entrance::ReversibleStep(step) => step.blocks.iter().map(|block| &**block).collect(),
            Entrance::Project(_) | Entrance::Layers(_) => Vec::new(),
        }
    }

    /// Does it take a step of its own?
    #[must_use]
    pub fn is_step(&self) -> bool {
        matches!(self, Entrance::StridedStep(_) | Entrance::ReversibleStep(_))
    }

    /// As `summary` names it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Entrance::StridedStep(StridedStep { past: Some(_), .. }) => "strided multistep",
            Entrance::StridedStep(_) => "strided step",
            Entrance::Project(_) => "projection",
            Entrance::ReversibleStep(_) => "strided reversible step",
            Entrance::Layers(_) => "reduction",
        }
    }

    /// The learned coefficient of its step, if it has one.
    #[must_use]
    pub fn coefficient(&self) -> Option<ParamId> {
        match self {
            Entrance::StridedStep(step) => step.past.as_ref().map(|(_, k)| *k),
            _ => None,
        }
    }

    /// Carries the state into the segment; `keeps_slope` says that the slope is used again there,
    /// `before` is the state before `u`.
    #[must_use]
    pub fn forward(
        &self,
        pass: &Pass,
        u: &Features,
        before: Option<&Features>,
        keeps_slope: bool,
    ) -> Arrival {
        match self {
            Entrance::StridedStep(step) => step.forward(pass, u, before, keeps_slope),
            Entrance::Project(Projection(carry)) => Arrival {
                state: carry.forward(pass, u, None),
                past: None,
            },
            Entrance::ReversibleStep(step) => Arrival {
                state: step.forward(pass, u),
                past: None,
            },
            Entrance::Layers(layers) => Arrival {
                state: layers.forward(pass, u),
                past: None,
            },
        }
    }
}

impl StridedStep {
    fn forward(
        &self,
        pass: &Pass,
        u: &Features,
        before: Option<&Features>,
        keeps_slope: bool,
    ) -> Arrival {
        let entry = self.block.entry(pass, u);
        let slope = self.block.eval_from(pass, u, entry.as_ref());
        let carried = self.carry.forward(pass, u, entry.as_ref());
        carried.compute();
        if keeps_slope {
            slope.compute();
        }
        let next = match (&self.past, before) {
            (Some((carry, k)), Some(before)) => {
                let past = carry.forward(pass, before, None);
                past.compute();
                let k = crate::Coef::Learned(pass.value(*k));
                let rest = crate::Coef::from(1.0) - k.clone();
                ops::combine(&[(rest, &carried), (k, &past), (1.0.into(), &slope)])
            }
            _ => ops::combine(&[(1.0.into(), &carried), (1.0.into(), &slope)]),
        };
        Arrival {
            state: self.block.after_step(next),
            past: Some((carried, slope)),
        }
    }
}

impl ReversibleStep {
    fn forward(&self, pass: &Pass, u: &Features) -> Features {
        let (first, second) = u.split().expect("the builder asks for an even number");
        let halves = [first, second];
        let step = |from: usize, input: &Features| {
            let block = &self.blocks[from];
            let slope = block.eval(pass, input);
            let carried = self.carries[from].forward(pass, &halves[from], None);
            carried.compute();
            ops::combine(&[(1.0.into(), &carried), (1.0.into(), &slope)])
        };
        let first = step(0, &halves[1]);
        let second = step(1, &first);
        Features::join(&first, &second).expect("halves of one size")
    }
}
