//! The parabolic block: a diffusion whose operator is learned.
//!
//! # Equation
//! `f(u) = -Kᵀ * ReLU(BN(K * u))`
//!
//! # As a network
//! Parabolic convolutional network (Ruthotto, Haber 2020), and the operator of trained reaction-diffusion. `Kᵀ` is the
//! adjoint of the convolution `K`, so that with fixed statistics of the norm and scales above 0 the Jacobian
//! `-Kᵀ D K` has no eigenvalue with a positive real part: what flows does not grow. A step that changes the shape is that of
//! `preact`.
//!
//! # Cost
//! One 3×3 convolution, used twice: `9 width²` weights, half of `preact`, and `18 width²` multiply-adds a pixel.
//!
//! # When to use / when not
//! Where stability should come from the equation, or half the weights should do. The scheme still has to be inside of
//! its region: `analyze stability` of the trained network shows where its `hλ` lie, and `train.lipschitz=2` keeps them within `[-2, 0]`. It can
//! smooth only; `hamiltonian` can move.
//!
//! # Reference
//! L. Ruthotto, E. Haber, Deep neural networks motivated by partial differential equations, J. Math. Imaging Vis. 62, 2020.

use super::preact::PreAct;
use crate::lipschitz::Link;
use crate::{Block, BlockFacts, BlockShape, Builder, Conv, Features, Make, Norm, Pass};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BlockFacts = BlockFacts {
    named: Facts {
        aliases: &["diffusion"],
        references: &["ruthotto2020deep"],
        ..Facts::new(
            Kind::Block,
            "parabolic",
            "minus a 3x3 convolution's adjoint of norm and ReLU of the convolution",
            include_str!("parabolic.rs"),
        )
    },
    equation: "-K^T * relu(BN(K * u))",
    expansion: 1,
    preactivation: true,
    layer_norm: false,
    rectifies: false,
    two_branches: false,
    make: Make::Alone(|make, name, shape| Gradient::build(make, name, shape, &FACTS, -1.0)),
};

/// `sign · Kᵀ ReLU(BN(K u))`: up to its sign the gradient of a sum of squares of what the convolution finds.
#[derive(Debug)]
pub(super) struct Gradient {
    conv: Conv,
    norm: Norm,
    sign: f64,
    facts: &'static BlockFacts,
}

impl Gradient {
    /// Builds the block under `name`; where the shape changes there is no adjoint, and it is that of `preact`.
    pub(super) fn build(
        make: &mut Builder,
        name: &str,
        shape: &BlockShape,
        facts: &'static BlockFacts,
        sign: f64,
    ) -> Box<dyn Block> {
        if shape.stride != 1 || shape.input != shape.output {
            return PreAct::build(make, name, shape);
        }
        let (width, size) = (shape.input, shape.size);
        let conv = make.conv(&format!("{name}.conv1"), width, width, 3, 1, 1, size);
        let norm = make.norm(&format!("{name}.bn1"), width);
        make.again(&conv, size);
        Box::new(Self {
            conv,
            norm,
            sign,
            facts,
        })
    }
}

impl Block for Gradient {
    fn facts(&self) -> &'static BlockFacts {
        self.facts
    }

    fn eval_from(&self, pass: &Pass, u: &Features, _entry: Option<&Features>) -> Features {
        let found = self.norm.relu_of(pass, &self.conv, u);
        // The sign is left to whoever adds the increment to the state.
        self.conv.adjoint(pass, &found).scaled(self.sign)
    }

    fn links(&self) -> Option<Vec<Link>> {
        Some(vec![
            self.conv.link(),
            self.norm.signed_link(),
            self.conv.link(),
        ])
    }
}
