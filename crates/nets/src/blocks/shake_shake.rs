//! The two-branch block of Shake-Shake.
//!
//! # Equation
//! `f(u) = ½ f₁(u) + ½ f₂(u)`, `f_i(u) = BN(W₂ * ReLU(BN(W₁ * ReLU(u))))`
//!
//! # As a network
//! Shake-Shake 26 2×32d, 2×64d and 2×96d (Gastaldi 2017). The noise `shake-shake` makes of it `η f₁ + (1-η) f₂`
//! with random `η` in training; its mean, which is what evaluation uses, is this block.
//!
//! # Cost
//! Four 3×3 convolutions: `36 width²` weights.
//!
//! # When to use / when not
//! Where two branches are wanted that noise can mix. Without noise a block of twice the width does the
//! same with one convolution.
//!
//! # Reference
//! X. Gastaldi, Shake-Shake regularization, arXiv:1705.07485, 2017.

use crate::{Block, BlockFacts, BlockShape, Builder, Conv, Features, Make, Norm, Pass, ops};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BlockFacts = BlockFacts {
    named: Facts {
        references: &["gastaldi2017shake"],
        ..Facts::new(
            Kind::Block,
            "shake-shake",
            "mean of two branches of two 3x3 convolutions",
            include_str!("shake_shake.rs"),
        )
    },
    equation: "1/2 f1(u) + 1/2 f2(u), fi(u) = BN(W2 * relu(BN(W1 * relu(u))))",
    expansion: 1,
    preactivation: false,
    layer_norm: false,
    rectifies: false,
    two_branches: true,
    make: Make::Alone(ShakeShake::build),
};

/// One branch.
#[derive(Debug)]
struct Branch {
    conv1: Conv,
    bn1: Norm,
    conv2: Conv,
    bn2: Norm,
}

/// Two branches, each with two convolutions.
#[derive(Debug)]
struct ShakeShake {
    branches: [Branch; 2],
}

impl ShakeShake {
    /// Builds the block under `name`.
    fn build(make: &mut Builder, name: &str, shape: &BlockShape) -> Box<dyn Block> {
        let (output, small) = (shape.output, shape.size.strided(shape.stride));
        let branches = [0, 1].map(|i| {
            let name = format!("{name}.branch{i}");
            let part = |part: &str| format!("{name}.{part}");
            let conv1 = make.conv(
                &part("conv1"),
                shape.input,
                output,
                3,
                shape.stride,
                1,
                shape.size,
            );
            let bn1 = make.norm(&part("bn1"), output);
            let conv2 = make.conv(&part("conv2"), output, output, 3, 1, 1, small);
            make.keep(output, small);
            let bn2 = make.norm(&part("bn2"), output);
            Branch {
                conv1,
                bn1,
                conv2,
                bn2,
            }
        });
        Box::new(Self { branches })
    }
}

impl Block for ShakeShake {
    fn facts(&self) -> &'static BlockFacts {
        &FACTS
    }

    fn eval_from(&self, pass: &Pass, u: &Features, _entry: Option<&Features>) -> Features {
        let [first, second] = self.both(pass, u);
        ops::combine(&[(0.5.into(), &first), (0.5.into(), &second)])
    }

    fn eval_branches(&self, pass: &Pass, u: &Features) -> Option<[Features; 2]> {
        Some(self.both(pass, u))
    }
}

impl ShakeShake {
    /// Both branches at `u`.
    fn both(&self, pass: &Pass, u: &Features) -> [Features; 2] {
        let start = ops::relu(u);
        self.branches.each_ref().map(|b| {
            let inner = b.bn1.relu_of(pass, &b.conv1, &start);
            b.bn2.of(pass, &b.conv2, &inner)
        })
    }
}
