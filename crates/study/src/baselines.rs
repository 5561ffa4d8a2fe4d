//! Which published networks cost as much as the one of a run?

use crate::answer;
use crate::runs::{Record, Start, quoted};
use timestep_data::info;
use timestep_nets::{InputShape, Network, NetworkConfig, Preset, presets};
use timestep_train::recipe::{Recipe, TaskRecipe};
use timestep_train::{Trained, run};

/// How far parameters or multiply-adds of a baseline may be off.
pub const WITHIN: f64 = 0.1;

answer! {
    /// An error that was published for a network.
    pub struct PublishedError {
        /// Data set, as the paper calls it.
        pub data: &'static str,
        /// Top-1 test error in percent.
        pub error: f64,
        /// Who published it.
        pub source: &'static str,
    }
}

answer! {
    /// A published network that is as large or as costly as the one of the first group.
    pub struct Baseline {
        /// `baseline`.
        pub event: &'static str,
        /// Its name.
        pub network: &'static str,
        /// Its learned numbers, as a part of those of the run.
        pub parameters_ratio: f64,
        /// Its multiply-adds, as a part of those of the run.
        pub multiply_adds_ratio: f64,
        /// Whether an error on the same data was published.
        pub same_data: bool,
        /// What was published.
        pub published: Vec<PublishedError>,
        /// The command that trains it as the run was trained.
        pub command: String,
    }
}

/// Why there are no baselines, or what has to be said of them.
#[derive(Clone, Debug, PartialEq)]
pub enum Baselines {
    /// The run never began, so it has no size.
    NeverBegan,
    /// The run has no weights, and its data no size by itself.
    UnknownImages,
    /// Networks within [`WITHIN`]; only those that were published for the data of the run, if there are some.
    Found(Vec<Baseline>),
}

/// The networks that match, with the commands that train them as the run was trained, with so many seeds. `fits` says which
/// published networks take the images of a data set.
pub fn baselines(record: &Record, seeds: usize, fits: impl Fn(&Preset) -> bool) -> Baselines {
    let Some(start) = &record.start else {
        return Baselines::NeverBegan;
    };
    let Some((input, classes)) = images(record) else {
        return Baselines::UnknownImages;
    };
    let data = record.recipe.data.name.as_str();
    let others = presets().iter().copied();
    let mut all: Vec<Baseline> = others
        .filter(|p| p.key != record.recipe.network.preset && fits(p))
        .filter_map(|preset| {
            let (parameters, multiply_adds) = matching(preset, start, input, classes)?;
            let published = preset.published.iter().map(|p| PublishedError {
                data: p.data,
                error: p.error,
                source: p.source,
            });
            Some(Baseline {
                event: "baseline",
                network: preset.key,
                parameters_ratio: parameters,
                multiply_adds_ratio: multiply_adds,
                same_data: preset.published.iter().any(|p| key(p.data) == data),
                published: published.collect(),
                command: command(record, preset, seeds),
            })
        })
        .collect();
    if all.iter().any(|b| b.same_data) {
        all.retain(|b| b.same_data);
    }
    Baselines::Found(all)
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

/// Parameters and multiply-adds of a network as parts of those of the run, if it is as large or as costly.
fn matching(
    preset: &'static Preset,
    start: &Start,
    input: InputShape,
    classes: usize,
) -> Option<(f64, f64)> {
    let config: NetworkConfig = preset.config(input, classes);
    let network = Network::build(&config).ok()?;
    let cost = network.cost();
    let parameters =
        (cost.parameters + network.coefficient_count()) as f64 / start.parameters as f64;
    let multiply_adds = cost.multiply_adds as f64 / start.multiply_adds as f64;
    let near = |ratio: f64| (ratio - 1.0).abs() <= WITHIN;
    (near(parameters) || near(multiply_adds)).then_some((parameters, multiply_adds))
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
