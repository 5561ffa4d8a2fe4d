//! How does one model clean noise of any level? Its numbers are those of knots, on straight lines between them.
//!
//! A picture of noise level `σ` is scaled so that its noise has the level `5 √σ`: influence functions, whose Gaussians are 10
//! grey levels wide, are then fine enough for little noise and wide enough for much.

use crate::RestoreError;
use crate::learned::{Evaluation, Sample, Trainable, bad, rescaled};
use crate::trd::{Flow, Model, Objective};
use timestep_picture::Plane;

/// The level that noise of level `sigma` is scaled to.
fn scaled_to(sigma: f64) -> f64 {
    5.0 * sigma.sqrt()
}

/// Models for some noise levels.
#[derive(Clone, Debug, PartialEq)]
pub struct Levels {
    /// The noise levels, rising.
    pub knots: Vec<f64>,
    /// A model for each, alike in size, steps and scheme.
    pub models: Vec<Model>,
}

impl Levels {
    /// Models to start from: at each knot the given one whose level is nearest to what the noise is scaled to.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] if there are none.
    pub fn start(knots: &[f64], given: &[Model]) -> Result<Self, RestoreError> {
        let at = |knot: &f64| {
            let wanted = scaled_to(*knot);
            let apart = |m: &&Model| (m.sigma / wanted).ln().abs();
            let near = given.iter().min_by(|a, b| apart(a).total_cmp(&apart(b)));
            near.map(|model| model.for_sigma(wanted))
        };
        let models: Option<Vec<Model>> = knots.iter().map(at).collect();
        match models {
            Some(models) if !models.is_empty() => Ok(Self {
                knots: knots.to_vec(),
                models,
            }),
            _ => Err(bad("there are no models, or no levels")),
        }
    }

    /// The two knots about a level, and how far it is from the first to the second.
    fn between(&self, sigma: f64) -> (usize, usize, f64) {
        let last = self.knots.len() - 1;
        let right = self
            .knots
            .partition_point(|k| *k < sigma)
            .clamp(1.min(last), last);
        let left = right.saturating_sub(1);
        if left == right {
            return (left, right, 0.0);
        }
        let share = (sigma / self.knots[left]).ln() / (self.knots[right] / self.knots[left]).ln();
        (left, right, share.clamp(0.0, 1.0))
    }

    /// The model for a level.
    #[must_use]
    pub fn at(&self, sigma: f64) -> Model {
        let (left, right, share) = self.between(sigma);
        let steps = self.models[left].stages.len();
        let [a, b] = [left, right].map(|k| self.models[k].parameters(0, steps));
        let mixed: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a + share * (b - a)).collect();
        let mut model = self.models[left].clone();
        model.set_parameters(0, steps, &mixed);
        // Beyond the outermost knots the picture is scaled to theirs.
        let most = self.knots[self.knots.len() - 1];
        model.sigma = scaled_to(sigma.clamp(self.knots[0], most));
        model
    }

    /// Cleans a plane of this noise level.
    ///
    /// # Errors
    /// [`RestoreError`] if the models do not fit.
    pub fn clean(&self, plane: &Plane, sigma: f64) -> Result<Plane, RestoreError> {
        let model = self.at(sigma);
        let scale = (model.sigma / sigma) as f32;
        let result = Flow::new(&model).run(&rescaled(plane, scale), |_, _| ())?;
        Ok(rescaled(&result, 1.0 / scale))
    }
}

/// A picture to learn from, and the level that its noise was measured to have.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The noisy picture and the clean one.
    pub sample: Sample,
    /// The noise level.
    pub level: f64,
}

/// The loss of [`Levels`] as a function of the parameters of all knots: half the mean squared error of scaled pictures, which
/// lets little noise count more than its squared error would.
pub struct LevelObjective<'a> {
    levels: Levels,
    groups: Vec<Group<'a>>,
}

struct Group<'a> {
    objective: Objective<'a>,
    level: f64,
    share: f64,
}

/// Levels are trained at so many places between the outermost knots.
const PLACES: usize = 10;

/// Pictures scaled for training, by place.
pub struct Grouped {
    places: Vec<(f64, Vec<Sample>)>,
}

impl Grouped {
    /// Scales every picture so that its noise has the level of the nearest place.
    #[must_use]
    pub fn new(levels: &Levels, observed: &[Observed]) -> Self {
        let (low, high) = (
            levels.knots[0].ln(),
            levels.knots[levels.knots.len() - 1].ln(),
        );
        let width = (high - low) / (PLACES - 1) as f64;
        let mut places: Vec<(f64, Vec<Sample>)> = (0..PLACES)
            .map(|i| ((low + width * i as f64).exp(), Vec::new()))
            .collect();
        for one in observed {
            let place = ((one.level.ln() - low) / width)
                .round()
                .clamp(0.0, (PLACES - 1) as f64);
            let (level, samples) = &mut places[place as usize];
            let scale = (scaled_to(*level) / one.level) as f32;
            samples.push(Sample {
                noisy: rescaled(&one.sample.noisy, scale),
                clean: rescaled(&one.sample.clean, scale),
            });
        }
        places.retain(|(_, samples)| !samples.is_empty());
        Self { places }
    }
}

impl<'a> LevelObjective<'a> {
    /// For these pictures.
    ///
    /// # Errors
    /// [`RestoreError`] if the models do not fit, or there are no pictures.
    pub fn new(levels: Levels, grouped: &'a Grouped) -> Result<Self, RestoreError> {
        let pixels = |samples: &[Sample]| -> f64 {
            samples.iter().map(|s| s.clean.pixels().len() as f64).sum()
        };
        let total: f64 = grouped.places.iter().map(|(_, s)| pixels(s)).sum();
        let groups: Result<Vec<Group<'a>>, RestoreError> = grouped
            .places
            .iter()
            .map(|(level, samples)| {
                let model = levels.at(*level);
                let steps = model.stages.len();
                Ok(Group {
                    objective: Objective::new(samples, model, 0, steps)?,
                    level: *level,
                    share: pixels(samples) / total,
                })
            })
            .collect();
        Ok(Self {
            levels,
            groups: groups?,
        })
    }
}

impl Trainable for LevelObjective<'_> {
    type Model = Levels;

    fn parameters(&self) -> Vec<f64> {
        let all = self.levels.models.iter();
        all.flat_map(|m| m.parameters(0, m.stages.len())).collect()
    }

    fn model(&self, parameters: &[f64]) -> Levels {
        let mut levels = self.levels.clone();
        let each = parameters.len() / levels.models.len();
        for (model, own) in levels.models.iter_mut().zip(parameters.chunks(each)) {
            let steps = model.stages.len();
            model.set_parameters(0, steps, own);
        }
        levels
    }

    fn evaluate(&self, parameters: &[f64]) -> Result<Evaluation, RestoreError> {
        let levels = self.model(parameters);
        let each = parameters.len() / levels.models.len();
        let (mut loss, mut gradient) = (0.0, vec![0.0; parameters.len()]);
        for group in &self.groups {
            let model = levels.at(group.level);
            let found = group
                .objective
                .evaluate(&model.parameters(0, model.stages.len()))?;
            loss += group.share * found.loss;
            let (left, right, share) = levels.between(group.level);
            for (knot, weight) in [(left, 1.0 - share), (right, share)] {
                let own = &mut gradient[knot * each..(knot + 1) * each];
                for (to, from) in own.iter_mut().zip(&found.gradient) {
                    *to += group.share * weight * from;
                }
            }
        }
        Ok(Evaluation { loss, gradient })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels() -> Levels {
        let given = Model::start(3, 2, "euler", 25.0).expect("a model");
        Levels::start(&[3.0, 12.0, 48.0], &[given]).expect("levels")
    }

    #[test]
    fn between_knots_numbers_are_on_a_line_over_the_logarithm() {
        let levels = levels();
        let [a, middle, b] = [3.0, 6.0, 12.0].map(|s| levels.at(s).parameters(0, 2));
        for ((a, m), b) in a.iter().zip(&middle).zip(&b) {
            assert!((m - (a + b) / 2.0).abs() < 1e-9);
        }
        assert_eq!(
            levels.at(1.0).sigma.to_bits(),
            levels.at(3.0).sigma.to_bits()
        );
        assert!((levels.at(24.0).sigma - 5.0 * 24.0_f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn the_gradient_is_that_of_the_loss() {
        let levels = levels();
        let plane = |by: f32| {
            let pixels = (0..20 * 20).map(|i| 100.0 + by * ((i * 7) % 13) as f32);
            Plane::new(20, 20, pixels.collect()).expect("fits")
        };
        let observed: Vec<Observed> = [2.0, 5.0, 20.0, 60.0]
            .map(|level| {
                let mut noisy = plane(1.0);
                timestep_data::add_noise(noisy.pixels_mut(), level, 1, level as u64);
                Observed {
                    sample: Sample {
                        noisy,
                        clean: plane(1.0),
                    },
                    level,
                }
            })
            .into();
        let grouped = Grouped::new(&levels, &observed);
        let loss = LevelObjective::new(levels, &grouped).expect("an objective");
        let at = loss.parameters();
        let found = loss.evaluate(&at).expect("evaluates");
        assert_eq!(loss.model(&at), loss.levels);
        let mut checked = 0;
        for i in (0..at.len()).step_by(at.len() / 40) {
            let moved = |by: f64| {
                let mut other = at.clone();
                other[i] += by;
                loss.evaluate(&other).expect("evaluates").loss
            };
            let slope = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            let error = (slope - found.gradient[i]).abs();
            assert!(
                error < 2e-2 * (0.05 + slope.abs()),
                "{i}: {slope} {}",
                found.gradient[i]
            );
            checked += usize::from(slope.abs() > 1e-3);
        }
        assert!(checked > 5);
    }
}
