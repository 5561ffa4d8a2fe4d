//! What is a scheme that came from a file? Its numbers, checked, in place of code.
//!
//! A definition is a TOML table, in the form of a file or, as recipes and weights keep it, of one line in braces:
//!
//! ```toml
//! name = "kutta3"
//! title = "Kutta's method of order 3"
//!
//! [tableau]                       # an explicit Runge-Kutta method
//! a = [[], ["1/2"], [-1, 2]]
//! b = ["1/6", "2/3", "1/6"]
//! ```
//!
//! In place of `tableau` stands `multistep` (`states`, `slopes`, `start`, or `learned` with `init` and `decay`), or
//! `composition` (`steps`, a list of `{ scheme, h }` with Runge-Kutta methods that are registered).

mod multistep;
mod numbers;
mod read;
mod runge_kutta;
mod table;

use crate::multistep::{Start, Weights};
use crate::schemes::dense::weighted_step;
use crate::{
    Butcher, CoefficientFacts, Memory, Rhs, Scheme, SchemeFacts, Sharing, State, StepCtx, StepError,
};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use timestep_registry::{Facts, Kind};

/// Why a text defines no scheme.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DefinitionError {
    message: String,
    hint: String,
}

impl DefinitionError {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// One action that helps.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

/// A scheme as data: its name, its numbers and what they imply.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    name: String,
    title: String,
    method: Method,
    sharing: Sharing,
    order: u32,
    /// The step as one line of mathematics.
    equation: String,
    text: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Method {
    /// A tableau, or a composition of several as one.
    RungeKutta(Butcher),
    /// Fixed weights.
    Multistep {
        states: Vec<f64>,
        slopes: Vec<f64>,
        start: Start,
    },
    /// Weights of earlier states that are learned, with one slope.
    Learned {
        /// Values that an analysis takes, newest earlier state first.
        values: Vec<f64>,
        init: (f64, f64),
        decay: i32,
    },
}

/// Texts of definitions that were read, and what is known of each. Facts live as long as the program, as those
/// of registered schemes do; a program reads few different files.
static READ: Mutex<Option<HashMap<String, &'static SchemeFacts>>> = Mutex::new(None);

/// Is this the text of a definition and not a name?
pub(crate) fn is_definition(text: &str) -> bool {
    text.contains(['=', '\n', '{'])
}

impl Definition {
    /// Reads a definition.
    ///
    /// # Errors
    /// [`DefinitionError`] if it is not well formed, too large, or inconsistent.
    pub fn parse(text: &str) -> Result<Self, DefinitionError> {
        read::definition(text)
    }

    /// What is known about the scheme that `text` defines: the same facts for the same definition.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn facts(text: &str) -> Result<&'static SchemeFacts, DefinitionError> {
        let known = |text: &str| {
            let read = READ.lock().unwrap_or_else(PoisonError::into_inner);
            read.as_ref().and_then(|all| all.get(text).copied())
        };
        if let Some(facts) = known(text) {
            return Ok(facts);
        }
        let parsed = Self::parse(text)?;
        let facts = match known(&parsed.text) {
            Some(facts) => facts,
            None => parsed.leaked(),
        };
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        let all = read.get_or_insert_default();
        // Another thread may have been first.
        let facts = *all.entry(facts.written().to_owned()).or_insert(facts);
        all.insert(text.to_owned(), facts);
        Ok(facts)
    }

    /// The definition in one line, in braces: what stands for the scheme in a recipe.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Earlier states that it keeps.
    fn memory(&self) -> usize {
        match &self.method {
            Method::RungeKutta(_) => 0,
            Method::Multistep { states, slopes, .. } => states.len().max(slopes.len()) - 1,
            Method::Learned { values, .. } => values.len(),
        }
    }

    /// Its facts, kept for ever.
    fn leaked(self) -> &'static SchemeFacts {
        let page = self.page();
        let own: &'static Definition = Box::leak(Box::new(self));
        let (stages, start_stages) = match &own.method {
            Method::RungeKutta(tableau) => (tableau.stages(), tableau.stages()),
            Method::Multistep { start, .. } => (1, start.stages()),
            Method::Learned { .. } => (1, 1),
        };
        let coefficient = match &own.method {
            Method::Learned {
                values,
                init,
                decay,
            } => Some(CoefficientFacts {
                name: "memory_k",
                init: *init,
                decay: *decay,
                at_restart: false,
                default: values[0],
                older: &values[1..],
            }),
            _ => None,
        };
        let keeps_slopes = match &own.method {
            Method::Multistep { slopes, .. } => slopes.len() > 1,
            _ => false,
        };
        Box::leak(Box::new(SchemeFacts {
            named: Facts::new(
                Kind::Scheme,
                &own.name,
                &own.title,
                Box::leak(page.into_boxed_str()),
            ),
            equation: &own.equation,
            order: own.order,
            stages,
            start_stages,
            memory: own.memory(),
            keeps_slopes,
            coefficient,
            sharing: own.sharing,
            definition: Some(own),
            ..SchemeFacts::EXPLICIT
        }))
    }

    /// What a page of documentation can say of it.
    fn page(&self) -> String {
        format!(
            "{}, from a file.\n\n# Equation\n`{}`\n\n# Reference\n`{}`\n",
            self.title, self.equation, self.text
        )
    }
}

/// A scheme whose numbers are data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Defined {
    pub(crate) facts: &'static SchemeFacts,
    pub(crate) definition: &'static Definition,
}

impl<S: State> Scheme<S> for Defined {
    fn facts(&self) -> &'static SchemeFacts {
        self.facts
    }

    fn step(
        &self,
        f: &mut dyn Rhs<S>,
        u: &S,
        memory: &mut Memory<S>,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError> {
        match &self.definition.method {
            Method::RungeKutta(tableau) => tableau.advance(f, u, ctx),
            Method::Multistep {
                states,
                slopes,
                start,
            } => {
                let start = *start;
                let weights = Weights {
                    states,
                    slopes,
                    start,
                };
                weights.step(self.facts, f, u, memory, ctx)
            }
            Method::Learned { .. } => weighted_step(self.facts, f, u, memory, ctx),
        }
    }

    fn tableau(&self) -> Option<Butcher> {
        match &self.definition.method {
            Method::RungeKutta(tableau) => Some(tableau.clone()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
