//! Which trained weights are at hand: those in the program, and those in the folder `weights`?

use crate::names::Listing;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use timestep_restore::methods::{bundled, bundled_names, method_of};
use timestep_train::Trained;

/// The folder whose files are listed.
pub const FOLDER: &str = "weights";

/// The columns.
const WEIGHTS: [&str; 8] = [
    "weights",
    "of",
    "sigma",
    "data",
    "top1",
    "epochs",
    "licence",
    "trained_by",
];

/// Weights that are part of the program, then the files of `folder`: networks with what their card says.
#[must_use]
pub fn listed(folder: &Path) -> Listing {
    let mut rows: Vec<_> = bundled_names().map(of_program).collect();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "safetensors"))
        .collect();
    files.sort();
    rows.extend(files.iter().map(|path| of_file(path)));
    Listing {
        heads: WEIGHTS.to_vec(),
        rows,
    }
}

/// Coefficients of a restorer. All were trained on crops of BSDS500.
fn of_program(name: &str) -> Vec<Value> {
    let bytes = bundled(name).unwrap_or_default();
    let said = timestep_weights::metadata(bytes).unwrap_or_default();
    let sigma: Option<f64> = said.get("sigma").and_then(|text| text.parse().ok());
    vec![
        json!(name),
        json!(method_of(bytes)),
        json!(sigma),
        json!("BSDS500"),
        Value::Null,
        Value::Null,
        json!(env!("CARGO_PKG_LICENSE")),
        match said.get("trained_by") {
            Some(command) => json!(command),
            None => json!(format!("timestep train denoising/{name}")),
        },
    ]
}

/// A file with a card; of another one, only its name and why it cannot be used.
fn of_file(path: &Path) -> Vec<Value> {
    let name = json!(path.display().to_string());
    match Trained::load(path) {
        Ok(trained) => vec![
            name,
            json!(trained.card.network.name),
            Value::Null,
            json!(trained.card.data),
            json!(trained.card.top1),
            json!(trained.card.epoch),
            Value::Null,
            Value::Null,
        ],
        Err(error) => {
            let mut row = vec![name, json!(error.to_string())];
            row.resize(WEIGHTS.len(), Value::Null);
            row
        }
    }
}
