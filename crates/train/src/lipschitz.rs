//! How is a step kept inside the region of its scheme while it learns? By cutting the scales of its norms.
//!
//! A right-hand side that is a chain of convolutions and norms changes at most `B = Π c_i Π s_j` times as fast as the state, where
//! `c_i` bounds the norm of a convolution and `s_j = max_c |γ_c| / √(σ_c² + ε)` is that of a norm with its running variance
//! ([`Network::chains`]). Where `B` exceeds `L`, the scales of each of the `m` norms of the chain are cut, channel by channel, to
//! `|γ_c| ≤ t_j √(σ_c² + ε)` with `t_j = s_j (L / B)^(1/m)`: only the steepest channels change, and kernels stay free. Where a block is
//! dissipative or antisymmetric only with scales above 0, scales below 0 become 0 ([`NormLink::keeps_sign`]). Steps of transitions are left
//! alone: their state has another shape afterwards, so that nothing is stable or not, and new channels begin with what they add.
//!
//! Weights that are measured or saved as weights have such bounds, found for them: what is evaluated keeps the limit exactly. Finding them takes as
//! long as some steps of training, so after a step norms are those of the symbol of each convolution at the frequency at which it was largest a
//! while ago (at most [`EVERY`] steps), which is as good until another frequency has become the largest. In training norms use statistics of the
//! batch, whose bounds are others. (By the triangle inequality the bound of an earlier kernel and the Frobenius norms of what has changed since are a
//! bound of a later one; but a step of parabolic-20 on digits moves kernels by 2 to 5 % of their bounds so measured, at half the
//! recipe's rate, and few computations would be spared.)

use crate::TrainError;
use crate::recipe::RecipeError;
use rayon::prelude::*;
use timestep_nets::{Frequency, Link, Network, NormLink, Parameters};

/// Most steps of training between two computations of all bounds.
pub(crate) const EVERY: u32 = 20;

/// What rounding to single precision may add to a scale.
const ROUNDING: f64 = 1.0 - f32::EPSILON as f64;

/// A right-hand side: places of its links among the operators, and its norms.
#[derive(Clone, Debug)]
struct Chain {
    operators: Vec<usize>,
    norms: Vec<NormLink>,
}

/// A limit of the Lipschitz constants of right-hand sides.
#[derive(Clone, Debug)]
pub struct LipschitzLimit {
    limit: f64,
    /// Everything but norms, each once.
    operators: Vec<Link>,
    chains: Vec<Chain>,
    state: LimitState,
}

/// What a limit remembers between steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitState {
    /// Steps until all bounds are found anew.
    pub left: u32,
    /// Where the symbols of convolutions were largest, in the order of the chains; none before the first step.
    pub peaks: Vec<Frequency>,
}

impl LipschitzLimit {
    /// The limit `L` for a network; `None` if it is 0.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] for a network in which a right-hand side has no bound, or no norm, or no step keeps the shape of its state.
    pub fn of(network: &Network, limit: f64) -> Result<Option<Self>, TrainError> {
        if limit == 0.0 {
            return Ok(None);
        }
        let unfit = |what: String, hint: String| {
            TrainError::Recipe(RecipeError::unfit("train.lipschitz", limit, what, &hint))
        };
        let found = network.chains().map_err(|no| {
            let what = format!("needs a bound of every right-hand side, and {}", no.what);
            unfit(what, no.hint)
        })?;
        let mut operators: Vec<Link> = Vec::new();
        let mut chains = Vec::new();
        for chain in found.into_iter().filter(|chain| chain.keeps_shape) {
            let mut own = Chain {
                operators: Vec::new(),
                norms: Vec::new(),
            };
            for link in chain.links {
                if let Link::Norm(norm) = link {
                    own.norms.push(norm);
                    continue;
                }
                let known = operators.iter().position(|known| *known == link);
                own.operators.push(known.unwrap_or_else(|| {
                    operators.push(link);
                    operators.len() - 1
                }));
            }
            if own.norms.is_empty() {
                let what = format!(
                    "cuts the scales of norms, and step {} of segment {} has none of its own: the stem normalises for it",
                    chain.step, chain.segment
                );
                let hint = "take a network whose stem has no norm, such as `preresnet-20`, or leave it out";
                return Err(unfit(what, hint.to_owned()));
            }
            chains.push(own);
        }
        if chains.is_empty() {
            let what = "bounds steps that keep the shape of their state, and there are none";
            let hint = "give the segments more steps, or leave it out";
            return Err(unfit(what.to_owned(), hint.to_owned()));
        }
        Ok(Some(Self {
            limit,
            operators,
            chains,
            state: LimitState::default(),
        }))
    }

    /// The largest bound of a right-hand side of a step that keeps the shape of its state, from its weights alone.
    #[must_use]
    pub fn value(&self, parameters: &Parameters) -> f64 {
        let bounds: Vec<f64> = (self.peaks(parameters).iter()).map(|(b, _)| *b).collect();
        let all = self.chains.iter();
        all.map(|chain| product(chain, &bounds, parameters).0)
            .fold(0.0, f64::max)
    }

    /// What it remembers.
    #[must_use]
    pub fn state(&self) -> &LimitState {
        &self.state
    }

    /// Takes up what was saved; `false` if it is of another network.
    pub fn restore(&mut self, state: LimitState) -> bool {
        let peaks = state.peaks.len();
        let fits = peaks == self.operators.len() || peaks == 0 && state.left == 0;
        if fits {
            self.state = state;
        }
        fits
    }

    /// After a step of training.
    pub(crate) fn after_step(&mut self, parameters: &mut Parameters) {
        if self.state.left == 0 {
            self.settle(parameters);
        } else {
            let all = self.operators.par_iter().zip(&self.state.peaks);
            let near: Vec<f64> = all
                .map(|(link, peak)| link.near(parameters, *peak))
                .collect();
            self.cut(parameters, &near);
        }
        self.state.left -= 1;
    }

    /// Before weights are measured: finds all bounds, so that the limit holds for these weights.
    pub(crate) fn settle(&mut self, parameters: &mut Parameters) {
        let (bounds, peaks): (Vec<f64>, _) = self.peaks(parameters).into_iter().unzip();
        self.state = LimitState { left: EVERY, peaks };
        self.cut(parameters, &bounds);
    }

    /// The bounds of everything but norms.
    fn peaks(&self, parameters: &Parameters) -> Vec<(f64, Frequency)> {
        let all = self.operators.par_iter();
        all.map(|link| link.peak(parameters)).collect()
    }

    /// Cuts the scales where a chain exceeds the limit, given what everything but norms does.
    fn cut(&self, parameters: &mut Parameters, bounds: &[f64]) {
        for chain in &self.chains {
            for norm in chain.norms.iter().filter(|norm| norm.keeps_sign) {
                let scales = parameters.value_mut(norm.scale);
                // What is not a number stays so.
                let below = scales.iter_mut().filter(|scale| **scale < 0.0);
                below.for_each(|scale| *scale = 0.0);
            }
            let (bound, norms) = product(chain, bounds, parameters);
            // Weights that are not finite are found by the next step, and should not be hidden here.
            if bound <= self.limit || !bound.is_finite() {
                continue;
            }
            let part = (self.limit / bound).powf(1.0 / chain.norms.len() as f64);
            for (norm, largest) in chain.norms.iter().zip(norms) {
                let most = largest * part * ROUNDING;
                let deviations: Vec<f64> = norm.deviations(parameters).collect();
                let scales = parameters.value_mut(norm.scale).iter_mut();
                for (scale, deviation) in scales.zip(deviations) {
                    let most = (most * deviation) as f32;
                    *scale = scale.clamp(-most, most);
                }
            }
        }
    }
}

/// The bound of a chain, and those of its norms, given those of everything else.
fn product(chain: &Chain, bounds: &[f64], parameters: &Parameters) -> (f64, Vec<f64>) {
    let norms: Vec<f64> = chain.norms.iter().map(|n| n.bound(parameters)).collect();
    let operators = chain.operators.iter().map(|at| bounds[*at]);
    (operators.chain(norms.iter().copied()).product(), norms)
}

#[cfg(test)]
#[path = "lipschitz_tests.rs"]
mod tests;
