//! One convolution with norm and ReLU, the unit of FractalNet.
//!
//! # Equation
//! `f(u) = ReLU(BN(W * u + b))`
//!
//! # As a network
//! FractalNet-20 and -40 (Larsson et al. 2017), where it is the step itself instead of an increment: a
//! convolution can contain the identity.
//!
//! # Cost
//! One 3×3 convolution: `9 width²` weights.
//!
//! # When to use / when not
//! To reproduce FractalNet. As an increment it is never negative, so a residual network of it can only
//! grow: prefer `preact`.
//!
//! # Reference
//! G. Larsson, M. Maire, G. Shakhnarovich, FractalNet: ultra-deep neural networks without residuals,
//! ICLR 2017.

use crate::ConvSpec;
use crate::layers::Dropout;
use crate::lipschitz::Link;
use crate::{Block, BlockFacts, BlockShape, Builder, Conv, Features, Make, Norm, Pass};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BlockFacts = BlockFacts {
    named: Facts {
        aliases: &["conv-bn-relu"],
        references: &["larsson2017fractalnet"],
        ..Facts::new(
            Kind::Block,
            "conv-norm-relu",
            "one 3x3 convolution, norm and ReLU",
            include_str!("conv_norm_relu.rs"),
        )
    },
    equation: "relu(BN(W * u + b))",
    expansion: 1,
    preactivation: false,
    layer_norm: false,
    rectifies: false,
    two_branches: false,
    make: Make::Alone(ConvNormRelu::build),
};

/// A convolution, dropout where asked for, norm and ReLU.
#[derive(Debug)]
struct ConvNormRelu {
    conv: Conv,
    dropout: Option<Dropout>,
    bn: Norm,
}

impl ConvNormRelu {
    /// Builds the block under `name`.
    fn build(make: &mut Builder, name: &str, shape: &BlockShape) -> Box<dyn Block> {
        let spec = ConvSpec::square(shape.output, 3, shape.stride).biased();
        let conv = make.convolution(&format!("{name}.conv"), shape.input, spec, shape.size);
        // The norm reads what the bias leaves, and the ReLU's result is read by whoever comes next.
        make.keep(shape.output, shape.size.strided(shape.stride));
        Box::new(Self {
            conv,
            dropout: Dropout::new(name, shape.dropout),
            bn: make.norm(&format!("{name}.bn"), shape.output),
        })
    }
}

impl Block for ConvNormRelu {
    fn facts(&self) -> &'static BlockFacts {
        &FACTS
    }

    fn eval_from(&self, pass: &Pass, u: &Features, _entry: Option<&Features>) -> Features {
        let inner = self.conv.forward(pass, u);
        self.bn
            .relu(pass, &Dropout::apply(&self.dropout, pass, inner))
    }

    fn links(&self) -> Option<Vec<Link>> {
        Some(vec![self.conv.link(), self.bn.link()])
    }
}
