//! Are the numbers of a written report those of the records?

use crate::document::{Document, Number, Printed};
use std::collections::BTreeMap;
use timestep_study::runs::{COLUMNS, Ending, Record, close};

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Check {
    /// Numbers compared.
    pub numbers: usize,
    /// Drawings compared.
    pub figures: usize,
    /// What differs, a sentence each.
    pub differences: Vec<String>,
}

/// Names of numbers that come from the weights and the test images, not from the records.
const MEASURED: [&str; 5] = [
    "evaluation.",
    "confusion.",
    "recall.",
    "worst.",
    "spectrum.",
];

/// Compares a written report with a document that was made anew from the records.
///
/// Numbers are compared by their exact values and by what is shown; drawings line by line. Where the
/// document has no evaluation, because the images are not there, that of the report must at least agree
/// with the best epoch.
#[must_use]
pub fn check(printed: &Printed, document: &Document, record: &Record) -> Check {
    let mut differences = disagreements(record);
    let measured = |n: &Number| MEASURED.iter().any(|m| n.key.starts_with(m));
    let evaluated = document.numbers().iter().any(|n| measured(n));
    if !evaluated {
        against_best(printed, record, &mut differences);
    }
    against_document(printed, document, differences, &|n| {
        evaluated || !measured(n)
    })
}

/// Compares the numbers that are `compared`, and all drawings, with a document; `differences` are known before.
pub(crate) fn against_document(
    printed: &Printed,
    document: &Document,
    differences: Vec<String>,
    compared: &dyn Fn(&Number) -> bool,
) -> Check {
    let mut check = Check {
        differences,
        ..Check::default()
    };
    let made = document.numbers();
    let compared = |n: &&Number| compared(n);
    // A number may be shown twice: each place is compared with each.
    let mut expected: BTreeMap<&str, &Number> = BTreeMap::new();
    for number in made.into_iter().filter(compared) {
        expected.insert(&number.key, number);
    }
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for number in printed.numbers.iter().filter(compared) {
        *found.entry(&number.key).or_default() += 1;
        check.numbers += 1;
        match expected.get(number.key.as_str()) {
            None => check.differences.push(format!(
                "`{}` is {} in the report, and the records have no such number",
                number.key, number.text
            )),
            Some(right) if right.value != number.value => check.differences.push(format!(
                "`{}` is {} in the report and {} by the records",
                number.key, number.value, right.value
            )),
            Some(right) if right.text != number.text => check.differences.push(format!(
                "`{}` is shown as {} in the report; its value reads {}",
                number.key, number.text, right.text
            )),
            Some(_) => {}
        }
    }
    for key in expected.keys().filter(|key| !found.contains_key(*key)) {
        check
            .differences
            .push(format!("`{key}` is missing in the report"));
    }
    for figure in document.figures() {
        check.figures += 1;
        if !printed.shows(figure) {
            check.differences.push(format!(
                "the drawing `{}` is not the one that the records give",
                figure.key
            ));
        }
    }
    check
}

/// Do the records agree among themselves?
fn disagreements(record: &Record) -> Vec<String> {
    let mut all = Vec::new();
    if record.epochs.len() != record.logged.len() {
        all.push(format!(
            "metrics.csv has {} epochs and events.jsonl {}",
            record.epochs.len(),
            record.logged.len()
        ));
    }
    for (row, logged) in record.epochs.iter().zip(&record.logged) {
        if row.epoch != logged.epoch {
            all.push(format!(
                "metrics.csv has epoch {} where events.jsonl has {}",
                row.epoch, logged.epoch
            ));
        }
        let numbers = COLUMNS.iter().zip(row.values.iter().zip(logged.values));
        for (column, (a, b)) in numbers.filter(|(_, (a, b))| !close(**a, *b)) {
            all.push(format!(
                "`{column}` of epoch {} is {a} in metrics.csv and {b} in events.jsonl",
                row.epoch
            ));
        }
    }
    if let (Ending::Finished { best, .. }, Some(row)) = (&record.ending, record.best())
        && (best.epoch != row.epoch || !close(best.top1, row.get("test_top1")))
    {
        all.push(format!(
            "the best epoch is {} in metrics.csv and {} in events.jsonl",
            row.epoch, best.epoch
        ));
    }
    all
}

/// An evaluation that cannot be repeated must fit the best epoch of the records.
fn against_best(printed: &Printed, record: &Record, differences: &mut Vec<String>) {
    let value = |key: &str| {
        let number = printed.numbers.iter().find(|n| n.key == key)?;
        number.value.parse::<f64>().ok()
    };
    let Some(top1) = value("evaluation.top1") else {
        return;
    };
    let best = record.best().map(|e| e.get("test_top1"));
    if !best.is_some_and(|best| close(best, top1)) {
        differences.push(format!(
            "`evaluation.top1` is {top1} in the report, and the best epoch has {}",
            best.map_or("none".to_owned(), |b| b.to_string())
        ));
    }
    let (right, images) = (value("evaluation.right"), value("evaluation.images"));
    if let (Some(right), Some(images)) = (right, images)
        && !close(right / images, top1)
    {
        differences.push(format!(
            "`evaluation.right` and `evaluation.images` give {}, not `evaluation.top1`",
            right / images
        ));
    }
}
