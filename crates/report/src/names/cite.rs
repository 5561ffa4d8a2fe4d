//! What should a paper cite that used this?

use super::{UnknownName, entries_of, find};
use std::path::Path;
use timestep_nets::{InputShape, NetworkConfig, block, preset};
use timestep_numerics::facts;
use timestep_numerics::noise::noise_facts;
use timestep_registry::bibtex;
use timestep_restore::METHODS;
use timestep_restore::methods::{method_of, read_weights};
use timestep_train::TrainError;
use timestep_train::optimisers::optimiser_facts;
use timestep_train::recipe::{AnyResolved, Recipe, TaskKind, diff, setting};
use timestep_train::run::{Which, weights};
use timestep_train::{Trained, network_config, run};

/// Why there is nothing to cite.
#[derive(Debug, thiserror::Error)]
pub enum CiteError {
    /// Nothing has this name.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] TrainError),
}

/// The entries of a name, or of weights or a run; names go first, for a folder may have one too.
///
/// # Errors
/// Nothing has this name, or what has it cannot be read.
pub fn of(what: &str) -> Result<Vec<String>, CiteError> {
    let path = Path::new(what);
    let unknown = match of_name(what) {
        Ok(entries) => return Ok(entries),
        Err(unknown) => unknown,
    };
    if path.join(run::RECIPE).is_file() {
        return Ok(of_run(path)?);
    }
    let weights = path.extension().is_some_and(|e| e == "safetensors");
    if let Some(method) = method_of(&read_weights(path).unwrap_or_default()) {
        return Ok(of_method(method));
    }
    if weights || path.exists() {
        let trained = Trained::load(path)?;
        return Ok(of_network(trained.network.config(), &trained.card.data)?);
    }
    Err(unknown)
}

/// The entries of a run.
///
/// # Errors
/// Its recipe or its weights cannot be read.
pub fn of_run(folder: &Path) -> Result<Vec<String>, TrainError> {
    let resolved = run::layers(folder)?.resolve_any()?;
    if matches!(resolved, AnyResolved::Classify(_)) && weights(folder, Which::Best).is_file() {
        let trained = Trained::load(folder)?;
        let mut all = of_network(trained.network.config(), &trained.card.data)?;
        let recipe = trained.card.recipe()?;
        all.extend(of_optimiser(&recipe));
        all.extend(of_settings(&recipe));
        return Ok(all);
    }
    // It has not reached its first weights.
    of_resolved(&resolved)
}

/// The entries of everything of this name, or of a key of the bibliography.
fn of_name(name: &str) -> Result<Vec<String>, CiteError> {
    if let Some(entry) = bibtex(name) {
        return Ok(vec![entry]);
    }
    let mut all = Vec::new();
    for thing in find(name)? {
        all.extend(thing.cited()?);
    }
    Ok(once(all))
}

/// Everything that a recipe of either task uses.
///
/// # Errors
/// A name in it that is not known.
pub fn of_resolved(resolved: &AnyResolved) -> Result<Vec<String>, TrainError> {
    match resolved {
        AnyResolved::Classify(resolved) => of_recipe(&resolved.recipe),
        AnyResolved::Restore(resolved) => {
            let recipe = &resolved.recipe;
            let mut all = of_method(recipe.model.method.key());
            if let Some(Ok(scheme)) = recipe.scheme().map(facts) {
                all.extend(entries_of(scheme.references));
            }
            Ok(once(all))
        }
    }
}

/// The entries of a method of restoration.
fn of_method(key: &str) -> Vec<String> {
    METHODS
        .find(key)
        .map_or_else(Vec::new, |m| entries_of(m.references))
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
fn of_recipe(recipe: &Recipe) -> Result<Vec<String>, TrainError> {
    // Citations do not depend on shape and number of classes.
    let input = InputShape {
        channels: 3,
        height: 32,
        width: 32,
    };
    let network = network_config(&recipe.network, &recipe.noise, input, 10)?;
    let mut all = of_network(&network, &recipe.data.name)?;
    all.extend(of_optimiser(recipe));
    all.extend(of_settings(recipe));
    Ok(all)
}

/// The entries of settings that are somebody's work, where they are no defaults: mixup, cutout, ….
fn of_settings(recipe: &Recipe) -> Vec<String> {
    let set = diff(&Recipe::default(), recipe).into_iter();
    let known = set.filter_map(|set| setting(TaskKind::Classify, set.path));
    known
        .flat_map(|setting| entries_of(setting.references))
        .collect()
}

/// The entries of the optimiser, where it is not the one that nobody names: plain gradient descent with momentum.
fn of_optimiser(recipe: &Recipe) -> Vec<String> {
    let usual = &Recipe::default().optimiser.name;
    let facts = optimiser_facts(&recipe.optimiser.name).filter(|facts| facts.key != usual);
    facts.map_or_else(Vec::new, |facts| entries_of(facts.references))
}

/// Everything that went into a network trained on some data, each entry once.
fn of_network(network: &NetworkConfig, data: &str) -> Result<Vec<String>, TrainError> {
    let mut all = Vec::new();
    if let Ok(preset) = preset(&network.name) {
        all.extend(entries_of(preset.references));
    }
    if let Some(around) = block(&network.block.name)?.wrapper() {
        all.extend(entries_of(around.references));
    }
    if let Ok(scheme) = facts(&network.scheme.name) {
        all.extend(entries_of(scheme.references));
    }
    all.extend(entries_of(block(&network.block.name)?.facts.references));
    if let Some(noise) = noise_facts(&network.noise.name) {
        all.extend(entries_of(noise.references));
    }
    if let Ok(info) = timestep_data::info(data) {
        all.extend(entries_of(info.references));
    }
    Ok(once(all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names;
    use timestep_registry::Kind;
    use timestep_train::recipe::Layers;

    #[test]
    fn every_reference_has_an_entry() {
        // Those of recipes are of what they use.
        let kinds = Kind::ALL.iter().filter(|kind| **kind != Kind::Recipe);
        for thing in kinds.flat_map(|kind| names::of(*kind)) {
            for key in thing.references {
                assert!(bibtex(key).is_some(), "no entry `{key}` in references.bib");
            }
        }
    }

    /// The keys of what a recipe with these settings is to cite.
    fn cited(sets: &[&str]) -> Vec<String> {
        let mut layers = Layers::load("digits/lm-resnet-20");
        for set in sets {
            layers.set(set);
        }
        let resolved = layers.resolve_any().expect("a recipe");
        let entries = of_resolved(&resolved).expect("known names").into_iter();
        let key = |entry: String| entry.split(['{', ',']).nth(1).map(str::to_owned);
        entries.filter_map(key).collect()
    }

    #[test]
    fn a_recipe_cites_what_it_uses_and_nothing_else() {
        let plain = cited(&[]);
        assert!(plain.contains(&"lu2018beyond".to_owned()), "{plain:?}");
        for (set, keys) in [
            ("data.mixup=0.2", &["zhang2018mixup"][..]),
            ("data.cutout=2", &["devries2017improved"]),
            ("data.rand_augment=[1,3]", &["cubuk2020randaugment"]),
            (
                "optimiser.name=adamw",
                &["kingma2015adam", "loshchilov2019decoupled"],
            ),
            ("optimiser.name=lion", &["chen2023symbolic", "chen2024lion"]),
        ] {
            let more = cited(&[set]);
            let added: Vec<&String> = more.iter().filter(|key| !plain.contains(key)).collect();
            assert_eq!(added, keys, "{set}");
        }
        assert!(of_name("salmon2011parallel").is_ok_and(|all| all[0].contains("Random Numbers")));
    }
}
