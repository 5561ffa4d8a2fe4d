//! Which weights does evaluation convolve with? Packed ones, kept with the parameters until these change.
//!
//! Packing takes as long as the convolutions of a few images: a photograph would be classified in three times the time.

use super::arrays::Data;
use super::record::{Products, Record};
use crate::{ParamId, memory_budget};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use timestep_kernels::{ConvShape, Kernels, PackedConv};

/// The part of the memory that may be given to packed weights.
const SHARE: u64 = 8;

/// Packed weights by parameter and by how they are multiplied, and how many numbers they are together.
#[derive(Default)]
struct Kept {
    weights: HashMap<(ParamId, Products), Arc<PackedConv>>,
    numbers: usize,
}

/// What the engine keeps with the parameters.
#[derive(Default)]
struct PackedWeights(Mutex<Kept>);

impl PackedWeights {
    /// The packed weights of a parameter.
    fn of(&self, key: (ParamId, Products), shape: &ConvShape, weights: &[f32]) -> Arc<PackedConv> {
        let kernels = Kernels::detect();
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = lock().weights.get(&key).cloned();
        if let Some(found) = found.filter(|packed| packed.suits(kernels, shape)) {
            return found;
        }
        // Without the lock: while it waits for its helpers this thread may take up another pass, which asks here too.
        let packed = Arc::new(pack(key.1, shape, weights));
        let mut kept = lock();
        if 4 * (kept.numbers + packed.len()) as u64 <= memory_budget() / SHARE {
            kept.numbers += packed.len();
            let before = kept.weights.insert(key, packed.clone());
            kept.numbers -= before.map_or(0, |before| before.len());
        }
        packed
    }
}

/// Weights in the order in which a convolution reads them that multiplies like this.
fn pack(products: Products, shape: &ConvShape, weights: &[f32]) -> PackedConv {
    let kernels = Kernels::detect();
    match products {
        Products::F32 => kernels.pack_conv(shape, weights),
        Products::Int8 => kernels.pack_conv_int8(shape, weights),
    }
}

impl Record {
    /// The weights of a convolution as its forward pass reads them. In evaluation they are kept: the next batch finds them.
    pub(super) fn packed(&self, shape: &ConvShape, weights: &Data) -> Arc<PackedConv> {
        let numbers = weights.of(&self.parameters);
        // What is learned from is computed as precisely as it can be.
        let products = match self.only_evaluates() {
            true => self.precision.products,
            false => Products::F32,
        };
        match weights {
            Data::Parameter(id) if self.only_evaluates() => {
                let kept = self.parameters.derived::<PackedWeights>();
                kept.of((*id, products), shape, numbers)
            }
            _ => Arc::new(pack(products, shape, numbers)),
        }
    }

    /// Does nobody want a gradient or the statistics of the batch?
    pub(super) fn only_evaluates(&self) -> bool {
        !self.wanted.anything() && !self.statistics
    }
}
