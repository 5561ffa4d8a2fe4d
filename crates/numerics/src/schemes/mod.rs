//! Which schemes are there, and what does each name mean? One file each, one registry line each.
//!
//! A line is `mod file: VALUE;`, where `VALUE` is a unit struct or a constant of that file. It gives the scheme a
//! name on every command line, a page of documentation, and a place in every test and analysis.

use crate::{Scheme, SchemeFacts, State};
use std::fmt;
use std::sync::LazyLock;
use timestep_registry::{Registry, did_you_mean, registry};

/// The headings that the documentation of every scheme has, in this order.
pub const HEADINGS: [&str; 10] = [
    "Equation",
    "As a network",
    "Order and error constant",
    "Stability",
    "Modified equation",
    "Start-up and restart",
    "Cost",
    "Parameters it adds",
    "When to use / when not",
    "Reference",
];

registry! {
    /// Every scheme for states of type `S`, in the order of lists.
    fn every<S: State>() -> [Box<dyn Scheme<S>>];

    pub mod euler: Euler;
    pub mod lm: LinearMultistep;
    pub mod lm3: LinearMultistep3;
    pub mod dense: DenseMultistep;
    pub mod zerosnet: ZeroSNet;
    pub mod momentum: Momentum;
    pub mod leapfrog: Leapfrog;
    pub mod ab2: AdamsBashforth2;
    pub mod midpoint: MIDPOINT;
    pub mod heun: HEUN;
    pub mod ralston: RALSTON;
    pub mod rk4: RK4;
    pub mod poly: POLY2, POLY3;
    pub mod mpoly2: Mpoly2;
    pub mod two_way: TwoWay;
    pub mod fractal: FRACTAL2, FRACTAL3, FRACTAL4;
    pub mod reversible: ReversiblePair;
}

static ALL: LazyLock<Registry<SchemeFacts>> = LazyLock::new(|| {
    let schemes = every::<f64>();
    let facts: Vec<_> = schemes.iter().map(|scheme| scheme.facts()).collect();
    Registry::new(facts.leak())
});

/// The facts of all schemes, in the order of the table.
#[must_use]
pub fn schemes() -> Vec<&'static SchemeFacts> {
    ALL.all()
}

/// What is known about the scheme called `name` (key or alias, in any case).
///
/// # Errors
/// [`UnknownScheme`] if no scheme has that name.
pub fn facts(name: &str) -> Result<&'static SchemeFacts, UnknownScheme> {
    ALL.find(name).ok_or_else(|| UnknownScheme::new(name))
}

/// The scheme called `name` (key or alias, in any case), for states of type `S`.
///
/// # Errors
/// [`UnknownScheme`], with near spellings, if no scheme has that name.
pub fn scheme<S: State>(name: &str) -> Result<Box<dyn Scheme<S>>, UnknownScheme> {
    let key = facts(name)?.key;
    let mut all = every::<S>().into_iter();
    all.find(|scheme| scheme.facts().key == key)
        .ok_or_else(|| UnknownScheme::new(name))
}

/// A name that no scheme answers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownScheme {
    name: String,
    suggestions: Vec<&'static str>,
}

impl UnknownScheme {
    fn new(name: &str) -> Self {
        let suggestions = ALL.near(name);
        Self {
            name: name.to_owned(),
            suggestions,
        }
    }

    /// The name as it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Keys of schemes with a similar spelling, nearest first; possibly none.
    #[must_use]
    pub fn suggestions(&self) -> &[&'static str] {
        &self.suggestions
    }

    /// What to do about it: the nearest spellings if there are any, and all keys.
    #[must_use]
    pub fn hint(&self) -> String {
        let keys: Vec<_> = schemes().iter().map(|facts| facts.key).collect();
        let keys = keys.join(", ");
        match did_you_mean(&self.suggestions) {
            None => format!("the schemes are {keys}"),
            Some(question) => format!("{question} The schemes are {keys}"),
        }
    }
}

impl fmt::Display for UnknownScheme {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "there is no scheme `{}`", self.name)
    }
}

impl std::error::Error for UnknownScheme {}

#[cfg(test)]
mod tests {
    use super::*;
    use timestep_registry::unregistered;

    #[test]
    fn every_file_is_registered_and_documented() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/schemes");
        assert!(unregistered(folder, MODULES, &[]).is_empty());
        for facts in schemes() {
            assert_eq!(facts.lacks(&HEADINGS), None, "{}", facts.key);
        }
    }
}
