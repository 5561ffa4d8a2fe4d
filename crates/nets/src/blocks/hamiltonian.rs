//! The Hamiltonian pair: two halves that drive each other without friction.
//!
//! # Equation
//! `f(u) = ±Kᵀ * ReLU(BN(K * u))`, plus in the first and minus in the second evaluation of a step
//!
//! # As a network
//! The two-layer Hamiltonian network of Chang et al. 2018: `y' = K₁ᵀ σ(K₁ z)`, `z' = -K₂ᵀ σ(K₂ y)`, which keeps the energy
//! `H(y, z)` of its pair. With the scheme `reversible` it is their network: its symplectic Euler is Verlet's method on
//! staggered times; `verlet` takes the half steps at both ends. Both can be undone, so activations need not be stored
//! (`--set network.activations=reconstructed`). With a scheme of one evaluation all signs are plus. A step that changes the shape is
//! that of `preact`.
//!
//! # Cost
//! One 3×3 convolution for each evaluation, used twice: of a pair, whose halves have `width/2` channels, `4.5 width²` weights and
//! `9 width²` multiply-adds a pixel.
//!
//! # When to use / when not
//! For deep networks in little memory whose signals neither vanish nor explode. With Runge-Kutta and multistep schemes the energy is
//! not kept, and there is no pair.
//!
//! # Reference
//! B. Chang, L. Meng, E. Haber, L. Ruthotto, D. Begert, E. Holtham, Reversible architectures for arbitrarily deep residual
//! neural networks, AAAI 2018.

use super::parabolic::Gradient;
use crate::{BlockFacts, Make};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BlockFacts = BlockFacts {
    named: Facts {
        references: &["chang2018reversible"],
        ..Facts::new(
            Kind::Block,
            "hamiltonian",
            "plus or minus a 3x3 convolution's adjoint of norm and ReLU of the convolution, in turn",
            include_str!("hamiltonian.rs"),
        )
    },
    equation: "+-K^T * relu(BN(K * u)), signs in turn",
    expansion: 1,
    preactivation: true,
    layer_norm: false,
    rectifies: false,
    two_branches: false,
    make: Make::Alone(|make, name, shape| {
        let sign = if shape.stage.is_multiple_of(2) {
            1.0
        } else {
            -1.0
        };
        Gradient::build(make, name, shape, &FACTS, sign)
    }),
};
