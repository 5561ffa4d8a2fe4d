//! Which settings do optimisers, noises and schedules declare in their files, and what becomes of those of an optimiser when
//! a recipe changes to another?
//!
//! A recipe has the settings of all noises and schedules, for the noise may be that of its network. Of optimisers it has
//! those of its own and no others. A rate and a decay are said in the units of an optimiser, so a layer that chooses
//! another one also leaves rate, decay and own settings of the layers below: the new one starts from its own defaults. What
//! is said beside the new name, or on the command line, stays, and is refused if it is not the optimiser's.

use super::kind::Kind;
use super::layers::Entry;
use super::model::Recipe;
use super::problem::{Origin, Problem, ProblemKind};
use super::settings::{Setting, row};
use super::words::TaskKind;
use super::{RestoreRecipe, TaskRecipe};
use crate::optimisers::{OptimiserFacts, optimiser_facts, optimisers};
use crate::schedules::schedule_settings;
use std::collections::BTreeMap;
use timestep_numerics::noise::noise_settings;
use timestep_registry::quoted;
use timestep_registry::{Range, Setting as Own};

/// The setting that chooses the optimiser.
pub(super) const NAME: &str = "optimiser.name";

type Entries = BTreeMap<String, Entry>;

/// Everything that is declared, with the key of the thing that it belongs to; empty for what all of a kind have.
fn declared() -> impl Iterator<Item = (&'static str, &'static Own)> {
    let noises = noise_settings().map(|(law, own)| (law.map_or("", |law| law.key), own));
    let optimisers = optimisers().into_iter();
    let optimisers = optimisers.flat_map(|facts| facts.settings.iter().map(|own| (facts.key, own)));
    let schedules = schedule_settings().map(|(facts, own)| (facts.key, own));
    noises.chain(optimisers).chain(schedules)
}

/// What is declared in a section, each setting once, as rows of the table of settings: whose it is, and
/// what it means there.
pub(super) fn rows(section: &str) -> Vec<Setting> {
    let mut rows: Vec<Setting> = Vec::new();
    for (_, own) in declared().filter(|(_, own)| own.path.starts_with(section)) {
        if rows.iter().all(|row| row.path != own.path) {
            let kind = match own.range {
                Range::Switch => Kind::Switch,
                Range::Words(words) => Kind::Word(words),
                Range::Increasing => Kind::Counts,
                _ => Kind::Number,
            };
            // Made once in the life of the program, for the static table.
            rows.push(row(own.path, kind, about(own.path).leak()));
        }
    }
    rows
}

/// `adamw: what it means there; lion: …`.
fn about(path: &str) -> String {
    let of_path = declared().filter(|(_, own)| own.path == path);
    let says: Vec<String> = of_path
        .map(|(key, own)| match key {
            "" => own.help.to_owned(),
            key => format!("{key}: {}", own.help),
        })
        .collect();
    says.join("; ")
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
    let all: Vec<_> = declared().filter(|(_, own)| own.path == path).collect();
    match all.split_first() {
        Some(((_, first), rest)) if rest.iter().all(|(_, own)| own.default == first.default) => {
            toml::Value::try_from(&first.default).unwrap_or_else(|_| String::new().into())
        }
        _ => {
            let each: Vec<String> = all
                .iter()
                .map(|(key, own)| format!("{} ({key})", own.default))
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
    let declares = move |own: &Own| own.path == path;
    optimisers()
        .into_iter()
        .filter(move |facts| facts.settings.iter().any(declares))
}

#[cfg(test)]
#[path = "own_tests.rs"]
mod tests;
