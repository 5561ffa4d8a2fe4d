//! The ResNeXt block: a bottleneck whose 3×3 convolution sees groups of channels.
//!
//! # Equation
//! `f(u) = BN(W₃ * ReLU(BN(W₂ *_g ReLU(BN(W₁ * u)))))`, where `*_g` is a convolution in `g` groups; the
//! state passes a ReLU after the step.
//!
//! # As a network
//! ResNeXt-29 on CIFAR and ResNeXt-50 and -101 on ImageNet (Xie et al. 2017): `g` branches of width `d`,
//! written as one grouped convolution of `g·d` channels. `f` is a sum of `g` right-hand sides.
//!
//! # Cost
//! `8 width·inner + 9 inner²/g` weights for a state of `4 width` channels and `inner = g·d` inside.
//!
//! # When to use / when not
//! Wide networks at a given number of weights; 8 groups unless a network says otherwise (fewer where
//! the channels cannot be divided).
//!
//! # Reference
//! S. Xie, R. Girshick, P. Dollár, Z. Tu, K. He, Aggregated residual transformations for deep neural
//! networks, CVPR 2017.

use super::bottleneck::Bottleneck;
use crate::{Block, BlockFacts, BlockShape, Builder, Make};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BlockFacts = BlockFacts {
    named: Facts {
        references: &["xie2017aggregated"],
        ..Facts::new(
            Kind::Block,
            "resnext",
            "1x1, grouped 3x3, 1x1 convolutions, ReLU after the step",
            include_str!("resnext.rs"),
        )
    },
    equation: "BN(W3 * relu(BN(W2 *g relu(BN(W1 * u)))))",
    expansion: 4,
    preactivation: false,
    layer_norm: false,
    rectifies: true,
    two_branches: false,
    make: Make::Alone(ResNext::build),
};

/// A bottleneck in groups.
#[derive(Debug)]
struct ResNext;

/// Groups where a network does not say how many.
const GROUPS: usize = 8;

/// The shape with groups, as many of [`GROUPS`] as divide the channels.
pub(super) fn grouped(shape: &BlockShape) -> BlockShape {
    let most = if shape.groups > 0 {
        shape.groups
    } else {
        (1..=GROUPS)
            .rev()
            .find(|g| shape.inner.is_multiple_of(*g))
            .unwrap_or(1)
    };
    BlockShape {
        groups: most,
        ..*shape
    }
}

impl ResNext {
    /// Builds the block under `name`.
    fn build(make: &mut Builder, name: &str, shape: &BlockShape) -> Box<dyn Block> {
        Bottleneck::with_facts(make, name, &grouped(shape), &FACTS)
    }
}
