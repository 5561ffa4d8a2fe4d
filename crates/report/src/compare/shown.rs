//! How is a comparison shown? As a plot of all runs, and as a document with a row a group.

use super::Comparison;
use crate::document::{
    Block, Cell, Document, Inline, Section, Table, count, grouped, real, shown, text, words,
};
use crate::line::{Axis, Chart, Line};
use crate::run::duration;
use crate::statistics::Difference;

impl Comparison<'_> {
    /// Test accuracy of every run against the epochs, a colour a group.
    #[must_use]
    pub fn svg(&self) -> String {
        let mut lines = Vec::new();
        for (colour, group) in self.groups.iter().enumerate() {
            for (n, run) in group.runs.iter().enumerate() {
                let points = run.epochs.iter();
                lines.push(Line {
                    label: if n == 0 {
                        group.name.clone()
                    } else {
                        String::new()
                    },
                    points: points
                        .map(|e| (e.epoch as f64, e.get("test_top1")))
                        .collect(),
                    colour,
                    // The seventh group has the colour of the first.
                    dashed: colour >= 6,
                    dots: false,
                });
            }
        }
        Chart {
            title: format!("Top-1 on the test images of {}, a line a run", self.data),
            x: Axis::count("epoch"),
            y: Axis::linear("top-1"),
            lines,
            marks: Vec::new(),
        }
        .svg((720.0, 480.0))
    }

    /// The comparison as a document, to be written as Markdown.
    #[must_use]
    pub fn document(&self) -> Document {
        let head = [
            "network",
            "n",
            "top-1",
            "parameters",
            "multiply-adds",
            "epoch",
            "difference to the first",
        ];
        let rows = self.groups.iter().enumerate().map(|(g, group)| {
            let key = |name: &str| format!("group.{}.{name}", g + 1);
            let mut top1 = vec![real(key("mean"), group.sample.mean, 4)];
            if let Some(deviation) = group.sample.deviation {
                top1.extend([text(" ± "), real(key("deviation"), deviation, 4)]);
            }
            let row: Vec<Cell> = vec![
                words(&group.name),
                vec![count(key("n"), group.sample.n as u64)].into(),
                top1.into(),
                vec![count(key("parameters"), group.parameters as u64)].into(),
                words(grouped(group.multiply_adds)),
                vec![shown(
                    key("seconds"),
                    group.seconds,
                    duration(group.seconds),
                )]
                .into(),
                group
                    .difference
                    .map_or(words("-"), |d| vec![text(verdict(&d))].into()),
            ];
            row
        });
        let mut blocks = vec![Block::Table(Table {
            head: head.map(str::to_owned).to_vec(),
            rows: rows.collect(),
        })];
        for group in self.groups.iter().skip(1) {
            let settings: Vec<Inline> = group
                .settings
                .iter()
                .flat_map(|s| [Inline::Code(s.to_string()), text("  ")])
                .collect();
            let mut line = vec![text(format!("{}: ", group.name))];
            line.extend(settings);
            blocks.push(Block::Paragraph(line));
        }
        Document {
            title: format!("Runs on {}", self.data),
            lead: vec![text(format!(
                "Top-1 on {} test images, {}: mean and standard deviation over seeds. Differences with 95 % \
                 confidence intervals (Welch).",
                self.test_images,
                self.metric.words()
            ))],
            alert: None,
            sections: vec![Section {
                key: "groups",
                title: "Groups".into(),
                blocks,
            }],
            footer: format!("timestep {}", env!("CARGO_PKG_VERSION")),
        }
    }
}

/// A difference in words.
#[must_use]
pub fn verdict(difference: &Difference) -> String {
    let amount = format!("{:+.4}", difference.difference + 0.0);
    match difference.interval {
        None => format!("{amount}: inconclusive, for one run has no spread"),
        Some((low, high)) => {
            let word = match difference.inconclusive() {
                true => "inconclusive",
                false if difference.difference > 0.0 => "better",
                false => "worse",
            };
            format!(
                "{amount} (95 % CI {:+.4} … {:+.4}): {word}",
                low + 0.0,
                high + 0.0
            )
        }
    }
}
