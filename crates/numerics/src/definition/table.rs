//! What have all tables of a definition in common? Their limits, how they are refused, and what one of them says.

use super::{DefinitionError, Method};
use crate::Sharing;
use timestep_registry::{did_you_mean, near, quoted};
use toml::Table;

/// Most evaluations of `f` in a step: a network keeps the activations of each.
pub(super) const MOST_STAGES: usize = 32;
/// Most states and slopes of a multistep method.
pub(super) const MOST_STEPS: usize = 16;
/// Most characters of a name.
pub(super) const MOST_NAME: usize = 40;

/// What is read, or why it is refused.
pub(super) type Fallible<T> = Result<T, DefinitionError>;

/// A refusal, with what helps.
pub(super) fn wrong<T>(message: impl Into<String>, hint: impl Into<String>) -> Fallible<T> {
    Err(DefinitionError::new(message, hint))
}

/// Refuses keys that are not known, with the nearest that is.
pub(super) fn only(table: &Table, of: &str, known: &[&str]) -> Fallible<()> {
    let Some(other) = table.keys().find(|key| !known.contains(&key.as_str())) else {
        return Ok(());
    };
    let place = match of {
        "" => "a scheme has no".to_owned(),
        of => format!("`{of}` has no"),
    };
    let hint = did_you_mean(&near(other, known.iter().copied()))
        .unwrap_or_else(|| format!("there are {}", quoted(known, " and ")));
    // A key of a hostile file may be as long as the file.
    let shown: String = other.chars().take(MOST_NAME).collect();
    wrong(format!("{place} `{}`", shown.escape_debug()), hint)
}

/// What a table of numbers says.
pub(super) struct Read {
    pub(super) method: Method,
    pub(super) sharing: Sharing,
    pub(super) order: u32,
    /// The highest order whose conditions are known.
    pub(super) highest: u32,
    pub(super) title: String,
    pub(super) equation: String,
    /// Its keys, as they stand in a definition.
    pub(super) text: String,
}
