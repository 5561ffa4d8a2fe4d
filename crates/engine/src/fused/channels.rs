//! How do features get in and out of the fused layout, change resolution, split and join?

use super::back::{Back, Node, Slot};
use super::stored::{Held, Place};
use super::tape::Record;
use std::rc::Rc;
use timestep_kernels::Buffer;
use timestep_kernels::layout::{
    Extent, Sampling, copy_channels, subsample, subsample_backward, to_nchw, to_nhwc,
};

/// Every `stride`-th pixel, and zero channels appended.
struct Subsample {
    input: Place,
    sampling: Sampling,
    out: Extent,
    slot: Slot,
}

impl Node for Subsample {
    fn backward(self: Box<Self>, back: &mut Back<'_>) {
        if let Some(grad) = back.take_whole(self.slot, &self.out) {
            let extent = &self.input.extent;
            let mut out = Buffer::new(extent.len());
            subsample_backward(extent, &self.sampling, &grad, &mut out);
            self.input.add(back, &Rc::new(out));
        }
    }
}

/// Some channels of features, one after the other.
struct Channels {
    /// The features and their first channel in the result; a first channel below zero cuts off.
    inputs: Vec<(Place, isize)>,
    out: Extent,
    slot: Slot,
}

/// First channel in the input, first channel in the result, and number of channels.
fn overlap(input: &Extent, at: isize, out: &Extent) -> (usize, usize, usize) {
    let (from, to) = ((-at).max(0) as usize, at.max(0) as usize);
    (from, to, (input.channels - from).min(out.channels - to))
}

impl Node for Channels {
    fn backward(self: Box<Self>, back: &mut Back<'_>) {
        let Some(grad) = back.take_whole(self.slot, &self.out) else {
            return;
        };
        for (input, at) in &self.inputs {
            if input.slot.is_some() {
                let (from, to, count) = overlap(&input.extent, *at, &self.out);
                let c = input.extent.channels;
                let mut out = Buffer::zeros(input.extent.len());
                let whole = (self.out.channels, to);
                copy_channels(&grad, whole, &mut out, (c, from), count);
                input.add(back, &Rc::new(out));
            }
        }
    }
}

/// Extents of features from `[batch, channels, height, width]`.
pub(super) fn extent([batch, channels, height, width]: [usize; 4]) -> Extent {
    Extent {
        batch,
        height,
        width,
        channels,
    }
}

impl Record {
    /// Features from numbers in the order of PyTorch.
    pub(super) fn import(&self, dims: [usize; 4], values: &[f32], leaf: bool) -> Held {
        let extent = extent(dims);
        let mut out = Buffer::new(extent.len());
        to_nhwc(&extent, values, &mut out);
        Held::new(out, extent, leaf.then(|| self.leaf(extent)), None)
    }

    /// Features as numbers in the order of PyTorch.
    pub(super) fn export(&self, features: &Held) -> Vec<f64> {
        let plain = self.settle(features);
        let extent = &plain.stored.extent;
        let mut out = Buffer::new(extent.len());
        to_nchw(extent, &plain.stored.data, &mut out);
        out.iter().map(|v| f64::from(*v)).collect()
    }

    /// The shortcut without weights: see [`timestep_kernels::layout::subsample`].
    pub(super) fn subsampled(&self, features: &Held, sampling: Sampling) -> Held {
        let plain = self.settle(features);
        let input = plain.stored.place();
        assert!(
            input.extent.channels <= sampling.channels,
            "channels are appended, none is dropped"
        );
        let out = sampling.output(&input.extent);
        let mut data = Buffer::new(out.len());
        subsample(&input.extent, &sampling, &plain.stored.data, &mut data);
        let slot = input.slot.map(|_| self.slot());
        if let Some(slot) = slot {
            self.push(Box::new(Subsample {
                input,
                sampling,
                out,
                slot,
            }));
        }
        Held::new(data, out, slot, None)
    }

    /// Channels of features at their places among `count`; the others are 0.
    pub(super) fn placed(&self, inputs: &[(&Held, isize)], count: usize) -> Held {
        let plain: Vec<(Held, isize)> =
            inputs.iter().map(|(f, at)| (self.settle(f), *at)).collect();
        let out = Extent {
            channels: count,
            ..plain[0].0.stored.extent
        };
        for (input, _) in &plain {
            let own = input.stored.extent;
            let same = Extent {
                channels: count,
                ..own
            };
            assert_eq!(same, out, "parts of one size");
        }
        let mut data = Buffer::new(out.len());
        let covered: usize = plain
            .iter()
            .map(|(input, at)| overlap(&input.stored.extent, *at, &out).2)
            .sum();
        if covered < count {
            data.fill(0.0);
        }
        for (input, at) in &plain {
            let extent = &input.stored.extent;
            let (from, to, n) = overlap(extent, *at, &out);
            let own = (extent.channels, from);
            copy_channels(&input.stored.data, own, &mut data, (count, to), n);
        }
        let wanted = plain.iter().any(|(input, _)| input.stored.slot.is_some());
        let slot = wanted.then(|| self.slot());
        if let Some(slot) = slot {
            let places = plain.iter().map(|(input, at)| (input.stored.place(), *at));
            self.push(Box::new(Channels {
                inputs: places.collect(),
                out,
                slot,
            }));
        }
        Held::new(data, out, slot, None)
    }

    /// The channels of all, one after the other.
    pub(super) fn joined(&self, parts: &[&Held]) -> Held {
        let mut placed = Vec::new();
        let mut at = 0;
        for part in parts {
            placed.push((*part, at as isize));
            at += part.stored.extent.channels;
        }
        self.placed(&placed, at)
    }
}
