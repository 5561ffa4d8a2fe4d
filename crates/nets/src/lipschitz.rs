//! How fast can a right-hand side change? A proved bound of its Lipschitz constant, from its weights alone.
//!
//! A block that is a chain of convolutions, norms and ReLUs changes at most as fast as the product of what its links do: of a
//! convolution its operator norm ([`convolution_norm`]), of a norm in evaluation the largest `|γ_c| / √(σ_c² + ε)`, of a ReLU 1. Where
//! `h` times the product lies within the stable interval of a scheme, each of its steps is stable at every image, and so are
//! products of different steps: no spectrum is measured. Of the ReLU after a step and of shortcuts nothing is said.

use crate::operator_norm::{Frequency, convolution_norm, convolution_norm_near};
use crate::{
    Block, BlockShape, BodyFacts, Builder, Entrance, Network, ParamId, Parameters, Size, StrideAt,
    blocks,
};
use rayon::prelude::*;

/// What a right-hand side is a chain of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Link {
    /// A convolution, or its adjoint.
    Conv {
        /// Its kernel.
        weight: ParamId,
        /// Its groups.
        groups: usize,
    },
    /// `K - Kᵀ - γ` of a convolution `K`.
    Antisymmetric {
        /// The kernel of `K`.
        weight: ParamId,
        /// `γ`.
        friction: f64,
    },
    /// A norm.
    Norm(NormLink),
    /// A number, such as the mean control of a noise.
    Factor(f64),
}

/// A norm in evaluation: each channel times `γ / √(σ² + ε)`, plus what does not matter here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormLink {
    /// `γ`.
    pub scale: ParamId,
    /// `σ²`, the running one.
    pub variance: ParamId,
    /// `ε`.
    pub epsilon: f64,
    /// Does the block keep what it promises of eigenvalues only while all `γ` are at least 0?
    pub keeps_sign: bool,
}

impl NormLink {
    /// `√(σ_c² + ε)` of each channel.
    pub fn deviations<'p>(&self, parameters: &'p Parameters) -> impl Iterator<Item = f64> + 'p {
        let epsilon = self.epsilon;
        let variances = parameters.value(self.variance).iter();
        variances.map(move |v| (f64::from(*v) + epsilon).sqrt())
    }

    /// The largest `|γ_c| / √(σ_c² + ε)`.
    #[must_use]
    pub fn bound(&self, parameters: &Parameters) -> f64 {
        let scales = parameters.value(self.scale).iter();
        let each = scales.zip(self.deviations(parameters));
        each.map(|(scale, deviation)| f64::from(scale.abs()) / deviation)
            .fold(0.0, larger)
    }
}

/// The larger of two; what is not a number counts as larger than any.
fn larger(a: f64, b: f64) -> f64 {
    match b.is_nan() {
        true => f64::INFINITY,
        false => a.max(b),
    }
}

impl Link {
    /// A bound of how much it lengthens; infinite where numbers are not finite.
    #[must_use]
    pub fn bound(&self, parameters: &Parameters) -> f64 {
        self.peak(parameters).0
    }

    /// The same, and at which frequency that is, of a convolution.
    #[must_use]
    pub fn peak(&self, parameters: &Parameters) -> (f64, Frequency) {
        self.with_norm(parameters, convolution_norm)
    }

    /// What it does at a frequency alone, which is not a bound: see [`convolution_norm_near`].
    #[must_use]
    pub fn near(&self, parameters: &Parameters, near: Frequency) -> f64 {
        let norm = |kernel: &[f32], extents, groups| {
            let found = convolution_norm_near(kernel, extents, groups, near);
            (found, near)
        };
        self.with_norm(parameters, norm).0
    }

    /// How much it lengthens, with a way to measure convolutions.
    fn with_norm(
        &self,
        parameters: &Parameters,
        norm: impl Fn(&[f32], [usize; 4], usize) -> (f64, Frequency),
    ) -> (f64, Frequency) {
        let extents = |weight: ParamId| -> [usize; 4] {
            let shape = &parameters.specs()[weight.index()].shape;
            // A builder makes kernels with four.
            std::array::from_fn(|axis| shape.get(axis).copied().unwrap_or(1))
        };
        match self {
            Link::Conv { weight, groups } => {
                norm(parameters.value(*weight), extents(*weight), *groups)
            }
            Link::Antisymmetric { weight, friction } => {
                let extents = extents(*weight);
                let turning = antisymmetric_part(parameters.value(*weight), extents);
                let (found, at) = norm(&turning, extents, 1);
                // A skew-symmetric operator and a multiple of the identity are orthogonal in all that they do to an image.
                (found.hypot(*friction), at)
            }
            Link::Norm(norm) => (norm.bound(parameters), Frequency::default()),
            Link::Factor(factor) => (factor.abs(), Frequency::default()),
        }
    }
}

/// The kernel of `K - Kᵀ`, of as many channels out as in; what rounding makes of it in the network is as small as all of rounding.
fn antisymmetric_part(kernel: &[f32], [channels, _, rows, columns]: [usize; 4]) -> Vec<f32> {
    let taps = rows * columns;
    let at = |o: usize, i: usize, t: usize| kernel[(o * channels + i) * taps + t];
    let places = (0..channels).flat_map(|o| (0..channels).map(move |i| (o, i)));
    places
        .flat_map(|(o, i)| (0..taps).map(move |t| at(o, i, t) - at(i, o, taps - 1 - t)))
        .collect()
}

/// The right-hand side of an evaluation, or of a transition's step.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// Segment, from 1.
    pub segment: usize,
    /// Step of the segment, from 1.
    pub step: usize,
    /// Step size.
    pub h: f64,
    /// Does the state keep its shape?
    pub keeps_shape: bool,
    /// What it is a chain of, without ReLUs.
    pub links: Vec<Link>,
}

/// Why there is no bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbounded {
    /// A sentence that begins with what it is about.
    pub what: String,
    /// What helps.
    pub hint: String,
}

impl Network {
    /// The right-hand sides of all steps as chains, those of transitions' steps included.
    ///
    /// # Errors
    /// [`Unbounded`] where a block is no chain, weights between steps are interpolated, or not everything is a step.
    pub fn chains(&self) -> Result<Vec<Chain>, Unbounded> {
        let config = self.config();
        let refused = |what: String, hint: &str| Unbounded {
            what,
            hint: hint.to_owned(),
        };
        let body: &BodyFacts = self.body();
        if !body.uniform {
            return Err(refused(
                format!(
                    "`{}` is not made of segments of one block and one scheme",
                    config.name
                ),
                "take a residual network",
            ));
        }
        if config.scheme.control.is_some() {
            return Err(refused(
                format!(
                    "`{}` chooses its steps, with weights between those that are given",
                    config.name
                ),
                "leave `network.rtol` out: steps of a given size have a bound",
            ));
        }
        let mut chains = Vec::new();
        for segment in self.segments() {
            let number = segment.summary().number;
            let mut add = |block: &dyn Block, step: usize, h: f64, keeps_shape: bool| {
                let links = block.links().ok_or_else(|| Unbounded {
                    what: format!(
                        "the block `{}` is no chain of convolutions, norms and ReLUs",
                        config.block.name
                    ),
                    hint: format!("such blocks are {}", named(&chain_blocks())),
                })?;
                chains.push(Chain {
                    segment: number,
                    step,
                    h,
                    keeps_shape,
                    links,
                });
                Ok(())
            };
            for block in segment.entrance.iter().flat_map(Entrance::blocks) {
                add(block, 1, 1.0, false)?;
            }
            for (n, step) in segment.steps.steps.iter().enumerate() {
                for block in &step.blocks {
                    add(&**block, segment.steps.taken + n + 1, step.h, true)?;
                }
            }
        }
        Ok(chains)
    }

    /// A bound of `‖h f'‖` for the steps of each segment that keep the shape of the state: the segment, from 1, and the largest of its steps, at every image.
    /// Of a step with several evaluations it is that of each. `None` for networks without [`chains`](Self::chains).
    #[must_use]
    pub fn bounds(&self, parameters: &Parameters) -> Option<Vec<(usize, f64)>> {
        let chains = self.chains().ok()?;
        let steps: Vec<&Chain> = chains.iter().filter(|chain| chain.keeps_shape).collect();
        let each: Vec<f64> = steps
            .par_iter()
            .map(|chain| {
                let links = chain.links.iter().map(|link| link.bound(parameters));
                chain.h * links.product::<f64>()
            })
            .collect();
        let mut found: Vec<(usize, f64)> = Vec::new();
        for (chain, bound) in steps.iter().zip(each) {
            match found.last_mut() {
                Some((segment, largest)) if *segment == chain.segment => {
                    *largest = larger(*largest, bound);
                }
                _ => found.push((chain.segment, larger(0.0, bound))),
            }
        }
        Some(found)
    }
}

/// The blocks that are chains, by key.
#[must_use]
pub fn chain_blocks() -> Vec<&'static str> {
    let shape = BlockShape {
        input: 8,
        output: 8,
        inner: 8,
        stride: 1,
        stride_at: StrideAt::First,
        size: Size {
            height: 4,
            width: 4,
        },
        groups: 0,
        activated: false,
        dropout: 0.0,
        stage: 0,
    };
    let all = blocks().filter(|facts| match facts.make {
        crate::Make::Alone(make) => make(&mut Builder::new(), "block", &shape).links().is_some(),
        crate::Make::Around(..) => false,
    });
    all.map(|facts| facts.key).collect()
}

/// Keys in a sentence.
fn named(keys: &[&str]) -> String {
    let all: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    match all.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => all.concat(),
    }
}

#[cfg(test)]
#[path = "lipschitz_tests.rs"]
mod tests;
