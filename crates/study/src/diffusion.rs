//! What did a restorer learn? Its step sizes, coefficients and influence functions.

use crate::answer;
use serde::{Serialize, Serializer};
use timestep_numerics::analysis::{AnalysisError, zero_stability_of_steps};
use timestep_restore::trd::Model;

/// Influence functions are looked at between plus and minus this, in grey levels.
pub const RANGE: f64 = 100.0;
/// Points of a curve.
const POINTS: usize = 81;

answer! {
    /// What one step of a learned diffusion does.
    pub struct DiffusionStep {
        /// The step, from 1.
        pub step: usize,
        /// Weight of the noisy picture. It does nothing at the first step, where `u` is the noisy picture itself.
        pub lambda: f64,
        /// Coefficient of the newest earlier state, if the step has one.
        pub k: Option<f64>,
        /// `1/(1+k)`, the step size in the scheme's own time; null without a coefficient.
        pub step_size: Option<f64>,
        /// Largest value of an influence function between -100 and 100 grey levels.
        pub largest_influence: f64,
        /// Mean slope of the influence functions at 0.
        pub mean_slope: f64,
    }
}

/// A filter with its influence function.
#[derive(Clone, Debug, PartialEq)]
pub struct Reaction {
    /// Taps, row by row.
    pub taps: Vec<f64>,
    /// Values of the function on an even grid from minus to plus [`RANGE`].
    pub curve: Vec<f64>,
}

impl Reaction {
    /// Largest value of the function.
    fn strength(&self) -> f64 {
        self.curve.iter().fold(0.0_f64, |m, v| m.max(v.abs()))
    }
}

/// Every step of a model, with its filters, the strongest first.
#[must_use]
pub fn steps(model: &Model) -> Vec<(DiffusionStep, Vec<Reaction>)> {
    let curve = |t: usize, i: usize| -> Vec<f64> {
        (0..POINTS)
            .map(|p| RANGE * (2.0 * p as f64 / (POINTS - 1) as f64 - 1.0))
            .map(|z| model.influence(t, i, z))
            .collect()
    };
    let step = |(t, stage): (usize, &timestep_restore::learned::Stage)| {
        let mut reactions: Vec<Reaction> = (0..model.filters())
            .map(|i| Reaction {
                taps: model.taps(t, i),
                curve: curve(t, i),
            })
            .collect();
        let slopes: f64 = (0..model.filters())
            .map(|i| (model.influence(t, i, 0.5) - model.influence(t, i, -0.5)).abs())
            .sum();
        reactions.sort_by(|a, b| b.strength().total_cmp(&a.strength()));
        let k = model.coefficients[t].first().copied();
        let answer = DiffusionStep {
            step: t + 1,
            lambda: stage.lambda(),
            k,
            step_size: k.map(|k| 1.0 / (1.0 + k)),
            largest_influence: reactions.first().map_or(0.0, Reaction::strength),
            mean_slope: slopes / model.filters() as f64,
        };
        (answer, reactions)
    };
    model.stages.iter().enumerate().map(step).collect()
}

/// A model and its steps; in JSON the list of its steps.
#[derive(Clone, Debug, PartialEq)]
pub struct LearnedDiffusion {
    /// What the model is: size of its filters, steps, scheme, noise.
    pub title: String,
    /// Its steps.
    pub steps: Vec<DiffusionStep>,
    /// Largest growth of an error by the learned sequence of coefficients, if it has some.
    pub growth: Option<f64>,
}

impl LearnedDiffusion {
    /// Reads a model; the answer, and the filters of each step.
    ///
    /// # Errors
    /// [`AnalysisError`] for coefficients that do not fit the scheme.
    pub fn read(model: &Model) -> Result<(Self, Vec<Vec<Reaction>>), AnalysisError> {
        let learns = model.coefficients.iter().any(|c| !c.is_empty());
        let zero = || zero_stability_of_steps(&model.scheme, &model.coefficients[1..]);
        let growth = learns.then(zero).transpose()?.map(|z| z.growth);
        let (steps, reactions) = steps(model).into_iter().unzip();
        let title = format!(
            "reaction-diffusion {0}×{0}, {1} steps of {2}, sigma {3}",
            model.size,
            model.stages.len(),
            model.scheme,
            model.sigma
        );
        let answer = Self {
            title,
            steps,
            growth,
        };
        Ok((answer, reactions))
    }
}

impl Serialize for LearnedDiffusion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.steps.serialize(serializer)
    }
}
