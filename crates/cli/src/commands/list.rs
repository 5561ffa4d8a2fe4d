//! `timestep list`: what is registered?

use crate::args::{List, Listed};
use crate::failure::Failure;
use crate::ui::Ui;
use serde_json::{Value, json};
use std::path::Path;
use timestep_registry::Kind;
use timestep_report::names::listing;
use timestep_study::names::Listing;
use timestep_study::{runs, weights};

/// Prints one registry: a row of a table for each entry, or an object.
pub(crate) fn run(args: &List, ui: Ui) -> Result<u8, Failure> {
    match args.kind {
        Listed::Kinds => ui.answer(&Listing {
            heads: vec!["kind", "what"],
            rows: kinds(),
        }),
        Listed::Of(kind) => things(kind, ui)?,
        Listed::Weights => ui.answer(&weights::listed(Path::new(weights::FOLDER))),
        Listed::Runs => ui.answer(&runs::listed(Path::new("runs"))),
    }
    Ok(0)
}

/// Everything of a kind.
pub(crate) fn things(kind: Kind, ui: Ui) -> Result<(), Failure> {
    ui.answer(&listing(kind, ui.json)?);
    Ok(())
}

/// What can be listed.
fn kinds() -> Vec<Vec<Value>> {
    let all = Listed::all().into_iter();
    all.map(|listed| vec![json!(listed.word()), json!(listed.title())])
        .collect()
}
