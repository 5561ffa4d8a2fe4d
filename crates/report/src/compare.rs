//! How is a comparison shown? As a plot of all runs, and as a document with a row a group.

use crate::document::{
    Block, Cell, Document, Inline, Section, Table, count, grouped, real, shown, text, words,
};
use crate::line::{Axis, Chart, Line};
use timestep_study::compare::{Column, Compared, Comparison, Unit};
use timestep_study::runs::duration;
use timestep_study::statistics::Difference;

/// The learning curve of every run, a colour a group.
#[must_use]
pub fn svg<R: Compared>(comparison: &Comparison<'_, R>) -> String {
    let (title, x) = match R::KEY {
        "psnr" => ("PSNR on the training pictures", "evaluation"),
        _ => ("Top-1 on the test images", "epoch"),
    };
    let mut lines = Vec::new();
    for (colour, group) in comparison.groups.iter().enumerate() {
        for (n, run) in group.runs.iter().enumerate() {
            lines.push(Line {
                label: if n == 0 {
                    group.name.clone()
                } else {
                    String::new()
                },
                points: run.curve(),
                colour,
                // The seventh group has the colour of the first.
                dashed: colour >= 6,
                dots: false,
            });
        }
    }
    Chart {
        title: format!("{title} ({}), a line per run", comparison.data),
        x: Axis::count(x),
        y: Axis::linear(R::MEASURE),
        lines,
        marks: Vec::new(),
    }
    .svg((720.0, 480.0))
}

/// The comparison as a document, to be written as Markdown.
#[must_use]
pub fn document<R: Compared>(comparison: &Comparison<'_, R>) -> Document {
    let mut head = vec![R::SUBJECT, "n", R::MEASURE];
    head.extend(
        comparison
            .groups
            .iter()
            .take(1)
            .flat_map(|g| &g.columns)
            .map(|c| c.head),
    );
    head.push("difference to the first");
    let rows = comparison.groups.iter().enumerate().map(|(g, group)| {
        let key = |name: &str| format!("group.{}.{name}", g + 1);
        let mut mean = vec![real(key("mean"), group.sample.mean, 4)];
        if let Some(deviation) = group.sample.deviation {
            mean.extend([text(" ± "), real(key("deviation"), deviation, 4)]);
        }
        let mut row: Vec<Cell> = vec![
            words(&group.name),
            vec![count(key("n"), group.sample.n as u64)].into(),
            mean.into(),
        ];
        let columns = group.columns.iter();
        row.extend(
            columns.map(|c| -> Cell { vec![shown(key(c.key), c.value, written(c))].into() }),
        );
        let difference = group.difference;
        row.push(difference.map_or(words("-"), |d| vec![text(verdict(&d))].into()));
        row
    });
    let mut blocks = vec![Block::Table(Table {
        head: head.into_iter().map(str::to_owned).collect(),
        rows: rows.collect(),
    })];
    for group in comparison.groups.iter().skip(1) {
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
        title: format!("Runs on {}", comparison.data),
        lead: vec![text(format!(
            "{} on {}, {}: mean and standard deviation over seeds. Differences with 95 % confidence \
             intervals ({}).",
            R::MEASURE,
            comparison.data,
            R::words(comparison.metric),
            comparison.interval.words()
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

/// A number in a document.
fn written(column: &Column) -> String {
    match column.unit {
        Unit::Count => grouped(column.value as u64),
        Unit::Mean => format!("{:.0}", column.value),
        Unit::Seconds => duration(column.value),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_follows_the_interval() {
        let of = |difference, interval| {
            verdict(&Difference {
                difference,
                interval,
            })
        };
        assert!(of(0.1, None).contains("inconclusive"));
        assert_eq!(
            of(0.0034, Some((-0.0001, 0.0069))),
            "+0.0034 (95 % CI -0.0001 … +0.0069): inconclusive"
        );
        assert!(of(0.01, Some((0.005, 0.015))).ends_with("better"));
        assert!(of(-0.01, Some((-0.015, -0.005))).ends_with("worse"));
        assert!(of(-0.0, Some((-0.0, 0.0))).starts_with("+0.0000"));
    }
}
