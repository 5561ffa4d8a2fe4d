//! Which learning rate suits a recipe?

use crate::answer;
use timestep_train::Setup;
use timestep_train::range::{Range, RangeEnd, RangePoint};

answer! {
    /// A step of the test, with a rate above that of the step before.
    pub struct TriedRate {
        /// `step`.
        pub event: &'static str,
        /// The step, from 1.
        pub step: usize,
        /// Its learning rate.
        pub lr: f64,
        /// Loss of its batch.
        pub loss: f64,
        /// Smoothed loss.
        pub smoothed: f64,
    }
}

impl TriedRate {
    /// The step with this number.
    #[must_use]
    pub fn new(step: usize, point: &RangePoint) -> Self {
        Self {
            event: "step",
            step,
            lr: point.lr,
            loss: point.loss,
            smoothed: point.smoothed,
        }
    }
}

answer! {
    /// The learning rate that a test suggests.
    pub struct SuggestedRate {
        /// `suggestion`.
        pub event: &'static str,
        /// Name of the network.
        pub network: String,
        /// Name of the data set.
        pub data: String,
        /// Seed of the test.
        pub seed: u64,
        /// Steps that were taken.
        pub steps: usize,
        /// Why the test ended: all rates were tried (`complete`), the smoothed loss exceeded four times its minimum
        /// (`rising`), or the loss was `not_finite`.
        pub end: &'static str,
        /// The rate at which the smoothed loss falls fastest; null if it never falls.
        pub suggestion: Option<f64>,
        /// The rate at which the smoothed loss is smallest.
        pub minimum: Option<f64>,
        /// A tenth of it, the usual second opinion.
        pub tenth_of_minimum: Option<f64>,
        /// The rate of the recipe.
        pub recipe: f64,
        /// Images of a step.
        pub batch: usize,
        /// The first rate that was asked for.
        pub from: f64,
        /// The last rate whose loss was finite.
        pub to: f64,
        /// The rate at which the loss was not finite, if there was one.
        pub not_finite_at: Option<f64>,
    }
}

impl SuggestedRate {
    /// What a test found that began with the rate `from`.
    #[must_use]
    pub fn new(setup: &Setup, range: &Range, from: f64) -> Self {
        let (recipe, found) = (setup.recipe(), range.suggestion());
        let minimum = found.map(|f| f.minimum);
        Self {
            event: "suggestion",
            network: setup.network.config().name.clone(),
            data: setup.dataset.name.to_string(),
            seed: recipe.train.seed,
            steps: range.points.len(),
            end: match range.end {
                RangeEnd::Complete => "complete",
                RangeEnd::Rising => "rising",
                RangeEnd::NotFinite(_) => "not_finite",
            },
            suggestion: found.map(|f| f.steepest),
            minimum,
            tenth_of_minimum: minimum.map(|rate| rate / 10.0),
            recipe: recipe.optimiser.lr,
            batch: recipe.train.batch,
            from,
            to: range.points.last().map_or(from, |p| p.lr),
            not_finite_at: match range.end {
                RangeEnd::NotFinite(lr) => Some(lr),
                RangeEnd::Complete | RangeEnd::Rising => None,
            },
        }
    }
}
