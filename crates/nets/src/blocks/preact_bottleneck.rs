//! The pre-activation bottleneck block.
//!
//! # Equation
//! `f(u) = W₃ * ReLU(BN(W₂ * ReLU(BN(W₁ * ReLU(BN(u))))))` with 1×1, 3×3 and 1×1 convolutions.
//!
//! # As a network
//! Pre-activation ResNet-164 and ResNet-1001 (He et al. 2016) with the stride on the first
//! convolution; LM-ResNet-164 (Lu et al. 2018) with the stride on the 3×3 one.
//!
//! # Cost
//! `17 width²` weights for a state of `4 width` channels.
//!
//! # When to use / when not
//! Deep networks at a given cost; shallow ones learn faster with `preact`.
//!
//! # Reference
//! K. He, X. Zhang, S. Ren, J. Sun, Identity mappings in deep residual networks, ECCV 2016.

use crate::lipschitz::Link;
use crate::{Block, BlockFacts, BlockShape, Builder, Conv, Features, Make, Norm, Pass};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BlockFacts = BlockFacts {
    named: Facts {
        references: &["he2016identity"],
        ..Facts::new(
            Kind::Block,
            "preact-bottleneck",
            "norm and ReLU before 1x1, 3x3, 1x1 convolutions",
            include_str!("preact_bottleneck.rs"),
        )
    },
    equation: "W3 * relu(BN(W2 * relu(BN(W1 * relu(BN(u))))))",
    expansion: 4,
    preactivation: true,
    layer_norm: false,
    rectifies: false,
    two_branches: false,
    make: Make::Alone(PreActBottleneck::build),
};

/// Three convolutions, each preceded by norm and ReLU.
#[derive(Debug)]
pub(super) struct PreActBottleneck {
    facts: &'static BlockFacts,
    /// Missing where the state is normalised and rectified already.
    bn1: Option<Norm>,
    conv1: Conv,
    bn2: Norm,
    conv2: Conv,
    bn3: Norm,
    conv3: Conv,
}

impl PreActBottleneck {
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
        let (inner, size1) = (shape.inner, shape.size.strided(first));
        let size2 = size1.strided(middle);
        let groups = shape.groups.max(1);
        let bn1 = (!shape.activated).then(|| make.norm(&format!("{name}.bn1"), shape.input));
        let conv1 = make.conv(
            &format!("{name}.conv1"),
            shape.input,
            inner,
            1,
            first,
            1,
            shape.size,
        );
        let bn2 = make.norm(&format!("{name}.bn2"), inner);
        let conv2 = make.conv(
            &format!("{name}.conv2"),
            inner,
            inner,
            3,
            middle,
            groups,
            size1,
        );
        let bn3 = make.norm(&format!("{name}.bn3"), inner);
        let conv3 = make.conv(
            &format!("{name}.conv3"),
            inner,
            shape.output,
            1,
            1,
            1,
            size2,
        );
        Box::new(Self {
            facts,
            bn1,
            conv1,
            bn2,
            conv2,
            bn3,
            conv3,
        })
    }
}

impl Block for PreActBottleneck {
    fn facts(&self) -> &'static BlockFacts {
        self.facts
    }

    fn entry(&self, pass: &Pass, u: &Features) -> Option<Features> {
        self.bn1.as_ref().map(|norm| norm.relu(pass, u))
    }

    fn eval_from(&self, pass: &Pass, u: &Features, entry: Option<&Features>) -> Features {
        let inner = self.bn2.relu_of(pass, &self.conv1, entry.unwrap_or(u));
        let inner = self.bn3.relu_of(pass, &self.conv2, &inner);
        self.conv3.forward(pass, &inner)
    }

    fn links(&self) -> Option<Vec<Link>> {
        let first = self.bn1.iter().map(Norm::link);
        let second = [self.conv1.link(), self.bn2.link(), self.conv2.link()];
        let third = [self.bn3.link(), self.conv3.link()];
        Some(first.chain(second).chain(third).collect())
    }
}
