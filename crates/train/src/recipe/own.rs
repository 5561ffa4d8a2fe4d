//! Which settings has only one optimiser, and what becomes of them when a recipe changes to another?
//!
//! Optimisers declare their own settings; a recipe has those of its optimiser and no others. A rate
//! and a decay are said in the units of an optimiser, so a layer that chooses another one also leaves
//! rate, decay and own settings of the layers below: the new one starts from its own defaults. What is
//! said beside the new name, or on the command line, stays, and is refused if it is not the optimiser's.

use super::kind::Kind;
use super::layers::Entry;
use super::model::Recipe;
use super::near::quoted;
use super::problem::{Origin, Problem, ProblemKind};
use super::settings::{Setting, row};
use super::words::TaskKind;
use super::{RestoreRecipe, TaskRecipe};
use crate::optimisers::{OptimiserFacts, OwnSetting, Value as Own, optimiser_facts, optimisers};
use std::collections::BTreeMap;

/// The setting that chooses the optimiser.
pub(super) const NAME: &str = "optimiser.name";

type Entries = BTreeMap<String, Entry>;

/// The own settings of all optimisers, each once, as rows of the table of settings: whose they are, and what
/// they mean there.
pub(super) fn rows() -> Vec<Setting> {
    let mut rows: Vec<Setting> = Vec::new();
    for own in optimisers().iter().flat_map(|facts| facts.settings) {
        if rows.iter().all(|row| row.path != own.path) {
            let kind = match own.default {
                Own::Number(_) => Kind::Number,
                Own::Switch(_) => Kind::Switch,
            };
            // Made once in the life of the program, for the static table.
            rows.push(row(
                own.path,
                kind,
                Box::leak(about(own.path).into_boxed_str()),
            ));
        }
    }
    rows
}

/// `adamw: what it means there; lion: …`.
fn about(path: &str) -> String {
    let says = |facts: &&OptimiserFacts| {
        let own = facts.settings.iter().find(|own| own.path == path)?;
        Some(format!("{}: {}", facts.key, own.about))
    };
    optimisers()
        .iter()
        .filter_map(says)
        .collect::<Vec<_>>()
        .join("; ")
}

/// What a setting is when nobody says otherwise. Where optimisers differ, `0.999 (adamw), 0.99 (lion)`.
#[must_use]
pub fn default_of(task: TaskKind, path: &str) -> toml::Value {
    let usual = match task {
        TaskKind::Classify => Recipe::default().values(),
        TaskKind::Restore => RestoreRecipe::default().values(),
    };
    if let Some((_, value)) = usual.into_iter().find(|(at, _)| *at == path) {
        return value;
    }
    let declared = |facts: &'static OptimiserFacts| {
        let own = facts.settings.iter().find(|own| own.path == path)?;
        Some((facts.key, own.default))
    };
    let all: Vec<(&str, Own)> = optimisers().iter().copied().filter_map(declared).collect();
    match all.split_first() {
        Some(((_, first), rest)) if rest.iter().all(|(_, other)| other == first) => match *first {
            Own::Number(number) => number.into(),
            Own::Switch(switch) => switch.into(),
        },
        _ => {
            let each: Vec<String> = all
                .iter()
                .map(|(key, value)| format!("{value} ({key})"))
                .collect();
            each.join(", ").into()
        }
    }
}

/// The optimiser that the layers so far ask for; none if its name is unknown.
pub(super) fn chosen(entries: &Entries) -> Option<&'static OptimiserFacts> {
    match entries.get(NAME) {
        Some(entry) => optimiser_facts(entry.value.as_str()?),
        None => optimisers().first().copied(),
    }
}

/// Leaves what the layers below say of their optimiser, if `name` is another one.
pub(super) fn change_to(name: &toml::Value, entries: &mut Entries) {
    let wanted = name.as_str().and_then(optimiser_facts);
    let (Some(wanted), Some(now)) = (wanted, chosen(entries)) else {
        return;
    };
    if wanted.key != now.key {
        entries.retain(|path, entry| {
            let said_now = matches!(entry.origin, Origin::Flag(_) | Origin::Set);
            let of_optimiser = path == "optimiser.lr" || path == "optimiser.weight_decay";
            said_now || !(of_optimiser || owners(path).next().is_some())
        });
    }
}

/// The problem with a setting that belongs to other optimisers than the one that the layers choose.
pub(super) fn foreign(path: &str, entries: &Entries) -> Option<Problem> {
    // Of an unknown optimiser nobody knows the settings; its name is a problem already.
    let facts = chosen(entries)?;
    let entry = entries.get(path)?;
    let owners: Vec<&str> = owners(path).map(|facts| facts.key).collect();
    if owners.is_empty() || owners.contains(&facts.key) {
        return None;
    }
    let message = format!(
        "is a setting of {}, and the optimiser is `{}`",
        quoted(&owners, " and "),
        facts.key
    );
    let own: Vec<&str> = facts.settings.iter().map(|own| own.path).collect();
    let problem = Problem::new(ProblemKind::UnknownSetting, path, message)
        .value(entry.value.to_string())
        .origin(entry.origin.clone());
    Some(problem.hint(format!(
        "settings of `{}`: {}",
        facts.key,
        quoted(&own, ", ")
    )))
}

/// The optimisers that have a setting of their own at this path.
fn owners(path: &str) -> impl Iterator<Item = &'static OptimiserFacts> {
    let declares = move |own: &OwnSetting| own.path == path;
    optimisers()
        .iter()
        .copied()
        .filter(move |facts| facts.settings.iter().any(declares))
}

#[cfg(test)]
#[path = "own_tests.rs"]
mod tests;
