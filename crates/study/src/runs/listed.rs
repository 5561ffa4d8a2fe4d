//! Which runs are in a folder, and how far did they come?

use crate::names::Listing;
use serde_json::{Value, json};
use std::path::Path;
use timestep_train::recipe::AnyResolved;
use timestep_train::run;

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
#[must_use]
pub fn listed(out: &Path) -> Listing {
    Listing {
        heads: RUN.to_vec(),
        rows: rows(out),
    }
}

/// The run folders in `out`, a row for each.
fn rows(out: &Path) -> Vec<Vec<Value>> {
    let Ok(entries) = std::fs::read_dir(out) else {
        return Vec::new();
    };
    let mut folders: Vec<_> = entries
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.join(run::RECIPE).is_file())
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
