//! What are the `hλ` of every step of a trained network, at real images? Measured, with verdicts.

use super::{SegmentPoints, StepPoints};
use timestep_data::{Normalise, Split, fill_batch, order};
use timestep_nets::{Engine, NetError, StepSpectrum, Verdict, Visit};
use timestep_numerics::analysis::Effort;
use timestep_numerics::facts;
use timestep_train::evaluate::images;
use timestep_train::{TrainError, Trained};

/// Images that a spectrum is measured at, unless a number is given.
pub const IMAGES: usize = 4;
/// Most products with a Jacobian, unless a number is given.
pub const PRODUCTS: usize = 60;
/// Part of the largest modulus to which the outer values are wanted.
pub const TOLERANCE: f64 = 1e-3;
/// Coefficients of a step that are shown; `dense` has many.
const SHOWN: usize = 3;

/// Spectra of one step at all images.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredStep {
    /// One an image.
    pub spectra: Vec<StepSpectrum>,
    /// Does a ReLU follow it?
    pub rectified: bool,
    /// Are its coefficients means over channels?
    pub by_channel: bool,
    /// Is it that of the first of several evaluations, each of which has running statistics of its own?
    pub first_of_several: bool,
}

impl MeasuredStep {
    /// Its spectrum at the first image; a step is listed once it has one.
    ///
    /// # Panics
    /// Without spectra, which [`measure`] never returns.
    #[must_use]
    pub fn first(&self) -> &StepSpectrum {
        &self.spectra[0]
    }

    /// Largest value over the images.
    #[must_use]
    pub fn largest(&self, of: impl Fn(&StepSpectrum) -> f64) -> f64 {
        self.spectra
            .iter()
            .map(of)
            .fold(f64::NEG_INFINITY, f64::max)
    }

    /// The verdict on all images.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict::of(self.largest(StepSpectrum::growth))
    }

    /// Largest growth of what the equation damps, if there is any.
    #[must_use]
    pub fn damped(&self) -> Option<f64> {
        let all = self
            .spectra
            .iter()
            .filter_map(StepSpectrum::growth_of_damped);
        all.reduce(f64::max)
    }

    /// Modes outside the region: the equation's own, and the scheme's.
    #[must_use]
    pub fn outside(&self) -> (usize, usize) {
        let all = self.spectra.iter().map(StepSpectrum::outside);
        all.fold((0, 0), |(a, b), (c, d)| (a + c, b + d))
    }

    /// Smallest and largest real part and largest imaginary part.
    #[must_use]
    pub fn extent(&self) -> (f64, f64, f64) {
        (
            -self.largest(|s| -s.extent().0),
            self.largest(|s| s.extent().1),
            self.largest(|s| s.extent().2),
        )
    }

    /// Its coefficients; a dot at a restart.
    #[must_use]
    pub fn k(&self) -> String {
        let region = &self.first().region;
        match (region.coefficients(), region.history()) {
            ([], 0) if facts(region.scheme()).is_ok_and(|f| f.memory > 0) => "·".to_owned(),
            ([], _) => "-".to_owned(),
            (all, _) => {
                let mut few: Vec<String> =
                    all.iter().take(SHOWN).map(|k| format!("{k:+.3}")).collect();
                if all.len() > SHOWN {
                    few.push("…".to_owned());
                }
                few.join(" ")
            }
        }
    }
}

/// The verdict on a segment: its worst step.
#[must_use]
pub fn verdict(steps: &[&MeasuredStep]) -> Verdict {
    let all = steps.iter().map(|s| s.verdict());
    all.max().unwrap_or(Verdict::Inside)
}

/// The same on the modes that the equation damps.
#[must_use]
pub fn verdict_on_damped(steps: &[&MeasuredStep]) -> Option<Verdict> {
    let all = steps.iter().filter_map(|s| s.damped());
    all.map(Verdict::of).max()
}

/// The numbers of `count` images of a split of `len`, drawn for `seed`.
#[must_use]
pub fn drawn(seed: u64, len: usize, count: usize) -> Vec<u32> {
    let mut drawn = order(seed, 0, len);
    drawn.truncate(count);
    drawn
}

/// Measures every step of a network whose state keeps its shape, at each of `numbers`, the images of
/// `split`, one by one: the eigenvalues of its Jacobian belong to one point.
///
/// # Errors
/// [`NetError::Unmeasurable`] where a step has no `hλ`, [`TrainError::Data`] for unreadable images, and
/// what [`timestep_nets::StepAt::spectrum`] says.
pub fn measure(
    trained: &Trained,
    split: &Split,
    numbers: &[u32],
    effort: Effort,
    seed: u64,
    engine: &dyn Engine,
) -> Result<Vec<MeasuredStep>, TrainError> {
    let normalise: &Normalise = &trained.card.normalise;
    let mut steps: Vec<MeasuredStep> = Vec::new();
    for (index, number) in numbers.iter().enumerate() {
        let batch = fill_batch(split, &[*number], None, normalise)?;
        let mut at = 0;
        let network = &trained.network;
        network.each_step(engine, &trained.parameters, images(&batch), &mut |visit| {
            let Visit::Step(step) = visit else {
                return Ok::<_, NetError>(());
            };
            let found = step.spectrum(effort, seed)?;
            if index == 0 {
                steps.push(MeasuredStep {
                    spectra: Vec::new(),
                    rectified: step.rectifies(),
                    by_channel: step.by_channel(),
                    first_of_several: step.first_of_several(),
                });
            }
            steps[at].spectra.push(found);
            at += 1;
            Ok(())
        })?;
    }
    Ok(steps)
}

/// The steps of each segment, in order.
#[must_use]
pub fn segments(steps: &[MeasuredStep]) -> Vec<(usize, Vec<&MeasuredStep>)> {
    let mut all: Vec<(usize, Vec<&MeasuredStep>)> = Vec::new();
    for step in steps {
        let number = step.first().segment;
        match all.last_mut() {
            Some((known, own)) if *known == number => own.push(step),
            _ => all.push((number, vec![step])),
        }
    }
    all
}

/// The settled values of a segment for its picture.
#[must_use]
pub fn pictured(segment: usize, steps: &[&MeasuredStep]) -> SegmentPoints {
    SegmentPoints {
        title: format!("Segment {segment}: {}", verdict(steps).name()),
        steps: steps.iter().map(|s| points(s)).collect(),
    }
}

fn points(step: &MeasuredStep) -> StepPoints {
    let first = step.first();
    let label = match first.region.coefficients() {
        [] => format!("step {}", first.step),
        _ => format!("step {}, k = {}", first.step, step.k()),
    };
    let settled = step.spectra.iter().flat_map(StepSpectrum::settled);
    StepPoints {
        label,
        region: first.region.clone(),
        points: settled.map(|v| v.z).collect(),
    }
}
