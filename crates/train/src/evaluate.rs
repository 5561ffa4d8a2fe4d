//! How good is a network on a set of images? Cross-entropy, top-1 and top-5.

use crate::TrainError;
use crate::cluster::Communicator;
use crate::event::TestMetrics;
use timestep_data::{Batch, Loader};
use timestep_nets::{Engine, Mixed, Mode, Network, Parameters, Pass, Targets};

/// Sums over images from which the averages are made.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Sum of the losses of all images.
    pub loss: f64,
    /// Images classified correctly.
    pub top1: usize,
    /// Images whose class is among the five most likely.
    pub top5: usize,
    /// Images counted.
    pub images: usize,
}

impl Tally {
    /// Counts a batch by its logits.
    pub fn count(&mut self, logits: &[f32], labels: &[u32], classes: usize) {
        for (row, label) in logits.chunks_exact(classes).zip(labels) {
            let own = row[*label as usize];
            // The rank is the number of classes that are more likely; of equal ones the first
            // wins. NaN is never correct.
            let better = row
                .iter()
                .enumerate()
                .filter(|(i, v)| **v > own || (**v == own && *i < *label as usize))
                .count();
            let valid = row.iter().all(|v| !v.is_nan());
            self.top1 += usize::from(valid && better == 0);
            self.top5 += usize::from(valid && better < 5);
            self.images += 1;
        }
    }

    /// Adds the mean loss of `images` images.
    pub fn add_loss(&mut self, mean: f64, images: usize) {
        self.loss += mean * images as f64;
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, more: &Self) {
        self.loss += more.loss;
        self.top1 += more.top1;
        self.top5 += more.top5;
        self.images += more.images;
    }

    /// Its four numbers for other ranks.
    fn to_bytes(self) -> [u8; 32] {
        let counts = [self.top1, self.top5, self.images].map(|count| count as u64);
        let [top1, top5, images] = counts;
        let numbers = [self.loss.to_bits(), top1, top5, images].map(u64::to_le_bytes);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(numbers.as_flattened());
        bytes
    }

    /// From the 32 bytes of another rank.
    fn from_bytes(bytes: &[u8]) -> Self {
        let mut numbers = bytes.as_chunks::<8>().0.iter();
        let mut next = || numbers.next().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        Self {
            loss: f64::from_bits(next()),
            top1: next() as usize,
            top5: next() as usize,
            images: next() as usize,
        }
    }

    /// The averages.
    #[must_use]
    pub fn metrics(&self) -> TestMetrics {
        let n = (self.images as f64).max(1.0);
        TestMetrics {
            loss: self.loss / n,
            top1: self.top1 as f64 / n,
            top5: self.top5 as f64 / n,
        }
    }
}

/// The images of a batch, `[batch, channels, height, width]`.
#[must_use]
pub fn images(batch: &Batch) -> ([usize; 4], &[f32]) {
    let shape = batch.shape;
    let dims = [batch.len(), shape.channels, shape.height, shape.width];
    (dims, &batch.images)
}

/// What the logits of a batch are compared with in training: its labels, smoothed, and mixed as its images are.
#[must_use]
pub fn targets(batch: &Batch, smoothing: f64) -> Targets {
    Targets {
        labels: batch.labels.clone(),
        smoothing,
        mixed: batch.mix.as_ref().map(|mix| Mixed {
            partners: mix.partner_labels.clone(),
            shares: mix.share.clone(),
        }),
    }
}

/// Logits of a batch in evaluation mode, `[batch, classes]`.
///
/// # Errors
/// [`TrainError::Net`] if a scheme refuses a step.
pub fn logits(
    network: &Network,
    parameters: &Parameters,
    batch: &Batch,
    engine: &dyn Engine,
) -> Result<Vec<f32>, TrainError> {
    logits_of(network, parameters, images(batch), engine)
}

/// Logits of images in evaluation mode, `[batch, classes]`: `dims` are `[batch, channels, height, width]`.
///
/// # Errors
/// [`TrainError::Net`] if a scheme refuses a step.
pub fn logits_of(
    network: &Network,
    parameters: &Parameters,
    (dims, pixels): ([usize; 4], &[f32]),
    engine: &dyn Engine,
) -> Result<Vec<f32>, TrainError> {
    // On a thread of the pool: one that waits outside would have to be woken after every layer, and which thread computes
    // which part would change from layer to layer, away from the caches that hold it.
    rayon::scope(|_| {
        let pass = Pass::new(engine, parameters, Mode::Eval);
        let logits = network.forward(&pass, pass.images(dims, pixels))?;
        Ok(logits.read().iter().map(|v| *v as f32).collect())
    })
}

/// Mean cross-entropy of logits against labels, in f64, without smoothing.
#[must_use]
pub fn cross_entropy(logits: &[f32], labels: &[u32], classes: usize) -> f64 {
    let mut sum = 0.0;
    for (row, label) in logits.chunks_exact(classes).zip(labels) {
        let largest = row.iter().fold(f32::NEG_INFINITY, |m, v| m.max(*v));
        let total: f64 = row.iter().map(|v| f64::from(v - largest).exp()).sum();
        sum += total.ln() - f64::from(row[*label as usize] - largest);
    }
    sum / labels.len().max(1) as f64
}

/// Measures a network on all batches of a loader, with running statistics.
///
/// `batch_done` is called with the images measured so far.
///
/// # Errors
/// [`TrainError::Data`] for unreadable images, [`TrainError::Net`] if a scheme refuses a step.
pub fn evaluate(
    network: &Network,
    parameters: &Parameters,
    loader: &Loader<'_>,
    engine: &dyn Engine,
    mut batch_done: impl FnMut(&Batch, &[f32]),
) -> Result<TestMetrics, TrainError> {
    let classes = network.config().classes;
    let mut tally = Tally::default();
    for batch in loader.epoch(0, 0) {
        let batch = batch?;
        let logits = logits(network, parameters, &batch, engine)?;
        tally.count(&logits, &batch.labels, classes);
        tally.add_loss(cross_entropy(&logits, &batch.labels, classes), batch.len());
        batch_done(&batch, &logits);
    }
    Ok(tally.metrics())
}

/// [`evaluate`] with the help of all ranks: each measures some of the batches, and every rank adds what was found in all of
/// them in their order. The result has the bits that one process finds.
///
/// # Errors
/// As [`evaluate`], and [`TrainError::Cluster`] if a rank is silent.
pub fn evaluate_together(
    network: &Network,
    parameters: &Parameters,
    loader: Loader<'_>,
    engine: &dyn Engine,
    ranks: &dyn Communicator,
) -> Result<TestMetrics, TrainError> {
    let (classes, size) = (network.config().classes, ranks.size());
    let batches = loader.batches();
    let mut own = Vec::new();
    for batch in loader.one_of(size).epoch(0, ranks.rank()) {
        let batch = batch?;
        let logits = logits(network, parameters, &batch, engine)?;
        let mut tally = Tally::default();
        tally.count(&logits, &batch.labels, classes);
        tally.add_loss(cross_entropy(&logits, &batch.labels, classes), batch.len());
        own.extend(tally.to_bytes());
    }
    let all = ranks.gather(own)?;
    let mut found: Vec<_> = all.iter().map(|tallies| tallies.chunks_exact(32)).collect();
    let mut sum = Tally::default();
    for batch in 0..batches {
        // Every rank knows who measured which batch.
        let one = found[batch % size].next().expect("a tally for each batch");
        sum.add(&Tally::from_bytes(one));
    }
    Ok(sum.metrics())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_ties_and_nan() {
        let mut tally = Tally::default();
        let row = [0.0, 3.0, 3.0, 1.0, 2.0, -1.0, 0.5];
        tally.count(&row, &[1], 7);
        tally.count(&row, &[2], 7); // a tie: class 1 wins
        tally.count(&row, &[5], 7); // the last of seven
        tally.count(&[f32::NAN, 0.0], &[1], 2);
        assert_eq!((tally.top1, tally.top5, tally.images), (1, 2, 4));
    }

    #[test]
    fn loss_of_equal_logits_is_the_logarithm_of_the_classes() {
        let loss = cross_entropy(&[7.0; 20], &[3, 4], 10);
        assert!((loss - 10_f64.ln()).abs() < 1e-12);
    }
}
