//! How good are trained weights on all test images of a data set?

use crate::answer;
use crate::scores::{ClassScore, Scores};
use std::path::Path;
use std::time::Instant;
use timestep_data::{Dataset, Loader};
use timestep_nets::Engine;
use timestep_train::evaluate::evaluate;
use timestep_train::event::TestMetrics;
use timestep_train::{TrainError, Trained};

/// Images named as the worst.
const WORST: usize = 12;

answer! {
    /// How good weights are on the test images of a data set.
    pub struct Measured {
        /// The weights file or the run folder, as it was given.
        pub weights: String,
        /// Name of the network.
        pub network: String,
        /// Name of the data set.
        pub data: String,
        /// What computed, as `--device` names it.
        pub device: String,
        /// Test images.
        pub images: usize,
        /// Mean cross entropy in nats.
        pub loss: f64,
        /// Share of images whose class is the most probable one, from 0 to 1.
        pub top1: f64,
        /// Share of images whose class is among the five most probable ones, from 0 to 1.
        pub top5: f64,
        /// Images per second.
        pub images_per_second: f64,
        /// Expected calibration error, from 0 to 1: mean distance between the probability of the class that is named and how often that
        /// is right, over 15 bins of this probability.
        pub calibration_error: f64,
        /// Each class, in the order of the network.
        pub classes: Vec<ClassScore>,
        /// Images of class i that were taken for class j: `confusion[i][j]`.
        pub confusion: Vec<Vec<u64>>,
        /// The images whose own class was least probable, the worst first.
        pub worst: Vec<WorstImage>,
        /// Training images that the network learned by heart (`train.overfit`): the test images of that run were these, those here are
        /// others; null where it learned from all.
        pub learned_by_heart: Option<usize>,
    }
}

answer! {
    /// A test image that the network got wrong.
    pub struct WorstImage {
        /// Number of the image in the test split, from 0.
        pub index: usize,
        /// Its file, below the folder of the data; null where images are no files.
        pub file: Option<String>,
        /// Its class.
        pub class: String,
        /// The class it was taken for.
        pub predicted: String,
        /// Probability of that class, from 0 to 1.
        pub probability: f64,
        /// Probability of its own class, from 0 to 1.
        pub of_class: f64,
    }
}

impl Measured {
    /// Measures weights on the test images of `dataset`, in batches of `batch` images; `done` is called with the
    /// images measured so far.
    ///
    /// # Errors
    /// [`TrainError`] for unreadable images.
    pub fn on(
        dataset: &Dataset,
        (data, weights): (&str, &Path),
        trained: &Trained,
        batch: usize,
        engine: &dyn Engine,
        mut done: impl FnMut(usize),
    ) -> Result<(Self, TestMetrics), TrainError> {
        let card = &trained.card;
        let loader = Loader::new(&dataset.test, batch, card.normalise.clone())?;
        let began = Instant::now();
        let (network, parameters) = (&trained.network, &trained.parameters);
        let mut scores = Scores::new(network.config().classes, WORST);
        let mut images = 0;
        let test = evaluate(network, parameters, &loader, engine, |batch, logits| {
            scores.count(logits, &batch.labels);
            images += batch.len();
            done(images);
        })?;
        let images = dataset.test.len();
        let classes = scores.classes(&card.classes);
        let name = |class: usize| {
            classes
                .get(class)
                .map_or(String::new(), |c| c.class.clone())
        };
        let worst = scores.worst().iter().map(|seen| WorstImage {
            index: seen.index,
            file: (dataset.test.name(seen.index)).map(|file| file.display().to_string()),
            class: name(seen.truth),
            predicted: name(seen.predicted),
            probability: seen.probability,
            of_class: seen.of_truth,
        });
        let overfit = card.recipe()?.train.overfit;
        let answer = Self {
            weights: weights.display().to_string(),
            network: card.network.name.clone(),
            data: data.to_owned(),
            device: engine.name().to_owned(),
            images,
            loss: test.loss,
            top1: test.top1,
            top5: test.top5,
            images_per_second: images as f64 / began.elapsed().as_secs_f64(),
            calibration_error: scores.calibration_error(),
            worst: worst.collect(),
            confusion: scores.confusion().to_vec(),
            classes,
            learned_by_heart: (overfit > 0).then_some(overfit),
        };
        Ok((answer, test))
    }
}
