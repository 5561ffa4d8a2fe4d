//! The engine of `cpu`, with 8-bit products where a network is only evaluated.
//!
//! A convolution of at least 64 input and output channels (128 input channels where Winograd's method spares products; `Kernels::pack_conv_int8` has every condition) rounds its weights to whole numbers of -127 to 127, with one scale
//! for each output channel, and the features of each image to 256 levels between their least and greatest. Sums of products are exact; a result is
//! off by about a hundredth of the size of the features. Nothing has to be calibrated: levels follow from each image, whatever its batch.
//! All else, and everything that is recorded to learn from, is computed as by `cpu`. Processors with AVX-512 VNNI add four products by one instruction; on
//! others the sums are the same and take longer than those of `cpu`. Steps that are searched for (implicit, adaptive) are computed in `f32`.

use super::record::{Precision, Products, Record};
use crate::{Engine, EngineFacts, Parameters, Recording, Tape};
use std::rc::Rc;
use std::sync::Arc;
use timestep_registry::{Facts, Kind};

pub(crate) static FACTS: EngineFacts = EngineFacts {
    named: Facts::new(
        Kind::Device,
        "cpu-int8",
        "fused kernels on the processor, 8-bit products in evaluation",
        include_str!("int8.rs"),
    ),
    precision: "f32; 8-bit products of convolutions where nothing is recorded",
    stored: 0.0,
    evaluated: 0.02,
    when: "to apply networks of wide or 1x1 convolutions faster, where a processor has VNNI",
    open: || Ok(Arc::new(FusedInt8)),
};

/// `f32` on the CPU, with 8-bit products where a pass records nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct FusedInt8;

impl Engine for FusedInt8 {
    fn name(&self) -> &'static str {
        "cpu-int8"
    }

    fn open(&self, parameters: &Parameters, recording: &Recording) -> Rc<dyn Tape> {
        let precision = Precision {
            products: Products::Int8,
            ..Precision::default()
        };
        Rc::new(Record::new(parameters, recording, precision))
    }
}
