//! How good is the network, can one trust that, and what did it cost?

use super::{paragraph, theory};
use crate::document::{
    Block, Inline, Section, Table, count, grouped, prose, real, shown, signed, text, words,
};
use timestep_study::runs::{Ending, Epoch, Record, duration};
use timestep_study::statistics::wilson;
use timestep_train::TrainError;
use timestep_train::event::{EndReason, TestMetrics};

/// The result in a sentence.
pub(super) fn lead(record: &Record) -> Vec<Inline> {
    let run = [text("Run "), Inline::Code(record.name()), text(": ")];
    let mut line = run.to_vec();
    let Some((epoch, last)) = record.last() else {
        line.push(text("no epoch was completed."));
        return line;
    };
    line.extend([
        real("last.top1", last.top1, 4),
        text(" of the test images classified correctly after the last epoch ("),
        count("last.epoch", epoch as u64),
        text(")"),
    ]);
    if let Some(best) = record.best() {
        line.extend([
            text("; at best "),
            real("best.top1", best.get("test_top1"), 4),
            text(", in epoch "),
            count("best.epoch", best.epoch as u64),
        ]);
    }
    line.push(text("."));
    line
}

/// What a reader must know first if the run did not end well.
pub(super) fn alert(record: &Record) -> Option<Vec<Inline>> {
    let planned = record.start.as_ref().map_or(0, |s| s.epochs);
    Some(match &record.ending {
        Ending::Finished { .. } => return None,
        Ending::Interrupted { epoch, step } => vec![
            text("The run was interrupted in epoch "),
            count("interrupted.epoch", *epoch as u64),
            text(" of "),
            count("planned.epochs", planned as u64),
            text(", after step "),
            count("interrupted.step", *step as u64),
            text(". Its state is saved; this report describes the epochs that were completed."),
        ],
        Ending::Diverged {
            epoch,
            step,
            what,
            lr,
        } => vec![
            text("Training diverged in epoch "),
            count("diverged.epoch", *epoch as u64),
            text(" of "),
            count("planned.epochs", planned as u64),
            text(", after step "),
            count("diverged.step", *step as u64),
            text(", at learning rate "),
            shown("diverged.lr", *lr, format!("{lr}")),
            text(format!(": {what} is the first that is not finite.")),
        ],
        Ending::Open => vec![text(format!(
            "The run has not ended: it is still training, or it was killed. {} of {planned} epochs are recorded.",
            record.epochs.len()
        ))],
    })
}

/// Best and last epoch.
pub(super) fn result(record: &Record) -> Section {
    let mut blocks = Vec::new();
    if let (Some((epoch, last)), Some(start)) = (record.last(), &record.start) {
        let mut head = vec!["Test".to_owned(), "last epoch".to_owned()];
        let mut columns: Vec<(&str, usize, TestMetrics)> = vec![("last", epoch, last)];
        if let Some(best) = record.best() {
            head.push("best epoch".to_owned());
            columns.push(("best", best.epoch, best.test()));
        }
        let row = |name: &str, cell: &dyn Fn(&str, usize, &TestMetrics) -> Inline| {
            let mut row = vec![words(name)];
            row.extend(
                columns
                    .iter()
                    .map(|(key, e, m)| vec![cell(key, *e, m)].into()),
            );
            row
        };
        let rows = vec![
            row("epoch", &|k, e, _| count(format!("{k}.epoch"), e as u64)),
            row("top-1", &|k, _, m| real(format!("{k}.top1"), m.top1, 4)),
            row("top-5", &|k, _, m| real(format!("{k}.top5"), m.top5, 4)),
            row("loss", &|k, _, m| real(format!("{k}.loss"), m.loss, 4)),
        ];
        blocks.push(Block::Table(Table { head, rows }));
        let (low, high) = wilson(last.top1, start.test_images);
        let mut line = vec![
            text("Measured on "),
            count("test.images", start.test_images as u64),
            text(
                " test images: from so many, top-1 on all images of the kind is known to lie between ",
            ),
            real("last.top1.low", low, 4),
            text(" and "),
            real("last.top1.high", high, 4),
        ];
        line.extend(prose(
            " (Wilson's 95 % interval, last epoch). The spread between seeds comes on top: `timestep compare` \
             shows it.",
        ));
        blocks.push(paragraph(line));
        blocks.push(paragraph(vec![text(
            "The best epoch was chosen by its accuracy on these same images, so it flatters; the last epoch \
             was not chosen.",
        )]));
    } else {
        blocks.push(paragraph(vec![text("No epoch was completed.")]));
    }
    Section {
        key: "result",
        title: "Result".into(),
        blocks,
    }
}

/// Whether the result can be trusted.
///
/// `classes` is their number where it is known.
pub(super) fn health(record: &Record, classes: Option<usize>) -> Result<Section, TrainError> {
    let mut items = Vec::new();
    items.push(vec![text(match &record.ending {
        Ending::Finished {
            reason: EndReason::Epochs | EndReason::Phases,
            ..
        } => "All epochs of the recipe were run.",
        Ending::Finished {
            reason: EndReason::Time,
            ..
        } => "The time budget ended the run before all epochs of the recipe.",
        Ending::Finished {
            reason: EndReason::Patience,
            ..
        } => "The run ended because the accuracy had not risen for as many epochs as the recipe waits.",
        Ending::Interrupted { .. } => "The run was interrupted.",
        Ending::Diverged { .. } => "Training diverged.",
        Ending::Open => "The run has not ended.",
    })]);
    if let Some(last) = record.epochs.last() {
        items.push(gap(last));
    }
    if let (Some((_, last)), Some(classes)) = (record.last(), classes)
        && last.top1 < 2.0 / classes as f64
    {
        items.push(vec![text(
            "The accuracy is hardly above chance: are labels, normalisation and learning rate right?",
        )]);
    }
    if let Some((epoch, step)) = record.start.as_ref().and_then(|s| s.resumed) {
        items.push(vec![
            text("Continued after an interruption in epoch "),
            count("resumed.epoch", epoch as u64 + 1),
            text(", step "),
            count("resumed.step", step as u64),
            text(": the numbers are those of a run without it."),
        ]);
    }
    for segment in theory::unstable(record)? {
        items.push(vec![text(format!(
            "Warning: the coefficients of segment {segment} are not zero-stable: errors of the history grow \
             without f."
        ))]);
    }
    if record.warnings.is_empty() {
        items.push(vec![text("No warnings.")]);
    }
    for (message, hint) in &record.warnings {
        let hint = hint.as_ref().map_or(String::new(), |h| format!(" ({h})"));
        items.push(vec![text(format!("Warning: {message}{hint}"))]);
    }
    Ok(Section {
        key: "health",
        title: "Health".into(),
        blocks: vec![Block::List(items)],
    })
}

/// How much better the network knows its training images.
fn gap(last: &Epoch) -> Vec<Inline> {
    let (train, test) = (last.get("train_top1"), last.get("test_top1"));
    vec![
        text("Top-1 on training images "),
        real("train.top1", train, 4),
        text(", on test images "),
        real("train.test_top1", test, 4),
        text(": a gap of "),
        signed("train.gap", train - test, 4),
        text(
            ". The first was counted while the weights moved, on augmented images; a network that knows \
             its training images by heart has a large gap.",
        ),
    ]
}

/// Parameters, work and time.
pub(super) fn cost(record: &Record) -> Section {
    let mut rows = Vec::new();
    if let Some(start) = &record.start {
        rows.push(vec![
            words("parameters"),
            vec![count("parameters", start.parameters as u64)].into(),
        ]);
        rows.push(vec![
            words("multiply-adds an image"),
            vec![shown(
                "multiply_adds",
                start.multiply_adds as f64,
                grouped(start.multiply_adds),
            )]
            .into(),
        ]);
        let images = start.train_images as f64 * record.epochs.len() as f64;
        // Forward once, backward about twice that; a multiply-add is two operations.
        let work = 2.0 * 3.0 * images * start.multiply_adds as f64;
        rows.push(vec![
            words("training in all"),
            vec![
                shown("work", work, operations(work)),
                text(" (three passes a training image, two operations a multiply-add)"),
            ]
            .into(),
        ]);
        rows.push(vec![
            words("training images"),
            vec![count("train.images", start.train_images as u64)].into(),
        ]);
    }
    if let Some(seconds) = seconds(record) {
        rows.push(vec![
            words("time"),
            vec![shown("seconds", seconds, duration(seconds))].into(),
        ]);
    }
    if !record.epochs.is_empty() {
        let speed = record.median("images_per_second");
        let epoch = record.median("seconds");
        rows.push(vec![
            words("training speed"),
            vec![
                shown("images_per_second", speed, format!("{speed:.0} images/s")),
                text(" (median of the epochs)"),
            ]
            .into(),
        ]);
        rows.push(vec![
            words("epoch"),
            vec![
                shown("epoch.seconds", epoch, duration(epoch)),
                text(" (median, measuring included)"),
            ]
            .into(),
        ]);
    }
    Section {
        key: "cost",
        title: "Cost".into(),
        blocks: vec![Block::Table(Table {
            head: Vec::new(),
            rows,
        })],
    }
}

/// Time of the run in seconds: as it said at its end, otherwise the sum of its epochs.
fn seconds(record: &Record) -> Option<f64> {
    match &record.ending {
        Ending::Finished { seconds, .. } => Some(*seconds),
        _ if record.epochs.is_empty() => None,
        _ => Some(record.epochs.iter().map(|e| e.get("seconds")).sum()),
    }
}

/// A number of operations.
fn operations(value: f64) -> String {
    let units = [
        (1e18, "exa"),
        (1e15, "peta"),
        (1e12, "tera"),
        (1e9, "giga"),
        (1e6, "mega"),
    ];
    let found = units.into_iter().find(|(unit, _)| value >= *unit);
    match found {
        Some((unit, name)) => format!("{:.2} {name}-operations", value / unit),
        None => format!("{value:.0} operations"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_read_as_people_say_them() {
        assert_eq!(operations(2.184e11), "218.40 giga-operations");
        assert_eq!(operations(12.0), "12 operations");
    }
}
