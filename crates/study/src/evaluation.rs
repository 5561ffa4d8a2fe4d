//! How good is a trained network on its test images, and which mistakes does it make? Its best weights, measured again.

use crate::spectrum::{IMAGES, MeasuredStep, PRODUCTS, TOLERANCE, drawn, measure};
use std::path::Path;
use timestep_data::{Loader, Split, preview_png};
use timestep_nets::{Engine, NetError};
use timestep_numerics::analysis::Effort;
use timestep_train::evaluate::evaluate;
use timestep_train::event::TestMetrics;
use timestep_train::{Setup, TrainError, Trained};

/// Images shown.
const WORST: usize = 12;
/// Multiply-adds of one image up to which a report measures Jacobians: some seconds, as for a ResNet-20 on
/// 32×32 pixels (41 million). Beyond, a report would take longer than many an epoch.
const AFFORDABLE: u64 = 150_000_000;

/// The spectra of the steps, or a sentence that says why they were not measured.
pub type Spectra = Result<Vec<MeasuredStep>, String>;

/// Measures them as `timestep analyze stability RUN` does without options.
fn spectra(trained: &Trained, split: &Split, engine: &dyn Engine) -> Result<Spectra, TrainError> {
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
    match measure(trained, split, &numbers, effort, 0, engine) {
        Ok(steps) if steps.is_empty() => Ok(Err(
            "No step keeps the shape of its state, so none has a square Jacobian.".into(),
        )),
        Ok(steps) => Ok(Ok(steps)),
        Err(TrainError::Net(why @ (NetError::Unmeasurable(_) | NetError::Analysis(_)))) => {
            Ok(Err(format!("The Jacobians were not measured: {why}.")))
        }
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

/// What is kept of an image until the worst are known.
struct Seen {
    index: usize,
    truth: usize,
    predicted: usize,
    probability: f64,
    of_truth: f64,
}

impl Evaluation {
    /// Measures the best weights of a run on the test images of `setup`, in the batches of its recipe,
    /// so that the numbers are those of the run.
    ///
    /// # Errors
    /// [`TrainError`] for weights that are missing or do not fit, and for unreadable images.
    pub fn of_best(folder: &Path, setup: &Setup, engine: &dyn Engine) -> Result<Self, TrainError> {
        let trained = Trained::load(&folder.join("weights/best.safetensors"))?;
        Self::of(&trained, setup, engine)
    }

    /// Measures weights.
    fn of(trained: &Trained, setup: &Setup, engine: &dyn Engine) -> Result<Self, TrainError> {
        let (network, card) = (&trained.network, &trained.card);
        let split = &setup.dataset.test;
        let loader = Loader::new(
            split,
            setup.recipe().train.eval_batch,
            card.normalise.clone(),
        )?;
        let classes = network.config().classes;
        let mut confusion = vec![vec![0; classes]; classes];
        let mut seen: Vec<Seen> = Vec::new();
        let mut index = 0;
        let metrics = evaluate(
            network,
            &trained.parameters,
            &loader,
            engine,
            |batch, logits| {
                for (row, label) in logits.chunks_exact(classes).zip(&batch.labels) {
                    let one = look(index, row, *label as usize);
                    confusion[one.truth][one.predicted] += 1;
                    if one.truth != one.predicted {
                        seen.push(one);
                    }
                    index += 1;
                }
                // Only the worst so far are kept, so memory does not grow with the test split.
                seen.sort_by(|a, b| {
                    a.of_truth
                        .total_cmp(&b.of_truth)
                        .then(a.index.cmp(&b.index))
                });
                seen.truncate(WORST);
            },
        )?;
        let mut worst = Vec::new();
        for one in seen {
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
            confusion,
            worst,
            spectra: spectra(trained, split, engine)?,
        })
    }

    /// Name of a class.
    #[must_use]
    pub fn class(&self, index: usize) -> &str {
        self.classes.get(index).map_or("?", String::as_str)
    }
}

/// Class and probabilities of an image by its logits; of equal logits the first wins, and NaN, which is
/// never right, has probability 0.
fn look(index: usize, logits: &[f32], truth: usize) -> Seen {
    let nan = logits.iter().any(|v| v.is_nan());
    let largest = logits.iter().fold(f32::NEG_INFINITY, |m, v| m.max(*v));
    let mut predicted = logits.iter().position(|v| *v == largest).unwrap_or(0);
    if nan && predicted == truth {
        predicted = (truth + 1) % logits.len().max(1);
    }
    let total: f64 = logits.iter().map(|v| f64::from(v - largest).exp()).sum();
    let probability = |class: usize| match f64::from(logits[class] - largest).exp() / total {
        p if p.is_finite() => p,
        _ => 0.0,
    };
    Seen {
        index,
        truth,
        predicted,
        probability: probability(predicted),
        of_truth: probability(truth),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_and_ties() {
        let seen = look(3, &[0.0, 2.0, 2.0, 1.0], 2);
        assert_eq!(
            (seen.index, seen.predicted),
            (3, 1),
            "of equal logits the first"
        );
        let total = 1.0 + 2.0 * 2_f64.exp() + 1_f64.exp();
        assert!((seen.probability - 2_f64.exp() / total).abs() < 1e-9);
        assert_eq!(seen.probability, seen.of_truth);
        let broken = look(0, &[f32::NAN, 1.0], 1);
        assert_eq!(
            (broken.predicted, broken.of_truth),
            (0, 0.0),
            "NaN is never right"
        );
    }
}
