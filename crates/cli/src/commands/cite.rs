//! `timestep cite`: what should a paper cite that used this?

use crate::args::Cite;
use crate::failure::Failure;
use crate::names::{Named, find};
use crate::recipes;
use crate::ui::Ui;
use serde_json::json;
use std::path::Path;
use timestep_nets::{InputShape, NetworkConfig, block, preset, squeeze_excite};
use timestep_numerics::facts;
use timestep_numerics::noise::noise_facts;
use timestep_restore::methods::{METHODS, method_of, read_weights};
use timestep_train::optimisers::optimiser_facts;
use timestep_train::recipe::{AnyResolved, Recipe};
use timestep_train::{Trained, network_config, run};

/// Every entry that a registry refers to.
const BIBLIOGRAPHY: &str = include_str!("../../assets/references.bib");

/// The best weights inside a run folder.
const BEST: &str = "weights/best.safetensors";

/// Prints BibTeX.
pub(crate) fn run(args: &Cite, ui: Ui) -> Result<u8, Failure> {
    let entries = of(&args.name)?;
    if entries.is_empty() {
        ui.note(&format!(
            "`{}` has no publication of its own to cite",
            args.name
        ));
    }
    for entry in entries {
        if ui.json {
            ui.object(json!({"name": args.name, "bibtex": entry}));
        } else {
            ui.data(&entry);
        }
    }
    Ok(0)
}

/// The entries of a name, or of weights or a run; names go first, for a folder may have one too.
fn of(what: &str) -> Result<Vec<String>, Failure> {
    let path = Path::new(what);
    let unknown = match of_name(what) {
        Ok(entries) => return Ok(entries),
        Err(unknown) => unknown,
    };
    if path.join(run::RECIPE).is_file() {
        return of_run(path);
    }
    let weights = path.extension().is_some_and(|e| e == "safetensors");
    if let Some(method) = method_of(&read_weights(path).unwrap_or_default()) {
        return Ok(of_method(method));
    }
    if weights || path.exists() {
        let trained = Trained::load(path)?;
        return of_network(trained.network.config(), &trained.card.data);
    }
    Err(unknown)
}

/// The entries of a run.
pub(crate) fn of_run(folder: &Path) -> Result<Vec<String>, Failure> {
    let resolved = run::layers(folder)?.resolve_any()?;
    if matches!(resolved, AnyResolved::Classify(_)) && folder.join(BEST).is_file() {
        let trained = Trained::load(folder)?;
        let mut all = of_network(trained.network.config(), &trained.card.data)?;
        all.extend(of_optimiser(&trained.card.recipe()?));
        return Ok(all);
    }
    // It has not reached its first weights.
    of_resolved(&resolved)
}

/// The entries of a registered name.
fn of_name(name: &str) -> Result<Vec<String>, Failure> {
    Ok(match find(name)? {
        Named::Scheme(scheme) => entries(scheme.references),
        Named::Block(block) => entries(block.references),
        Named::Noise(noise) => entries(noise.references),
        Named::Optimiser(facts) => entries(facts.references),
        Named::Method(method) => entries(method.references),
        Named::Network(preset) => entries(preset.references),
        Named::Data(data) => data.bibtex.map(str::to_owned).into_iter().collect(),
        Named::Recipe(name) => of_resolved(&recipes::resolved(&name)?)?,
        Named::NoNoise
        | Named::Setting(..)
        | Named::Log(_)
        | Named::Error(_)
        | Named::Analysis(_) => Vec::new(),
    })
}

/// Everything that a recipe of either task uses.
fn of_resolved(resolved: &AnyResolved) -> Result<Vec<String>, Failure> {
    match resolved {
        AnyResolved::Classify(resolved) => of_recipe(&resolved.recipe),
        AnyResolved::Restore(resolved) => {
            let recipe = &resolved.recipe;
            let mut all = of_method(recipe.model.method.key());
            if let Some(Ok(scheme)) = recipe.scheme().map(facts) {
                all.extend(entries(scheme.references));
            }
            Ok(once(all))
        }
    }
}

/// The entries of a method of restoration.
fn of_method(key: &str) -> Vec<String> {
    let method = METHODS.iter().find(|m| m.facts.key == key);
    method.map_or_else(Vec::new, |m| entries(m.facts.references))
}

/// Each entry once, in the order in which it came first.
fn once(mut all: Vec<String>) -> Vec<String> {
    let mut seen = Vec::new();
    all.retain(|entry| {
        let new = !seen.contains(entry);
        seen.push(entry.clone());
        new
    });
    all
}

/// Everything that a recipe of a classifier uses.
fn of_recipe(recipe: &Recipe) -> Result<Vec<String>, Failure> {
    // Citations do not depend on shape and number of classes.
    let input = InputShape {
        channels: 3,
        height: 32,
        width: 32,
    };
    let network = network_config(&recipe.network, &recipe.noise, input, 10)?;
    let mut all = of_network(&network, &recipe.data.name)?;
    all.extend(of_optimiser(recipe));
    Ok(all)
}

/// The entries of the optimiser, where it is not the one that nobody names: plain gradient descent with momentum.
fn of_optimiser(recipe: &Recipe) -> Vec<String> {
    let usual = &Recipe::default().optimiser.name;
    let facts = optimiser_facts(&recipe.optimiser.name).filter(|facts| facts.key != usual);
    facts.map_or_else(Vec::new, |facts| entries(facts.references))
}

/// Everything that went into a network trained on some data, each entry once.
fn of_network(network: &NetworkConfig, data: &str) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    if let Ok(preset) = preset(&network.name) {
        all.extend(entries(preset.references));
    }
    if block(&network.block)?.squeeze {
        all.extend(entries(squeeze_excite().references));
    }
    if let Ok(scheme) = facts(&network.scheme) {
        all.extend(entries(scheme.references));
    }
    all.extend(entries(block(&network.block)?.facts.references));
    if let Some(noise) = noise_facts(&network.noise.name) {
        all.extend(entries(noise.references));
    }
    if let Ok(info) = timestep_data::info(data) {
        all.extend(info.bibtex.map(str::to_owned));
    }
    Ok(once(all))
}

/// The entries with these keys.
fn entries(keys: &[&str]) -> Vec<String> {
    keys.iter().filter_map(|key| entry(key)).collect()
}

/// One entry: from its `@` to the next.
fn entry(key: &str) -> Option<String> {
    BIBLIOGRAPHY
        .split("\n@")
        .map(|part| format!("@{}\n", part.trim_start_matches('@').trim_end()))
        .find(|part| part.contains(&format!("{{{key},")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use timestep_train::optimisers::optimisers;

    #[test]
    fn every_reference_has_an_entry() {
        let schemes = timestep_numerics::schemes()
            .iter()
            .flat_map(|s| s.references);
        let blocks = timestep_nets::blocks().flat_map(|b| b.references);
        let presets = timestep_nets::presets().iter().flat_map(|p| p.references);
        let optimisers = optimisers().iter().flat_map(|o| o.references);
        for key in schemes.chain(blocks).chain(presets).chain(optimisers) {
            assert!(entry(key).is_some(), "no entry `{key}` in references.bib");
        }
    }
}
