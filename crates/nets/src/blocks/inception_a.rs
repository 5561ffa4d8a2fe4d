//! The inception block A of Inception-ResNet and PolyNet.
//!
//! # Equation
//! `f(u) = W * [1×1 u, 3×3 1×1 u, 3×3 3×3 1×1 u] + b`, every convolution inside the brackets
//! followed by norm and ReLU; the state passes a ReLU after the step.
//!
//! # As a network
//! Block35 of Inception-ResNet-v2 (Szegedy et al. 2017), on 35×35 pixels, with step size 0.17; stage A of
//! PolyNet (Zhang et al. 2017).
//!
//! # Cost
//! `4 unit` channels are joined; with `unit = inner/8` the convolutions inside have about `37 unit²`
//! weights besides the 1×1 ones from and to the state.
//!
//! # When to use / when not
//! The published networks. Wide increments without a small step size were found to die early in
//! training: scale them (`h` of 0.1 to 0.3).
//!
//! # Reference
//! C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi, Inception-v4, Inception-ResNet and the impact of
//! residual connections on learning, AAAI 2017.

use crate::inception::{Inception, Stage};
use crate::{Block, BlockFacts, BlockShape, Builder, Make};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BlockFacts = BlockFacts {
    named: Facts {
        aliases: &["inception"],
        references: &["szegedy2017inception"],
        ..Facts::new(
            Kind::Block,
            "inception-a",
            "three branches of 1x1 and 3x3 convolutions, joined by a 1x1",
            include_str!("inception_a.rs"),
        )
    },
    equation: "W * [1x1 u, 3x3 1x1 u, 3x3 3x3 1x1 u] + b",
    expansion: 1,
    preactivation: false,
    layer_norm: false,
    rectifies: true,
    two_branches: false,
    make: Make::Alone(InceptionA::build),
};

/// Three branches and a convolution of what they find together.
#[derive(Debug)]
struct InceptionA;

impl InceptionA {
    /// Builds the block under `name`; `shape.inner` is eight times the width of
    /// the first branch.
    fn build(make: &mut Builder, name: &str, shape: &BlockShape) -> Box<dyn Block> {
        Inception::build(make, name, shape, &FACTS, Stage::A)
    }
}
