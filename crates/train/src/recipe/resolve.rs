//! How do layers become one recipe, or a list of everything that is wrong with them?

use super::check::findings;
use super::kind::Kind;
use super::layers::{Entry, Layers};
use super::model::Recipe;
use super::near::{near, quoted};
use super::own;
use super::problem::{Origin, Problem, ProblemKind, RecipeError};
use super::settings::{SETTINGS, Setting, keys, sections, setting, split};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use toml::Value;

/// A recipe that was put together and checked, and where each of its values came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The name it was asked for by.
    pub name: String,
    /// The settings.
    pub recipe: Recipe,
    /// The origin of each setting, by path.
    pub origins: BTreeMap<&'static str, Origin>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Problem>,
}

/// A line of the table of settings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The setting.
    pub path: &'static str,
    /// Its value.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
}

impl Resolved {
    /// Where the value of a setting came from.
    pub fn origin(&self, path: &str) -> Origin {
        self.origins.get(path).cloned().unwrap_or(Origin::Default)
    }

    /// Every setting with its value and origin, in the order of a written recipe.
    pub fn rows(&self) -> Vec<Row> {
        let values = self.recipe.values().into_iter();
        values
            .map(|(path, value)| Row {
                path,
                value,
                origin: self.origin(path),
            })
            .collect()
    }

    /// The recipe as TOML, with where each value came from in a comment.
    pub fn to_annotated_toml(&self) -> String {
        let comment = |setting: &Setting| self.origin(setting.path).to_string().replace('\n', " ");
        self.recipe.write(Some(&comment))
    }
}

/// Puts layers together; see [`Layers::resolve`].
pub(super) fn resolve(layers: Layers) -> Result<Resolved, RecipeError> {
    let Layers {
        name,
        entries,
        mut problems,
    } = layers;
    let defaults = Recipe {
        optimiser: own::defaults(&entries),
        ..Recipe::default()
    };
    for (path, entry) in &entries {
        if setting(path).is_none() {
            problems.push(unknown(path, entry, &entries, &defaults));
        }
        problems.extend(own::foreign(path, &entries));
    }

    // A value of the wrong type leaves its default in place, so that the others are still judged.
    let mut values = defaults.values();
    let mut origins = BTreeMap::new();
    let mut broken = BTreeSet::new();
    for (path, value) in &mut values {
        let (Some(row), Some(entry)) = (setting(path), entries.get(*path)) else {
            origins.insert(*path, Origin::Default);
            continue;
        };
        match misfit(row, entry) {
            Some(problem) => {
                broken.insert(*path);
                problems.push(problem);
            }
            None => *value = entry.value.clone(),
        }
        origins.insert(*path, entry.origin.clone());
    }

    let recipe = match Recipe::from_values(&values) {
        Ok(recipe) => recipe,
        Err(error) => {
            // Only a number beyond this machine's word gets here: all types were checked.
            problems.push(Problem::new(
                ProblemKind::OutOfRange,
                &name,
                error.message(),
            ));
            return Err(RecipeError { problems });
        }
    };
    let mut warnings = Vec::new();
    for finding in findings(&recipe)
        .into_iter()
        .filter(|f| !broken.contains(f.path))
    {
        let severe = finding.severe;
        let value = values.iter().find(|(path, _)| *path == finding.path);
        let mut problem = finding.into_problem();
        problem.value = value.map(|(_, value)| value.to_string());
        problem.origin = origins.get(problem.path.as_str()).cloned();
        if severe {
            problems.push(problem)
        } else {
            warnings.push(problem)
        }
    }
    if problems.is_empty() {
        Ok(Resolved {
            name,
            recipe,
            origins,
            warnings,
        })
    } else {
        Err(RecipeError { problems })
    }
}

/// What is wrong with the type of a value, or with a word.
fn misfit(setting: &Setting, entry: &Entry) -> Option<Problem> {
    let Entry { value, origin } = entry;
    let problem = |kind, message: String| {
        Problem::new(kind, setting.path, message)
            .value(value.to_string())
            .origin(origin.clone())
    };
    if value.is_table() {
        let message = "is a single setting, not a section".to_owned();
        return Some(problem(ProblemKind::WrongType, message));
    }
    if !setting.kind.fits(value) {
        let message = format!("expected {}", setting.kind.expected());
        let problem = problem(ProblemKind::WrongType, message);
        return Some(match suggestion(setting.kind, value) {
            Some(better) => problem.hint(format!("write `{} = {better}`", split(setting.path).1)),
            None => problem,
        });
    }
    if let (Kind::Word(words), Some(word)) = (setting.kind, value.as_str())
        && !words.contains(&word)
    {
        let problem = problem(
            ProblemKind::UnknownName,
            "there is no such choice".to_owned(),
        );
        let known: Vec<&str> = words
            .iter()
            .map(|word| if word.is_empty() { "\"\"" } else { word })
            .collect();
        let close = near(word, words.iter().copied());
        let all = format!("choices: {}", quoted(&known, ", "));
        return Some(if close.is_empty() {
            problem.hint(all)
        } else {
            problem.hint(format!("did you mean {}? ({all})", quoted(&close, " or ")))
        });
    }
    None
}

/// The value that was probably meant, where that is plain.
fn suggestion(kind: Kind, value: &Value) -> Option<String> {
    match (kind, value) {
        (Kind::Count, Value::Float(x)) if x.fract() == 0.0 && (0.0..1e15).contains(x) => {
            Some(format!("{x:.0}"))
        }
        (Kind::Text | Kind::Word(_), Value::Array(_)) => None,
        (Kind::Text | Kind::Word(_), value) => Some(format!("\"{value}\"")),
        (Kind::Counts | Kind::Numbers, Value::Integer(n)) => Some(format!("[{n}]")),
        (Kind::Numbers, Value::Float(x)) => Some(format!("[{x}]")),
        (kind, Value::String(text)) => {
            let inner = kind.read(text);
            kind.fits(&inner).then(|| inner.to_string())
        }
        _ => None,
    }
}

/// There is no such setting; perhaps it is another one.
fn unknown(
    path: &str,
    entry: &Entry,
    entries: &BTreeMap<String, Entry>,
    defaults: &Recipe,
) -> Problem {
    let (section, _) = split(path);
    let known = sections().contains(&section);
    let problem = |message: String| {
        Problem::new(ProblemKind::UnknownSetting, path, message)
            .value(entry.value.to_string())
            .origin(entry.origin.clone())
    };
    if known && section == path {
        let example = keys(section).first().copied().unwrap_or_default();
        return problem("is a section, not a setting".to_owned()).hint(format!(
            "set what is in it, for instance `{section}.{example}`"
        ));
    }
    if let Some(outer) = SETTINGS
        .iter()
        .find(|s| path.starts_with(&format!("{}.", s.path)))
    {
        return problem(format!(
            "`{}` is a single setting, not a section",
            outer.path
        ));
    }

    let message = if known || !path.contains('.') {
        "there is no such setting"
    } else {
        "there is no such section"
    };
    let close = near(path, SETTINGS.iter().map(|setting| setting.path));
    let all = if known {
        format!(
            "settings of `[{section}]`: {}",
            quoted(&keys(section), ", ")
        )
    } else {
        format!("sections: {}", quoted(&sections(), ", "))
    };
    let Some(best) = close.first() else {
        return problem(message.to_owned()).hint(all);
    };
    let now = match entries.get(*best) {
        Some(Entry { value, origin }) => format!("now {value}, from {origin}"),
        None => {
            let values = defaults.values();
            let value = values.iter().find(|(path, _)| path == best);
            value.map_or(String::new(), |(_, value)| {
                format!("now {value}, the default")
            })
        }
    };
    let others = match &close[1..] {
        [] => String::new(),
        others => format!(" or {}", quoted(others, " or ")),
    };
    problem(message.to_owned()).hint(format!("did you mean `{best}` ({now}){others}? {all}"))
}
