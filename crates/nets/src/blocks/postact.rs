//! The post-activation residual block of the first ResNets.
//!
//! # Equation
//! `f(u) = BN(W₂ * ReLU(BN(W₁ * u)))`; the state passes a ReLU after the step.
//!
//! # As a network
//! ResNet-20 to ResNet-1202 on CIFAR (He et al. 2015, section 4.2), with a norm and ReLU in the stem.
//!
//! # Cost
//! Two 3×3 convolutions: `18 width²` weights, `18 width²` multiply-adds a pixel.
//!
//! # When to use / when not
//! To reproduce the 2015 tables. The ReLU after the step makes states non-negative, so the step is
//! a projected one and the theory of the schemes holds only inside the positive cone: prefer `preact`.
//!
//! # Reference
//! K. He, X. Zhang, S. Ren, J. Sun, Deep residual learning for image recognition, CVPR 2016.

use crate::lipschitz::Link;
use crate::{Block, BlockFacts, BlockShape, Builder, Conv, Features, Make, Norm, Pass, ops};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BlockFacts = BlockFacts {
    named: Facts {
        aliases: &["basic"],
        references: &["he2016deep"],
        ..Facts::new(
            Kind::Block,
            "postact",
            "two 3x3 convolutions, ReLU after the step",
            include_str!("postact.rs"),
        )
    },
    equation: "BN(W2 * relu(BN(W1 * u)))",
    expansion: 1,
    preactivation: false,
    layer_norm: false,
    rectifies: true,
    two_branches: false,
    make: Make::Alone(PostAct::build),
};

/// Two convolutions, each followed by a norm.
#[derive(Debug)]
struct PostAct {
    conv1: Conv,
    bn1: Norm,
    conv2: Conv,
    bn2: Norm,
}

impl PostAct {
    /// Builds the block under `name`.
    fn build(make: &mut Builder, name: &str, shape: &BlockShape) -> Box<dyn Block> {
        let (input, output, small) = (shape.input, shape.output, shape.size.strided(shape.stride));
        let conv1 = make.conv(
            &format!("{name}.conv1"),
            input,
            output,
            3,
            shape.stride,
            1,
            shape.size,
        );
        let bn1 = make.norm(&format!("{name}.bn1"), output);
        let conv2 = make.conv(&format!("{name}.conv2"), output, output, 3, 1, 1, small);
        // Read once more by the norm when gradients are taken; the others go into convolutions.
        make.keep(output, small);
        let bn2 = make.norm(&format!("{name}.bn2"), output);
        Box::new(Self {
            conv1,
            bn1,
            conv2,
            bn2,
        })
    }
}

impl Block for PostAct {
    fn facts(&self) -> &'static BlockFacts {
        &FACTS
    }

    fn eval_from(&self, pass: &Pass, u: &Features, _entry: Option<&Features>) -> Features {
        let inner = self.bn1.relu_of(pass, &self.conv1, u);
        self.bn2.of(pass, &self.conv2, &inner)
    }

    fn links(&self) -> Option<Vec<Link>> {
        let (first, second) = (
            [self.conv1.link(), self.bn1.link()],
            [self.conv2.link(), self.bn2.link()],
        );
        Some([first, second].concat())
    }

    fn after_step(&self, u: Features) -> Features {
        ops::relu(&u)
    }
}
