//! Which engines are there, and what does each name mean? The one table of engines.
//!
//! An engine is added by one entry in [`ENGINES`]. It gives the engine its name on every command line and a place in
//! every test that runs through the engines. Engines of devices that may not be there say so when they are asked for.

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
    open: fn() -> Result<Arc<dyn Engine>, String>,
}

impl EngineFacts {
    /// The engine itself.
    ///
    /// # Errors
    /// [`NoEngine`] if the device that it computes on is not there.
    pub fn engine(&self) -> Result<Arc<dyn Engine>, NoEngine> {
        (self.open)().map_err(|reason| NoEngine {
            name: self.name.to_owned(),
            reason: Some(reason),
        })
    }
}

/// The engines of this build, the default first.
const ENGINES: &[EngineFacts] = &[
    EngineFacts {
        name: "cpu",
        title: "fused kernels on the processor",
        precision: "f32, statistics of norms in f64",
        when: "to train and to apply networks: the default",
        open: || Ok(Arc::new(Fused)),
    },
    EngineFacts {
        name: "exact",
        title: "plain loops in double precision",
        precision: "f64",
        when: "to check another engine, or a gradient by finite differences; hundreds of times slower",
        open: || Ok(Arc::new(Exact)),
    },
    #[cfg(feature = "cuda")]
    EngineFacts {
        name: "cuda",
        title: "Burn on the first NVIDIA GPU",
        precision: "f32",
        when: "to train large networks on an NVIDIA GPU",
        open: || burn("cuda"),
    },
    #[cfg(feature = "gpu")]
    EngineFacts {
        name: "vulkan",
        title: "Burn on a GPU through Vulkan",
        precision: "f32",
        when: "to train large networks on any GPU with a Vulkan driver",
        open: || burn("vulkan"),
    },
    #[cfg(feature = "gpu")]
    EngineFacts {
        name: "wgpu",
        title: "Burn on a GPU through what the system offers: Vulkan, Metal, DirectX 12",
        precision: "f32",
        when: "to train large networks on a GPU without Vulkan",
        open: || burn("wgpu"),
    },
    #[cfg(feature = "gpu")]
    EngineFacts {
        name: "burn-cpu",
        title: "Burn on the processor",
        precision: "f32",
        when: "to test what runs on GPUs where there is none; `cpu` is faster",
        open: || burn("burn-cpu"),
    },
];

/// Burn on a device.
#[cfg(feature = "gpu")]
fn burn(device: &str) -> Result<Arc<dyn Engine>, String> {
    Ok(Arc::new(crate::Burn::open(device)?))
}

/// The engines of this build, the default first; not all of their devices need be there.
#[must_use]
pub fn engines() -> &'static [EngineFacts] {
    ENGINES
}

/// The engine called `name`, in any case.
///
/// # Errors
/// [`NoEngine`] if this build has none of that name, or if its device is not there.
pub fn engine(name: &str) -> Result<Arc<dyn Engine>, NoEngine> {
    let known = engines()
        .iter()
        .find(|facts| facts.name.eq_ignore_ascii_case(name));
    match known {
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
        let names: Vec<&str> = engines().iter().map(|facts| facts.name).collect();
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
            for name in [facts.name.to_owned(), facts.name.to_uppercase()] {
                match engine(&name) {
                    Ok(engine) => assert_eq!(engine.name(), facts.name),
                    Err(error) => {
                        assert_eq!(error.name(), facts.name);
                        assert!(error.reason().is_some(), "{error}");
                    }
                }
            }
            for text in [facts.title, facts.precision, facts.when] {
                assert!(!text.is_empty(), "{} says what it is", facts.name);
            }
        }
        assert_eq!(engines()[0].name, "cpu", "the default comes first");
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
