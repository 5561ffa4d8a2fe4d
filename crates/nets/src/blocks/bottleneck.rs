//! The post-activation bottleneck block.
//!
//! # Equation
//! `f(u) = BN(W₃ * ReLU(BN(W₂ * ReLU(BN(W₁ * u)))))` with 1×1, 3×3 and 1×1 convolutions; the state
//! passes a ReLU after the step.
//!
//! # As a network
//! ResNet-50 and deeper (He et al. 2015, Figure 5), four times as wide outside as inside.
//!
//! # Cost
//! `17 width²` weights for a state of `4 width` channels.
//!
//! # When to use / when not
//! Deep post-activation networks; for the schemes prefer `preact-bottleneck`.
//!
//! # Reference
//! K. He, X. Zhang, S. Ren, J. Sun, Deep residual learning for image recognition, CVPR 2016.

use crate::lipschitz::Link;
use crate::{Block, BlockFacts, BlockShape, Builder, Conv, Features, Make, Norm, Pass, ops};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BlockFacts = BlockFacts {
    named: Facts {
        references: &["he2016deep"],
        ..Facts::new(
            Kind::Block,
            "bottleneck",
            "1x1, 3x3, 1x1 convolutions, ReLU after the step",
            include_str!("bottleneck.rs"),
        )
    },
    equation: "BN(W3 * relu(BN(W2 * relu(BN(W1 * u)))))",
    expansion: 4,
    preactivation: false,
    layer_norm: false,
    rectifies: true,
    two_branches: false,
    make: Make::Alone(Bottleneck::build),
};

/// Three convolutions, each followed by a norm.
#[derive(Debug)]
pub(super) struct Bottleneck {
    facts: &'static BlockFacts,
    conv1: Conv,
    bn1: Norm,
    conv2: Conv,
    bn2: Norm,
    conv3: Conv,
    bn3: Norm,
}

impl Bottleneck {
    /// Builds the block under `name`.
    #[must_use]
    pub(super) fn build(make: &mut Builder, name: &str, shape: &BlockShape) -> Box<dyn Block> {
        Self::with_facts(make, name, shape, &FACTS)
    }

    /// The same for a block that is this one in groups.
    pub(super) fn with_facts(
        make: &mut Builder,
        name: &str,
        shape: &BlockShape,
        facts: &'static BlockFacts,
    ) -> Box<dyn Block> {
        let (first, middle) = shape.strides();
        let groups = shape.groups.max(1);
        let (inner, size1) = (shape.inner, shape.size.strided(first));
        let size2 = size1.strided(middle);
        let conv1 = make.conv(
            &format!("{name}.conv1"),
            shape.input,
            inner,
            1,
            first,
            1,
            shape.size,
        );
        let bn1 = make.norm(&format!("{name}.bn1"), inner);
        let conv2 = make.conv(
            &format!("{name}.conv2"),
            inner,
            inner,
            3,
            middle,
            groups,
            size1,
        );
        let bn2 = make.norm(&format!("{name}.bn2"), inner);
        let conv3 = make.conv(
            &format!("{name}.conv3"),
            inner,
            shape.output,
            1,
            1,
            1,
            size2,
        );
        // Read once more by the norm when gradients are taken; the others go into convolutions.
        make.keep(shape.output, size2);
        let bn3 = make.norm(&format!("{name}.bn3"), shape.output);
        Box::new(Self {
            facts,
            conv1,
            bn1,
            conv2,
            bn2,
            conv3,
            bn3,
        })
    }
}

impl Block for Bottleneck {
    fn facts(&self) -> &'static BlockFacts {
        self.facts
    }

    fn eval_from(&self, pass: &Pass, u: &Features, _entry: Option<&Features>) -> Features {
        let inner = self.bn1.relu_of(pass, &self.conv1, u);
        let inner = self.bn2.relu_of(pass, &self.conv2, &inner);
        self.bn3.of(pass, &self.conv3, &inner)
    }

    fn links(&self) -> Option<Vec<Link>> {
        let first = [self.conv1.link(), self.bn1.link()];
        let second = [self.conv2.link(), self.bn2.link()];
        let third = [self.conv3.link(), self.bn3.link()];
        Some([first, second, third].concat())
    }

    fn after_step(&self, u: Features) -> Features {
        ops::relu(&u)
    }
}
