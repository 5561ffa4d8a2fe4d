//! How did training go? Loss, accuracy and learning rate against epochs, and every number of them.

use crate::document::{Block, Cell, Figure, Section, Table, count, shown, words};
use crate::line::{Axis, Chart, Line};
use timestep_study::runs::{COLUMNS, Epoch, Record};

/// Pixels of a chart: readable at the width of a phone.
pub(crate) const SIZE: (f64, f64) = (460.0, 320.0);

/// Curves and the table behind them; nothing if no epoch was completed.
pub(super) fn section(record: &Record) -> Option<Section> {
    if record.epochs.is_empty() {
        return None;
    }
    let line = |label: &str, column: &str, colour: usize| Line {
        label: label.to_owned(),
        points: points(&record.epochs, column),
        colour,
        ..Line::default()
    };
    let chart = |title: &str, y: Axis, lines: Vec<Line>| Chart {
        title: title.to_owned(),
        x: Axis::count("epoch"),
        y,
        lines,
        marks: Vec::new(),
    };
    let figure = |key: &str, caption: &str, chart: Chart| Figure {
        key: key.to_owned(),
        svg: chart.svg(SIZE),
        caption: caption.to_owned(),
    };
    let figures = vec![
        figure(
            "loss",
            "Loss on training images while the weights moved, and on test images after each epoch",
            chart(
                "Loss",
                Axis::log("loss"),
                vec![
                    line("training", "train_loss", 0),
                    line("test", "test_loss", 1),
                ],
            ),
        ),
        figure(
            "accuracy",
            "Share of images classified correctly",
            chart(
                "Accuracy",
                Axis::linear("top-1"),
                vec![
                    line("training", "train_top1", 0),
                    line("test", "test_top1", 1),
                ],
            ),
        ),
        figure(
            "rate",
            "Learning rate of the last step of each epoch",
            chart(
                "Learning rate",
                Axis::linear("rate"),
                vec![line("", "lr", 0)],
            ),
        ),
    ];
    Some(Section {
        key: "curves",
        title: "Curves".into(),
        blocks: vec![
            Block::Figures(figures),
            Block::Details {
                summary: "Every epoch as a table (metrics.csv)".into(),
                blocks: vec![Block::Table(table(&record.epochs))],
            },
        ],
    })
}

/// A column against the epochs.
fn points(epochs: &[Epoch], column: &str) -> Vec<(f64, f64)> {
    epochs
        .iter()
        .map(|e| (e.epoch as f64, e.get(column)))
        .collect()
}

/// The rows of `metrics.csv`.
fn table(epochs: &[Epoch]) -> Table {
    let mut head = vec!["epoch".to_owned()];
    head.extend(COLUMNS.iter().map(|c| c.replace('_', " ")));
    let row = |epoch: &Epoch| -> Vec<Cell> {
        let n = epoch.epoch;
        let mut row: Vec<Cell> = vec![vec![count(format!("epoch.{n}"), n as u64)].into()];
        row.extend(COLUMNS.iter().zip(epoch.values).map(|(column, value)| {
            let text = match *column {
                "images_per_second" => format!("{value:.0}"),
                "seconds" => format!("{value:.2}"),
                "lr" => format!("{value:.2e}"),
                _ => format!("{value:.4}"),
            };
            vec![shown(format!("epoch.{n}.{column}"), value, text)].into()
        }));
        row
    };
    let rows = match epochs {
        [] => vec![vec![words("none")]],
        epochs => epochs.iter().map(row).collect(),
    };
    Table { head, rows }
}
