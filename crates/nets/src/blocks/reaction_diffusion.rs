//! The reaction-diffusion block: a residual block beside a diffusion of its own strength in each channel.
//!
//! # Equation
//! `f(u) = f0(u) + f1(u)`, `f0` that of `preact`, `f1(u) = d Δu` with `d = sigmoid(κ)` in each channel
//!
//! # As a network
//! IMEXnet (Haber, Lensink, Treister, Ruthotto 2019): the diffusion couples all pixels, and implicitly it does so in one step whatever its
//! strength (`imex-euler`, `sbdf2`). `Δ` is the five-point Laplacian of the pixels with zeros around the image, symmetric with
//! eigenvalues between -8 and 0, so `f1` damps. Explicit schemes step the sum, `lie` and `strang` its terms in turn. A step that changes
//! the shape is that of `preact`.
//!
//! # Cost
//! That of `preact`, `18 width²` weights and multiply-adds for each pixel, and one weight per channel and five multiply-adds for each
//! feature, as often as the equation of an implicit step needs them.
//!
//! # When to use / when not
//! Where all of an image counts and steps are few. Restoration and segmentation gain more from it than classification.
//!
//! # Reference
//! E. Haber, K. Lensink, E. Treister, L. Ruthotto, IMEXnet: a forward stable deep neural network, ICML 2019.

use super::preact::PreAct;
use crate::{
    Array, Block, BlockFacts, BlockShape, Builder, Coef, ConvSpec, Features, Init, Make, ParamId,
    Pass, Role, ops,
};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BlockFacts = BlockFacts {
    named: Facts {
        aliases: &["imex"],
        references: &["haber2019imexnet"],
        ..Facts::new(
            Kind::Block,
            "reaction-diffusion",
            "the block preact plus a diffusion of learned strength in each channel",
            include_str!("reaction_diffusion.rs"),
        )
    },
    equation: "W2 * relu(BN(W1 * relu(BN(u)))) + sigmoid(d) Laplacian(u)",
    expansion: 1,
    preactivation: true,
    layer_norm: false,
    rectifies: false,
    two_branches: false,
    make: Make::Alone(build),
};

/// The five-point Laplacian.
const LAPLACIAN: [f64; 9] = [0.0, 1.0, 0.0, 1.0, -4.0, 1.0, 0.0, 1.0, 0.0];

/// A residual block, a diffusion, or both.
#[derive(Debug)]
struct ReactionDiffusion {
    reaction: Option<Box<dyn Block>>,
    diffusion: Option<ParamId>,
}

/// Builds the block under `name`: the term that the scheme asks for, or both; where the shape changes it is that of `preact`.
fn build(make: &mut Builder, name: &str, shape: &BlockShape) -> Box<dyn Block> {
    if shape.stride != 1 || shape.input != shape.output {
        return PreAct::build(make, name, shape);
    }
    let term = make.term().map(|(term, _)| term);
    let reaction = term.is_none_or(|term| term == 0);
    let reaction = reaction.then(|| PreAct::build(make, name, shape));
    let diffusion = term.is_none_or(|term| term == 1).then(|| {
        make.count_laplacian(shape.output, shape.size);
        make.parameter(
            format!("{name}.diffusion"),
            vec![shape.output],
            Role::Weight,
            Init::Uniform(-2.0, -1.0),
        )
    });
    Box::new(ReactionDiffusion {
        reaction,
        diffusion,
    })
}

/// `d Δu`.
fn diffused(pass: &Pass, u: &Features, strength: ParamId) -> Features {
    let [_, channels, _, _] = u.dims();
    let shape = [1, channels * LAPLACIAN.len()];
    let weight = Array::constant(pass.tape(), shape, &LAPLACIAN.repeat(channels));
    let spec = ConvSpec::square(channels, 3, 1).grouped(channels);
    let change = ops::conv2d(u, &weight, &spec);
    let strength = Coef::Learned(pass.value(strength).sigmoid());
    ops::combine(&[(strength, &change)])
}

impl Block for ReactionDiffusion {
    fn facts(&self) -> &'static BlockFacts {
        &FACTS
    }

    fn entry(&self, pass: &Pass, u: &Features) -> Option<Features> {
        self.reaction
            .as_ref()
            .and_then(|block| block.entry(pass, u))
    }

    fn eval_from(&self, pass: &Pass, u: &Features, entry: Option<&Features>) -> Features {
        let reaction = self.reaction.as_ref().map(|r| r.eval_from(pass, u, entry));
        let diffusion = self.diffusion.map(|strength| diffused(pass, u, strength));
        match (reaction, diffusion) {
            (Some(a), Some(b)) => ops::combine(&[(1.0.into(), &a), (1.0.into(), &b)]),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => unreachable!("a block of one term or of both"),
        }
    }
}
