//! What repeats a run? A recipe: every setting, and where it came from.
//!
//! ```text
//! Layers::load("cifar10/lm-resnet-56+stochastic-depth")   defaults, then the recipe
//!     .flag("--epochs", "train.epochs", "40")              then flags
//!     .set("optimiser.lr=0.05")                            then `--set`
//!     .resolve()                                           checked, with origins
//! ```
//!
//! A resolved recipe is saved with the run and can be run again as it is. Its `task.kind` says which
//! settings there are: [`Recipe`] has those of a classifier, [`RestoreRecipe`] those of a restorer.

pub mod catalogue;
mod check;
mod diff;
mod embedded;
mod kind;
mod layers;
mod model;
mod open;
mod other;
mod own;
mod problem;
mod resolve;
mod restore;
mod settings;
mod time;
mod unused;
mod words;

pub use check::{Finding, Findings, Unused};
pub use diff::{Difference, diff, may_change_on_resume, resume_refusals};
pub use embedded::{DEFAULT_RECIPE, data_sets, embedded, embedded_text, restorers};
pub use kind::Kind;
pub use layers::Layers;
pub use model::{
    DataSettings, NetworkSettings, NoiseSection, OptimiserSettings, Recipe, ScheduleSettings,
    TaskSettings, TrainSettings,
};
pub use open::{data_at, open};
pub use own::default_of;
pub use problem::{Origin, Problem, ProblemKind, RecipeError};
pub use resolve::{AnyResolved, Resolved, Row};
pub use restore::{ModelSettings, PhaseSettings, PictureSettings, RestoreRecipe};
pub use settings::{Setting, setting, settings};
pub use time::parse_time;
pub use words::{
    ActivationsKind, BetweenKind, CoefficientKind, CropKind, PadMode, RestoreMethod, TaskKind,
};

use crate::optimisers::OptimiserFacts;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use toml::Value;

/// A recipe of one task: its settings with the table that names them.
pub trait TaskRecipe: Clone + Default + Serialize + DeserializeOwned {
    /// The task.
    const TASK: TaskKind;

    /// The defaults beside this optimiser, for tasks whose recipes name one.
    fn for_optimiser(_optimiser: Option<&'static OptimiserFacts>) -> Self {
        Self::default()
    }

    /// Everything that is out of range or probably not meant, in the order of the settings.
    fn findings(&self) -> Vec<Finding>;

    /// The setting `train.time`.
    fn time(&self) -> &str;

    /// The setting `train.keep`.
    fn keep(&self) -> usize;

    /// The setting `train.seed`.
    fn seed(&self) -> u64;

    /// The setting `train.seed`, to be counted up.
    fn seed_mut(&mut self) -> &mut u64;

    /// Whether a run of this recipe may continue with another value of `path`, beside those that every
    /// task may change.
    fn may_change(&self, path: &str) -> bool;

    /// The recipe as TOML: every setting, always in the same order.
    fn to_toml(&self) -> String {
        write(self, None)
    }

    /// The recipe as TOML with the meaning of each setting in a comment: a template to edit.
    fn to_commented_toml(&self) -> String {
        write(self, Some(&|setting: &Setting| setting.about.to_owned()))
    }

    /// Every setting that the recipe has with its value, in the order of a written recipe.
    ///
    /// # Panics
    /// If a count was set in code to more than `i64::MAX`, which nothing can have as many of.
    fn values(&self) -> Vec<(&'static str, Value)> {
        // Numbers, words, switches and lists of them, in sections: all of it has a TOML form. Only
        // a count beyond `i64::MAX` has none, and no text can give one.
        let table = toml::Table::try_from(self).expect("a recipe is representable as TOML");
        settings(Self::TASK)
            .iter()
            .filter_map(|setting| {
                let (section, key) = settings::split(setting.path);
                // A recipe has no settings of other optimisers than its own.
                let value = table.get(section)?.get(key)?;
                Some((setting.path, value.clone()))
            })
            .collect()
    }

    /// The time after which to stop, if there is one.
    fn time_limit(&self) -> Option<Duration> {
        // A checked recipe has a valid time; an unchecked one is better not stopped at all.
        parse_time(self.time()).ok().flatten()
    }

    /// Whether the values make sense; for a recipe that was built in code. A recipe that was
    /// resolved from layers has been checked.
    ///
    /// # Errors
    /// All problems at once.
    fn check(&self) -> Result<(), RecipeError> {
        let severe = self.findings().into_iter().filter(|found| found.severe);
        let values = self.values();
        let problems: Vec<Problem> = severe
            .map(|finding| {
                let value = values.iter().find(|(path, _)| *path == finding.path);
                let text = value.map(|(_, value)| value.to_string());
                Problem {
                    value: text,
                    ..finding.into_problem()
                }
            })
            .collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(RecipeError { problems })
        }
    }
}

impl TaskRecipe for Recipe {
    const TASK: TaskKind = TaskKind::Classify;

    fn for_optimiser(optimiser: Option<&'static OptimiserFacts>) -> Self {
        Self {
            optimiser: optimiser.map_or_else(OptimiserSettings::default, OptimiserSettings::of),
            ..Self::default()
        }
    }

    fn findings(&self) -> Vec<Finding> {
        check::findings(self)
    }

    fn may_change(&self, path: &str) -> bool {
        diff::may_change(self, path)
    }

    fn time(&self) -> &str {
        &self.train.time
    }

    fn keep(&self) -> usize {
        self.train.keep
    }

    fn seed(&self) -> u64 {
        self.train.seed
    }

    fn seed_mut(&mut self) -> &mut u64 {
        &mut self.train.seed
    }
}

/// The recipe with these values, one for each setting.
fn from_values<R: TaskRecipe>(values: &[(&'static str, Value)]) -> Result<R, toml::de::Error> {
    let mut table = toml::Table::new();
    for (path, value) in values {
        let (section, key) = settings::split(path);
        let section = table
            .entry(section)
            .or_insert_with(|| Value::Table(toml::Table::new()));
        if let Value::Table(section) = section {
            section.insert(key.to_owned(), value.clone());
        }
    }
    table.try_into()
}

/// A recipe as TOML, perhaps with a comment on each line.
fn write<R: TaskRecipe>(recipe: &R, comment: Option<&dyn Fn(&Setting) -> String>) -> String {
    let mut text = String::new();
    let mut open = "";
    for (setting, (path, value)) in settings(R::TASK).iter().zip(recipe.values()) {
        let (section, key) = settings::split(path);
        if section != open {
            let gap = if open.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{gap}[{section}]\n"));
            open = section;
        }
        let line = format!("{key} = {value}");
        match comment {
            Some(comment) => text.push_str(&format!("{line:<32} # {}\n", comment(setting))),
            None => text.push_str(&format!("{line}\n")),
        }
    }
    text
}

impl std::str::FromStr for Recipe {
    type Err = RecipeError;

    /// Reads TOML, such as [`TaskRecipe::to_toml`] writes. Settings that are missing have their
    /// defaults.
    fn from_str(text: &str) -> Result<Self, RecipeError> {
        Layers::from_text(text, "recipe")
            .resolve()
            .map(|resolved| resolved.recipe)
    }
}

impl std::str::FromStr for RestoreRecipe {
    type Err = RecipeError;

    /// Reads TOML as [`TaskRecipe::to_toml`] writes it. Settings that are missing have their defaults.
    fn from_str(text: &str) -> Result<Self, RecipeError> {
        Layers::from_text(text, "recipe")
            .resolve_restorer()
            .map(|resolved| resolved.recipe)
    }
}

#[cfg(test)]
mod tests;
