//! Which methods are there? The registry behind `--method`; adding one takes a file and a line here.

use crate::{Method, MethodFacts, wnnm};

/// Every method: its facts and how to make it with its published settings.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What is known about it.
    pub facts: &'static MethodFacts,
    /// Makes it.
    pub make: fn() -> Box<dyn Method>,
}

/// All methods, in the order of lists.
pub const METHODS: &[Entry] = &[Entry {
    facts: &wnnm::FACTS,
    make: || Box::new(wnnm::Wnnm),
}];

/// The method called `key`.
#[must_use]
pub fn method(key: &str) -> Option<Box<dyn Method>> {
    METHODS
        .iter()
        .find(|e| e.facts.key == key)
        .map(|e| (e.make)())
}
