//! What is wrong with a recipe, where did it come from, and what helps?

use serde::Serialize;
use std::fmt;

/// Where the value of a setting came from. A later layer wins over an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "from", content = "where")]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A recipe: its name, or its file and line such as `recipes/cifar10.toml:14`.
    Recipe(String),
    /// A flag of the command line, for instance `--epochs`.
    Flag(String),
    /// `--set path=value` on the command line.
    Set,
    /// The saved recipe of the run that is continued.
    Resume,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::Recipe(place) => f.write_str(place),
            Origin::Flag(flag) => write!(f, "`{flag}`"),
            Origin::Set => f.write_str("`--set`"),
            Origin::Resume => f.write_str("the run that is continued"),
        }
    }
}

/// The class of a problem, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// There is no such setting or section.
    UnknownSetting,
    /// There is no such recipe, data set or word.
    UnknownName,
    /// A value of another type than the setting has.
    WrongType,
    /// A value that the setting cannot take, alone or together with others.
    OutOfRange,
    /// The recipe, or a setting in it, is of another task.
    OtherTask,
    /// Text that is not TOML, or not `path=value`.
    Syntax,
    /// A file that could not be read.
    Unreadable,
}

/// One thing that is wrong with a recipe, or, as a warning, probably not meant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// The class of the problem.
    pub kind: ProblemKind,
    /// The setting, for instance `train.epochs`, or what was named or given instead.
    pub path: String,
    /// The value given, as TOML.
    pub value: Option<String>,
    /// Where the value came from.
    pub origin: Option<Origin>,
    /// What is wrong with it.
    pub message: String,
    /// One action that helps.
    pub hint: Option<String>,
}

impl Problem {
    pub(super) fn new(kind: ProblemKind, path: &str, message: impl Into<String>) -> Self {
        Problem {
            kind,
            path: path.to_owned(),
            value: None,
            origin: None,
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    pub(super) fn origin(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Without the hint, which a program may want to set apart.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "`{} = {value}`", self.path)?,
            None => write!(f, "`{}`", self.path)?,
        }
        if let Some(origin) = &self.origin {
            match origin {
                Origin::Default => write!(f, " (the default)")?,
                Origin::Recipe(place) => write!(f, " ({place})")?,
                origin => write!(f, " (from {origin})")?,
            }
        }
        write!(f, ": {}", self.message)
    }
}

/// A recipe that cannot be used: all its problems at once.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecipeError {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl RecipeError {
    /// A value that the setting `path` cannot take beside this network or data, which is known only when it is built.
    pub(crate) fn unfit(path: &str, value: impl ToString, message: String, hint: &str) -> Self {
        let problem = Problem::new(ProblemKind::OutOfRange, path, message);
        Self {
            problems: vec![problem.value(value.to_string()).hint(hint)],
        }
    }
}

impl fmt::Display for RecipeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [problem] = &self.problems[..] {
            write!(f, "{problem}")?;
            if let Some(hint) = &problem.hint {
                write!(f, "\n\nhint: {hint}")?;
            }
            return Ok(());
        }
        write!(f, "the recipe has {} problems", self.problems.len())?;
        for (i, problem) in self.problems.iter().enumerate() {
            write!(f, "\n  {}. {problem}", i + 1)?;
            if let Some(hint) = &problem.hint {
                write!(f, "\n     hint: {hint}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for RecipeError {}
