//! What does the condition say of a network with stochastic depth, block by block?

use crate::analysis::AnalysisError;
use crate::noise::{Noise, StepId, StochasticDepth};

/// One block of a network whose probability to be kept falls linearly with depth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NetworkBlock {
    /// The block, from 0.
    pub block: usize,
    /// Probability `p` that it is kept.
    pub survival: f64,
    /// Third central moment of `η`, `p (1-p) (1-2p)`: how skewed the noise itself is.
    pub third: f64,
    /// `γ = (1-2p)/√(p (1-p))`, the third moment of the normalised noise; `None` for a block that is
    /// never dropped, which has no noise.
    pub skew: Option<f64>,
    /// `|γ|/√Δt` with `Δt = 1/blocks`: the `K` that the condition needs.
    pub bound: Option<f64>,
}

/// All blocks of a network of `blocks` residual blocks, the last of which is kept with probability `keep` (the
/// first always is, as in the code of Lu et al.), taken as `blocks` steps of `Δt = 1/blocks`.
///
/// # Errors
/// [`AnalysisError::BadInput`] for less than two blocks or a probability outside (0, 1].
pub fn network(keep: f64, blocks: usize) -> Result<Vec<NetworkBlock>, AnalysisError> {
    if blocks < 2 {
        return Err(AnalysisError::BadInput {
            what: "the number of blocks",
            problem: "must be at least 2",
        });
    }
    if !(keep > 0.0 && keep <= 1.0) {
        return Err(AnalysisError::BadInput {
            what: "the probability to keep a block",
            problem: "must lie between 0 and 1",
        });
    }
    // Without division by p: η is 1 or 0.
    let law = StochasticDepth {
        keep,
        scaling: crate::noise::Scaling::Test,
        ..StochasticDepth::default()
    };
    let root = (1.0 / blocks as f64).sqrt();
    let of = |block| {
        let at = StepId {
            step: block,
            steps: blocks,
        };
        let moments = law.moments(at);
        let skew = (moments.variance > 0.0).then(|| moments.third / moments.variance.powf(1.5));
        NetworkBlock {
            block,
            survival: law.survival(at),
            third: moments.third,
            skew,
            bound: skew.map(|skew| skew.abs() / root),
        }
    };
    Ok((0..blocks).map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_networks_of_the_paper() {
        // LM-ResNet-56 with 27 blocks and LM-ResNet-110 with 54.
        let small = network(0.8, 27).expect("blocks");
        let last = small[26];
        assert!((last.survival - 0.8).abs() < 1e-15);
        assert!((last.skew.expect("noise") + 1.5).abs() < 1e-12);
        assert!((last.bound.expect("noise") - 1.5 * 27_f64.sqrt()).abs() < 1e-9);
        assert!((last.third + 0.096).abs() < 1e-12);
        let large = network(0.5, 54).expect("blocks");
        assert!(large[53].bound.expect("noise") < 1e-9);
        assert_eq!((large[0].survival, large[0].skew), (1.0, None));
        // Towards the first block the noise vanishes, but its normalised third moment grows.
        assert!(large[1].bound > large[26].bound);
        assert!(large[1].third.abs() < large[26].third.abs());
    }

    #[test]
    fn nonsense_is_refused() {
        for (keep, blocks) in [(0.0, 9), (1.2, 9), (f64::NAN, 9), (0.5, 1)] {
            assert!(network(keep, blocks).is_err());
        }
    }
}
