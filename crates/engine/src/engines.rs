//! Which engines are there, and what does each name mean? The one table of engines.
//!
//! An engine is a file or folder and one line in [`ENGINES`]. The line gives it its name on every command line and a place
//! in every test that runs through the engines. Engines of devices that may not be there say so
//! when they are asked for.

#[cfg(feature = "gpu")]
use crate::burn;
use crate::facts::{EngineFacts, NoEngine};
use crate::{Engine, exact, fused};
use std::sync::Arc;
use timestep_registry::Registry;

/// The engines of this build, the default first.
pub static ENGINES: Registry<EngineFacts> = Registry::new(&[
    &fused::FACTS,
    &fused::BF16,
    &fused::INT8,
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
            known: ENGINES.keys().collect(),
        }),
    }
}

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
        for always in ["cpu", "cpu-bf16", "cpu-int8", "exact"] {
            assert!(engine(always).is_ok(), "{always} needs no device");
        }
    }

    #[test]
    fn an_unknown_name_is_told_the_known_ones() {
        let error = engine("gpu9").expect_err("no such engine");
        assert_eq!(error.to_string(), "there is no engine `gpu9`");
        assert!(
            error.hint().contains("cpu, cpu-bf16, cpu-int8, exact"),
            "{}",
            error.hint()
        );
    }
}
