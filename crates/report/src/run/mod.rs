//! What does the report of a run say? Everything that its folder knows, and what its weights do.
//!
//! [`Record`] reads the folder, [`Evaluation`] measures the best weights again, [`document`] puts both
//! together, [`check()`] compares a written report with them.

pub(crate) mod check;
mod curves;
mod evaluation;
mod jacobian;
mod result;
pub(crate) mod settings;
mod theory;

pub use check::{Check, check};

pub(crate) use curves::SIZE;

use crate::document::{Block, Document, Inline, Section, text};
use timestep_study::evaluation::Evaluation;
use timestep_study::runs::Record;
use timestep_train::TrainError;

/// What a report is made of.
pub struct Sources<'a> {
    /// What the run left in its folder.
    pub record: &'a Record,
    /// The best weights, measured again; or a sentence that says why they were not.
    pub evaluation: Result<&'a Evaluation, String>,
    /// Entries of BibTeX for what the run used.
    pub citations: &'a [String],
}

/// The report.
///
/// # Errors
/// [`TrainError::Net`] if the theory fails for another reason than that it has no answer.
pub fn document(sources: &Sources<'_>) -> Result<Document, TrainError> {
    let record = sources.record;
    let classes = sources.evaluation.as_ref().ok().map(|e| e.classes.len());
    let mut sections = vec![result::result(record), result::health(record, classes)?];
    sections.push(result::cost(record));
    sections.extend(curves::section(record));
    sections.push(match &sources.evaluation {
        Ok(evaluation) => evaluation::section(evaluation),
        Err(why) => plain("mistakes", "Mistakes on the test images", why),
    });
    let measured = sources.evaluation.as_ref().ok();
    sections.push(theory::section(record, measured.copied())?);
    sections.push(settings::recipe(&record.settings));
    sections.push(settings::environment(&record.environment));
    sections.push(settings::repeat(&record.folder, &record.command));
    sections.extend(settings::citations(sources.citations));
    Ok(Document {
        title: format!("{} on {}", record.network(), record.recipe.data.name),
        lead: result::lead(record),
        alert: result::alert(record),
        sections,
        footer: format!("Report of timestep {}", env!("CARGO_PKG_VERSION")),
    })
}

/// A section of one sentence.
fn plain(key: &'static str, title: &str, sentence: &str) -> Section {
    Section {
        key,
        title: title.to_owned(),
        blocks: vec![Block::Paragraph(vec![text(sentence)])],
    }
}

/// A paragraph.
pub(crate) fn paragraph(line: Vec<Inline>) -> Block {
    Block::Paragraph(line)
}
