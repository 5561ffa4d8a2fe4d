//! What repeats a run? A recipe: every setting, and where it came from.
//!
//! ```text
//! Layers::load("cifar10/lm-resnet-56+stochastic-depth")   defaults, then the recipe
//!     .flag("--epochs", "train.epochs", "40")              then flags
//!     .set("optimiser.lr=0.05")                            then `--set`
//!     .resolve()                                           checked, with origins
//! ```
//!
//! A resolved recipe is saved with the run and can be run again as it is.

mod check;
mod diff;
mod embedded;
mod kind;
mod layers;
mod model;
pub(crate) mod near;
mod own;
mod problem;
mod resolve;
mod settings;
mod time;
mod words;

pub use diff::{Difference, diff, may_change_on_resume, resume_refusals};
pub use embedded::{DEFAULT_RECIPE, data_sets, embedded, embedded_text};
pub use kind::Kind;
pub use layers::Layers;
pub use model::{
    DataSettings, NetworkSettings, NoiseSection, OptimiserSettings, Recipe, ScheduleSettings,
    TaskSettings, TrainSettings,
};
pub use own::default_of;
pub use problem::{Origin, Problem, ProblemKind, RecipeError};
pub use resolve::{Resolved, Row};
pub use settings::{SETTINGS, Setting, setting};
pub use time::parse_time;
pub use words::{
    ActivationsKind, BackwardKind, CoefficientKind, CountKind, CropKind, DecayKind, ForwardKind,
    PadMode, PerKind, ScalingKind, ScheduleKind, TaskKind,
};

use std::time::Duration;
use toml::Value;

impl Recipe {
    /// The recipe as TOML: every setting, always in the same order.
    pub fn to_toml(&self) -> String {
        self.write(None)
    }

    /// The recipe as TOML with the meaning of each setting in a comment: a template to edit.
    pub fn to_commented_toml(&self) -> String {
        self.write(Some(&|setting: &Setting| setting.about.to_owned()))
    }

    /// Every setting that the recipe has with its value, in the order of a written recipe.
    ///
    /// # Panics
    /// If a count was set in code to more than `i64::MAX`, which nothing can have as many of.
    pub fn values(&self) -> Vec<(&'static str, Value)> {
        // Numbers, words, switches and lists of them, in sections: all of it has a TOML form. Only
        // a count beyond `i64::MAX` has none, and no text can give one.
        let table = toml::Table::try_from(self).expect("a recipe is representable as TOML");
        SETTINGS
            .iter()
            .filter_map(|setting| {
                let (section, key) = settings::split(setting.path);
                // A recipe has no settings of other optimisers than its own.
                let value = table.get(section)?.get(key)?;
                Some((setting.path, value.clone()))
            })
            .collect()
    }

    /// The recipe with these values, one for each setting that it has.
    fn from_values(values: &[(&'static str, Value)]) -> Result<Recipe, toml::de::Error> {
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

    /// The recipe as TOML, perhaps with a comment on each line.
    fn write(&self, comment: Option<&dyn Fn(&Setting) -> String>) -> String {
        let mut text = String::new();
        let mut open = "";
        for (path, value) in self.values() {
            let (section, key) = settings::split(path);
            if section != open {
                let gap = if open.is_empty() { "" } else { "\n" };
                text.push_str(&format!("{gap}[{section}]\n"));
                open = section;
            }
            let line = format!("{key} = {value}");
            match comment.zip(setting(path)) {
                Some((comment, setting)) => {
                    text.push_str(&format!("{line:<32} # {}\n", comment(setting)))
                }
                None => text.push_str(&format!("{line}\n")),
            }
        }
        text
    }

    /// The time after which to stop, if there is one.
    pub fn time_limit(&self) -> Option<Duration> {
        // A checked recipe has a valid time; an unchecked one is better not stopped at all.
        parse_time(&self.train.time).ok().flatten()
    }
}

impl std::str::FromStr for Recipe {
    type Err = RecipeError;

    /// Reads TOML, such as [`Recipe::to_toml`] writes. Settings that are missing have their
    /// defaults.
    fn from_str(text: &str) -> Result<Self, RecipeError> {
        Layers::from_text(text, "recipe")
            .resolve()
            .map(|resolved| resolved.recipe)
    }
}

#[cfg(test)]
mod tests;
