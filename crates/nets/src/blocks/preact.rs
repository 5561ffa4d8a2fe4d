//! The pre-activation residual block.
//!
//! # Equation
//! `f(u) = W₂ * ReLU(BN(W₁ * ReLU(BN(u))))`
//!
//! # As a network
//! Pre-activation ResNet (He et al. 2016) and LM-ResNet-20 to LM-ResNet-110 (Lu et al. 2018): the
//! step is a pure linear combination, so the network is exactly a scheme applied to `u_t = f(u)`.
//! Wide ResNets (Zagoruyko, Komodakis 2016) are the same block with more channels, and dropout
//! between the convolutions where asked for.
//!
//! # Cost
//! Two 3×3 convolutions: `18 width²` weights, `18 width²` multiply-adds a pixel.
//!
//! # When to use / when not
//! The default for every scheme.
//!
//! # Reference
//! K. He, X. Zhang, S. Ren, J. Sun, Identity mappings in deep residual networks, ECCV 2016.

use crate::layers::Dropout;
use crate::lipschitz::Link;
use crate::{Block, BlockFacts, BlockShape, Builder, Conv, Features, Make, Norm, Pass};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BlockFacts = BlockFacts {
    named: Facts {
        aliases: &["preact-basic"],
        references: &["he2016identity"],
        ..Facts::new(
            Kind::Block,
            "preact",
            "norm and ReLU before each of two 3x3 convolutions",
            include_str!("preact.rs"),
        )
    },
    equation: "W2 * relu(BN(W1 * relu(BN(u))))",
    expansion: 1,
    preactivation: true,
    layer_norm: false,
    rectifies: false,
    two_branches: false,
    make: Make::Alone(PreAct::build),
};

/// Two convolutions, each preceded by norm and ReLU.
#[derive(Debug)]
pub(super) struct PreAct {
    /// Missing where the state is normalised and rectified already.
    bn1: Option<Norm>,
    conv1: Conv,
    bn2: Norm,
    dropout: Option<Dropout>,
    conv2: Conv,
}

impl PreAct {
    /// Builds the block under `name`.
    pub(super) fn build(make: &mut Builder, name: &str, shape: &BlockShape) -> Box<dyn Block> {
        let (input, output, small) = (shape.input, shape.output, shape.size.strided(shape.stride));
        let bn1 = (!shape.activated).then(|| make.norm(&format!("{name}.bn1"), input));
        let conv1 = make.conv(
            &format!("{name}.conv1"),
            input,
            output,
            3,
            shape.stride,
            1,
            shape.size,
        );
        let bn2 = make.norm(&format!("{name}.bn2"), output);
        let conv2 = make.conv(&format!("{name}.conv2"), output, output, 3, 1, 1, small);
        Box::new(Self {
            bn1,
            conv1,
            bn2,
            dropout: Dropout::new(name, shape.dropout),
            conv2,
        })
    }
}

impl Block for PreAct {
    fn facts(&self) -> &'static BlockFacts {
        &FACTS
    }

    fn entry(&self, pass: &Pass, u: &Features) -> Option<Features> {
        self.bn1.as_ref().map(|norm| norm.relu(pass, u))
    }

    fn eval_from(&self, pass: &Pass, u: &Features, entry: Option<&Features>) -> Features {
        let inner = self.bn2.relu_of(pass, &self.conv1, entry.unwrap_or(u));
        let inner = Dropout::apply(&self.dropout, pass, inner);
        self.conv2.forward(pass, &inner)
    }

    fn links(&self) -> Option<Vec<Link>> {
        let first = self.bn1.iter().map(Norm::link);
        let others = [self.conv1.link(), self.bn2.link(), self.conv2.link()];
        Some(first.chain(others).collect())
    }
}
