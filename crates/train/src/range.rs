//! Which learning rate suits a recipe? The range test: a rate that rises from step to step, and the loss.
//!
//! Step `i` of `N` uses `from · (to / from)^(i / (N - 1))`. The loss `L_i` is smoothed with bias
//! correction: `s_i = β s_{i-1} + (1 - β) L_i`, shown as `s_i / (1 - β^{i+1})`, `β = 0.9`. The test
//! ends early when that exceeds four times its minimum, or when a loss is not finite.
//! Source: L. N. Smith, Cyclical Learning Rates for Training Neural Networks, WACV 2017; smoothing and
//! early end as practised since fastai's implementation.

use crate::evaluate::{images, targets};
use crate::{Examples, Learner, Setup, Start, TrainError};
use std::sync::Arc;
use timestep_nets::{Draws, Engine};

/// Memory of the smoothing: ten steps, a tenth of a usual test.
const BETA: f64 = 0.9;
/// How far above its minimum the smoothed loss ends the test.
const FACTOR: f64 = 4.0;
/// Points on each side over which a slope is taken.
const REACH: usize = 2;

/// The rates to try.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Rate of the first step; positive.
    pub from: f64,
    /// Rate of the last step; above `from`.
    pub to: f64,
    /// Number of steps, at least 2.
    pub steps: usize,
}

impl Rates {
    /// The rate of step `index`, from 0.
    #[must_use]
    pub fn at(&self, index: usize) -> f64 {
        let last = self.steps.saturating_sub(1).max(1) as f64;
        self.from * (self.to / self.from).powf(index as f64 / last)
    }
}

/// A step of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RangePoint {
    /// Its learning rate.
    pub lr: f64,
    /// Mean loss of its batch, before the step.
    pub loss: f64,
    /// The smoothed loss.
    pub smoothed: f64,
}

/// Why a test ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RangeEnd {
    /// All rates were tried.
    Complete,
    /// The smoothed loss exceeded four times its minimum.
    Rising,
    /// The loss at this rate was not finite.
    NotFinite(f64),
}

/// What a test found.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// Its steps.
    pub points: Vec<RangePoint>,
    /// Why it ended.
    pub end: RangeEnd,
}

/// Rates that a test suggests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Suggestion {
    /// Where the smoothed loss falls fastest in the logarithm of the rate.
    pub steepest: f64,
    /// Where the smoothed loss is smallest; a tenth of it is the usual second opinion.
    pub minimum: f64,
}

/// Trains a fresh network with rising rates. It changes nothing but its own copy of the weights, and the
/// same setup gives the same numbers.
///
/// `each` is told every step.
///
/// # Errors
/// [`TrainError`] for unreadable images, and if a scheme refuses a step.
pub fn range_test(
    setup: &Setup,
    rates: Rates,
    engine: Arc<dyn Engine>,
    mut each: impl FnMut(&RangePoint),
) -> Result<Range, TrainError> {
    let recipe = setup.recipe();
    let (network, seed) = (&setup.network, recipe.train.seed);
    let mut parameters = Start::of(setup)?.parameters;
    let mut learner = Learner::of(engine, recipe, network)?;
    let loader = setup.train_loader()?;
    let mut smoothing = Smoothing::default();
    let mut points: Vec<RangePoint> = Vec::new();
    let mut lowest = f64::INFINITY;
    // As many epochs as it takes; an empty one would take for ever.
    let epochs = if loader.batches() == 0 { 0 } else { u64::MAX };
    let batches = (0..epochs).flat_map(|epoch| loader.epoch(epoch, 0));
    for (index, batch) in batches.take(rates.steps).enumerate() {
        let batch = batch?;
        let lr = rates.at(index);
        let targets = targets(&batch, recipe.train.label_smoothing);
        let (dims, images) = images(&batch);
        let examples = Examples {
            dims,
            images,
            targets: &targets,
        };
        let draws = Some(Draws {
            seed,
            step: index as u64,
            images: batch.indices.clone().into(),
        });
        let done = learner.step(network, &mut parameters, &examples, lr, draws)?;
        let Some(done) = done else {
            return Ok(Range {
                points,
                end: RangeEnd::NotFinite(lr),
            });
        };
        let smoothed = smoothing.add(done.loss);
        let point = RangePoint {
            lr,
            loss: done.loss,
            smoothed,
        };
        each(&point);
        points.push(point);
        lowest = lowest.min(smoothed);
        if smoothed > FACTOR * lowest {
            return Ok(Range {
                points,
                end: RangeEnd::Rising,
            });
        }
    }
    Ok(Range {
        points,
        end: RangeEnd::Complete,
    })
}

/// An exponential mean that does not favour its first value.
#[derive(Clone, Copy, Debug, Default)]
struct Smoothing {
    sum: f64,
    weight: f64,
}

impl Smoothing {
    /// Takes a value, returns the mean.
    fn add(&mut self, value: f64) -> f64 {
        self.sum = BETA * self.sum + (1.0 - BETA) * value;
        // 1 - β^{i+1}, by the same recursion.
        self.weight = BETA * self.weight + (1.0 - BETA);
        self.sum / self.weight
    }
}

impl Range {
    /// The suggested rates; `None` if the loss never falls: if the smallest smoothed loss is not below the
    /// first losses by more than twice their spread.
    ///
    /// Only rates below that of the smallest smoothed loss are asked for the steepest descent: beyond it
    /// the loss falls by chance, if at all.
    #[must_use]
    pub fn suggestion(&self) -> Option<Suggestion> {
        let points = &self.points;
        let lowest =
            (0..points.len()).min_by(|a, b| points[*a].smoothed.total_cmp(&points[*b].smoothed))?;
        let (mean, spread) = self.first();
        if points[lowest].smoothed >= mean - 2.0 * spread {
            return None;
        }
        let last = lowest.checked_sub(REACH)?;
        let steepest = (REACH..=last)
            .map(|at| (at, slope(&points[at - REACH..=at + REACH])))
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .filter(|(_, slope)| *slope < 0.0)?;
        Some(Suggestion {
            steepest: points[steepest.0].lr,
            minimum: points[lowest].lr,
        })
    }
}

impl Range {
    /// Mean and standard deviation of the losses at the first rates, which are too small to teach.
    fn first(&self) -> (f64, f64) {
        let n = (self.points.len() / 4).clamp(1, 10).min(self.points.len());
        let losses = || self.points[..n].iter().map(|p| p.loss);
        let mean = losses().sum::<f64>() / n as f64;
        let squares: f64 = losses().map(|l| (l - mean).powi(2)).sum();
        (mean, (squares / n as f64).sqrt())
    }
}

/// Slope of the smoothed loss in the logarithm of the rate, by least squares.
fn slope(points: &[RangePoint]) -> f64 {
    let n = points.len() as f64;
    let x = |p: &RangePoint| p.lr.ln();
    let mean_x = points.iter().map(x).sum::<f64>() / n;
    let mean_y = points.iter().map(|p| p.smoothed).sum::<f64>() / n;
    let (xy, xx) = points.iter().fold((0.0, 0.0), |(xy, xx), p| {
        let dx = x(p) - mean_x;
        (xy + dx * (p.smoothed - mean_y), xx + dx * dx)
    });
    xy / xx
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A test whose smoothed loss is a function of the logarithm of the rate.
    fn range(loss: impl Fn(f64) -> f64) -> Range {
        let rates = Rates {
            from: 1e-4,
            to: 1.0,
            steps: 81,
        };
        let points = (0..rates.steps).map(|i| {
            let lr = rates.at(i);
            let loss = loss(lr.log10());
            RangePoint {
                lr,
                loss,
                smoothed: loss,
            }
        });
        Range {
            points: points.collect(),
            end: RangeEnd::Complete,
        }
    }

    #[test]
    fn rates_rise_by_a_constant_factor() {
        let rates = Rates {
            from: 1e-4,
            to: 3.0,
            steps: 100,
        };
        assert_eq!(rates.at(0), 1e-4);
        assert!((rates.at(99) / 3.0 - 1.0).abs() < 1e-12);
        let factor = rates.at(1) / rates.at(0);
        assert!((1..100).all(|i| (rates.at(i) / rates.at(i - 1) / factor - 1.0).abs() < 1e-12));
    }

    #[test]
    fn smoothing_has_no_bias_towards_zero() {
        let mut smoothing = Smoothing::default();
        assert!((0..50).all(|_| (smoothing.add(2.5) - 2.5).abs() < 1e-12));
        let mut smoothing = Smoothing::default();
        smoothing.add(1.0);
        // (0.9 · 1 + 0.1 · 0 · …): weights 0.09 and 0.1 of 0.19.
        assert!((smoothing.add(2.0) - (0.09 + 0.2) / 0.19).abs() < 1e-12);
    }

    #[test]
    fn the_steepest_descent_and_the_minimum_are_found() {
        // Falls like a step at 1e-2, rises like one at 10^-0.5.
        let s = |x: f64| 1.0 / (1.0 + (-x).exp());
        let found = range(|x| 3.0 - 2.0 * s(6.0 * (x + 2.0)) + 5.0 * s(8.0 * (x + 0.5)))
            .suggestion()
            .expect("a suggestion");
        assert!((found.steepest.log10() + 2.0).abs() < 0.06, "{found:?}");
        assert!(
            found.minimum > found.steepest && found.minimum < 0.3,
            "{found:?}"
        );
    }

    #[test]
    fn a_loss_that_only_rises_suggests_nothing() {
        assert_eq!(range(|x| x + 5.0).suggestion(), None);
        assert_eq!(range(|_| 1.0).suggestion(), None);
        // Noise of ±0.1 around 2 falls nowhere, and a fall of 1 stands out of it.
        let smoothed = |mut range: Range| {
            let mut smoothing = Smoothing::default();
            let points = range.points.iter_mut();
            points.for_each(|p| p.smoothed = smoothing.add(p.loss));
            range.suggestion()
        };
        // Neighbouring rates are 2.4 radians apart.
        let noise = |x: f64| 0.1 * (48.0 * x).sin();
        assert_eq!(smoothed(range(|x| 2.0 + noise(x))), None);
        let fall = |x: f64| 1.0 / (1.0 + (-6.0 * (x + 1.5)).exp());
        assert!(smoothed(range(|x| 2.0 - fall(x) + noise(x))).is_some());
        let mut short = range(|x| -x);
        short.points.truncate(3);
        assert_eq!(short.suggestion(), None);
        short.points.clear();
        assert_eq!(short.suggestion(), None);
    }
}
