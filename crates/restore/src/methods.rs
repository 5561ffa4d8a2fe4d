//! How is a method made, and which weights are part of the program? What stands behind `--method` and `--model`.

use crate::learned::{Arrays, bad};
pub use crate::method::MethodOptions;
use crate::{METHODS, Method, RestoreError};
use std::path::Path;

/// Declares the weights in `models/`, without `.safetensors`.
macro_rules! bundle {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_bytes!(concat!("../models/", $name, ".safetensors")).as_slice())),+]
    };
}

/// The weights that are part of the program, each trained by the recipe of its name, or by what it says itself.
static BUNDLED: &[(&str, &[u8])] = bundle![
    "trd-5x5-s15",
    "trd-5x5-s25",
    "trd-5x5-s50",
    "trd-7x7-s15",
    "trd-7x7-s25",
    "trd-7x7-s50",
    "csf-7x7-s25",
    "dncnn-17x64",
];

/// Names of the bundled weights.
pub fn bundled_names() -> impl Iterator<Item = &'static str> {
    BUNDLED.iter().map(|(name, _)| *name)
}

/// Bundled weights by name.
#[must_use]
pub fn bundled(name: &str) -> Option<&'static [u8]> {
    let found = BUNDLED.iter().find(|(key, _)| *key == name);
    found.map(|(_, bytes)| *bytes)
}

/// Makes the method called `key` as `options` say.
///
/// # Errors
/// [`RestoreError::UnknownMethod`]; [`RestoreError::BadModel`] if the method takes no model, or the model is none for it.
pub fn make(key: &str, options: &MethodOptions) -> Result<Box<dyn Method>, RestoreError> {
    match METHODS.find(key) {
        Some(facts) => (facts.make)(options),
        None => Err(RestoreError::UnknownMethod(key.to_owned())),
    }
}

/// A method without weights.
pub(crate) fn untrained(
    key: &str,
    options: &MethodOptions,
    method: impl Method + 'static,
) -> Result<Box<dyn Method>, RestoreError> {
    match &options.model {
        None => Ok(Box::new(method)),
        Some(path) => Err(bad(format!(
            "`{key}` is not trained and takes none, but `{}` was given",
            path.display()
        ))),
    }
}

/// The weights that were asked for: bundled ones whose name begins so, or a file.
pub(crate) fn weights(
    key: &str,
    default: &str,
    options: &MethodOptions,
) -> Result<Vec<Vec<u8>>, RestoreError> {
    let asked = options.model.as_deref();
    let name = asked
        .map_or(Some(default), |path| path.to_str())
        .unwrap_or_default();
    let found: Vec<Vec<u8>> = BUNDLED
        .iter()
        .filter(|(known, _)| {
            *known == name
                || known
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with("-s"))
        })
        .map(|(_, bytes)| bytes.to_vec())
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let path = asked.unwrap_or(std::path::Path::new(default));
    match read_weights(path) {
        Ok(bytes) => Ok(vec![bytes]),
        Err(e) => {
            let names: Vec<&str> = bundled_names().filter(|n| n.starts_with(key)).collect();
            Err(bad(format!(
                "`{}` is neither a readable file ({e}) nor one of {}",
                path.display(),
                names.join(", ")
            )))
        }
    }
}

/// The bytes of a file of weights, or of a pipe; devices are not read.
///
/// # Errors
/// That of the file system.
pub fn read_weights(path: &Path) -> std::io::Result<Vec<u8>> {
    timestep_files::read_stream(path, timestep_kernels::memory_budget() / 2)
}

/// Whether a file of weights holds a checksum; those of version 0.1 hold none, so that damage to their numbers is not
/// noticed.
#[must_use]
pub fn is_checked(weights: &[u8]) -> bool {
    timestep_weights::Arrays::open(weights).is_ok_and(|file| file.is_checked())
}

/// The method that a file of weights is for, by what the file says of itself.
#[must_use]
pub fn method_of(weights: &[u8]) -> Option<&'static str> {
    method_of_format(&Arrays::format(weights)?)
}

/// The method whose weights say that they are of this format (`format` in their metadata).
#[must_use]
pub fn method_of_format(format: &str) -> Option<&'static str> {
    let mut all = METHODS.all().into_iter();
    all.find(|facts| facts.format == Some(format))
        .map(|facts| facts.key)
}

/// The method that a model is of: what the name of bundled weights begins with, or what a file says of itself.
#[must_use]
pub fn method_named(model: &Path) -> Option<&'static str> {
    if let Ok(bytes) = read_weights(model) {
        return method_of(&bytes);
    }
    let name = model.to_str()?;
    METHODS
        .keys()
        .find(|key| name.split('-').next() == Some(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_made_and_others_are_refused() {
        for facts in METHODS.all() {
            let made = make(facts.key, &MethodOptions::default()).expect("a method");
            assert_eq!(made.facts().key, facts.key);
            assert!(facts.page().contains("# References"), "{}", facts.key);
        }
        let with = |model: &str| MethodOptions {
            model: Some(model.into()),
        };
        assert!(make("trd", &with("trd-5x5")).is_ok());
        assert!(make("trd", &with("trd-5x5-s25")).is_ok());
        for (key, model) in [
            ("bm3d", "trd-5x5"),
            ("trd", "csf-7x7"),
            ("trd", "nothing.safetensors"),
            ("csf", "trd-5x5"),
        ] {
            assert!(
                matches!(make(key, &with(model)), Err(RestoreError::BadModel(_))),
                "{key} {model}"
            );
        }
        assert!(matches!(
            make("trdd", &MethodOptions::default()),
            Err(RestoreError::UnknownMethod(_))
        ));
        for name in bundled_names() {
            let bytes = bundled(name).expect("bundled");
            assert_eq!(method_of(bytes), name.split('-').next());
        }
    }
}
