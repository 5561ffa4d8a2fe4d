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
use timestep_restore::training::RestoreRecipe;
use timestep_train::recipe::Recipe;
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
    if weights || path.exists() {
        let trained = Trained::load(path)?;
        return of_network(trained.network.config(), &trained.card.data);
    }
    Err(unknown)
}

/// The entries of a run.
pub(crate) fn of_run(folder: &Path) -> Result<Vec<String>, Failure> {
    if folder.join(BEST).is_file() {
        let trained = Trained::load(folder)?;
        return of_network(trained.network.config(), &trained.card.data);
    }
    // It has not reached its first weights.
    of_recipe(&run::recipe(folder)?)
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
        Named::Recipe(name) => match RestoreRecipe::of_name(&name) {
            Some(recipe) => entries(recipe.references()),
            None => of_recipe(&recipes::resolved(&name)?)?,
        },
        Named::NoNoise
        | Named::Setting(_)
        | Named::Log(_)
        | Named::Error(_)
        | Named::Analysis(_) => Vec::new(),
    })
}

/// Everything that a recipe uses.
fn of_recipe(recipe: &Recipe) -> Result<Vec<String>, Failure> {
    // Citations do not depend on shape and number of classes.
    let input = InputShape {
        channels: 3,
        height: 32,
        width: 32,
    };
    of_network(
        &network_config(&recipe.network, &recipe.noise, input, 10)?,
        &recipe.data.name,
    )
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
    let mut seen = Vec::new();
    all.retain(|entry| {
        let new = !seen.contains(entry);
        seen.push(entry.clone());
        new
    });
    Ok(all)
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
