//! `timestep compare --baselines`: which published networks cost as much as the one of a run?

use crate::failure::Failure;
use crate::recipes::fitting;
use crate::ui::{Ui, table};
use serde_json::json;
use timestep_data::info;
use timestep_nets::{InputShape, Network, NetworkConfig, Preset, presets};
use timestep_report::run::{Record, Start, quoted};
use timestep_train::recipe::{Recipe, TaskRecipe};
use timestep_train::{Trained, run};

/// How far parameters or multiply-adds of a baseline may be off.
const WITHIN: f64 = 0.1;

/// A proposed network.
struct Baseline {
    preset: &'static Preset,
    parameters: f64,
    multiply_adds: f64,
    /// Whether an error on the same data was published.
    same_data: bool,
}

/// Lists the networks that match, with the commands that train them as the run was trained.
pub(crate) fn run(record: &Record, seeds: usize, ui: Ui) -> Result<(), Failure> {
    let Some(start) = &record.start else {
        ui.note("the run never began, so it has no size that a baseline could match");
        return Ok(());
    };
    let data = record.recipe.data.name.as_str();
    let Some((input, classes)) = images(record) else {
        ui.note("the run has no weights, so the size of its images is not known: no baselines");
        return Ok(());
    };
    let fits = fitting(data);
    let mut all: Vec<Baseline> = presets()
        .iter()
        .copied()
        .filter(|p| p.key != record.recipe.network.preset && fits(p))
        .filter_map(|preset| matching(preset, start, data, input, classes))
        .collect();
    if all.iter().any(|b| b.same_data) {
        all.retain(|b| b.same_data);
    } else if !all.is_empty() {
        ui.note(&format!(
            "no network that was published for `{data}` has this size; these were published for other data"
        ));
    }
    if all.is_empty() {
        ui.note(&format!(
            "no other published network has parameters or multiply-adds within {:.0} %",
            100.0 * WITHIN
        ));
    }
    let mut rows = vec![
        ["baseline", "parameters", "multiply-adds", "train it with"]
            .map(String::from)
            .to_vec(),
    ];
    let percent = |ratio: f64| format!("{:+.1} %", 100.0 * (ratio - 1.0) + 0.0);
    for baseline in &all {
        let command = command(record, baseline.preset, seeds);
        if ui.json {
            ui.object(json!({
                "event": "baseline",
                "network": baseline.preset.key,
                "parameters_ratio": baseline.parameters,
                "multiply_adds_ratio": baseline.multiply_adds,
                "same_data": baseline.same_data,
                "published": baseline.preset.published.iter().map(|p| {
                    json!({"data": p.data, "error": p.error, "source": p.source})
                }).collect::<Vec<_>>(),
                "command": command,
            }));
        }
        rows.push(vec![
            baseline.preset.key.to_owned(),
            percent(baseline.parameters),
            percent(baseline.multiply_adds),
            command,
        ]);
    }
    if !ui.json && !all.is_empty() {
        ui.data(&format!("\n{}", table(&rows)));
    }
    Ok(())
}

/// Images and classes of a run: those of its weights, else those of its data set.
fn images(record: &Record) -> Option<(InputShape, usize)> {
    if let Ok(trained) = Trained::load(&record.folder) {
        let config = trained.network.config();
        return Some((config.input, config.classes));
    }
    let known = info(&record.recipe.data.name).ok()?;
    let shape = known.shape?;
    let input = InputShape {
        channels: shape.channels,
        height: shape.height,
        width: shape.width,
    };
    Some((input, known.classes?))
}

/// A network if it is as large or as costly as the one of the run, on the images of the run.
fn matching(
    preset: &'static Preset,
    start: &Start,
    data: &str,
    input: InputShape,
    classes: usize,
) -> Option<Baseline> {
    let config: NetworkConfig = preset.config(input, classes);
    let network = Network::build(&config).ok()?;
    let cost = network.cost();
    let parameters =
        (cost.parameters + network.coefficient_count()) as f64 / start.parameters as f64;
    let multiply_adds = cost.multiply_adds as f64 / start.multiply_adds as f64;
    let near = |ratio: f64| (ratio - 1.0).abs() <= WITHIN;
    (near(parameters) || near(multiply_adds)).then(|| Baseline {
        preset,
        parameters,
        multiply_adds,
        same_data: preset.published.iter().any(|p| key(p.data) == data),
    })
}

/// The registry's name of a data set, from the one in papers: `CIFAR-10` is `cifar10`.
fn key(published: &str) -> String {
    published.to_lowercase().replace('-', "")
}

/// The command that trains a network with the recipe of a run. Settings of the run's network that are no
/// defaults are taken back: they belong to that network.
fn command(record: &Record, preset: &Preset, seeds: usize) -> String {
    let recipe = record.folder.join(run::RECIPE);
    let mut words = vec![
        "timestep".to_owned(),
        "train".to_owned(),
        quoted(&recipe.display().to_string()),
        "--net".to_owned(),
        preset.key.to_owned(),
    ];
    let defaults = Recipe::default().values();
    for ((path, value), (_, default)) in record.recipe.values().iter().zip(&defaults) {
        if path.starts_with("network.") && *path != "network.preset" && value != default {
            words.push("--set".to_owned());
            words.push(quoted(&format!("{path}={default}")));
        }
    }
    if seeds > 1 {
        words.extend(["--seeds".to_owned(), seeds.to_string()]);
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_data_have_keys() {
        assert_eq!(key("CIFAR-10"), "cifar10");
        for preset in presets() {
            for published in preset.published {
                let data = key(published.data);
                assert!(info(&data).is_ok() || data == "imagenet", "{data}");
            }
        }
    }
}
