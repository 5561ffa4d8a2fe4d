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

/// Largest values of features whose norm and ReLU are applied.
#[derive(Debug)]
struct Largest {
    input: Stored,
    pool: MaxPool,
    out: Extent,
    /// Where the largest values are: written by the forward pass.
    places: Mutex<Vec<u32>>,
    slot: Arc<Slot>,
    left: Left,
}

impl Node for Largest {
    fn forward(&self, _values: &Values) -> Output {
        let view = self.input.view();
        let (values, places) = Kernels::detect().max_pool(&self.pool, &view, &self.input.extent);
        let mut out = Buffer::new(values.len());
        out.copy_from_slice(&values);
        *super::lock(&self.places) = places;
        *super::lock(&self.left) = Some((out, None));
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
            let found = max_pool_backward(extent, &super::lock(&self.places), &grad);
            let mut out = Buffer::new(found.len());
            out.copy_from_slice(&found);
            let ones = vec![1.0; extent.channels];
            self.input.slot.add(&Arc::new(out), ones);
        }
        [const { None }; INPUTS]
    }
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
    let (slot, left) = (Arc::new(Slot::default()), Left::default());
    let node = Largest {
        input: plain.stored,
        pool,
        out,
        places: Mutex::default(),
        slot: slot.clone(),
        left: left.clone(),
    };
    let token = record(&[plain.token], node);
    Fused::collect(&left, out, slot, token)
}

/// Means of features whose norm and ReLU are applied.
#[derive(Debug)]
struct Means {
    input: Stored,
    pool: MeanPool,
    out: Extent,
    slot: Arc<Slot>,
    left: Left,
}

impl Node for Means {
    fn forward(&self, _values: &Values) -> Output {
        let view = self.input.view();
        let values = Kernels::detect().mean_pool(&self.pool, &view, &self.input.extent);
        let mut out = Buffer::new(values.len());
        out.copy_from_slice(&values);
        *super::lock(&self.left) = Some((out, None));
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
            let found = Kernels::detect().mean_pool_backward(&self.pool, extent, &grad);
            let mut out = Buffer::new(found.len());
            out.copy_from_slice(&found);
            let ones = vec![1.0; extent.channels];
            self.input.slot.add(&Arc::new(out), ones);
        }
        [const { None }; INPUTS]
    }
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
    let (slot, left) = (Arc::new(Slot::default()), Left::default());
    let node = Means {
        input: plain.stored,
        pool,
        out,
        slot: slot.clone(),
        left: left.clone(),
    };
    let token = record(&[plain.token], node);
    Fused::collect(&left, out, slot, token)
}
