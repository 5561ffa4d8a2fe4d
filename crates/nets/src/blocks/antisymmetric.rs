//! The antisymmetric block: what flows turns, and hardly grows or shrinks.
//!
//! # Equation
//! `f(u) = (K - Kᵀ - γ) * ReLU(BN(u))` with `γ = 0.1`
//!
//! # As a network
//! The antisymmetric weights of Haber, Ruthotto 2017 (section 4.1) and of Chang et al. 2019, behind norm and ReLU instead of before
//! a tanh. With fixed statistics of the norm and scales above 0, ReLU and norm are a diagonal `D ≥ 0`, and
//! `(K - Kᵀ - γ) D` has the eigenvalues of `D^½ (K - Kᵀ - γ) D^½`: their real parts lie between `-γ max D` and 0. A step that changes the
//! shape is that of `preact`.
//!
//! # Cost
//! One 3×3 convolution: `9 width²` weights and multiply-adds a pixel, half of `preact`.
//!
//! # When to use / when not
//! With schemes that are stable on the imaginary axis (`rk4`, `kutta3`, `ab3`); forward Euler makes all that turns grow. Half the
//! work of `preact` for each evaluation.
//!
//! # Reference
//! E. Haber, L. Ruthotto, Stable architectures for deep neural networks, Inverse Problems 34, 2017; B. Chang, M. Chen, E. Haber,
//! E. Chi, AntisymmetricRNN, ICLR 2019.

use super::preact::PreAct;
use crate::lipschitz::Link;
use crate::{Block, BlockFacts, BlockShape, Builder, Conv, Features, Make, Norm, Pass};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BlockFacts = BlockFacts {
    named: Facts {
        references: &["haber2017stable", "chang2019antisymmetricrnn"],
        ..Facts::new(
            Kind::Block,
            "antisymmetric",
            "norm and ReLU before a 3x3 convolution minus its adjoint",
            include_str!("antisymmetric.rs"),
        )
    },
    equation: "(K - K^T - 0.1) * relu(BN(u))",
    expansion: 1,
    preactivation: true,
    layer_norm: false,
    rectifies: false,
    two_branches: false,
    make: Make::Alone(Antisymmetric::build),
};

/// Friction that keeps rounding and the scheme from letting turns grow (Chang et al. 2019, section 3.4).
const GAMMA: f64 = 0.1;

/// Norm, ReLU and an antisymmetric convolution.
#[derive(Debug)]
struct Antisymmetric {
    /// Missing where the state is normalised and rectified already.
    norm: Option<Norm>,
    conv: Conv,
}

impl Antisymmetric {
    /// Builds the block under `name`; where the shape changes there is no adjoint, and it is that of `preact`.
    fn build(make: &mut Builder, name: &str, shape: &BlockShape) -> Box<dyn Block> {
        if shape.stride != 1 || shape.input != shape.output {
            return PreAct::build(make, name, shape);
        }
        let (width, size) = (shape.input, shape.size);
        let norm = (!shape.activated).then(|| make.norm(&format!("{name}.bn1"), width));
        let conv = make.conv(&format!("{name}.conv1"), width, width, 3, 1, 1, size);
        Box::new(Self { norm, conv })
    }
}

impl Block for Antisymmetric {
    fn facts(&self) -> &'static BlockFacts {
        &FACTS
    }

    fn entry(&self, pass: &Pass, u: &Features) -> Option<Features> {
        self.norm.as_ref().map(|norm| norm.relu(pass, u))
    }

    fn eval_from(&self, pass: &Pass, u: &Features, entry: Option<&Features>) -> Features {
        self.conv.antisymmetric(pass, entry.unwrap_or(u), GAMMA)
    }

    fn links(&self) -> Option<Vec<Link>> {
        let norm = self.norm.iter().map(Norm::signed_link);
        Some(norm.chain([self.conv.antisymmetric_link(GAMMA)]).collect())
    }
}
