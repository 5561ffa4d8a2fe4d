//! `timestep list`: what is registered?

use crate::args::{List, Listed};
use crate::failure::Failure;
use crate::registry;
use crate::ui::{Ui, table};
use serde_json::{Map, Value, json};
use std::path::Path;
use timestep_registry::Kind;
use timestep_train::recipe::AnyResolved;
use timestep_train::run;

/// The heads of a table, and its rows.
pub(crate) type Entries = (Vec<&'static str>, Vec<Vec<Value>>);

/// Prints one registry, a row (or JSON object) an entry.
pub(crate) fn run(args: &List, ui: Ui) -> Result<u8, Failure> {
    match args.kind {
        Listed::Kinds => show(&(vec!["kind", "what"], kinds()), ui),
        Listed::Of(kind) => things(kind, ui)?,
        Listed::Runs => show(&(RUN.to_vec(), runs(Path::new("runs"))), ui),
    }
    Ok(0)
}

/// Everything of a kind.
pub(crate) fn things(kind: Kind, ui: Ui) -> Result<(), Failure> {
    if !ui.json {
        show(&entries(kind)?, ui);
        return Ok(());
    }
    for thing in registry::of(kind) {
        let fields = thing.row()?.into_iter().filter(registry::Cell::is_field);
        let object = fields.map(|cell| (cell.head.to_owned(), cell.value));
        ui.object(Value::Object(object.collect::<Map<_, _>>()));
    }
    Ok(())
}

/// A registry as a table.
pub(crate) fn entries(kind: Kind) -> Result<Entries, Failure> {
    let (mut heads, mut rows) = (Vec::new(), Vec::new());
    for thing in registry::of(kind) {
        let cells = thing.row()?.into_iter().filter(registry::Cell::is_shown);
        let row: Vec<Value>;
        (heads, row) = cells.map(|cell| (cell.head, cell.value)).unzip();
        rows.push(row);
    }
    Ok((heads, rows))
}

/// A value in a table.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Prints rows with their heads as table or objects.
fn show((heads, rows): &Entries, ui: Ui) {
    if ui.json {
        for row in rows {
            let names = heads.iter().map(|head| (*head).to_owned());
            let object = names.zip(row.iter().cloned());
            ui.object(Value::Object(object.collect::<Map<_, _>>()));
        }
        return;
    }
    let mut lines = vec![heads.iter().map(|head| (*head).to_owned()).collect()];
    lines.extend(rows.iter().map(|row| row.iter().map(cell).collect()));
    ui.data(&table(&lines));
}

/// What can be listed.
fn kinds() -> Vec<Vec<Value>> {
    let all = Listed::all().into_iter();
    all.map(|listed| vec![json!(listed.word()), json!(listed.title())])
        .collect()
}

/// The columns of runs.
const RUN: [&str; 7] = [
    "run",
    "preset",
    "epochs",
    "test_top1",
    "model",
    "evaluations",
    "psnr",
];

/// The run folders in `out`, with the last row of their metrics.
fn runs(out: &Path) -> Vec<Vec<Value>> {
    let Ok(entries) = std::fs::read_dir(out) else {
        return Vec::new();
    };
    let mut folders: Vec<_> = entries
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.join(timestep_train::run::RECIPE).is_file())
        .collect();
    folders.sort();
    folders
        .into_iter()
        .map(|folder| {
            let text = std::fs::read_to_string(folder.join("metrics.csv")).unwrap_or_default();
            let mut lines = text.lines();
            let head: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
            let last: Vec<&str> = lines.next_back().unwrap_or_default().split(',').collect();
            let field = |name: &str| {
                let at = head.iter().position(|h| *h == name)?;
                last.get(at)
                    .filter(|v| !v.is_empty())
                    .map(|v| (*v).to_owned())
            };
            let parsed = |name: &str| field(name).and_then(|v| serde_json::from_str(&v).ok());
            let recipe = run::layers(&folder).ok().and_then(|l| l.resolve_any().ok());
            let (network, model) = match recipe {
                Some(AnyResolved::Classify(r)) => (Some(r.recipe.network.preset), None),
                Some(AnyResolved::Restore(r)) => (None, Some(r.recipe.model_name())),
                None => (None, None),
            };
            let number = |name: &str| parsed(name).unwrap_or(Value::Null);
            vec![
                json!(folder.display().to_string()),
                json!(network),
                number("epoch"),
                number("test_top1"),
                json!(model),
                number("evaluation"),
                number("psnr"),
            ]
        })
        .collect()
}
