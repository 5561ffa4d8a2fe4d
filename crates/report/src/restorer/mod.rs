//! What does the report of the run of a restorer say? Everything that its folder knows, and what its weights hold.

mod learned;
mod result;

use crate::document::{Document, Printed};
use crate::run::Check;
use crate::run::check::against_document;
use crate::run::settings;
use timestep_restore::learned::Restorer;
use timestep_study::runs::{RestorerRecord, close};

/// The report. `model` are the best weights, if there are some.
#[must_use]
pub fn document(
    record: &RestorerRecord,
    model: Option<&Restorer>,
    citations: &[String],
) -> Document {
    let mut sections = vec![
        result::result(record),
        result::health(record, model),
        result::cost(record),
    ];
    sections.extend(result::curves(record));
    sections.extend(result::phases(record));
    sections.extend(model.and_then(learned::section));
    sections.push(settings::recipe(&record.settings));
    sections.push(settings::environment(&record.environment));
    sections.push(settings::repeat(&record.folder, &record.command));
    sections.extend(settings::citations(citations));
    Document {
        title: format!("{} for noise {}", record.model(), record.recipe.model.sigma),
        lead: result::lead(record),
        alert: result::alert(record),
        sections,
        footer: format!("Report of timestep {}", env!("CARGO_PKG_VERSION")),
    }
}

/// Compares a written report with a document that was made anew from the records, and these with each other.
#[must_use]
pub fn check(printed: &Printed, document: &Document, record: &RestorerRecord) -> Check {
    against_document(printed, document, disagreements(record), &|_| true)
}

/// Do metrics.csv and events.jsonl agree?
fn disagreements(record: &RestorerRecord) -> Vec<String> {
    let mut all = Vec::new();
    let (rows, logged) = (&record.evaluations, &record.logged);
    // Runs of version 0.1 have no log.
    if logged.is_empty() {
        return all;
    }
    if rows.len() != logged.len() {
        all.push(format!(
            "metrics.csv has {} evaluations and events.jsonl {}",
            rows.len(),
            logged.len()
        ));
    }
    for (a, b) in rows.iter().zip(logged) {
        let same = (a.phase, a.evaluation) == (b.phase, b.evaluation)
            && close(a.loss, b.loss)
            && close(a.psnr, b.psnr);
        if !same {
            all.push(format!(
                "evaluation {} has loss {} and PSNR {} in metrics.csv, {} and {} in events.jsonl",
                a.evaluation, a.loss, a.psnr, b.loss, b.psnr
            ));
        }
    }
    all
}
