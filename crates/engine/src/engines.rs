//! Which engines are there, and what does each name mean? The one table of engines.
//!
//! An engine is added by one entry in [`ENGINES`]. It gives the engine its name on every command line and a place in
//! every test that runs through the engines.

use crate::{Engine, Exact, Fused};
use std::fmt;
use std::sync::Arc;

/// What is known about an engine.
#[derive(Clone, Copy, Debug)]
pub struct EngineFacts {
    /// The value of `--device`.
    pub name: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// The precision of numbers and sums.
    pub precision: &'static str,
    /// When to use it.
    pub when: &'static str,
    open: fn() -> Arc<dyn Engine>,
}

impl EngineFacts {
    /// The engine itself.
    #[must_use]
    pub fn engine(&self) -> Arc<dyn Engine> {
        (self.open)()
    }
}

/// The engines of this build, the default first.
const ENGINES: &[EngineFacts] = &[
    EngineFacts {
        name: "cpu",
        title: "fused kernels on the processor",
        precision: "f32, statistics of norms in f64",
        when: "to train and to apply networks: the default",
        open: || Arc::new(Fused),
    },
    EngineFacts {
        name: "exact",
        title: "plain loops in double precision",
        precision: "f64",
        when: "to check another engine, or a gradient by finite differences; hundreds of times slower",
        open: || Arc::new(Exact),
    },
];

/// The engines of this build, the default first.
#[must_use]
pub fn engines() -> &'static [EngineFacts] {
    ENGINES
}

/// The engine called `name`, in any case.
///
/// # Errors
/// [`UnknownEngine`] if this build has none of that name.
pub fn engine(name: &str) -> Result<Arc<dyn Engine>, UnknownEngine> {
    let known = engines()
        .iter()
        .find(|facts| facts.name.eq_ignore_ascii_case(name));
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
        let names: Vec<&str> = engines().iter().map(|facts| facts.name).collect();
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
            for name in [facts.name.to_owned(), facts.name.to_uppercase()] {
                assert_eq!(
                    engine(&name).expect("a name of the table").name(),
                    facts.name
                );
            }
            for text in [facts.title, facts.precision, facts.when] {
                assert!(!text.is_empty(), "{} says what it is", facts.name);
            }
        }
        assert_eq!(engines()[0].name, "cpu", "the default comes first");
    }

    #[test]
    fn an_unknown_name_is_told_the_known_ones() {
        let error = engine("gpu9").expect_err("no such engine");
        assert_eq!(error.to_string(), "there is no engine `gpu9`");
        assert!(error.hint().contains("cpu, exact"), "{}", error.hint());
    }
}
