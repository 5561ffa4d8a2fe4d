//! How do windows shrink features? By their largest value or by their mean, norm and ReLU on the way.

use super::added_up;
use super::settle;
use super::slot::Slot;
use super::stored::{Fused, Left, Stored};
use super::tape::{INPUTS, Node, Output, Values, record};
use crate::ops::Window;
use std::sync::{Arc, Mutex};
use timestep_kernels::layout::Extent;
use timestep_kernels::{Buffer, Kernels, MaxPool, MeanPool, max_pool_backward};

/// What is taken from each window.
#[derive(Debug)]
enum Taken {
    /// The largest value, and where it is: written by the forward pass.
    Largest(MaxPool, Mutex<Vec<u32>>),
    /// The mean.
    Mean(MeanPool),
}

/// Windows over features.
#[derive(Debug)]
struct Windows {
    input: Stored,
    taken: Taken,
    out: Extent,
    slot: Arc<Slot>,
    left: Left,
}

/// The numbers as a buffer.
fn buffer(values: &[f32]) -> Buffer {
    let mut out = Buffer::new(values.len());
    out.copy_from_slice(values);
    out
}

impl Node for Windows {
    fn forward(&self, _values: &Values) -> Output {
        let (view, extent) = (self.input.view(), &self.input.extent);
        let values = match &self.taken {
            Taken::Largest(pool, places) => {
                let (values, found) = Kernels::detect().max_pool(pool, &view, extent);
                *super::lock(places) = found;
                values
            }
            Taken::Mean(pool) => Kernels::detect().mean_pool(pool, &view, extent),
        };
        *super::lock(&self.left) = Some((buffer(&values), None));
        Output::token()
    }

    fn backward(
        &self,
        _values: &Values,
        _wanted: [bool; INPUTS],
        _grad: Option<&[f32]>,
    ) -> [Option<Vec<f32>>; INPUTS] {
        if let Some(grad) = added_up(&self.slot, &self.out) {
            let extent = &self.input.extent;
            let found = match &self.taken {
                Taken::Largest(_, places) => max_pool_backward(extent, &super::lock(places), &grad),
                Taken::Mean(pool) => Kernels::detect().mean_pool_backward(pool, extent, &grad),
            };
            let ones = vec![1.0; extent.channels];
            self.input.slot.add(&Arc::new(buffer(&found)), ones);
        }
        [const { None }; INPUTS]
    }
}

/// Records windows over features whose norm and ReLU are written down.
fn windows(plain: Fused, taken: Taken, out: Extent) -> Fused {
    let (slot, left) = (Arc::new(Slot::default()), Left::default());
    let node = Windows {
        input: plain.stored,
        taken,
        out,
        slot: slot.clone(),
        left: left.clone(),
    };
    let token = record(&[plain.token], node);
    Fused::collect(&left, out, slot, token)
}

/// The largest value in every window.
pub(crate) fn max_pool(features: &Fused, window: Window) -> Fused {
    let plain = settle(features);
    let pool = MaxPool {
        kernel: window.kernel,
        stride: window.stride,
        padding: window.padding,
    };
    let out = pool.output(&plain.stored.extent);
    windows(plain, Taken::Largest(pool, Mutex::default()), out)
}

/// The mean of every window over the pixels inside the image.
pub(crate) fn mean_pool(features: &Fused, window: Window) -> Fused {
    let plain = settle(features);
    let pool = MeanPool {
        kernel: window.kernel,
        stride: window.stride,
        padding: window.padding,
    };
    let out = pool.output(&plain.stored.extent);
    windows(plain, Taken::Mean(pool), out)
}
