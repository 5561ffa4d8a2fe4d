//! How do layers become one recipe, or a list of everything that is wrong with them?

use super::check::Unused;
use super::kind::Kind;
use super::layers::{Entry, Layers};
use super::model::Recipe;
use super::other::{instead, owner};
use super::own;
use super::problem::{Origin, Problem, ProblemKind, RecipeError};
use super::restore::RestoreRecipe;
use super::settings::{Setting, keys, sections, setting, settings, split};
use super::words::TaskKind;
use super::{TaskRecipe, from_values, write};
use crate::plain;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use timestep_registry::{near, quoted};
use toml::Value;

/// A recipe that was put together and checked, and where each of its values came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved<R = Recipe> {
    /// The name it was asked for by.
    pub name: String,
    /// The settings.
    pub recipe: R,
    /// The origin of each setting, by path.
    pub origins: BTreeMap<&'static str, Origin>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Problem>,
}

/// A recipe of whichever task it is for.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyResolved {
    /// Of a classifier.
    Classify(Box<Resolved>),
    /// Of a restorer.
    Restore(Box<Resolved<RestoreRecipe>>),
}

impl AnyResolved {
    /// The task.
    #[must_use]
    pub fn task(&self) -> TaskKind {
        match self {
            AnyResolved::Classify(_) => TaskKind::Classify,
            AnyResolved::Restore(_) => TaskKind::Restore,
        }
    }

    /// The name it was asked for by.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            AnyResolved::Classify(resolved) => &resolved.name,
            AnyResolved::Restore(resolved) => &resolved.name,
        }
    }

    /// Every setting with its value and origin, in the order of a written recipe.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        match self {
            AnyResolved::Classify(resolved) => resolved.rows(),
            AnyResolved::Restore(resolved) => resolved.rows(),
        }
    }

    /// What is allowed but probably not meant.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        match self {
            AnyResolved::Classify(resolved) => &resolved.warnings,
            AnyResolved::Restore(resolved) => &resolved.warnings,
        }
    }

    /// The recipe as a template to edit.
    #[must_use]
    pub fn to_commented_toml(&self) -> String {
        match self {
            AnyResolved::Classify(resolved) => resolved.recipe.to_commented_toml(),
            AnyResolved::Restore(resolved) => resolved.recipe.to_commented_toml(),
        }
    }
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

impl<R: TaskRecipe> Resolved<R> {
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
        let comment = |setting: &Setting| plain::line(&self.origin(setting.path).to_string());
        write(&self.recipe, Some(&comment))
    }

    /// The same with its seed counted up by `n`, for the n-th of several runs.
    #[must_use]
    pub fn with_seed_plus(&self, n: u64) -> Self {
        let mut resolved = self.clone();
        let seed = resolved.recipe.seed_mut();
        *seed = seed.wrapping_add(n);
        resolved
    }
}

/// Puts layers together, for whichever task they are.
pub(super) fn resolve_any(layers: Layers) -> Result<AnyResolved, RecipeError> {
    Ok(match layers.task() {
        TaskKind::Classify => AnyResolved::Classify(Box::new(resolve(layers)?)),
        TaskKind::Restore => AnyResolved::Restore(Box::new(resolve(layers)?)),
    })
}

/// The recipe is of another task than the one that is needed.
fn other_task(layers: &Layers, wanted: TaskKind) -> Problem {
    let found = layers.task();
    let message = format!("is a recipe of {}, not of {}", found.noun(), wanted.noun());
    Problem::new(ProblemKind::OtherTask, layers.name(), message).hint(format!(
        "name a recipe of {}, as in `{}`; `timestep list recipes` shows all",
        wanted.noun(),
        wanted.example()
    ))
}

/// Puts layers together; see [`Layers::resolve`].
pub(super) fn resolve<R: TaskRecipe>(layers: Layers) -> Result<Resolved<R>, RecipeError> {
    // A recipe that could not be read at all says nothing about its task.
    if layers.task() != R::TASK && !layers.entries.is_empty() {
        let problems = vec![other_task(&layers, R::TASK)];
        return Err(RecipeError { problems });
    }
    let Layers {
        name,
        entries,
        mut problems,
    } = layers;
    let defaults = R::for_optimiser(own::chosen(&entries));
    for (path, entry) in &entries {
        if setting(R::TASK, path).is_none() {
            problems.push(unknown(path, entry, &entries, &defaults));
        }
        if R::TASK == TaskKind::Classify {
            problems.extend(own::foreign(path, &entries));
        }
    }

    // A value of the wrong type leaves its default in place, so that the others are still judged.
    let mut values = defaults.values();
    let mut origins = BTreeMap::new();
    let mut broken = BTreeSet::new();
    for (path, value) in &mut values {
        let (Some(row), Some(entry)) = (setting(R::TASK, path), entries.get(*path)) else {
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

    let recipe = match from_values::<R>(&values) {
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
    for finding in recipe
        .findings()
        .into_iter()
        .filter(|f| !broken.contains(f.path))
    {
        let typed = matches!(
            origins.get(finding.path),
            Some(Origin::Flag(_) | Origin::Set)
        );
        if finding.unused == Some(Unused::Usual) && !typed {
            continue;
        }
        let severe = finding.severe || finding.unused.is_some() && typed;
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
fn unknown<R: TaskRecipe>(
    path: &str,
    entry: &Entry,
    entries: &BTreeMap<String, Entry>,
    defaults: &R,
) -> Problem {
    let (task, (section, _)) = (R::TASK, split(path));
    let known = sections(task).contains(&section);
    let problem = |message: String| {
        Problem::new(ProblemKind::UnknownSetting, path, message)
            .value(entry.value.to_string())
            .origin(entry.origin.clone())
    };
    if let Some(owner) = owner(task, path) {
        let message = format!(
            "is a setting of {}, and this recipe is of {}",
            owner.noun(),
            task.noun()
        );
        let problem = problem(message).hint(instead(task, path));
        return Problem {
            kind: ProblemKind::OtherTask,
            ..problem
        };
    }
    if known && section == path {
        let example = keys(task, section).first().copied().unwrap_or_default();
        return problem("is a section, not a setting".to_owned()).hint(format!(
            "set what is in it, for instance `{section}.{example}`"
        ));
    }
    if let Some(outer) = settings(task)
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
    let close = near(path, settings(task).iter().map(|setting| setting.path));
    let all = if known {
        format!(
            "settings of `[{section}]`: {}",
            quoted(&keys(task, section), ", ")
        )
    } else {
        format!("sections: {}", quoted(&sections(task), ", "))
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
