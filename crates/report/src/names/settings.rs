//! What is shown of the settings of a recipe?

use super::{Cell, Entry, Row};
use serde_json::Value;
use std::sync::LazyLock;
use timestep_registry::{Facts, Kind, named};
use timestep_train::TrainError;
use timestep_train::recipe::{self, Setting, TaskKind, default_of, setting};

/// A setting of the recipes of a task.
pub(super) struct OfTask {
    named: Facts,
    task: TaskKind,
    setting: &'static Setting,
}

named!(OfTask);

/// The settings of classifiers, then those of restorers.
pub(super) fn all() -> &'static [OfTask] {
    static ALL: LazyLock<Vec<OfTask>> = LazyLock::new(|| {
        let of = |task: TaskKind| {
            recipe::settings(task).iter().map(move |setting| OfTask {
                named: Facts {
                    references: setting.references,
                    ..Facts::new(Kind::Setting, setting.path, setting.about, "")
                },
                task,
                setting,
            })
        };
        of(TaskKind::Classify)
            .chain(of(TaskKind::Restore))
            .collect()
    });
    &ALL
}

impl Entry for OfTask {
    fn row(&self) -> Result<Row, TrainError> {
        let default = default_of(self.task, self.key);
        Ok(vec![
            Cell::new("setting", self.key),
            Cell::new("of", self.task.key()),
            Cell::new("type", type_name(self.setting.kind)),
            Cell::new(
                "default",
                serde_json::to_value(default).unwrap_or(Value::Null),
            ),
            Cell::new("what", self.title),
        ])
    }

    /// Type, default and meaning; of one that both tasks have, what it means for restorers too.
    fn page(&self) -> Result<String, TrainError> {
        let page = |task: TaskKind, setting: &Setting| {
            format!(
                "In a recipe of {}: {}\n\ntype     {}\ndefault  {}\n",
                task.noun(),
                setting.about,
                type_name(setting.kind),
                default_of(task, setting.path),
            )
        };
        let other = match self.task {
            TaskKind::Classify => setting(TaskKind::Restore, self.key),
            TaskKind::Restore => None,
        };
        let other = other.map_or(String::new(), |other| {
            format!("\n{}", page(TaskKind::Restore, other))
        });
        Ok(format!(
            "{}{other}\nset it   `--set {}=…`, or in a recipe\n\
             where its value comes from: `timestep config show RECIPE`\n",
            page(self.task, self.setting),
            self.key
        ))
    }
}

/// The type of a setting, for tables.
#[must_use]
pub fn type_name(kind: recipe::Kind) -> String {
    match kind {
        recipe::Kind::Text => "text".into(),
        // An empty word stands for "as the preset says".
        recipe::Kind::Word(words) => words
            .iter()
            .map(|w| if w.is_empty() { "\"\"" } else { w })
            .collect::<Vec<_>>()
            .join("|"),
        recipe::Kind::Count => "count".into(),
        recipe::Kind::Number => "number".into(),
        recipe::Kind::Switch => "true|false".into(),
        recipe::Kind::Counts => "counts".into(),
        recipe::Kind::Numbers => "numbers".into(),
        recipe::Kind::Names => "names".into(),
    }
}
