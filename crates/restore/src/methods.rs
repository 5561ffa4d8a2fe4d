//! Which methods are there? The registry behind `--method`; adding one takes a file and a line here.

use crate::{Method, MethodFacts, RestoreError};
use std::path::PathBuf;

/// Every method: its facts and how to make it with its published settings.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What is known about it.
    pub facts: &'static MethodFacts,
    /// Makes it.
    pub make: fn() -> Box<dyn Method>,
}

/// All methods, in the order of lists.
pub const METHODS: &[Entry] = &[];

/// The method called `key`.
#[must_use]
pub fn method(key: &str) -> Option<Box<dyn Method>> {
    METHODS
        .iter()
        .find(|e| e.facts.key == key)
        .map(|e| (e.make)())
}

/// How a method is set up, where it differs from its registry entry.
#[derive(Clone, Debug, Default)]
pub struct MethodOptions {
    /// A file of weights for a trained method.
    pub model: Option<PathBuf>,
}

/// Makes the method called `key` as `options` say.
///
/// # Errors
/// [`RestoreError::UnknownMethod`]; [`RestoreError::BadModel`] if the method takes no model.
pub fn make(key: &str, options: &MethodOptions) -> Result<Box<dyn Method>, RestoreError> {
    let Some(method) = method(key) else {
        return Err(RestoreError::UnknownMethod(key.to_owned()));
    };
    match &options.model {
        None => Ok(method),
        Some(path) => Err(RestoreError::BadModel(format!(
            "`{key}` is not trained and takes none, but `{}` was given",
            path.display()
        ))),
    }
}
