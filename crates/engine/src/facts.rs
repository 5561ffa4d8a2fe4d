//! What is known about an engine without opening it?

use crate::Engine;
use std::fmt;
use std::sync::Arc;
use timestep_registry::Facts;

/// What is known about an engine.
#[derive(Clone, Copy, Debug)]
pub struct EngineFacts {
    /// What is known of everything that can be named; its key is the value of `--device`.
    pub named: Facts,
    /// The precision of numbers and sums.
    pub precision: &'static str,
    /// What a number is off by, as a part of itself, when it waits for the backward pass; 0 where it waits as it was computed.
    pub stored: f64,
    /// What a convolution is off by where nothing is recorded, as a part of its largest result; 0 where it is as precise as otherwise.
    pub evaluated: f64,
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
            known: Vec::new(),
        })
    }
}

timestep_registry::named!(EngineFacts);

/// A name that no engine of this build answers to, or one whose device is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoEngine {
    pub(crate) name: String,
    pub(crate) reason: Option<String>,
    /// The names that there are.
    pub(crate) known: Vec<&'static str>,
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
        format!("the engines of this build are {}", self.known.join(", "))
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
