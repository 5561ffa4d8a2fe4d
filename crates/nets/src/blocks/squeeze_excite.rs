//! Squeeze-and-excitation around any block: `se-` before its name.
//!
//! # Equation
//! `g(u) = σ(W₂ ReLU(W₁ mean(f(u)) + b₁) + b₂) f(u)`, one gate for each image and channel.
//!
//! # As a network
//! SE-ResNet-50, -101 and -152 (Hu, Shen, Sun 2018) around `bottleneck`. Read as a scheme, the gate is
//! a step size `h(u)` that each channel of the increment chooses from the whole image.
//!
//! # Cost
//! `2 C²/16 + 17 C/16` weights for `C` channels of the increment; multiply-adds independent of its size.
//!
//! # When to use / when not
//! Around any block with any scheme: `--block se-preact`. The gates see a mean over the image, so the
//! network is no longer a function of neighbourhoods alone.
//!
//! # Reference
//! J. Hu, L. Shen, G. Sun, Squeeze-and-excitation networks, CVPR 2018.

use crate::layers::Linear;
use crate::{Block, BlockFacts, BlockShape, Builder, Features, Make, Pass, ops};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BlockFacts = BlockFacts {
    named: Facts {
        aliases: &["se", "squeeze-excite"],
        references: &["hu2018squeeze"],
        ..Facts::new(
            Kind::Block,
            "se-*",
            "any block, its result gated by a mean over the image",
            include_str!("squeeze_excite.rs"),
        )
    },
    equation: "sigmoid(W2 relu(W1 mean(f(u)) + b1) + b2) f(u)",
    expansion: 1,
    preactivation: false,
    layer_norm: false,
    rectifies: false,
    two_branches: false,
    make: Make::Around("se-", SqueezeExcite::wrap),
};

/// Channels for each number of the squeezed description.
const REDUCTION: usize = 16;

/// A block with a gate on its result.
#[derive(Debug)]
struct SqueezeExcite {
    block: Box<dyn Block>,
    squeeze: Linear,
    excite: Linear,
}

impl SqueezeExcite {
    /// Puts the gate around `block`, which was built under `name`.
    fn wrap(
        make: &mut Builder,
        name: &str,
        shape: &BlockShape,
        block: Box<dyn Block>,
    ) -> Box<dyn Block> {
        let channels = shape.output;
        // Networks narrower than the published ones keep a description of four numbers.
        let inner = (channels / REDUCTION).max(4);
        // The result of the block is read by the mean and by the gate.
        make.keep(channels, shape.size.strided(shape.stride));
        Box::new(Self {
            block,
            squeeze: make.pointwise(&format!("{name}.se.fc1"), channels, inner),
            excite: make.pointwise(&format!("{name}.se.fc2"), inner, channels),
        })
    }
}

impl Block for SqueezeExcite {
    fn facts(&self) -> &'static BlockFacts {
        self.block.facts()
    }

    fn entry(&self, pass: &Pass, u: &Features) -> Option<Features> {
        self.block.entry(pass, u)
    }

    fn eval_from(&self, pass: &Pass, u: &Features, entry: Option<&Features>) -> Features {
        let slope = self.block.eval_from(pass, u, entry);
        slope.compute();
        let mean = ops::global_average_pool(&slope);
        let inner = self.squeeze.forward(pass, &mean).relu();
        ops::gate(&slope, &self.excite.forward(pass, &inner).sigmoid())
    }

    fn after_step(&self, u: Features) -> Features {
        self.block.after_step(u)
    }
}
