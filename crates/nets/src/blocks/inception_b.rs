//! The inception block B of Inception-ResNet and PolyNet.
//!
//! # Equation
//! `f(u) = W * [1×1 u, 7×1 1×7 1×1 u] + b`, every convolution inside the brackets
//! followed by norm and ReLU; the state passes a ReLU after the step.
//!
//! # As a network
//! Block17 of Inception-ResNet-v2 (Szegedy et al. 2017), on 17×17 pixels, with step size 0.10; stage B of
//! PolyNet (Zhang et al. 2017).
//!
//! # Cost
//! `12 unit` channels are joined; the two rectangular convolutions have `350 unit²` weights, where
//! `unit = inner/8`.
//!
//! # When to use / when not
//! The published networks, and wherever a wide view is wanted at little cost: 7×7 pixels for 14 weights
//! instead of 49.
//!
//! # Reference
//! C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi, Inception-v4, Inception-ResNet and the impact of
//! residual connections on learning, AAAI 2017.

use crate::inception::{Inception, Stage};
use crate::{Block, BlockFacts, BlockShape, Builder, Make};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BlockFacts = BlockFacts {
    named: Facts {
        references: &["szegedy2017inception"],
        ..Facts::new(
            Kind::Block,
            "inception-b",
            "two branches, one of them 1x7 and 7x1, joined by a 1x1",
            include_str!("inception_b.rs"),
        )
    },
    equation: "W * [1x1 u, 7x1 1x7 1x1 u] + b",
    expansion: 1,
    preactivation: false,
    layer_norm: false,
    rectifies: true,
    two_branches: false,
    make: Make::Alone(InceptionB::build),
};

/// Two branches and a convolution of what they find together.
#[derive(Debug)]
struct InceptionB;

impl InceptionB {
    /// Builds the block under `name`; `shape.inner` is eight times a sixth of the
    /// width of the first branch.
    fn build(make: &mut Builder, name: &str, shape: &BlockShape) -> Box<dyn Block> {
        Inception::build(make, name, shape, &FACTS, Stage::B)
    }
}
