//! What can be named? One loop over all registries, for lists, pages, citations and the reference.
//!
//! The crates say what is known of a thing ([`Facts`]); here is what is shown of each kind beside that: the columns of a
//! list and what stands around a page.

pub mod analyses;
pub mod cite;
mod networks;
mod pieces;
mod settings;
mod training;

pub use settings::type_name;

use serde_json::Value;
use std::ops::Deref;
use timestep_data::DATASETS;
use timestep_engine::ENGINES;
use timestep_nets::{BLOCKS, BODIES, presets};
use timestep_numerics::noise::noises;
use timestep_numerics::schemes;
use timestep_registry::{Facts, Kind, bibtex, did_you_mean, near};
use timestep_restore::METHODS;
use timestep_study::codes::Code;
use timestep_study::names::Listing;
use timestep_study::schemes::Theory;
use timestep_train::TrainError;
use timestep_train::optimisers::OPTIMISERS;
use timestep_train::schedules::SCHEDULES;
use timestep_train::sinks::SINKS;

/// For whom a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Everybody,
    People,
    Programs,
}

/// A value in the row of a thing, below its heading.
pub struct Cell {
    /// The heading of its column, which is the name of its field.
    pub head: &'static str,
    /// The value.
    pub value: Value,
    reader: Reader,
}

impl Cell {
    /// For people and programs.
    fn new(head: &'static str, value: impl Into<Value>) -> Self {
        Cell {
            head,
            value: value.into(),
            reader: Reader::Everybody,
        }
    }

    /// In the table only.
    fn people(self) -> Self {
        Cell {
            reader: Reader::People,
            ..self
        }
    }

    /// In the JSON object only.
    fn programs(self) -> Self {
        Cell {
            reader: Reader::Programs,
            ..self
        }
    }

    /// Whether it stands in the table.
    pub fn is_shown(&self) -> bool {
        self.reader != Reader::Programs
    }

    /// Whether it stands in the JSON object.
    pub fn is_field(&self) -> bool {
        self.reader != Reader::People
    }
}

/// The row of a thing.
pub type Row = Vec<Cell>;

/// A thing that can be named: its facts, and what is shown of it beside them.
pub trait Entry: Deref<Target = Facts> + Sync {
    /// Its row in `timestep list`.
    ///
    /// # Errors
    /// A network that cannot be built.
    fn row(&self) -> Result<Row, TrainError> {
        Ok(vec![
            Cell::new(self.kind.noun(), self.key),
            Cell::new("what", self.title),
        ])
    }

    /// Its page.
    ///
    /// # Errors
    /// A network that cannot be built, a recipe that does not resolve.
    fn page(&self) -> Result<String, TrainError> {
        Ok(with_names(self))
    }

    /// What was measured for its page, for programs.
    fn measured(&self) -> Option<Theory> {
        None
    }

    /// What to cite, as BibTeX.
    ///
    /// # Errors
    /// A recipe that does not resolve.
    fn cited(&self) -> Result<Vec<String>, TrainError> {
        Ok(entries_of(self.references))
    }
}

/// A page below the other names of its thing.
fn with_names(facts: &Facts) -> String {
    let names = match facts.aliases {
        [] => String::new(),
        aliases => format!("Also called {}.\n\n", aliases.join(", ")),
    };
    names + &facts.page()
}

/// Publications as BibTeX.
pub fn entries_of(keys: &[&str]) -> Vec<String> {
    keys.iter().filter_map(|key| bibtex(key)).collect()
}

/// Things of one registry.
fn things<E: Entry + 'static>(
    all: impl IntoIterator<Item = &'static E>,
) -> Vec<&'static dyn Entry> {
    all.into_iter().map(|thing| thing as &dyn Entry).collect()
}

/// Everything of a kind, in the order of its registry.
pub fn of(kind: Kind) -> Vec<&'static dyn Entry> {
    match kind {
        Kind::Network => things(presets().iter().copied()),
        Kind::Scheme => things(schemes()),
        Kind::Block => things(BLOCKS.all()),
        Kind::Body => things(BODIES.all()),
        Kind::Noise => [things([&pieces::NO_NOISE]), things(noises())].concat(),
        Kind::Optimiser => things(OPTIMISERS.all()),
        Kind::Schedule => things(SCHEDULES.all()),
        Kind::Method => things(METHODS.all()),
        Kind::Data => things(DATASETS.all()),
        Kind::Recipe => things(training::Recipe::all()),
        Kind::Setting => things(settings::all()),
        Kind::Analysis => things(analyses::ALL.iter().copied()),
        Kind::Log => things(SINKS.all()),
        Kind::Device => things(ENGINES.all()),
        Kind::Error => things(Code::ALL),
    }
}

/// The table of a kind. Programs get some fields that a table has no room for, and the other way round.
///
/// # Errors
/// A network that cannot be built.
pub fn listing(kind: Kind, programs: bool) -> Result<Listing, TrainError> {
    let (mut heads, mut rows) = (Vec::new(), Vec::new());
    for thing in of(kind) {
        let cells = thing.row()?.into_iter();
        let cells = cells.filter(|cell| match programs {
            true => cell.is_field(),
            false => cell.is_shown(),
        });
        let row: Vec<Value>;
        (heads, row) = cells.map(|cell| (cell.head, cell.value)).unzip();
        rows.push(row);
    }
    Ok(Listing { heads, rows })
}

/// Nothing is called so.
#[derive(Clone, Debug, thiserror::Error)]
#[error("nothing is called `{name}`")]
pub struct UnknownName {
    /// What was asked for.
    pub name: String,
    /// What helps: the nearest names, or where to look.
    pub hint: String,
}

/// Everything that answers to a name, in the order of kinds: the first is what the name means, the others are called so
/// too.
///
/// # Errors
/// Nothing does.
pub fn find(name: &str) -> Result<Vec<&'static dyn Entry>, UnknownName> {
    // Errors are copied from where they were shown: `error[E0601]:`.
    let name = name
        .strip_prefix("error[")
        .map_or(name, |rest| rest.trim_end_matches([']', ':']));
    // There are hundreds of recipes, whose networks have to be built to know them.
    let quick = Kind::ALL.iter().filter(|kind| **kind != Kind::Recipe);
    let mut found = Vec::new();
    for kind in quick {
        // A setting that both tasks have is one.
        found.extend(of(*kind).into_iter().find(|thing| thing.answers_to(name)));
    }
    if found.is_empty() {
        found.extend(training::Recipe::find(name).map(|recipe| recipe as &dyn Entry));
    }
    if found.is_empty() {
        return Err(unknown(name));
    }
    Ok(found)
}

/// Nothing has this name: the nearest ones of all registries, or where to look.
fn unknown(name: &str) -> UnknownName {
    // Recipes are long and alike: they only answer to names that look like one.
    let kinds = Kind::ALL
        .iter()
        .filter(|kind| **kind != Kind::Recipe || name.contains('/'));
    let close = near(
        name,
        kinds
            .flat_map(|kind| of(*kind))
            .flat_map(|thing| thing.names()),
    );
    let hint = did_you_mean(&close).unwrap_or("`timestep list` shows what there is".to_owned());
    UnknownName {
        name: name.to_owned(),
        hint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_as_people_write_them() {
        for name in ["E0601", "e0601", "error[E0601]", "error[E0601]:"] {
            let found = find(name).expect("a code");
            assert_eq!(found[0].key, "E0601", "{name}");
        }
        assert!(find("E9999").is_err());
    }
}
