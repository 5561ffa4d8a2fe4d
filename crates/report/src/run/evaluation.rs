//! Which mistakes does the network make? What its best weights do on the test images, as a section.

use super::paragraph;
use crate::document::{Block, Cell, Inline, Picture, Section, Table, count, real, text, words};
use timestep_study::evaluation::{Evaluation, Worst};

/// Classes up to which every pair is shown.
const MATRIX: usize = 20;
/// Pairs shown where there are more.
const PAIRS: usize = 20;

/// The section of the report.
pub(super) fn section(evaluation: &Evaluation) -> Section {
    let total: u64 = evaluation.confusion.iter().flatten().sum();
    let right: u64 = (0..evaluation.confusion.len())
        .map(|i| evaluation.confusion[i][i])
        .sum();
    let mut blocks = vec![paragraph(vec![
        text("The best weights, of epoch "),
        count("evaluation.epoch", evaluation.epoch as u64),
        text(", measured again: "),
        count("evaluation.right", right),
        text(" of "),
        count("evaluation.images", total),
        text(" images right, top-1 "),
        real("evaluation.top1", evaluation.metrics.top1, 4),
        text(", loss "),
        real("evaluation.loss", evaluation.metrics.loss, 4),
        text("."),
    ])];
    if evaluation.confusion.len() <= MATRIX {
        blocks.push(paragraph(vec![text(
            "Rows are true classes, columns what the network took them for; the last column is the \
             share that was right.",
        )]));
        blocks.push(Block::Table(matrix(evaluation)));
    } else {
        blocks.extend(pairs(evaluation));
    }
    if evaluation.worst.is_empty() {
        blocks.push(paragraph(vec![text(
            "No test image was classified wrongly.",
        )]));
    } else {
        blocks.push(paragraph(vec![text(
            "The images that were wrong with the least probability p for their own class:",
        )]));
        blocks.push(Block::Pictures(
            evaluation
                .worst
                .iter()
                .enumerate()
                .map(|(n, w)| picture(evaluation, n + 1, w))
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
fn matrix(evaluation: &Evaluation) -> Table {
    let mut head = vec!["true".to_owned()];
    head.extend(evaluation.classes.iter().map(|name| short(name)));
    head.push("right".to_owned());
    let largest = |i: usize| {
        let row = evaluation.confusion[i].iter().enumerate();
        row.filter(|(j, _)| *j != i)
            .map(|(_, n)| *n)
            .max()
            .unwrap_or(0)
    };
    let most = (0..evaluation.confusion.len())
        .map(largest)
        .max()
        .unwrap_or(0)
        .max(1) as f64;
    let rows = evaluation.confusion.iter().enumerate().map(|(i, row)| {
        let total: u64 = row.iter().sum();
        let mut cells = vec![words(evaluation.class(i))];
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
fn pairs(evaluation: &Evaluation) -> Vec<Block> {
    let mut pairs: Vec<(u64, usize, usize)> = Vec::new();
    for (i, row) in evaluation.confusion.iter().enumerate() {
        let wrong = row.iter().enumerate().filter(|(j, n)| *j != i && **n > 0);
        pairs.extend(wrong.map(|(j, n)| (*n, i, j)));
    }
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let rows = pairs.iter().take(PAIRS).map(|(n, i, j)| {
        vec![
            words(evaluation.class(*i)),
            words(evaluation.class(*j)),
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
fn picture(evaluation: &Evaluation, n: usize, worst: &Worst) -> Picture {
    let (truth, predicted) = (
        evaluation.class(worst.truth),
        evaluation.class(worst.predicted),
    );
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
    use timestep_train::event::TestMetrics;

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
            let section = section(&evaluation(classes));
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
