//! The inception block C of Inception-ResNet and PolyNet.
//!
//! # Equation
//! `f(u) = W * [1×1 u, 3×1 1×3 1×1 u] + b`, every convolution inside the brackets
//! followed by norm and ReLU; the state passes a ReLU after the step.
//!
//! # As a network
//! Block8 of Inception-ResNet-v2 (Szegedy et al. 2017), on 8×8 pixels, with step size 0.20; stage C of
//! PolyNet (Zhang et al. 2017).
//!
//! # Cost
//! `14 unit` channels are joined; the two rectangular convolutions have `294 unit²` weights, where
//! `unit = inner/8`.
//!
//! # When to use / when not
//! The published networks, at low resolution.
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
            "inception-c",
            "two branches, one of them 1x3 and 3x1, joined by a 1x1",
            include_str!("inception_c.rs"),
        )
    },
    equation: "W * [1x1 u, 3x1 1x3 1x1 u] + b",
    expansion: 1,
    preactivation: false,
    layer_norm: false,
    rectifies: true,
    two_branches: false,
    make: Make::Alone(InceptionC::build),
};

/// Two branches and a convolution of what they find together.
#[derive(Debug)]
struct InceptionC;

impl InceptionC {
    /// Builds the block under `name`; `shape.inner` is eight times a sixth of the
    /// width of the first branch.
    fn build(make: &mut Builder, name: &str, shape: &BlockShape) -> Box<dyn Block> {
        Inception::build(make, name, shape, &FACTS, Stage::C)
    }
}
