//! What repeats the training of a restorer? A recipe: every setting.

use super::TrainingError;
use crate::methods::METHODS;
use serde::{Deserialize, Serialize};

/// A recipe of a restorer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestoreRecipe {
    /// Tells the kind of recipe apart: `kind = "restore"`.
    pub task: TaskSection,
    /// What is trained.
    pub model: ModelSection,
    /// On which pictures.
    pub data: DataSection,
    /// For how long.
    pub train: TrainSection,
}

/// The kind of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskSection {
    /// `restore`.
    pub kind: String,
}

/// What is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSection {
    /// `trd` or `csf`.
    pub method: String,
    /// Rows of a filter: 3, 5 or 7.
    pub size: usize,
    /// Steps (stages).
    pub steps: usize,
    /// Scheme of TRD: `euler` (published), `lm` (LM-TRD), or another with one evaluation a step. CSF has none: empty.
    #[serde(default)]
    pub scheme: String,
    /// Standard deviation of the noise, in grey levels.
    pub sigma: f64,
    /// Weights to start from: a file, or the name of bundled weights (`trd-5x5-s25`); empty for the published start.
    #[serde(default)]
    pub start: String,
}

/// On which pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSection {
    /// Every n-th picture of the folder, in the order of names.
    pub every: usize,
    /// Pictures left out before the first.
    #[serde(default)]
    pub skip: usize,
}

/// For how long, and with which noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainSection {
    /// Iterations of L-BFGS on each step by itself.
    pub greedy: usize,
    /// Iterations on all steps together.
    pub joint: usize,
    /// Iterations on all steps together and on every picture of the folder, at the end.
    #[serde(default)]
    pub finish: usize,
    /// Seed of the noise, which is drawn once.
    pub seed: u64,
}

impl RestoreRecipe {
    /// Is a text a recipe of this kind?
    #[must_use]
    pub fn recognises(text: &str) -> bool {
        let table: Option<toml::Table> = text.parse().ok();
        let kind = table
            .as_ref()
            .and_then(|t| t.get("task")?.get("kind")?.as_str());
        kind == Some("restore")
    }

    /// Reads a recipe and replaces settings: `("model.sigma", "15")`.
    ///
    /// # Errors
    /// [`TrainingError::Recipe`] with all problems that were found.
    pub fn parse(text: &str, changes: &[(String, String)]) -> Result<Self, TrainingError> {
        let bad = |why: String| TrainingError::Recipe(why);
        let mut table: toml::Table = text
            .parse()
            .map_err(|e: toml::de::Error| bad(e.to_string()))?;
        for (path, value) in changes {
            let (section, key) = path.split_once('.').ok_or_else(|| {
                bad(format!(
                    "`{path}` is no setting; it has the form section.key"
                ))
            })?;
            // A word that is no TOML value is a string: scheme=lm.
            let parsed = format!("x = {value}").parse::<toml::Table>();
            let value = parsed
                .ok()
                .and_then(|mut t| t.remove("x"))
                .unwrap_or_else(|| toml::Value::String(value.clone()));
            match table.get_mut(section).and_then(toml::Value::as_table_mut) {
                Some(found) => {
                    // 15 for 15.0 is no mistake.
                    let value = match (found.get(key), value) {
                        (Some(toml::Value::Float(_)), toml::Value::Integer(n)) => {
                            toml::Value::Float(n as f64)
                        }
                        (_, value) => value,
                    };
                    found.insert(key.to_owned(), value);
                }
                None => return Err(bad(format!("there is no section `{section}`"))),
            }
        }
        let recipe: Self = table
            .try_into()
            .map_err(|e: toml::de::Error| bad(e.to_string()))?;
        recipe.check()?;
        Ok(recipe)
    }

    /// The embedded recipe of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::parse(super::embedded_text(name)?, &[]).ok()
    }

    /// BibTeX keys of the method that is trained.
    #[must_use]
    pub fn references(&self) -> &'static [&'static str] {
        let entry = METHODS.iter().find(|m| m.facts.key == self.model.method);
        entry.map_or(&[], |m| m.facts.references)
    }

    /// The recipe as TOML.
    ///
    /// # Errors
    /// [`TrainingError::Recipe`] if a number has no TOML form.
    pub fn to_toml(&self) -> Result<String, TrainingError> {
        toml::to_string(self).map_err(|e| TrainingError::Recipe(e.to_string()))
    }

    /// Every setting with its value, in order.
    ///
    /// # Errors
    /// As [`to_toml`](Self::to_toml).
    pub fn values(&self) -> Result<Vec<(String, String)>, TrainingError> {
        let table =
            toml::Table::try_from(self).map_err(|e| TrainingError::Recipe(e.to_string()))?;
        let mut all = Vec::new();
        for (section, inner) in &table {
            for (key, value) in inner.as_table().into_iter().flatten() {
                all.push((format!("{section}.{key}"), value.to_string()));
            }
        }
        Ok(all)
    }

    fn check(&self) -> Result<(), TrainingError> {
        let m = &self.model;
        let mut problems = Vec::new();
        if self.task.kind != "restore" {
            problems.push(format!("task.kind is `{}`, not `restore`", self.task.kind));
        }
        if !matches!(m.method.as_str(), "trd" | "csf") {
            problems.push(format!(
                "model.method is `{}`; `trd` and `csf` are trained",
                m.method
            ));
        }
        if !matches!(m.size, 3 | 5 | 7) {
            problems.push(format!(
                "model.size is {}; filters have 3, 5 or 7 rows",
                m.size
            ));
        }
        if !(1..=64).contains(&m.steps) {
            problems.push(format!("model.steps is {}; 1 to 64 are possible", m.steps));
        }
        if !(m.sigma > 0.0 && m.sigma <= 255.0) {
            problems.push(format!(
                "model.sigma is {}; it lies above 0 and at most at 255",
                m.sigma
            ));
        }
        if m.method == "csf" && !m.scheme.is_empty() {
            problems
                .push("model.scheme is set, but a cascade has no scheme; leave it empty".into());
        }
        if self.data.every == 0 {
            problems.push("data.every is 0; 1 uses every picture".into());
        }
        if self.train.greedy + self.train.joint + self.train.finish == 0 {
            problems.push(
                "train.greedy, train.joint and train.finish are all 0: nothing would be trained"
                    .into(),
            );
        }
        if m.method == "csf" && self.train.joint + self.train.finish > 0 {
            problems.push(
                "train.joint and train.finish must be 0 for `csf`, which is trained stage by stage"
                    .into(),
            );
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(TrainingError::Recipe(problems.join("\n")))
        }
    }
}
