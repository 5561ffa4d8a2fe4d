//! What should every engine compute? The same as this one: `f64`, one plain loop after the other, slowly.
//!
//! Nothing is fused, postponed, vectorised or run on several threads, and nothing here shares code with the kernels.
//! Features lie in PyTorch's order `[batch, channels, height, width]`. An operation is its forward loop and, beside it,
//! one function for each operand from the gradient of the result to that of the operand.

mod arrays;
mod channels;
mod conv;
mod images;
mod norm;
mod pool;
mod record;
mod tape;
mod tensor;
mod tokens;

use crate::EngineFacts;
use crate::{Engine, Parameters, Recording, Specs, Tape};
use record::Record;
use std::rc::Rc;
use std::sync::Arc;
use timestep_registry::{Facts, Kind};

pub(crate) static FACTS: EngineFacts = EngineFacts {
    named: Facts::new(
        Kind::Device,
        "exact",
        "plain loops in double precision",
        include_str!("mod.rs"),
    ),
    precision: "f64",
    stored: 0.0,
    evaluated: 0.0,
    when: "to check another engine, or a gradient by finite differences; hundreds of times slower",
    open: || Ok(Arc::new(Exact)),
};

/// `f64` in plain loops: the proof of the other engines.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exact;

impl Exact {
    /// Opens a tape on parameters in double precision, in the order of the table: what finite differences move.
    ///
    /// # Panics
    /// If there are not as many numbers as the table asks for.
    #[must_use]
    pub fn open_f64(
        &self,
        specs: &Arc<Specs>,
        values: Vec<f64>,
        recording: &Recording,
    ) -> Rc<dyn Tape> {
        assert_eq!(specs.total(), values.len(), "numbers of the table");
        Rc::new(Record::new(specs.clone(), Rc::new(values), recording))
    }
}

impl Engine for Exact {
    fn name(&self) -> &'static str {
        "exact"
    }

    fn open(&self, parameters: &Parameters, recording: &Recording) -> Rc<dyn Tape> {
        let values = parameters.values().iter().map(|v| f64::from(*v)).collect();
        self.open_f64(parameters.specs(), values, recording)
    }
}
