//! Which classes does a network confuse, how sure is it, and of which images is it most wrong? Counted while it is measured.

use crate::answer;

/// Bins of confidence, as in C. Guo et al. (2017), On calibration of modern neural networks.
const BINS: usize = 15;

/// What is kept of an image until the worst are known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) index: usize,
    pub(crate) truth: usize,
    pub(crate) predicted: usize,
    pub(crate) probability: f64,
    pub(crate) of_truth: f64,
}

/// What was counted of images with known classes.
#[derive(Clone, Debug)]
pub(crate) struct Scores {
    confusion: Vec<Vec<u64>>,
    worst: Vec<Seen>,
    kept: usize,
    images: usize,
    /// Sums over the images of a bin: how many, how sure, how many right.
    bins: [(u64, f64, u64); BINS],
}

answer! {
    /// How well one class is told from the others.
    pub struct ClassScore {
        /// Name of the class.
        pub class: String,
        /// Test images of it.
        pub images: u64,
        /// Test images that were taken for it.
        pub predicted: u64,
        /// Share of those taken for it that are of it, from 0 to 1; null if none was.
        pub precision: Option<f64>,
        /// Share of its images that were found, from 0 to 1; null if it has none.
        pub recall: Option<f64>,
        /// Harmonic mean of both; null if it has neither images nor predictions.
        pub f1: Option<f64>,
    }
}

impl Scores {
    /// Nothing counted yet, of so many classes; `kept` of the worst images are kept.
    pub(crate) fn new(classes: usize, kept: usize) -> Self {
        Self {
            confusion: vec![vec![0; classes]; classes],
            worst: Vec::new(),
            kept,
            images: 0,
            bins: [(0, 0.0, 0); BINS],
        }
    }

    /// Counts a batch.
    pub(crate) fn count(&mut self, logits: &[f32], labels: &[u32]) {
        let classes = self.confusion.len();
        for (row, label) in logits.chunks_exact(classes).zip(labels) {
            let one = look(self.images, row, *label as usize);
            self.confusion[one.truth][one.predicted] += 1;
            let right = one.truth == one.predicted;
            let bin = (one.probability * BINS as f64) as usize;
            let (n, sure, correct) = &mut self.bins[bin.min(BINS - 1)];
            *n += 1;
            *sure += one.probability;
            *correct += u64::from(right);
            if !right {
                self.worst.push(one);
            }
            self.images += 1;
        }
        // Only the worst so far are kept, so memory does not grow with the test split.
        self.worst.sort_by(|a, b| {
            a.of_truth
                .total_cmp(&b.of_truth)
                .then(a.index.cmp(&b.index))
        });
        self.worst.truncate(self.kept);
    }

    /// Images of class `i` that were taken for class `j`: `[i][j]`.
    pub(crate) fn confusion(&self) -> &[Vec<u64>] {
        &self.confusion
    }

    /// The images whose own class was least probable, the worst first.
    pub(crate) fn worst(&self) -> &[Seen] {
        &self.worst
    }

    /// The expected calibration error: mean distance between how sure the network is and how often it is right, over bins of confidence,
    /// each weighted by its images.
    pub(crate) fn calibration_error(&self) -> f64 {
        let of = |(_, sure, right): &(u64, f64, u64)| (sure - *right as f64).abs();
        self.bins.iter().map(of).sum::<f64>() / (self.images as f64).max(1.0)
    }

    /// Precision, recall and their mean of each class.
    pub(crate) fn classes(&self, names: &[String]) -> Vec<ClassScore> {
        let share = |part: u64, of: u64| (of > 0).then(|| part as f64 / of as f64);
        let one = |(i, row): (usize, &Vec<u64>)| {
            let images: u64 = row.iter().sum();
            let predicted: u64 = self.confusion.iter().map(|row| row[i]).sum();
            let right = row[i];
            ClassScore {
                class: names
                    .get(i)
                    .map_or_else(|| format!("class {i}"), Clone::clone),
                images,
                predicted,
                precision: share(right, predicted),
                recall: share(right, images),
                f1: share(2 * right, images + predicted),
            }
        };
        self.confusion.iter().enumerate().map(one).collect()
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

    /// Logits whose softmax is `p` for the first of two classes.
    fn sure(p: f64) -> [f32; 2] {
        [p.ln() as f32, (1.0 - p).ln() as f32]
    }

    #[test]
    fn scores_of_classes_by_hand() {
        // Of class 0 three images, one taken for 1; of class 1 one, right; class 2 has none and is never named.
        let mut scores = Scores::new(3, 5);
        let row = |class: usize| [0, 1, 2].map(|c| if c == class { 3.0 } else { 0.0 });
        let logits: Vec<f32> = [0, 0, 1, 1].into_iter().flat_map(row).collect();
        scores.count(&logits, &[0, 0, 0, 1]);
        let names = ["a".to_owned(), "b".to_owned()];
        let [a, b, c] = &scores.classes(&names)[..] else {
            panic!("three classes");
        };
        assert_eq!((a.images, a.predicted, a.precision), (3, 2, Some(1.0)));
        assert!((a.recall.unwrap() - 2.0 / 3.0).abs() < 1e-12);
        assert!((a.f1.unwrap() - 0.8).abs() < 1e-12, "2·1·⅔ / (1 + ⅔)");
        assert_eq!((b.precision, b.recall), (Some(0.5), Some(1.0)));
        assert_eq!(
            (c.class.as_str(), c.precision, c.recall, c.f1),
            ("class 2", None, None, None)
        );
        assert_eq!((scores.worst().len(), scores.worst()[0].index), (1, 2));
    }

    #[test]
    fn a_network_that_knows_how_sure_it_is_has_no_calibration_error() {
        // Ten images at 90 %, of which nine are right; then ten at 70 %, of which none is.
        let mut scores = Scores::new(2, 0);
        for i in 0..10 {
            scores.count(&sure(0.9), &[u32::from(i == 0)]);
        }
        assert!(scores.calibration_error() < 1e-6);
        for _ in 0..10 {
            scores.count(&sure(0.7), &[1]);
        }
        assert!((scores.calibration_error() - 0.35).abs() < 1e-6);
        assert_eq!(Scores::new(2, 0).calibration_error(), 0.0);
    }
}
