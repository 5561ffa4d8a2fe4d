//! The pre-activation ResNeXt block.
//!
//! # Equation
//! `f(u) = W₃ * ReLU(BN(W₂ *_g ReLU(BN(W₁ * ReLU(BN(u))))))`, where `*_g` is a convolution in `g` groups.
//!
//! # As a network
//! LM-ResNeXt-29 (Lu et al. 2018): the step is a pure linear combination.
//!
//! # Cost
//! `8 width·inner + 9 inner²/g` weights for a state of `4 width` channels and `inner` inside.
//!
//! # When to use / when not
//! With multistep schemes; the published ResNeXt is `resnext`, whose authors found it better than this
//! one for forward Euler.
//!
//! # Reference
//! S. Xie, R. Girshick, P. Dollár, Z. Tu, K. He, Aggregated residual transformations for deep neural
//! networks, CVPR 2017; Y. Lu, A. Zhong, Q. Li, B. Dong, ICML 2018.

use super::preact_bottleneck::PreActBottleneck;
use super::resnext::grouped;
use crate::{Block, BlockFacts, BlockShape, Builder, Make};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BlockFacts = BlockFacts {
    named: Facts {
        references: &["xie2017aggregated", "lu2018beyond"],
        ..Facts::new(
            Kind::Block,
            "preact-resnext",
            "norm and ReLU before 1x1, grouped 3x3, 1x1 convolutions",
            include_str!("preact_resnext.rs"),
        )
    },
    equation: "W3 * relu(BN(W2 *g relu(BN(W1 * relu(BN(u))))))",
    expansion: 4,
    preactivation: true,
    layer_norm: false,
    rectifies: false,
    two_branches: false,
    make: Make::Alone(PreActResNext::build),
};

/// A pre-activation bottleneck in groups.
#[derive(Debug)]
struct PreActResNext;

impl PreActResNext {
    /// Builds the block under `name`.
    fn build(make: &mut Builder, name: &str, shape: &BlockShape) -> Box<dyn Block> {
        PreActBottleneck::with_facts(make, name, &grouped(shape), &FACTS)
    }
}
