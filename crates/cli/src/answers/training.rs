//! A training that would be done, and what one reached, in words.

use super::Answer;
use crate::page::Page;
use timestep_study::answer;
use timestep_study::learned::LearnedSegment;

answer! {
    /// The training of a classifier that would be done.
    pub(crate) struct PlannedClassifier {
        /// Name of the recipe.
        pub(crate) recipe: String,
        /// Name of the network.
        pub(crate) network: String,
        /// Name of the data set.
        pub(crate) data: String,
        /// Images to train on.
        pub(crate) train_images: usize,
        /// Images to measure on.
        pub(crate) test_images: usize,
        /// Learned numbers without coefficients.
        pub(crate) parameters: usize,
        /// Learned coefficients of the scheme.
        pub(crate) coefficients: usize,
        /// Multiply-adds of one image, forward.
        pub(crate) multiply_adds: usize,
        /// Loss of the first batch.
        pub(crate) loss: f64,
        /// Seconds of a step, measured on the first batch.
        pub(crate) seconds_per_step: f64,
        /// Steps of the whole training.
        pub(crate) steps: usize,
        /// Hours that they take, about.
        pub(crate) hours: f64,
        /// Bytes that a step keeps for the backward pass.
        pub(crate) activation_bytes: usize,
        /// Learned arrays that no gradient reaches.
        pub(crate) without_gradient: Vec<String>,
        /// Folder of the first run.
        pub(crate) run: String,
        /// Runs, one for each seed.
        pub(crate) seeds: u64,
        /// The first seed.
        pub(crate) seed: u64,
        /// Shape of the images: channels, height, width.
        pub(crate) shape: [usize; 3],
        /// Classes that the network tells apart.
        pub(crate) classes: usize,
        /// Steps of the network.
        pub(crate) depth: usize,
        /// Its scheme.
        pub(crate) scheme: &'static str,
        /// Its block.
        pub(crate) block: String,
        /// Images that are computed together: a batch, or a part of it.
        pub(crate) batch: usize,
    }
}

impl Answer for PlannedClassifier {
    fn text(&self, page: &mut Page) {
        let [channels, height, width] = self.shape;
        let classes = self.classes;
        page.facts(&[
            ("recipe", format!("{} (seed {})", self.recipe, self.seed)),
            (
                "data",
                format!(
                    "{}: {} train, {} test images of {channels}×{height}×{width}",
                    self.data, self.train_images, self.test_images
                ),
            ),
            (
                "network",
                format!(
                    "{}: {} steps of `{}` on `{}`",
                    self.network, self.depth, self.scheme, self.block
                ),
            ),
            (
                "cost",
                format!(
                    "{} parameters and {} coefficients, {:.1} M multiply-adds per image",
                    self.parameters,
                    self.coefficients,
                    self.multiply_adds as f64 / 1e6
                ),
            ),
            (
                "memory",
                format!(
                    "about {} MB of activations at batch {}",
                    self.activation_bytes / 1_000_000,
                    self.batch
                ),
            ),
            (
                "check",
                format!(
                    "one batch forward and backward: loss {:.3} (ln {classes} = {:.3})",
                    self.loss,
                    (classes as f64).ln()
                ),
            ),
            (
                "time",
                format!(
                    "{:.2} s per step, {} steps: about {}",
                    self.seconds_per_step,
                    self.steps,
                    hours(self.hours)
                ),
            ),
            ("run", runs(&self.run, self.seeds)),
        ]);
        page.line("Nothing was written. Remove --dry-run to start.");
    }
}

answer! {
    /// The training of a restorer that would be done.
    pub(crate) struct PlannedRestorer {
        /// Name of the recipe.
        pub(crate) recipe: String,
        /// Name of the model.
        pub(crate) model: String,
        /// Standard deviation of the noise, in grey levels.
        pub(crate) sigma: f64,
        /// Pictures to train on.
        pub(crate) train_pictures: usize,
        /// Their pixels.
        pub(crate) train_pixels: usize,
        /// Pictures to measure on.
        pub(crate) test_pictures: usize,
        /// Learned numbers.
        pub(crate) parameters: usize,
        /// Phases of the training.
        pub(crate) phases: usize,
        /// Iterations of all phases, at most.
        pub(crate) iterations: usize,
        /// Loss at the start.
        pub(crate) loss: f64,
        /// The PSNR in dB that it stands for.
        pub(crate) psnr: f64,
        /// Seconds of one evaluation of the loss, in the longest phase; an iteration takes one or more.
        pub(crate) seconds_per_evaluation: f64,
        /// Folder of the first run.
        pub(crate) run: String,
        /// Runs, one for each seed.
        pub(crate) seeds: u64,
        /// The first seed.
        pub(crate) seed: u64,
        /// The model in words.
        pub(crate) shape: String,
        /// Steps of the model in the longest phase.
        pub(crate) steps: usize,
    }
}

impl Answer for PlannedRestorer {
    fn text(&self, page: &mut Page) {
        let steps = match self.steps {
            1 => "one step".to_owned(),
            n => format!("{n} steps"),
        };
        page.facts(&[
            ("recipe", format!("{} (seed {})", self.recipe, self.seed)),
            (
                "pictures",
                format!(
                    "{} to train on ({} pixels), {} to measure on; noise {}",
                    self.train_pictures, self.train_pixels, self.test_pictures, self.sigma
                ),
            ),
            (
                "model",
                format!(
                    "{}: {} parameters, started at {:.3} dB",
                    self.shape, self.parameters, self.psnr
                ),
            ),
            (
                "phases",
                format!(
                    "{} of at most {} iterations together",
                    self.phases, self.iterations
                ),
            ),
            (
                "time",
                format!(
                    "{:.2} s for an evaluation of {steps}; an iteration takes one or more",
                    self.seconds_per_evaluation
                ),
            ),
            ("run", runs(&self.run, self.seeds)),
        ]);
        page.line("Nothing was written. Remove --dry-run to start.");
    }
}

/// Where the runs would go, and how many there are.
fn runs(first: &str, seeds: u64) -> String {
    match seeds {
        1 => first.to_owned(),
        n => format!("{first} and {} more, one for each seed", n - 1),
    }
}

/// Hours as a person says them.
fn hours(hours: f64) -> String {
    let minutes = (hours * 60.0).round() as u64;
    match minutes {
        0 => "a minute".into(),
        1..=119 => format!("{minutes} minutes"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

answer! {
    /// What a trained network is as a differential equation.
    pub(crate) struct LearnedEquation {
        /// `equation`.
        pub(crate) event: &'static str,
        /// Name of the network.
        pub(crate) network: String,
        /// Name of its scheme.
        pub(crate) scheme: &'static str,
        /// Its segments.
        pub(crate) segments: Vec<LearnedSegment>,
    }
}

answer! {
    /// A restorer that was trained.
    pub(crate) struct TrainedRestorer {
        /// `trained`.
        pub(crate) event: &'static str,
        /// Name of the model.
        pub(crate) model: String,
        /// Its method.
        pub(crate) method: &'static str,
        /// Standard deviation of the noise, in grey levels.
        pub(crate) sigma: f64,
        /// PSNR on the training pictures in dB.
        pub(crate) psnr: f64,
        /// PSNR on the test pictures in dB; null without any.
        pub(crate) test_psnr: Option<f64>,
        /// Its weights.
        pub(crate) weights: String,
    }
}

answer! {
    /// Mean and spread over seeds.
    pub(crate) struct OverSeeds {
        /// `seeds`.
        pub(crate) event: &'static str,
        /// Of classifiers: accuracy of each run on the test images, from 0 to 1.
        pub(crate) top1 unless "Option::is_none": Option<Vec<f64>>,
        /// Of restorers: PSNR of each run in dB.
        pub(crate) psnr unless "Option::is_none": Option<Vec<f64>>,
        /// Their mean.
        pub(crate) mean: f64,
        /// Their standard deviation.
        pub(crate) deviation: f64,
    }
}

impl Answer for OverSeeds {
    fn text(&self, page: &mut Page) {
        let (values, words, unit) = match (&self.top1, &self.psnr) {
            (Some(values), _) => (values.len(), "top-1", ""),
            (None, psnr) => (psnr.as_ref().map_or(0, Vec::len), "PSNR", " dB"),
        };
        page.line(format!(
            "{values} seeds: {words} {:.4} ± {:.4}{unit} (standard deviation)",
            self.mean, self.deviation
        ));
    }
}
