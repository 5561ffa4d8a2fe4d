//! How do features get in and out of the fused layout, change resolution, split and join?

use super::stored::{Fused, Left, Once, Place, Stored, once, taken};
use super::tape::{INPUTS, Node, Output, Values, record};
use super::{Slot, combine};
use crate::Coef;
use burn::tensor::Tensor;
use std::sync::Arc;
use timestep_kernels::layout::{
    Extent, Sampling, copy_channels, subsample, subsample_backward, to_nchw, to_nhwc,
};
use timestep_kernels::{Buffer, Kernels, NormSums};

/// The deposited gradient as one array, or nothing if nobody deposited any.
pub(super) fn added_up(slot: &Slot, extent: &Extent) -> Option<Arc<Buffer>> {
    let terms = slot.take();
    if terms.is_empty() {
        return None;
    }
    if let Some(single) = terms.single() {
        return Some(single.clone());
    }
    let mut sum = Buffer::new(extent.len());
    Kernels::detect().add_up(&terms.sum(), extent.channels, &mut sum);
    Some(Arc::new(sum))
}

/// From a Burn tensor to stored features.
#[derive(Debug)]
struct Import {
    extent: Extent,
    slot: Arc<Slot>,
    left: Left,
}

impl Node for Import {
    fn forward(&self, values: &Values) -> Output {
        let mut out = Buffer::new(self.extent.len());
        to_nhwc(&self.extent, values.get(0), &mut out);
        *super::lock(&self.left) = Some((out, None));
        Output::token()
    }

    fn backward(
        &self,
        _values: &Values,
        _wanted: [bool; INPUTS],
        _grad: Option<&[f32]>,
    ) -> [Option<Vec<f32>>; INPUTS] {
        let mut found = [const { None }; INPUTS];
        if let Some(grad) = added_up(&self.slot, &self.extent) {
            let mut out = vec![0.0; self.extent.len()];
            to_nchw(&self.extent, &grad, &mut out);
            found[0] = Some(out);
        }
        found
    }
}

/// Features from a tensor `[batch, channels, height, width]`.
pub(crate) fn import(tensor: Tensor<4>) -> Fused {
    let [batch, channels, height, width] = tensor.dims();
    let extent = Extent {
        batch,
        height,
        width,
        channels,
    };
    let slot = Arc::new(Slot::default());
    let left = Left::default();
    let node = Import {
        extent,
        slot: slot.clone(),
        left: left.clone(),
    };
    let token = record(&[tensor.reshape([extent.len()])], node);
    Fused::collect(&left, extent, slot, token)
}

/// From stored features to a Burn tensor.
#[derive(Debug)]
struct Export(Stored);

impl Node for Export {
    fn forward(&self, _values: &Values) -> Output {
        let e = &self.0.extent;
        let mut data = vec![0.0; e.len()];
        to_nchw(e, &self.0.data, &mut data);
        Output {
            data,
            shape: vec![e.batch, e.channels, e.height, e.width],
        }
    }

    fn backward(
        &self,
        _values: &Values,
        _wanted: [bool; INPUTS],
        grad: Option<&[f32]>,
    ) -> [Option<Vec<f32>>; INPUTS] {
        if let Some(grad) = grad {
            let mut out = Buffer::new(self.0.extent.len());
            to_nhwc(&self.0.extent, grad, &mut out);
            self.0
                .slot
                .add(&Arc::new(out), vec![1.0; self.0.extent.channels]);
        }
        [const { None }; INPUTS]
    }

    fn output_in_burn(&self) -> bool {
        true
    }
}

/// The features as a tensor `[batch, channels, height, width]`.
pub(crate) fn export(features: &Fused) -> Tensor<4> {
    let plain = settle(features);
    record(std::slice::from_ref(&plain.token), Export(plain.stored))
}

/// The features with their norm and ReLU written down.
pub(crate) fn settle(features: &Fused) -> Fused {
    if features.is_plain() {
        features.clone()
    } else {
        combine(&[(Coef::Number(1.0), features)], false)
    }
}

/// Every `stride`-th pixel, and zero channels appended.
#[derive(Debug)]
struct Subsample {
    /// For the forward pass, which takes it.
    data: Once<Arc<Buffer>>,
    input: Place,
    sampling: Sampling,
    out: Extent,
    slot: Arc<Slot>,
    left: Left,
}

impl Node for Subsample {
    fn forward(&self, _values: &Values) -> Output {
        let mut out = Buffer::new(self.out.len());
        let data = taken(&self.data);
        subsample(&self.input.extent, &self.sampling, &data, &mut out);
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
            let mut out = Buffer::new(extent.len());
            subsample_backward(extent, &self.sampling, &grad, &mut out);
            self.input.add(&Arc::new(out));
        }
        [const { None }; INPUTS]
    }
}

/// The shortcut without weights: see [`timestep_kernels::layout::subsample`].
pub(crate) fn sample(features: &Fused, sampling: Sampling) -> Fused {
    let plain = settle(features);
    let out = sampling.output(&plain.stored.extent);
    let slot = Arc::new(Slot::default());
    let left = Left::default();
    let node = Subsample {
        input: plain.stored.place(),
        data: once(plain.stored.data),
        sampling,
        out,
        slot: slot.clone(),
        left: left.clone(),
    };
    let token = record(&[plain.token], node);
    Fused::collect(&left, out, slot, token)
}

/// Some channels of features, one after the other.
#[derive(Debug)]
struct Channels {
    /// The features and their first channel in the result; a first channel below zero cuts off.
    inputs: Vec<(Place, isize)>,
    /// Their numbers, for the forward pass, which takes them.
    data: Once<Vec<Arc<Buffer>>>,
    out: Extent,
    slot: Arc<Slot>,
    left: Left,
}

impl Channels {
    /// First channel in the input, first channel in the result, and number of channels.
    fn overlap(&self, input: &Place, at: isize) -> (usize, usize, usize) {
        let (from, to) = ((-at).max(0) as usize, at.max(0) as usize);
        (
            from,
            to,
            (input.extent.channels - from).min(self.out.channels - to),
        )
    }
}

impl Node for Channels {
    fn forward(&self, _values: &Values) -> Output {
        let mut out = Buffer::new(self.out.len());
        let covered: usize = (self.inputs.iter())
            .map(|(input, at)| self.overlap(input, *at).2)
            .sum();
        if covered < self.out.channels {
            out.fill(0.0);
        }
        for ((input, at), data) in self.inputs.iter().zip(taken(&self.data)) {
            let (from, to, count) = self.overlap(input, *at);
            let (c, d) = (input.extent.channels, self.out.channels);
            copy_channels(&data, (c, from), &mut out, (d, to), count);
        }
        *super::lock(&self.left) = Some((out, None));
        Output::token()
    }

    fn backward(
        &self,
        _values: &Values,
        wanted: [bool; INPUTS],
        _grad: Option<&[f32]>,
    ) -> [Option<Vec<f32>>; INPUTS] {
        if let Some(grad) = added_up(&self.slot, &self.out) {
            for (i, (input, at)) in self.inputs.iter().enumerate() {
                if wanted[i] {
                    let (from, to, count) = self.overlap(input, *at);
                    let c = input.extent.channels;
                    let mut out = Buffer::new(input.extent.len());
                    out.fill(0.0);
                    let whole = (self.out.channels, to);
                    copy_channels(&grad, whole, &mut out, (c, from), count);
                    input.add(&Arc::new(out));
                }
            }
        }
        [const { None }; INPUTS]
    }
}

fn channels(inputs: &[(&Fused, isize)], count: usize) -> Fused {
    let plain: Vec<(Fused, isize)> = inputs.iter().map(|(f, at)| (settle(f), *at)).collect();
    let out = Extent {
        channels: count,
        ..plain[0].0.stored.extent
    };
    let slot = Arc::new(Slot::default());
    let left = Left::default();
    let tokens: Vec<Tensor<1>> = plain.iter().map(|(f, _)| f.token.clone()).collect();
    let node = Channels {
        inputs: (plain.iter())
            .map(|(f, at)| (f.stored.place(), *at))
            .collect(),
        data: once(plain.into_iter().map(|(f, _)| f.stored.data).collect()),
        out,
        slot: slot.clone(),
        left: left.clone(),
    };
    let token = record(&tokens, node);
    Fused::collect(&left, out, slot, token)
}

/// Channels `first .. first + count`.
pub(crate) fn narrow(features: &Fused, first: usize, count: usize) -> Fused {
    channels(&[(features, -(first as isize))], count)
}

/// The channels of all, one after the other.
pub(crate) fn join(parts: &[&Fused]) -> Fused {
    // As many parts as a node has inputs for; the rest is joined to them.
    let (now, later) = parts.split_at(parts.len().min(INPUTS));
    let mut placed = Vec::new();
    let mut at = 0;
    for part in now {
        placed.push((*part, at as isize));
        at += part.stored.extent.channels;
    }
    let joined = channels(&placed, at);
    if later.is_empty() {
        return joined;
    }
    let mut rest = vec![&joined];
    rest.extend(later);
    join(&rest)
}

/// The features as channels `first ..` of `count`; the others are 0.
pub(crate) fn embed(features: &Fused, first: usize, count: usize) -> Fused {
    channels(&[(features, first as isize)], count)
}

/// Mean over all pixels.
#[derive(Debug)]
struct Mean {
    input: Stored,
    normed: bool,
}

impl Node for Mean {
    fn forward(&self, _values: &Values) -> Output {
        let e = &self.input.extent;
        let mut data = vec![0.0; e.batch * e.channels];
        Kernels::detect().pool(&self.input.view(), e.batch, e.channels, &mut data);
        Output {
            data,
            shape: vec![e.batch, e.channels],
        }
    }

    fn backward(
        &self,
        _values: &Values,
        _wanted: [bool; INPUTS],
        grad: Option<&[f32]>,
    ) -> [Option<Vec<f32>>; INPUTS] {
        let mut found = [const { None }; INPUTS];
        let Some(grad) = grad else { return found };
        let e = &self.input.extent;
        let mut input = Buffer::new(e.len());
        let view = self.input.view();
        let kernels = Kernels::detect();
        let sums: NormSums = kernels.pool_backward(&view, e.batch, e.channels, grad, &mut input);
        let norm = self
            .input
            .deposit(&Arc::new(input), vec![1.0; e.channels], &sums);
        if let (true, Some((scale, shift))) = (self.normed, norm) {
            (found[1], found[2]) = (Some(scale), Some(shift));
        }
        found
    }

    fn output_in_burn(&self) -> bool {
        true
    }
}

/// Mean over height and width: `[batch, channels]`.
pub(crate) fn global_average_pool(features: &Fused) -> Tensor<2> {
    let node = Mean {
        input: features.stored.clone(),
        normed: features.parameters.is_some(),
    };
    record(&features.inputs(), node)
}
