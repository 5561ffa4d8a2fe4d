//! The engine of `cpu`, with half the memory for what a backward pass needs: activations wait in bf16.
//!
//! Forward passes, sums and parameters are those of `cpu` to the last bit. Between the passes an activation is rounded to
//! 8 binary digits, so gradients are off by some thousandths of their length.

use super::record::{Precision, Record};
use super::saved::Storage;
use crate::{Engine, EngineFacts, Parameters, Recording, Tape};
use std::rc::Rc;
use std::sync::Arc;
use timestep_registry::{Facts, Kind};

pub(crate) static FACTS: EngineFacts = EngineFacts {
    named: Facts::new(
        Kind::Device,
        "cpu-bf16",
        "fused kernels on the processor, activations stored in bf16",
        include_str!("bf16.rs"),
    ),
    precision: "f32, activations stored in bf16 between the passes",
    stored: 1.0 / 256.0,
    evaluated: 0.0,
    when: "to train deep networks whose activations are more than the memory holds",
    open: || Ok(Arc::new(FusedBf16)),
};

/// `f32` on the CPU, with activations that wait for the backward pass in bf16.
#[derive(Clone, Copy, Debug, Default)]
pub struct FusedBf16;

impl Engine for FusedBf16 {
    fn name(&self) -> &'static str {
        "cpu-bf16"
    }

    fn open(&self, parameters: &Parameters, recording: &Recording) -> Rc<dyn Tape> {
        let precision = Precision {
            storage: Storage::Bf16,
            ..Precision::default()
        };
        Rc::new(Record::new(parameters, recording, precision))
    }
}
