//! What are the `hλ` of every step of a trained network, at real images? Measured, with verdicts.

mod export;

pub use export::{arrays, table};

use crate::answer;
use timestep_data::{Normalise, Split, fill_batch, order};
use timestep_nets::{Engine, Measured, NetError, StepSpectrum, Verdict, Visit};
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
        coefficients(region.scheme(), region.coefficients(), region.history())
    }
}

/// The coefficients of a step of a scheme that uses so many earlier states, in words: a dot at a restart.
#[must_use]
pub fn coefficients(scheme: &str, all: &[f64], history: usize) -> String {
    match (all, history) {
        ([], 0) if facts(scheme).is_ok_and(|f| f.memory > 0) => "·".to_owned(),
        ([], _) => "-".to_owned(),
        (all, _) => {
            let few = all.iter().take(SHOWN).map(|k| format!("{k:+.3}"));
            let mut few: Vec<String> = few.collect();
            if all.len() > SHOWN {
                few.push("…".to_owned());
            }
            few.join(" ")
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
    (effort, seed): (Effort, u64),
    engine: &dyn Engine,
    mut done: impl FnMut(usize, usize),
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
            // How many steps there are is known after the first image.
            if index > 0 {
                done(index * steps.len() + at, numbers.len() * steps.len());
            }
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

answer! {
    /// The outer eigenvalues of one step at one image.
    pub struct SpectrumAtImage {
        /// Largest `|hλ|`.
        pub radius: f64,
        /// Residual of the outer eigenvalues, as a part of the largest modulus.
        pub uncertainty: f64,
        /// Products with the Jacobian that were taken.
        pub products: usize,
        /// Each eigenvalue as `[Re hλ, Im hλ, residual, growth]`: its residual as a part of the largest modulus, and
        /// the factor by which the scheme multiplies its mode per step.
        pub values: Vec<[f64; 4]>,
    }
}

answer! {
    /// The spectrum of one step over all images: the largest of each number.
    pub struct SpectrumOfStep {
        /// Step of the segment, from 1.
        pub step: usize,
        /// Coefficients with which the scheme takes it, that of the newest earlier state first; empty at a restart.
        pub coefficients: Vec<f64>,
        /// Earlier states that the step uses.
        pub history: usize,
        /// Numbers of the state: the dimension of the Jacobian.
        pub dimension: usize,
        /// Whether a ReLU follows the step, which is not part of what is measured.
        pub rectified: bool,
        /// Largest `|hλ|`.
        pub radius: f64,
        /// Smallest and largest `Re hλ`.
        pub real: [f64; 2],
        /// Largest `|Im hλ|`.
        pub imaginary: f64,
        /// Largest residual of the outer eigenvalues, as a part of the largest modulus.
        pub uncertainty: f64,
        /// What the scheme multiplies the fastest mode with per step.
        pub growth: f64,
        /// The same for modes with `Re hλ <= 0`, which the equation damps; null where there is none.
        pub growth_of_damped: Option<f64>,
        /// Where the step lies: `inside` the region of its scheme, `close to the edge`, or `outside`.
        pub verdict: &'static str,
        /// Modes outside at all images together that grow by the equation itself.
        pub outside_by_equation: usize,
        /// Modes outside at all images together that the equation damps.
        pub outside_by_scheme: usize,
        /// The spectrum at each image.
        pub by_image: Vec<SpectrumAtImage>,
        /// Whether every channel has a coefficient of its own: shown, and used for the region, is their mean.
        pub by_channel: bool,
        /// Whether it is the first of several evaluations, each of which has running statistics of its own.
        pub first_of_several: bool,
    }
}

answer! {
    /// Where the `hλ` of the steps of one segment lie.
    pub struct SpectrumOfSegment {
        /// The weights file or the run folder, as it was given.
        pub weights: String,
        /// Name of the network.
        pub network: String,
        /// Name of the data set of the images.
        pub data: String,
        /// Numbers of the images in the test split, from 0.
        pub images: Vec<u32>,
        /// Segment, from 1.
        pub segment: usize,
        /// Name of the scheme.
        pub scheme: &'static str,
        /// What is measured: the `slope` of a block, the `increment` of a whole step, or a `pair` of halves.
        pub measured: &'static str,
        /// Where the segment lies: as its worst step.
        pub verdict: &'static str,
        /// The same on the modes that the equation damps; null where there is none.
        pub verdict_on_damped: Option<&'static str>,
        /// Its steps that keep the shape of their state.
        pub steps: Vec<SpectrumOfStep>,
        /// Epoch of the weights.
        pub epoch: usize,
        /// Bound of `‖h f'‖` for its steps that keep the shape of their state, proved for every image from the weights alone; null where the
        /// block is no chain of convolutions, norms and ReLUs.
        pub bound: Option<f64>,
    }
}

/// What was measured at which weights and images.
#[derive(Clone, Debug)]
pub struct Circumstances<'a> {
    /// The weights, as they were given.
    pub weights: &'a str,
    /// The trained network.
    pub trained: &'a Trained,
    /// Name of the data set.
    pub data: &'a str,
    /// Numbers of the images in the test split.
    pub images: &'a [u32],
}

/// The answer, one value for each segment.
#[must_use]
pub fn answer(steps: &[MeasuredStep], at: &Circumstances<'_>) -> Vec<SpectrumOfSegment> {
    let bounds = at.trained.network.bounds(&at.trained.parameters);
    let bounds = bounds.unwrap_or_default();
    let bound = |segment: usize| bounds.iter().find(|(own, _)| *own == segment);
    let all = segments(steps).into_iter();
    all.map(|(segment, own)| SpectrumOfSegment {
        weights: at.weights.to_owned(),
        network: at.trained.card.network.name.clone(),
        data: at.data.to_owned(),
        images: at.images.to_vec(),
        segment,
        scheme: own[0].first().region.scheme(),
        measured: own[0].first().measured.name(),
        verdict: verdict(&own).name(),
        verdict_on_damped: verdict_on_damped(&own).map(Verdict::name),
        steps: own.iter().map(|step| SpectrumOfStep::of(step)).collect(),
        epoch: at.trained.card.epoch,
        bound: bound(segment).map(|(_, bound)| *bound),
    })
    .collect()
}

impl SpectrumOfStep {
    fn of(step: &MeasuredStep) -> Self {
        let first = step.first();
        let (low, high, top) = step.extent();
        let (own, scheme) = step.outside();
        let at_image = |s: &StepSpectrum| SpectrumAtImage {
            radius: s.radius(),
            uncertainty: s.uncertainty,
            products: s.products,
            values: (s.values.iter())
                .map(|v| [v.z.re, v.z.im, v.residual, v.growth])
                .collect(),
        };
        Self {
            step: first.step,
            coefficients: first.region.coefficients().to_vec(),
            history: first.region.history(),
            dimension: first.dimension,
            rectified: step.rectified,
            radius: step.largest(StepSpectrum::radius),
            real: [low, high],
            imaginary: top,
            uncertainty: step.largest(|s| s.uncertainty),
            growth: step.largest(StepSpectrum::growth),
            growth_of_damped: step.damped(),
            verdict: step.verdict().name(),
            outside_by_equation: own,
            outside_by_scheme: scheme,
            by_image: step.spectra.iter().map(at_image).collect(),
            by_channel: step.by_channel,
            first_of_several: step.first_of_several,
        }
    }
}

impl SpectrumOfSegment {
    /// What the eigenvalues are of.
    #[must_use]
    pub fn kind(&self) -> Measured {
        let all = [Measured::Slope, Measured::Increment, Measured::Pair];
        let named = all.into_iter().find(|kind| kind.name() == self.measured);
        // Its name was made of one of them.
        named.unwrap_or(Measured::Slope)
    }
}
