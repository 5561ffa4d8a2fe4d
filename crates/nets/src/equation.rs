//! Which differential equation did a network learn? Its coefficients, read by the theory.
//!
//! A segment of a trained network with coefficients `k_n` follows, step by step, the modified
//! equation of its scheme at `k = k_n`; averaged over its steps it has one equation. Schemes with
//! more coefficients (`lm3`, `dense`) are read with all of them.

use crate::{NetError, Network, Parameters};
use timestep_numerics::SchemeFacts;
use timestep_numerics::analysis::{
    AnalysisError, ModifiedEquation, Stability, ZeroStability, modified_equation,
    modified_equation_of_steps, stability, stability_of_steps, zero_stability,
    zero_stability_of_steps,
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
    /// Stable intervals of the steps as they are, repeated.
    pub stability: Option<Stability>,
    /// The modified equation that the steps, repeated, follow on average; that at the mean coefficient would be another.
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
    equations_of(
        network.scheme(),
        &all_coefficients(network, parameters),
        terms,
    )
}

/// The same for coefficients that were read before, by segment, step and earlier state: those of
/// [`all_coefficients`], or of the log of a run. The list of a step without coefficients is empty.
///
/// # Errors
/// As [`equations`].
pub fn equations_of(
    scheme: &SchemeFacts,
    coefficients: &[Vec<Vec<f64>>],
    terms: usize,
) -> Result<Vec<SegmentEquation>, NetError> {
    let key = scheme.written();
    coefficients
        .iter()
        .enumerate()
        .map(|(index, steps)| {
            let learned: Vec<Vec<f64>> = steps.iter().filter(|s| !s.is_empty()).cloned().collect();
            let mean = means(&learned);
            let restart_only = learned.is_empty() && scheme.coefficient.is_some();
            // A segment of one restart step of `lm` is a forward Euler step: k = 0.
            let (equation, found, zero) = if mean.is_empty() && !restart_only {
                (
                    modified_equation(key, None, terms),
                    stability(key, None),
                    zero_stability(key, None),
                )
            } else {
                let zero = match &learned[..] {
                    [] => zero_stability(key, Some(0.0)),
                    steps => zero_stability_of_steps(key, steps),
                };
                // A segment of a restart alone is one step, of forward Euler.
                let steps = match learned.is_empty() {
                    true => vec![Vec::new()],
                    false => learned,
                };
                (
                    modified_equation_of_steps(key, &steps, terms),
                    stability_of_steps(key, &steps),
                    zero,
                )
            };
            let equation = answer(equation)?;
            Ok(SegmentEquation {
                segment: index + 1,
                k: steps.iter().map(|s| s.first().copied()).collect(),
                mean_k: mean.first().copied(),
                effective_step: equation.as_ref().map(|e| 1.0 / e.time_scale()),
                stability: answer(found)?,
                equation,
                zero_stability: answer(zero)?,
            })
        })
        .collect()
}

/// The mean of each coefficient over the steps that have it.
fn means(steps: &[Vec<f64>]) -> Vec<f64> {
    let most = steps.iter().map(Vec::len).max().unwrap_or(0);
    (0..most)
        .map(|i| {
            let all: Vec<f64> = steps.iter().filter_map(|s| s.get(i).copied()).collect();
            all.iter().sum::<f64>() / all.len() as f64
        })
        .collect()
}

/// The learned coefficients by segment and step, newest state first: the mean over channels where
/// there is one for each.
#[must_use]
pub fn all_coefficients(network: &Network, parameters: &Parameters) -> Vec<Vec<Vec<f64>>> {
    let mean =
        |values: &[f32]| values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64;
    let step = |ids: &Vec<crate::ParamId>| {
        ids.iter()
            .map(|id| mean(parameters.value(*id)))
            .collect::<Vec<f64>>()
    };
    let segments = network.segments().iter();
    segments
        .map(|s| s.coefficients().iter().map(step).collect())
        .collect()
}

/// The learned coefficient of the newest earlier state, by segment and step.
#[must_use]
pub fn coefficients(network: &Network, parameters: &Parameters) -> Vec<Vec<Option<f64>>> {
    let first = |steps: Vec<Vec<f64>>| steps.iter().map(|s| s.first().copied()).collect();
    all_coefficients(network, parameters)
        .into_iter()
        .map(first)
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
