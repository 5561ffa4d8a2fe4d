//! Which differential equation did a network learn? Its coefficients, read by the theory.
//!
//! A segment of a trained network with coefficients `k_n` follows, step by step, the modified
//! equation of its scheme at `k = k_n`; the mean `k` of a segment gives one equation for it.

use crate::{NetError, Network, Parameters};
use timestep_numerics::analysis::{
    AnalysisError, ModifiedEquation, Stability, ZeroStability, modified_equation, stability,
    zero_stability, zero_stability_of,
};

/// What one segment says as a differential equation.
#[derive(Clone, Debug)]
pub struct SegmentEquation {
    /// Segment, from 1.
    pub segment: usize,
    /// Learned coefficient of each step, the mean over channels where there is one for each;
    /// `None` for a step that has none.
    pub k: Vec<Option<f64>>,
    /// Mean of the coefficients, if there are any.
    pub mean_k: Option<f64>,
    /// Effective step size in the scheme's own time: `1 / c` where the scheme follows `c u' = f`.
    /// `None` where the scheme at this `k` follows no such equation.
    pub effective_step: Option<f64>,
    /// Stable intervals at the mean coefficient.
    pub stability: Option<Stability>,
    /// The modified equation at the mean coefficient.
    pub equation: Option<ModifiedEquation>,
    /// Zero-stability of the sequence of coefficients.
    pub zero_stability: Option<ZeroStability>,
}

/// The equation of every segment, up to `terms` derivatives.
///
/// # Errors
/// [`NetError::Incompatible`] if an analysis fails for another reason than that the scheme at the
/// learned coefficient has no answer to the question.
pub fn equations(
    network: &Network,
    parameters: &Parameters,
    terms: usize,
) -> Result<Vec<SegmentEquation>, NetError> {
    let scheme = network.scheme();
    let key = scheme.key;
    coefficients(network, parameters)
        .into_iter()
        .enumerate()
        .map(|(index, k)| {
            let values: Vec<f64> = k.iter().flatten().copied().collect();
            let mean_k =
                (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
            // A segment of one restart step of `lm` is a forward Euler step: k = 0.
            let at = mean_k.or(scheme.coefficient.map(|_| 0.0));
            if scheme.coefficient.is_some_and(|c| !c.older.is_empty()) {
                // One number does not describe a step with several coefficients.
                return Ok(SegmentEquation {
                    segment: index + 1,
                    k,
                    mean_k,
                    effective_step: None,
                    stability: None,
                    equation: None,
                    zero_stability: None,
                });
            }
            let equation = answer(modified_equation(key, at, terms))?;
            let zero = if values.is_empty() {
                zero_stability(key, at)
            } else {
                zero_stability_of(key, &values)
            };
            Ok(SegmentEquation {
                segment: index + 1,
                k,
                mean_k,
                effective_step: equation.as_ref().map(|e| 1.0 / e.time_scale()),
                stability: answer(stability(key, at))?,
                equation,
                zero_stability: answer(zero)?,
            })
        })
        .collect()
}

/// The learned coefficients by segment and step: the mean where there is one for each channel.
#[must_use]
pub fn coefficients(network: &Network, parameters: &Parameters) -> Vec<Vec<Option<f64>>> {
    let mean =
        |values: Vec<f32>| values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64;
    network
        .segments()
        .iter()
        .map(|s| {
            s.coefficients()
                .iter()
                .map(|ids| ids.first().map(|id| mean(parameters.read(*id))))
                .collect()
        })
        .collect()
}

/// An analysis without an answer at this coefficient is no failure of the network.
fn answer<T>(result: Result<T, AnalysisError>) -> Result<Option<T>, NetError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(
            AnalysisError::NotZeroStable { .. }
            | AnalysisError::NoTimeScale { .. }
            | AnalysisError::Inconsistent { .. }
            | AnalysisError::NotFinite { .. },
        ) => Ok(None),
        Err(other) => Err(NetError::Incompatible(vec![other.to_string()])),
    }
}
