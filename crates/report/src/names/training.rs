//! What is shown of what trains and of what is applied: optimisers, schedules, data sets, recipes, logs, methods, errors?

use super::cite;
use super::{Cell, Entry, Row, with_names};
use serde_json::json;
use std::sync::LazyLock;
use timestep_data::DatasetInfo;
use timestep_registry::{Facts, Kind, Setting, named};
use timestep_restore::MethodFacts;
use timestep_study::codes::Code;
use timestep_train::TrainError;
use timestep_train::optimisers::OptimiserFacts;
use timestep_train::recipe::catalogue;
use timestep_train::schedules::ScheduleFacts;
use timestep_train::sinks::SinkKind;

/// `` `--set optimiser.lr=0.1`  what it means ``.
fn with_default(path: &str, default: impl std::fmt::Display, help: &str) -> String {
    format!("`--set {path}={default}`  {help}\n")
}

/// The lines of the settings that a thing declares.
fn own(settings: &[Setting]) -> String {
    let lines = settings.iter();
    lines
        .map(|own| with_default(own.path, &own.default, own.help))
        .collect()
}

impl Entry for OptimiserFacts {
    fn row(&self) -> Result<Row, TrainError> {
        Ok(vec![
            Cell::new("optimiser", self.key),
            Cell::new("equation", self.equation),
            Cell::new("lr", self.lr),
            Cell::new("weight_decay", self.weight_decay),
            Cell::new("memory", self.memory),
            Cell::new("what", self.title),
        ])
    }

    fn page(&self) -> Result<String, TrainError> {
        Ok(format!(
            "{}\n# Use it\n`timestep train --optimiser {}`, with these settings and defaults:\n{}{}{}",
            with_names(self),
            self.key,
            with_default(
                "optimiser.lr",
                self.lr,
                "highest learning rate of the schedule"
            ),
            with_default("optimiser.weight_decay", self.weight_decay, "weight decay"),
            own(self.settings),
        ))
    }
}

impl Entry for ScheduleFacts {
    fn row(&self) -> Result<Row, TrainError> {
        Ok(vec![
            Cell::new("schedule", self.key),
            Cell::new("equation", self.equation),
            Cell::new("what", self.title),
        ])
    }

    fn page(&self) -> Result<String, TrainError> {
        let settings = match self.settings {
            [] => "\n".to_owned(),
            all => format!(", with these settings and defaults:\n{}", own(all)),
        };
        Ok(format!(
            "{}\n# Use it\n`timestep train --set schedule.name={}`{settings}",
            with_names(self),
            self.key,
        ))
    }
}

impl Entry for MethodFacts {}

impl Entry for DatasetInfo {
    fn row(&self) -> Result<Row, TrainError> {
        let count = |n: Option<usize>| n.map_or(json!("-"), |n| json!(n));
        let files = match (self.needs_dir, self.can_fetch()) {
            (false, _) => "embedded",
            (true, true) => "data fetch",
            (true, false) => "yours",
        };
        let sides = self.shape.map(|s| [s.channels, s.height, s.width]);
        let shape = self.shape.map_or("-".to_owned(), |s| s.to_string());
        Ok(vec![
            Cell::new("data", self.key).people(),
            Cell::new("classes", count(self.classes)).people(),
            Cell::new("shape", shape).people(),
            Cell::new("train", count(self.train)).people(),
            Cell::new("test", count(self.test)).people(),
            Cell::new("files", files).people(),
            Cell::new("what", self.title).people(),
            Cell::new("name", self.key).programs(),
            Cell::new("title", self.title).programs(),
            Cell::new("classes", self.classes).programs(),
            Cell::new("shape", json!(sides)).programs(),
            Cell::new("train", self.train).programs(),
            Cell::new("test", self.test).programs(),
            Cell::new("needs_dir", self.needs_dir).programs(),
            Cell::new("can_fetch", self.can_fetch()).programs(),
            Cell::new("licence", self.licence).programs(),
            Cell::new("source", self.source_url).programs(),
        ])
    }
}

impl Entry for SinkKind {
    fn row(&self) -> Result<Row, TrainError> {
        Ok(vec![
            Cell::new("log", self.key),
            Cell::new("file", self.file),
            Cell::new("always", self.always),
            Cell::new("what", self.title),
        ])
    }

    fn page(&self) -> Result<String, TrainError> {
        let when = match self.always {
            true => "written by every run",
            false => "written with `--log`",
        };
        let (title, file) = (self.title, self.file);
        Ok(format!(
            "{title}.\nIn `{file}` of the run folder, {when}.\n"
        ))
    }
}

impl Entry for Code {}

/// A recipe, by its name.
pub(super) struct Recipe {
    named: Facts,
}

named!(Recipe);

impl Recipe {
    /// A recipe of a name.
    fn new(name: &'static str) -> Self {
        Recipe {
            named: Facts::new(Kind::Recipe, name, "", ""),
        }
    }

    /// Those that are listed.
    pub(super) fn all() -> &'static [Recipe] {
        static ALL: LazyLock<Vec<Recipe>> = LazyLock::new(|| {
            catalogue::recipes()
                .iter()
                .map(|name| Recipe::new(name))
                .collect()
        });
        &ALL
    }

    /// The one of a name: listed, the training protocol of data, or a listed one with noise.
    pub(super) fn find(name: &str) -> Option<&'static Recipe> {
        // Made once, for the one name that a command is given.
        let made = || &*Box::leak(Box::new(Recipe::new(name.to_owned().leak())));
        catalogue::is_recipe(name).then(made)
    }
}

impl Entry for Recipe {
    fn row(&self) -> Result<Row, TrainError> {
        Ok(vec![Cell::new("recipe", self.key)])
    }

    fn page(&self) -> Result<String, TrainError> {
        Ok(catalogue::page(self.key)?)
    }

    fn cited(&self) -> Result<Vec<String>, TrainError> {
        cite::of_resolved(&catalogue::resolved(self.key)?)
    }
}
