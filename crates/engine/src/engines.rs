//! Which engines are there, and what does each name mean? The one table of engines.
//!
//! An engine is a file or folder and one line in [`ENGINES`]. The line gives it its name on every command line and a place
//! in every test that runs through the engines.

use crate::{ENGINES, Engine};
use std::fmt;
use std::sync::Arc;
use timestep_registry::Facts;

/// What is known about an engine.
#[derive(Clone, Copy, Debug)]
pub struct EngineFacts {
    /// What is known of everything that can be named; its key is the value of `--device`.
    pub named: Facts,
    /// The precision of numbers and sums.
    pub precision: &'static str,
    /// When to use it.
    pub when: &'static str,
    /// Opens it.
    pub open: fn() -> Arc<dyn Engine>,
}

impl EngineFacts {
    /// The engine itself.
    #[must_use]
    pub fn engine(&self) -> Arc<dyn Engine> {
        (self.open)()
    }
}

timestep_registry::named!(EngineFacts);

/// The engines of this build, the default first.
#[must_use]
pub fn engines() -> Vec<&'static EngineFacts> {
    ENGINES.all()
}

/// The engine called `name`, in any case.
///
/// # Errors
/// [`UnknownEngine`] if this build has none of that name.
pub fn engine(name: &str) -> Result<Arc<dyn Engine>, UnknownEngine> {
    let known = ENGINES.find(name);
    known
        .map(EngineFacts::engine)
        .ok_or_else(|| UnknownEngine(name.to_owned()))
}

/// A name that no engine of this build answers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEngine(String);

impl UnknownEngine {
    /// The name as it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }

    /// What to do about it: the names there are.
    #[must_use]
    pub fn hint(&self) -> String {
        let names: Vec<&str> = engines().iter().map(|facts| facts.key).collect();
        format!("the engines of this build are {}", names.join(", "))
    }
}

impl fmt::Display for UnknownEngine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "there is no engine `{}`", self.0)
    }
}

impl std::error::Error for UnknownEngine {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_answers_to_its_name_in_any_case() {
        for facts in engines() {
            for name in [facts.key.to_owned(), facts.key.to_uppercase()] {
                assert_eq!(
                    engine(&name).expect("a name of the table").name(),
                    facts.key
                );
            }
            for text in [facts.title, facts.precision, facts.when] {
                assert!(!text.is_empty(), "{} says what it is", facts.key);
            }
        }
        assert_eq!(engines()[0].key, "cpu", "the default comes first");
    }

    #[test]
    fn an_unknown_name_is_told_the_known_ones() {
        let error = engine("gpu9").expect_err("no such engine");
        assert_eq!(error.to_string(), "there is no engine `gpu9`");
        assert!(error.hint().contains("cpu, exact"), "{}", error.hint());
    }
}
