//! Which engines are there, and what does each name mean? The one table of engines.
//!
//! An engine is a file or folder and one line in [`ENGINES`]. The line gives it its name on every command line and a place
//! in every test that runs through the engines. Engines of devices that may not be there say so
//! when they are asked for.

#[cfg(feature = "gpu")]
use crate::burn;
use crate::{Engine, exact, fused};
use std::fmt;
use std::sync::Arc;
use timestep_registry::{Facts, Registry};

/// What is known about an engine.
#[derive(Clone, Copy, Debug)]
pub struct EngineFacts {
    /// What is known of everything that can be named; its key is the value of `--device`.
    pub named: Facts,
    /// The precision of numbers and sums.
    pub precision: &'static str,
    /// When to use it.
    pub when: &'static str,
    /// Opens it, or says why its device is not there.
    pub open: fn() -> Result<Arc<dyn Engine>, String>,
}

impl EngineFacts {
    /// The engine itself.
    ///
    /// # Errors
    /// [`NoEngine`] if the device that it computes on is not there.
    pub fn engine(&self) -> Result<Arc<dyn Engine>, NoEngine> {
        (self.open)().map_err(|reason| NoEngine {
            name: self.key.to_owned(),
            reason: Some(reason),
        })
    }
}

timestep_registry::named!(EngineFacts);

/// The engines of this build, the default first.
pub static ENGINES: Registry<EngineFacts> = Registry::new(&[
    &fused::FACTS,
    &exact::FACTS,
    #[cfg(feature = "cuda")]
    &burn::CUDA,
    #[cfg(feature = "gpu")]
    &burn::VULKAN,
    #[cfg(feature = "gpu")]
    &burn::WGPU,
    #[cfg(feature = "gpu")]
    &burn::CPU,
]);

/// The engines of this build, the default first; not all of their devices need be there.
#[must_use]
pub fn engines() -> Vec<&'static EngineFacts> {
    ENGINES.all()
}

/// The engine called `name`, in any case.
///
/// # Errors
/// [`NoEngine`] if this build has none of that name, or if its device is not there.
pub fn engine(name: &str) -> Result<Arc<dyn Engine>, NoEngine> {
    match ENGINES.find(name) {
        Some(facts) => facts.engine(),
        None => Err(NoEngine {
            name: name.to_owned(),
            reason: None,
        }),
    }
}

/// A name that no engine of this build answers to, or one whose device is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoEngine {
    name: String,
    reason: Option<String>,
}

impl NoEngine {
    /// The name as it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Why the device of a known engine cannot be used; nothing for unknown names.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// What to do about it: the names there are, or the driver that is missing.
    #[must_use]
    pub fn hint(&self) -> String {
        if self.reason.is_some() {
            return "install the driver of the device, or compute with `cpu`; a driver that computes in software is only \
                    used if CUBECL_WGPU_DEFAULT_DEVICE=Cpu asks for it"
                .into();
        }
        let names: Vec<&str> = engines().iter().map(|facts| facts.key).collect();
        format!("the engines of this build are {}", names.join(", "))
    }
}

impl fmt::Display for NoEngine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Some(reason) => write!(out, "there is no device for `{}`: {reason}", self.name),
            None => write!(out, "there is no engine `{}`", self.name),
        }
    }
}

impl std::error::Error for NoEngine {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_answers_to_its_name_in_any_case() {
        for facts in engines() {
            for name in [facts.key.to_owned(), facts.key.to_uppercase()] {
                match engine(&name) {
                    Ok(engine) => assert_eq!(engine.name(), facts.key),
                    Err(error) => {
                        assert_eq!(error.name(), facts.key);
                        assert!(error.reason().is_some(), "{error}");
                    }
                }
            }
            for text in [facts.title, facts.precision, facts.when] {
                assert!(!text.is_empty(), "{} says what it is", facts.key);
            }
        }
        assert_eq!(engines()[0].key, "cpu", "the default comes first");
        for always in ["cpu", "exact"] {
            assert!(engine(always).is_ok(), "{always} needs no device");
        }
    }

    #[test]
    fn an_unknown_name_is_told_the_known_ones() {
        let error = engine("gpu9").expect_err("no such engine");
        assert_eq!(error.to_string(), "there is no engine `gpu9`");
        assert!(error.hint().contains("cpu, exact"), "{}", error.hint());
    }
}
