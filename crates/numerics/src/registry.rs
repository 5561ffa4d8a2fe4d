//! Which schemes are there, and what does each name mean? The one table of schemes.
//!
//! A scheme is added by one file in `schemes/` and one line in the table at the end of this
//! file: `file: VALUE;`, where `VALUE` is a unit struct or a constant of that file. The line
//! gives it a name on every command line, a page of documentation, and a place in every test
//! and analysis.

use crate::{Scheme, SchemeFacts, State};
use std::fmt;
use std::sync::LazyLock;

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

/// A name that no scheme answers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownScheme {
    name: String,
    suggestions: Vec<&'static str>,
}

impl UnknownScheme {
    fn new(name: &str) -> Self {
        let wanted = name.to_ascii_lowercase();
        let mut near: Vec<(f64, &'static str)> = schemes()
            .iter()
            .map(|facts| {
                let likeness = names(facts)
                    .map(|known| strsim::jaro_winkler(&wanted, known))
                    .fold(0.0, f64::max);
                (likeness, facts.key)
            })
            // Below this, Jaro-Winkler pairs words that a person would not confuse.
            .filter(|(likeness, _)| *likeness >= 0.8)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0));
        let suggestions = near.into_iter().take(3).map(|(_, key)| key).collect();
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
        if self.suggestions.is_empty() {
            format!("the schemes are {keys}")
        } else {
            let near: Vec<_> = self
                .suggestions
                .iter()
                .map(|key| format!("`{key}`"))
                .collect();
            format!("did you mean {}? The schemes are {keys}", near.join(" or "))
        }
    }
}

impl fmt::Display for UnknownScheme {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "there is no scheme `{}`", self.name)
    }
}

impl std::error::Error for UnknownScheme {}

/// The key and the aliases of a scheme.
fn names(facts: &'static SchemeFacts) -> impl Iterator<Item = &'static str> {
    std::iter::once(facts.key).chain(facts.aliases.iter().copied())
}

/// Does `name` mean this scheme? Case does not matter.
fn answers_to(facts: &'static SchemeFacts, name: &str) -> bool {
    names(facts).any(|known| known.eq_ignore_ascii_case(name))
}

/// What is known about the scheme called `name` (key or alias, in any case).
///
/// # Errors
/// [`UnknownScheme`] if no scheme has that name.
pub fn facts(name: &str) -> Result<&'static SchemeFacts, UnknownScheme> {
    schemes()
        .iter()
        .copied()
        .find(|facts| answers_to(facts, name))
        .ok_or_else(|| UnknownScheme::new(name))
}

/// The documentation page of a scheme: the `//!` text of its file, in Markdown.
#[must_use]
pub fn page(facts: &SchemeFacts) -> String {
    let mut text = String::new();
    for line in facts
        .source
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
    {
        text.push_str(line.strip_prefix(' ').unwrap_or(line));
        text.push('\n');
    }
    text
}

macro_rules! schemes {
    ($($file:ident: $($value:ident),+;)+) => {
        /// One module per file of `schemes/`; its documentation is the page of the scheme.
        // The modules are declared here so that a scheme is one line. `cargo fmt` does not look
        // into macros: format these files with `rustfmt src/schemes/*.rs`.
        #[path = "schemes"]
        pub mod schemes {
            $(pub mod $file;)+
        }

        /// The scheme called `name` (key or alias, in any case), for states of type `S`.
        ///
        /// # Errors
        /// [`UnknownScheme`], with near spellings, if no scheme has that name.
        pub fn scheme<S: State>(name: &str) -> Result<Box<dyn Scheme<S>>, UnknownScheme> {
            $($(
                let candidate = schemes::$file::$value;
                if answers_to(Scheme::<S>::facts(&candidate), name) {
                    return Ok(Box::new(candidate));
                }
            )+)+
            Err(UnknownScheme::new(name))
        }

        static ALL: LazyLock<Vec<&'static SchemeFacts>> = LazyLock::new(|| {
            vec![$($(Scheme::<f64>::facts(&schemes::$file::$value)),+),+]
        });
    };
}

/// The facts of all schemes, in the order of the table.
#[must_use]
pub fn schemes() -> &'static [&'static SchemeFacts] {
    &ALL
}

schemes! {
    euler: Euler;
    lm: LinearMultistep;
    lm3: LinearMultistep3;
    dense: DenseMultistep;
    zerosnet: ZeroSNet;
    momentum: Momentum;
    leapfrog: Leapfrog;
    ab2: AdamsBashforth2;
    midpoint: MIDPOINT;
    heun: HEUN;
    ralston: RALSTON;
    rk4: RK4;
    poly: POLY2, POLY3;
    mpoly2: Mpoly2;
    two_way: TwoWay;
    fractal: FRACTAL2, FRACTAL3, FRACTAL4;
    reversible: ReversiblePair;
}
