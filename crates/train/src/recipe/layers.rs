//! Where do the settings of a run come from?
//!
//! From three layers: built-in defaults, a recipe (embedded or a file, perhaps on top of a base)
//! and the command line. Each setting remembers the layer that set it last. Nothing is judged
//! until [`Layers::resolve`], so that all problems of all layers are reported together.

use super::kind::parse;
use super::own;
use super::problem::{Origin, Problem, ProblemKind, RecipeError};
use super::settings::{sections, setting};
use super::words::TaskKind;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Value;
use toml::de::{DeTable, DeValue};

mod names;

/// How many recipes may stand on each other; more is a circle.
const DEEPEST: usize = 8;

/// Layers of settings, later ones over earlier ones.
#[derive(Clone, Debug)]
pub struct Layers {
    pub(super) name: String,
    pub(super) entries: BTreeMap<String, Entry>,
    pub(super) problems: Vec<Problem>,
}

/// A value that a layer gives, whether or not there is such a setting.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// Where a text of TOML came from.
#[derive(Clone, Copy)]
struct Source<'a> {
    /// What to call it in messages, before the line number.
    place: &'a str,
    /// The folder that a base of this text is relative to.
    folder: Option<&'a Path>,
    /// Whether it is the saved recipe of a run.
    saved: bool,
    depth: usize,
}

impl Layers {
    /// The built-in defaults alone.
    pub fn defaults() -> Self {
        Layers {
            name: String::new(),
            entries: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    /// Defaults and a recipe: `<data>/<network>[+<noise>]`, `<data>` alone, or the path of a file
    /// that ends in `.toml`. What does not exist is reported by [`Layers::resolve`].
    pub fn load(recipe: &str) -> Self {
        let mut layers = Layers::defaults();
        layers.apply(recipe, None, 0);
        layers
    }

    /// Defaults and a recipe given as text; `place` names it in messages.
    pub fn from_text(text: &str, place: &str) -> Self {
        let mut layers = Layers {
            name: place.to_owned(),
            ..Layers::defaults()
        };
        layers.apply_text(
            text,
            Source {
                place,
                folder: None,
                saved: false,
                depth: 0,
            },
        );
        layers
    }

    /// The saved recipe of a run that is to be continued; `place` is its path.
    pub fn resume(text: &str, place: &str) -> Self {
        let mut layers = Layers {
            name: place.to_owned(),
            ..Layers::defaults()
        };
        layers.apply_text(
            text,
            Source {
                place,
                folder: None,
                saved: true,
                depth: 0,
            },
        );
        layers
    }

    /// Which task the layers are for: what `task.kind` says, classification where it says nothing.
    #[must_use]
    pub fn task(&self) -> TaskKind {
        let kind = self.entries.get("task.kind");
        match kind.and_then(|entry| entry.value.as_str()) {
            Some(word) if word == TaskKind::Restore.key() => TaskKind::Restore,
            _ => TaskKind::Classify,
        }
    }

    /// The folder of the data, as it is said.
    pub(crate) fn data_dir(&self) -> Option<PathBuf> {
        let said = self.entries.get("data.dir")?.value.as_str()?;
        // An empty text says that there is none.
        (!said.is_empty()).then(|| PathBuf::from(said))
    }

    /// Looks for a folder of data that is not there from `folder`, to which it may be relative.
    pub(crate) fn relocate(&mut self, folder: &Path) {
        let Some(dir) = self
            .data_dir()
            .filter(|dir| dir.is_relative() && !dir.exists())
        else {
            return;
        };
        let moved = folder.join(dir);
        if let (Some(entry), Some(text)) = (self.entries.get_mut("data.dir"), moved.to_str())
            && moved.exists()
        {
            entry.value = Value::String(text.to_owned());
        }
    }

    /// The name the recipe was asked for by, or the stem of its file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes the value of a flag, as it was typed: `flag("--epochs", "train.epochs", "5")`.
    pub fn flag(&mut self, flag: &str, path: &str, text: &str) -> &mut Self {
        self.give(path, text, Origin::Flag(flag.to_owned()))
    }

    /// Takes `path=value` of `--set`. The value is read as TOML, else as a string.
    pub fn set(&mut self, assignment: &str) -> &mut Self {
        match assignment.split_once('=') {
            Some((path, text)) if !path.trim().is_empty() => {
                self.give(path.trim(), text, Origin::Set)
            }
            _ => {
                let message = "is not of the form `section.key=value`";
                let problem = Problem::new(ProblemKind::Syntax, assignment, message);
                let hint = "write, for instance, `--set train.epochs=5`";
                self.problems.push(problem.origin(Origin::Set).hint(hint));
                self
            }
        }
    }

    fn give(&mut self, path: &str, text: &str, origin: Origin) -> &mut Self {
        let task = self.task();
        let value = match setting(task, path) {
            Some(setting) => setting.kind.read(text),
            None => parse(text).unwrap_or_else(|| Value::String(text.to_owned())),
        };
        if path == own::NAME && task == TaskKind::Classify {
            own::change_to(&value, &mut self.entries);
        }
        if path == "task.kind" && value.as_str() != Some(task.key()) {
            // It decides what every other setting means, so it cannot be put on top of them.
            let message = format!("the recipe is of {}, which no layer changes", task.noun());
            let problem = Problem::new(ProblemKind::OtherTask, path, message);
            let problem = problem.value(value.to_string()).origin(origin);
            let hint = "name a recipe of the other task: see `timestep list recipes`";
            self.problems.push(problem.hint(hint));
            return self;
        }
        self.entries
            .insert(path.to_owned(), Entry { value, origin });
        self
    }

    fn apply_text(&mut self, text: &str, source: Source<'_>) {
        let line = |at: usize| 1 + text.bytes().take(at).filter(|&b| b == b'\n').count();
        let place = |at: usize| format!("{}:{}", source.place, line(at));
        let (spans, errors) = DeTable::parse_recoverable(text);
        let values = match toml::from_str::<toml::Table>(text) {
            Ok(values) if errors.is_empty() => values,
            outcome => {
                // The parser goes on after an error; conversion to values may find one of its own.
                let errors = if errors.is_empty() {
                    outcome.err().into_iter().collect()
                } else {
                    errors
                };
                for error in errors {
                    let place = place(error.span().map_or(0, |span| span.start));
                    let message = format!("not valid TOML: {}", error.message());
                    self.problems
                        .push(Problem::new(ProblemKind::Syntax, &place, message));
                }
                return;
            }
        };

        let mut leaves = Vec::new();
        flatten("", spans.get_ref(), &values, &mut leaves);
        if let Some(at) = leaves.iter().position(|leaf| leaf.path == "base") {
            let base = leaves.remove(at);
            self.apply_base(&base.value, &place(base.at), source);
        }
        if let Some(name) = leaves.iter().find(|leaf| leaf.path == own::NAME) {
            own::change_to(&name.value, &mut self.entries);
        }
        for leaf in leaves {
            let origin = if source.saved {
                Origin::Resume
            } else {
                Origin::Recipe(place(leaf.at))
            };
            self.entries.insert(
                leaf.path,
                Entry {
                    value: leaf.value,
                    origin,
                },
            );
        }
    }

    fn apply_base(&mut self, base: &Value, place: &str, source: Source<'_>) {
        let problem = |kind, message: &str| {
            let origin = Origin::Recipe(place.to_owned());
            Problem::new(kind, "base", message)
                .value(base.to_string())
                .origin(origin)
        };
        match base.as_str() {
            None => {
                let hint = "for instance `base = \"cifar10\"`";
                self.problems.push(
                    problem(ProblemKind::WrongType, "expected a recipe in quotes").hint(hint),
                );
            }
            Some(_) if source.depth >= DEEPEST => {
                let message = "too many recipes stand on each other; do they form a circle?";
                self.problems
                    .push(problem(ProblemKind::OutOfRange, message));
            }
            Some(base) => self.apply(base, source.folder, source.depth + 1),
        }
    }

    /// Puts the layers of a classifier together.
    ///
    /// # Errors
    /// Every problem of every layer; one if the recipe is of a restorer.
    pub fn resolve(self) -> Result<super::Resolved, RecipeError> {
        super::resolve::resolve(self)
    }

    /// Puts the layers of a restorer together.
    ///
    /// # Errors
    /// Every problem of every layer; one if the recipe is of a classifier.
    pub fn resolve_restorer(self) -> Result<super::Resolved<super::RestoreRecipe>, RecipeError> {
        super::resolve::resolve(self)
    }

    /// Puts the layers together, for whichever task they are.
    ///
    /// # Errors
    /// Every problem of every layer.
    pub fn resolve_any(self) -> Result<super::AnyResolved, RecipeError> {
        super::resolve::resolve_any(self)
    }
}

/// A value in a text of TOML: where it is and what it is called.
struct Leaf {
    path: String,
    value: Value,
    at: usize,
}

/// The values of a table, with dotted paths. An empty table is a value, for else a misspelt
/// section without keys would pass unseen.
fn flatten(prefix: &str, spans: &DeTable<'_>, values: &toml::Table, leaves: &mut Vec<Leaf>) {
    for (key, span) in spans {
        let name = key.get_ref().as_ref();
        let path = if prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{prefix}.{name}")
        };
        let Some(value) = values.get(name) else {
            continue;
        };
        match (span.get_ref(), value) {
            (DeValue::Table(spans), Value::Table(values)) if !values.is_empty() => {
                flatten(&path, spans, values, leaves);
            }
            (DeValue::Table(_), _) if is_section(&path) => {}
            _ => leaves.push(Leaf {
                path,
                value: value.clone(),
                at: key.span().start,
            }),
        }
    }
}

/// Whether recipes of some task have a section of this name.
fn is_section(name: &str) -> bool {
    let tasks = [TaskKind::Classify, TaskKind::Restore];
    tasks.into_iter().any(|task| sections(task).contains(&name))
}
