//! How good is a trained network on its test images, and which mistakes does it make? Its best weights, measured again.

use crate::scores::Scores;
use crate::spectrum::{IMAGES, MeasuredStep, PRODUCTS, TOLERANCE, drawn, measure};
use std::path::Path;
use timestep_data::{Loader, Split, preview_png};
use timestep_nets::{Engine, NetError};
use timestep_numerics::analysis::Effort;
use timestep_train::evaluate::evaluate;
use timestep_train::event::TestMetrics;
use timestep_train::run::{Which, weights};
use timestep_train::{Setup, TrainError, Trained};

/// Images shown.
const WORST: usize = 12;
/// Multiply-adds of one image up to which a report measures Jacobians: some seconds, as for a ResNet-20 on
/// 32×32 pixels (41 million). Beyond, a report would take longer than many an epoch.
const AFFORDABLE: u64 = 150_000_000;

/// The spectra of the steps, or a sentence that says why they were not measured.
pub type Spectra = Result<Vec<MeasuredStep>, String>;

/// Who is told how far a measurement is: what is counted, how many of them are done, and how many there are.
pub type Told<'t> = &'t mut dyn FnMut(&'static str, usize, usize);

/// Measures them as `timestep analyze stability RUN` does without options.
fn spectra(
    trained: &Trained,
    split: &Split,
    engine: &dyn Engine,
    told: Told<'_>,
) -> Result<Spectra, TrainError> {
    let cost = trained.network.cost().multiply_adds as u64;
    if cost > AFFORDABLE {
        return Ok(Err(format!(
            "The Jacobians of the steps were not measured, because the network is large ({} million \
             multiply-adds an image): `timestep analyze stability RUN` measures them.",
            cost / 1_000_000
        )));
    }
    let effort = Effort {
        products: PRODUCTS,
        tolerance: TOLERANCE,
    };
    let numbers = drawn(0, split.len(), IMAGES);
    let done = |done, total| told("steps", done, total);
    match measure(trained, split, &numbers, (effort, 0), engine, done) {
        Ok(steps) if steps.is_empty() => Ok(Err(
            "No step keeps the shape of its state, so none has a square Jacobian.".into(),
        )),
        Ok(steps) => Ok(Ok(steps)),
        Err(TrainError::Net(
            why @ (NetError::Unmeasurable(_) | NetError::Analysis(_) | NetError::Controlled(_)),
        )) => Ok(Err(format!("The Jacobians were not measured: {why}."))),
        Err(other) => Err(other),
    }
}

/// The best weights on the test images.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Epoch of the weights.
    pub epoch: usize,
    /// What was measured.
    pub metrics: TestMetrics,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Images of class `i` that were taken for class `j`: `confusion[i][j]`.
    pub confusion: Vec<Vec<u64>>,
    /// The images whose own class was least probable, the worst first.
    pub worst: Vec<Worst>,
    /// The spectra of its steps, or why there are none.
    pub spectra: Spectra,
}

/// A test image that the network got wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Worst {
    /// Number of the image in the test split, from 0.
    pub index: usize,
    /// Its class.
    pub truth: usize,
    /// The class it was taken for.
    pub predicted: usize,
    /// Probability of that class.
    pub probability: f64,
    /// Probability of its own class.
    pub of_truth: f64,
    /// The image as a PNG file.
    pub png: Vec<u8>,
}

impl Evaluation {
    /// Measures the best weights of a run on the test images of `setup`, in the batches of its recipe,
    /// so that the numbers are those of the run. `told` hears how far it is.
    ///
    /// # Errors
    /// [`TrainError`] for weights that are missing or do not fit, and for unreadable images.
    pub fn of_best(
        folder: &Path,
        setup: &Setup,
        engine: &dyn Engine,
        told: Told<'_>,
    ) -> Result<Self, TrainError> {
        let trained = Trained::load(&weights(folder, Which::Best))?;
        Self::of(&trained, setup, engine, told)
    }

    /// Measures weights.
    fn of(
        trained: &Trained,
        setup: &Setup,
        engine: &dyn Engine,
        told: Told<'_>,
    ) -> Result<Self, TrainError> {
        let mut seen = 0;
        let (network, card) = (&trained.network, &trained.card);
        let split = &setup.dataset.test;
        let loader = Loader::new(
            split,
            setup.recipe().train.eval_batch,
            card.normalise.clone(),
        )?;
        let classes = network.config().classes;
        let mut scores = Scores::new(classes, WORST);
        let metrics = evaluate(
            network,
            &trained.parameters,
            &loader,
            engine,
            |batch, logits| {
                scores.count(logits, &batch.labels);
                seen += batch.len();
                told("images", seen, split.len());
            },
        )?;
        let mut worst = Vec::new();
        for one in scores.worst() {
            worst.push(Worst {
                png: preview_png(split, &[one.index as u32])?,
                index: one.index,
                truth: one.truth,
                predicted: one.predicted,
                probability: one.probability,
                of_truth: one.of_truth,
            });
        }
        let mut names = card.classes.clone();
        // A network may tell more classes apart than the data has.
        names.extend((names.len()..classes).map(|i| format!("class {i}")));
        Ok(Self {
            epoch: card.epoch,
            metrics,
            classes: names,
            confusion: scores.confusion().to_vec(),
            worst,
            spectra: spectra(trained, split, engine, told)?,
        })
    }

    /// Name of a class.
    #[must_use]
    pub fn class(&self, index: usize) -> &str {
        self.classes.get(index).map_or("?", String::as_str)
    }
}
