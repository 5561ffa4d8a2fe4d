//! Which mistakes does the network make? Its best weights, measured again on the test images.

use super::jacobian::{self, Spectra};
use super::paragraph;
use crate::document::{Block, Cell, Inline, Picture, Section, Table, count, real, text, words};
use std::path::Path;
use timestep_data::{Loader, preview_png};
use timestep_nets::Engine;
use timestep_train::evaluate::evaluate;
use timestep_train::event::TestMetrics;
use timestep_train::{Setup, TrainError, Trained};

/// Images shown.
const WORST: usize = 12;
/// Classes up to which every pair is shown.
const MATRIX: usize = 20;
/// Pairs shown where there are more.
const PAIRS: usize = 20;

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
            spectra: jacobian::of(trained, split, engine)?,
        })
    }

    /// Name of a class.
    fn class(&self, index: usize) -> &str {
        self.classes.get(index).map_or("?", String::as_str)
    }

    /// The section of the report.
    pub(super) fn section(&self) -> Section {
        let total: u64 = self.confusion.iter().flatten().sum();
        let right: u64 = (0..self.confusion.len())
            .map(|i| self.confusion[i][i])
            .sum();
        let mut blocks = vec![paragraph(vec![
            text("The best weights, of epoch "),
            count("evaluation.epoch", self.epoch as u64),
            text(", measured again: "),
            count("evaluation.right", right),
            text(" of "),
            count("evaluation.images", total),
            text(" images right, top-1 "),
            real("evaluation.top1", self.metrics.top1, 4),
            text(", loss "),
            real("evaluation.loss", self.metrics.loss, 4),
            text("."),
        ])];
        if self.confusion.len() <= MATRIX {
            blocks.push(paragraph(vec![text(
                "Rows are true classes, columns what the network took them for; the last column is the \
                 share that was right.",
            )]));
            blocks.push(Block::Table(self.matrix()));
        } else {
            blocks.extend(self.pairs());
        }
        if self.worst.is_empty() {
            blocks.push(paragraph(vec![text(
                "No test image was classified wrongly.",
            )]));
        } else {
            blocks.push(paragraph(vec![text(
                "The images that were wrong with the least probability p for their own class:",
            )]));
            blocks.push(Block::Pictures(
                self.worst
                    .iter()
                    .enumerate()
                    .map(|(n, w)| self.picture(n + 1, w))
                    .collect(),
            ));
        }
        Section {
            key: "mistakes",
            title: "Mistakes on the test images".into(),
            blocks,
        }
    }

    /// The whole confusion matrix.
    fn matrix(&self) -> Table {
        let mut head = vec!["true".to_owned()];
        head.extend(self.classes.iter().map(|name| short(name)));
        head.push("right".to_owned());
        let largest = |i: usize| {
            let row = self.confusion[i].iter().enumerate();
            row.filter(|(j, _)| *j != i)
                .map(|(_, n)| *n)
                .max()
                .unwrap_or(0)
        };
        let most = (0..self.confusion.len())
            .map(largest)
            .max()
            .unwrap_or(0)
            .max(1) as f64;
        let rows = self.confusion.iter().enumerate().map(|(i, row)| {
            let total: u64 = row.iter().sum();
            let mut cells = vec![words(self.class(i))];
            cells.extend(row.iter().enumerate().map(|(j, n)| Cell {
                content: match n {
                    // Zeros would hide what is there.
                    0 => Vec::new(),
                    n => vec![count(format!("confusion.{i}.{j}"), *n)],
                },
                heat: match (i == j, *n) {
                    (_, 0) => 0.0,
                    (true, n) => n as f64 / total as f64,
                    (false, n) => -(n as f64) / most,
                },
            }));
            cells.push(match total {
                0 => words("-"),
                _ => vec![real(format!("recall.{i}"), row[i] as f64 / total as f64, 3)].into(),
            });
            cells
        });
        Table {
            head,
            rows: rows.collect(),
        }
    }

    /// The most frequent confusions, for many classes.
    fn pairs(&self) -> Vec<Block> {
        let mut pairs: Vec<(u64, usize, usize)> = Vec::new();
        for (i, row) in self.confusion.iter().enumerate() {
            let wrong = row.iter().enumerate().filter(|(j, n)| *j != i && **n > 0);
            pairs.extend(wrong.map(|(j, n)| (*n, i, j)));
        }
        pairs.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let rows = pairs.iter().take(PAIRS).map(|(n, i, j)| {
            vec![
                words(self.class(*i)),
                words(self.class(*j)),
                vec![count(format!("confusion.{i}.{j}"), *n)].into(),
            ]
        });
        vec![
            paragraph(vec![text("The most frequent confusions:")]),
            Block::Table(Table {
                head: ["true", "taken for", "images"].map(str::to_owned).to_vec(),
                rows: rows.collect(),
            }),
        ]
    }

    /// One of the worst images.
    fn picture(&self, n: usize, worst: &Worst) -> Picture {
        let (truth, predicted) = (self.class(worst.truth), self.class(worst.predicted));
        let caption: Vec<Inline> = vec![
            text(format!("{truth}, taken for {predicted}: p({predicted}) ")),
            real(format!("worst.{n}.probability"), worst.probability, 3),
            text(format!(", p({truth}) ")),
            real(format!("worst.{n}.of_truth"), worst.of_truth, 3),
            text("; image "),
            count(format!("worst.{n}.image"), worst.index as u64),
        ];
        Picture {
            png: worst.png.clone(),
            alt: format!("{truth}, taken for {predicted}"),
            caption,
        }
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

/// The head of a narrow column.
fn short(name: &str) -> String {
    if name.chars().count() <= 8 {
        return name.to_owned();
    }
    name.chars().take(7).chain(['…']).collect()
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

    /// A network of `classes` classes of which some images were wrong.
    fn evaluation(classes: usize) -> Evaluation {
        let mut confusion = vec![vec![0; classes]; classes];
        (0..classes).for_each(|i| confusion[i][i] = 5);
        confusion[1][0] = 2;
        Evaluation {
            epoch: 1,
            metrics: TestMetrics {
                loss: 1.0,
                top1: 0.5,
                top5: 1.0,
            },
            classes: (0..classes).map(|i| format!("<class> & {i}")).collect(),
            confusion,
            worst: vec![Worst {
                index: 7,
                truth: 1,
                predicted: 0,
                probability: 0.9,
                of_truth: 0.1,
                png: vec![1],
            }],
            spectra: Err(String::new()),
        }
    }

    #[test]
    fn few_classes_are_a_matrix_and_many_are_pairs() {
        for (classes, cells) in [(10, 12), (100, 3)] {
            let section = evaluation(classes).section();
            let table = section.blocks.iter().find_map(|b| match b {
                Block::Table(table) => Some(table),
                _ => None,
            });
            let table = table.expect("a table");
            assert!(table.rows.iter().all(|row| row.len() == cells), "{classes}");
            assert_eq!(table.head.len(), cells);
        }
    }
}
