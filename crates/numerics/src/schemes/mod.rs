//! Which schemes are there, and what does each name mean? One file each, one registry line each.
//!
//! A line is `mod file: VALUE;`, where `VALUE` is a unit struct or a constant of that file. It gives the scheme a
//! name on every command line, a page of documentation, and a place in every test and analysis.

use crate::definition::{Defined, is_definition};
use crate::{Butcher, Definition, DefinitionError, Scheme, SchemeFacts, State};
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
    pub mod ab2: AB2;
    pub mod ab3: AB3;
    pub mod ab4: AB4;
    pub mod midpoint: MIDPOINT;
    pub mod heun: HEUN;
    pub mod ralston: RALSTON;
    pub mod kutta3: KUTTA3;
    pub mod ssp3: SSP3;
    pub mod rk4: RK4;
    pub mod rk38: RK38;
    pub mod bosh3: BOSH3;
    pub mod dopri5: DOPRI5;
    pub mod poly: POLY2, POLY3;
    pub mod mpoly2: Mpoly2;
    pub mod two_way: TwoWay;
    pub mod fractal: FRACTAL2, FRACTAL3, FRACTAL4;
    pub mod reversible: ReversiblePair;
    pub mod verlet: Verlet;
    pub mod lie: Lie;
    pub mod strang: Strang;
    pub mod backward_euler: BackwardEuler;
    pub mod implicit_midpoint: ImplicitMidpoint;
    pub mod trapezoidal: Trapezoidal;
    pub mod bdf2: Bdf2;
    pub mod imex_euler: ImexEuler;
    pub mod sbdf2: Sbdf2;
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

/// What is known about the scheme called `name` (key or alias, in any case), or about the one that the text of a
/// [`Definition`] defines.
///
/// # Errors
/// [`UnknownScheme`] if no scheme has that name, or the text defines none.
pub fn facts(name: &str) -> Result<&'static SchemeFacts, UnknownScheme> {
    if is_definition(name) {
        return Definition::facts(name).map_err(UnknownScheme::undefined);
    }
    ALL.find(name).ok_or_else(|| UnknownScheme::new(name))
}

/// The registered Runge-Kutta method called `name`, if there is one.
pub(crate) fn tableau(name: &str) -> Option<Butcher> {
    let facts = registered(name)?;
    scheme_of::<f64>(facts).ok()?.tableau()
}

/// The registered scheme called `name`, if there is one.
pub(crate) fn registered(name: &str) -> Option<&'static SchemeFacts> {
    ALL.find(name)
}

/// The scheme called `name` (key, alias in any case, or the text of a [`Definition`]), for states of type `S`.
///
/// # Errors
/// [`UnknownScheme`], with near spellings, if no scheme has that name.
pub fn scheme<S: State>(name: &str) -> Result<Box<dyn Scheme<S>>, UnknownScheme> {
    scheme_of(facts(name)?)
}

/// The scheme that `facts` are known of, for states of type `S`.
///
/// # Errors
/// [`UnknownScheme`] if they are those of no scheme that is registered or defined.
pub fn scheme_of<S: State>(
    facts: &'static SchemeFacts,
) -> Result<Box<dyn Scheme<S>>, UnknownScheme> {
    if let Some(definition) = facts.definition {
        return Ok(Box::new(Defined { facts, definition }));
    }
    let mut all = every::<S>().into_iter();
    all.find(|scheme| scheme.facts().key == facts.key)
        .ok_or_else(|| UnknownScheme::new(facts.key))
}

/// A name that no scheme answers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownScheme {
    name: String,
    suggestions: Vec<&'static str>,
    /// What is wrong with the text of a definition.
    problem: Option<DefinitionError>,
}

impl UnknownScheme {
    fn new(name: &str) -> Self {
        let suggestions = ALL.near(name);
        Self {
            name: name.to_owned(),
            suggestions,
            problem: None,
        }
    }

    fn undefined(problem: DefinitionError) -> Self {
        Self {
            name: String::new(),
            suggestions: Vec::new(),
            problem: Some(problem),
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

    /// What is wrong with the text of a definition, if it was one.
    #[must_use]
    pub fn problem(&self) -> Option<&DefinitionError> {
        self.problem.as_ref()
    }

    /// What to do about it: the nearest spellings if there are any, and all keys.
    #[must_use]
    pub fn hint(&self) -> String {
        if let Some(problem) = &self.problem {
            return problem.hint().to_owned();
        }
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
        match &self.problem {
            Some(problem) => write!(out, "the definition of a scheme is wrong: {problem}"),
            None => write!(out, "there is no scheme `{}`", self.name),
        }
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
