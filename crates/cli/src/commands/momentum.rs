//! `timestep analyze momentum`: which coefficients did networks learn, and what do they mean?

use crate::args::Momentum;
use crate::failure::Failure;
use crate::speech::Speech;
use crate::ui::Ui;
use serde_json::json;
use std::path::Path;
use timestep_nets::device;
use timestep_report::plots;
use timestep_train::{Trained, files};

/// Prints the learned k_n of each network and their meaning; draws them on request.
pub(crate) fn run(args: &Momentum, ui: Ui) -> Result<u8, Failure> {
    let device = device("cpu")?;
    let mut series = Vec::new();
    for path in &args.weights {
        let trained = Trained::load(path, &device)?;
        let speech = Speech::new(&trained.network, &trained.parameters)?;
        let name = &trained.card.network.name;
        if ui.json {
            ui.object(json!({
                "weights": path.display().to_string(),
                "network": name,
                "scheme": trained.network.scheme().key,
                "epoch": trained.card.epoch,
                "segments": speech.json(),
                "history": history(path),
            }));
        } else {
            ui.data(&format!(
                "{} ({name}, epoch {})\n{}",
                path.display(),
                trained.card.epoch,
                speech.text()
            ));
        }
        if trained.network.scheme().coefficient.is_none() {
            ui.note(&format!(
                "`{}` steps with `{}`, which learns no coefficient",
                path.display(),
                trained.network.scheme().key
            ));
        }
        series.push(plots::Series {
            label: label(path, name),
            segments: speech.segments().iter().map(|s| s.k.clone()).collect(),
        });
    }
    if let Some(svg) = &args.svg {
        let picture = plots::momentum(&series);
        files::write_atomic(svg, |out| out.write_all(picture.as_bytes()))?;
        ui.note(&format!("wrote {}", svg.display()));
    }
    Ok(0)
}

/// The run's name if the weights lie in a run folder, else the network's.
fn label(path: &Path, network: &str) -> String {
    let folder = if path.is_dir() {
        Some(path)
    } else {
        path.parent().and_then(Path::parent)
    };
    folder
        .filter(|f| f.join(timestep_train::run::RECIPE).is_file())
        .and_then(|f| f.file_name())
        .map_or_else(
            || network.to_owned(),
            |name| name.to_string_lossy().into_owned(),
        )
}

/// `k_n` after each epoch, read from the run's events; empty for a weights file alone.
fn history(path: &Path) -> Vec<serde_json::Value> {
    let Ok(text) = std::fs::read_to_string(path.join("events.jsonl")) else {
        return Vec::new();
    };
    text.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|event| event["event"] == "epoch")
        .map(|event| json!({"epoch": event["epoch"], "k": event["memory_k"]}))
        .collect()
}
