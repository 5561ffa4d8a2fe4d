//! How does the state change shape between segments? By a shortcut, with or without a step.

use crate::{
    Block, BlockFacts, BlockShape, Builder, Conv, Features, MakeBlock, Norm, Pass, Shortcut, ops,
};

/// The linear part of a transition: carries `u` to the new shape.
#[derive(Clone, Copy, Debug)]
enum Carry {
    /// Subsampling and zero channels.
    OptionA { stride: usize, channels: usize },
    /// Convolution, then norm.
    ConvNorm { conv: Conv, norm: Norm },
    /// Norm, ReLU, then convolution.
    NormConv { norm: Norm, conv: Conv },
    /// Convolution of the block's own entry.
    Shared { conv: Conv },
}

impl Carry {
    fn build(
        make: &mut Builder,
        name: &str,
        kind: Shortcut,
        facts: &BlockFacts,
        shape: &BlockShape,
    ) -> Self {
        let (input, output, stride) = (shape.input, shape.output, shape.stride);
        let conv = |make: &mut Builder, part: &str| {
            make.conv(
                &format!("{name}.downsample.{part}"),
                input,
                output,
                1,
                stride,
                1,
                shape.size,
            )
        };
        match (kind, facts.preactivation) {
            (Shortcut::OptionA, _) => Carry::OptionA {
                stride,
                channels: output,
            },
            (Shortcut::SharedProjection, _) => Carry::Shared {
                conv: conv(make, "0"),
            },
            (Shortcut::Projection, false) => {
                let conv = conv(make, "0");
                make.keep(output, shape.size.strided(stride));
                Carry::ConvNorm {
                    conv,
                    norm: make.norm(&format!("{name}.downsample.1"), output),
                }
            }
            (Shortcut::Projection, true) => {
                let norm = make.norm(&format!("{name}.downsample.0"), input);
                Carry::NormConv {
                    norm,
                    conv: conv(make, "2"),
                }
            }
        }
    }

    fn forward(&self, pass: &Pass<'_>, u: &Features, entry: Option<&Features>) -> Features {
        match self {
            Carry::OptionA { stride, channels } => ops::subsample_and_pad(u, *stride, *channels),
            Carry::ConvNorm { conv, norm } => norm.forward(pass, &conv.forward(pass, u)),
            Carry::NormConv { norm, conv } => conv.forward(pass, &norm.relu(pass, u)),
            Carry::Shared { conv } => conv.forward(pass, entry.unwrap_or(u)),
        }
    }
}

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
    /// A forward Euler step with a strided block: `P(u) + f(u)`, history `P(u)`.
    StridedStep(StridedStep),
    /// Only the projection `P(u)`; history is void.
    Project(Projection),
}

/// A strided block beside its shortcut.
#[derive(Debug)]
pub struct StridedStep {
    block: Box<dyn Block>,
    carry: Carry,
}

/// A shortcut alone.
#[derive(Debug)]
pub struct Projection(Carry);

impl Entrance {
    /// A strided Euler step named `name`.
    #[must_use]
    pub fn strided_step(
        make: &mut Builder,
        name: &str,
        kind: Shortcut,
        (facts, make_block): (&'static BlockFacts, MakeBlock),
        shape: &BlockShape,
    ) -> Self {
        let block = make_block(make, name, shape);
        let carry = Carry::build(make, name, kind, facts, shape);
        Entrance::StridedStep(StridedStep { block, carry })
    }

    /// A projection named `name`.
    #[must_use]
    pub fn project(
        make: &mut Builder,
        name: &str,
        kind: Shortcut,
        facts: &'static BlockFacts,
        shape: &BlockShape,
    ) -> Self {
        Entrance::Project(Projection(Carry::build(make, name, kind, facts, shape)))
    }

    /// Does it take a step of its own?
    #[must_use]
    pub fn is_step(&self) -> bool {
        matches!(self, Entrance::StridedStep(_))
    }

    /// Carries the state into the segment; `keeps_slope` says that the slope is used again there.
    #[must_use]
    pub fn forward(&self, pass: &Pass<'_>, u: &Features, keeps_slope: bool) -> Arrival {
        match self {
            Entrance::StridedStep(StridedStep { block, carry }) => {
                let entry = block.entry(pass, u);
                let slope = block.eval_from(pass, u, entry.as_ref());
                let carried = carry.forward(pass, u, entry.as_ref());
                carried.compute();
                if keeps_slope {
                    slope.compute();
                }
                let next = ops::combine(&[(1.0.into(), &carried), (1.0.into(), &slope)]);
                Arrival {
                    state: block.after_step(next),
                    past: Some((carried, slope)),
                }
            }
            Entrance::Project(Projection(carry)) => Arrival {
                state: carry.forward(pass, u, None),
                past: None,
            },
        }
    }
}
