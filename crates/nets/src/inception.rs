//! Which branches have the inception blocks? Three tables, for Inception-ResNet and for PolyNet.

use crate::ConvSpec;
use crate::branches::{Branches, EPSILON, Layer, conv};
use crate::{Block, BlockFacts, BlockShape, Builder, Conv, Features, Pass, ops};

/// Resolution at which a block stands, large to small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    A,
    B,
    C,
}

impl Stage {
    /// Layers of the branches, whose widths are multiples of `unit`; it is 32 in the published networks.
    pub(crate) fn layers(self, unit: usize) -> Vec<Vec<Layer>> {
        match self {
            Stage::A => vec![
                vec![conv(unit, 1, 1)],
                vec![conv(unit, 1, 1), conv(unit, 3, 3)],
                vec![
                    conv(unit, 1, 1),
                    conv(unit + unit / 2, 3, 3),
                    conv(2 * unit, 3, 3),
                ],
            ],
            Stage::B => vec![
                vec![conv(6 * unit, 1, 1)],
                vec![
                    conv(4 * unit, 1, 1),
                    conv(5 * unit, 1, 7),
                    conv(6 * unit, 7, 1),
                ],
            ],
            Stage::C => vec![
                vec![conv(6 * unit, 1, 1)],
                vec![
                    conv(6 * unit, 1, 1),
                    conv(7 * unit, 1, 3),
                    conv(8 * unit, 3, 1),
                ],
            ],
        }
    }
}

/// Branches and a convolution of what they find together.
#[derive(Debug)]
pub(crate) struct Inception {
    facts: &'static BlockFacts,
    branches: Branches,
    conv: Conv,
}

impl Inception {
    /// Builds the block under `name`; `shape.inner` is eight units.
    pub(crate) fn build(
        make: &mut Builder,
        name: &str,
        shape: &BlockShape,
        facts: &'static BlockFacts,
        stage: Stage,
    ) -> Box<dyn Block> {
        let layers = stage.layers((shape.inner / 8).max(1));
        let layers: Vec<&[Layer]> = layers.iter().map(Vec::as_slice).collect();
        let branches = Branches::build(make, name, shape.input, shape.size, &layers, EPSILON);
        // A block that starts a segment has its stride in the last convolution.
        let spec = ConvSpec::square(shape.output, 1, shape.stride).biased();
        let (channels, size) = (branches.channels, branches.size);
        let conv = make.convolution(&format!("{name}.conv2d"), channels, spec, size);
        Box::new(Self {
            facts,
            branches,
            conv,
        })
    }
}

impl Block for Inception {
    fn facts(&self) -> &'static BlockFacts {
        self.facts
    }

    fn eval_from(&self, pass: &Pass, u: &Features, _entry: Option<&Features>) -> Features {
        self.conv.forward(pass, &self.branches.forward(pass, u))
    }

    fn after_step(&self, u: Features) -> Features {
        ops::relu(&u)
    }
}
