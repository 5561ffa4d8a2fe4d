//! Which engines are there on this machine?

use std::sync::Arc;
use timestep_engine::{Engine, EngineFacts};

/// An engine that is there.
pub(crate) struct Present {
    pub(crate) name: &'static str,
    pub(crate) precision: &'static str,
    /// What a number is off by when it waits for the backward pass.
    pub(crate) stored: f64,
    /// What a convolution is off by where nothing is recorded.
    pub(crate) evaluated: f64,
    engine: Arc<dyn Engine>,
}

impl Present {
    pub(crate) fn engine(&self) -> Arc<dyn Engine> {
        self.engine.clone()
    }
}

/// The engines of this build whose devices are there, the default first. `TIMESTEP_DEVICES=vulkan,wgpu` in the
/// environment asks for these only, and they must be there.
pub(crate) fn engines() -> Vec<Present> {
    let asked = std::env::var("TIMESTEP_DEVICES").ok();
    let asked: Option<Vec<&str>> = asked.as_deref().map(|names| names.split(',').collect());
    let present = |facts: &EngineFacts| match (&asked, facts.engine()) {
        (Some(names), _) if !names.contains(&facts.key) => None,
        (Some(_), Err(error)) => panic!("{error}"),
        (None, Err(_)) => None,
        (_, Ok(engine)) => Some(Present {
            name: facts.key,
            precision: facts.precision,
            stored: facts.stored,
            evaluated: facts.evaluated,
            engine,
        }),
    };
    let found: Vec<Present> = timestep_engine::engines()
        .into_iter()
        .filter_map(present)
        .collect();
    assert_eq!(
        asked.map_or(found.len(), |names| names.len()),
        found.len(),
        "engines of TIMESTEP_DEVICES that this build has"
    );
    found
}
