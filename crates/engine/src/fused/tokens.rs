//! How are pixels as tokens computed with? Attention and layer norm, each a node with what its way back reads.

use super::arrays::{Data, Row, Target};
use super::back::{Back, Node, Slot};
use super::record::Record;
use super::saved::Saved;
use super::stored::Held;
use std::rc::Rc;
use timestep_kernels::layout::Extent;
use timestep_kernels::{Attention, Buffer, Kernels};

/// Softmax attention.
struct Attended {
    shape: Attention,
    input: Saved,
    /// Weights of all heads.
    weights: Vec<f32>,
    out: Extent,
    slot: Slot,
}

impl Node for Attended {
    fn backward(self: Box<Self>, back: &mut Back<'_>) {
        if let Some(grad) = back.take_whole(self.slot, &self.out) {
            let stored = self.input.load();
            let kernels = Kernels::detect();
            let found = kernels.attention_backward(&self.shape, &stored.data, &self.weights, &grad);
            self.input.place().add(back, &Rc::new(Buffer::from(found)));
        }
    }
}

/// Layer norm.
struct Normed {
    input: Saved,
    scale: (Data, Target),
    shift: Target,
    epsilon: f64,
    slot: Slot,
}

impl Node for Normed {
    fn backward(self: Box<Self>, back: &mut Back<'_>) {
        let Some(grad) = back.take_whole(self.slot, &self.input.place().extent) else {
            return;
        };
        let (data, target) = &self.scale;
        let scale = data.of(back.parameters);
        let kernels = Kernels::detect();
        let (x, by_scale, by_shift) =
            kernels.layer_norm_backward(&self.input.load().data, scale, &grad, self.epsilon);
        back.add_array(*target, by_scale);
        back.add_array(self.shift, by_shift);
        self.input.place().add(back, &Rc::new(Buffer::from(x)));
    }
}

impl Record {
    /// Softmax attention within each image; the channels are queries, keys and values.
    pub(super) fn attended(&self, features: &Held, heads: usize) -> Held {
        let plain = self.settle(features);
        let from = plain.stored.extent;
        assert!(from.channels.is_multiple_of(3), "queries, keys and values");
        let out = Extent {
            channels: from.channels / 3,
            ..from
        };
        let shape = Attention {
            batch: from.batch,
            tokens: from.height * from.width,
            channels: out.channels,
            heads,
        };
        let (values, weights) = Kernels::detect().attention(&shape, &plain.stored.data);
        let slot = plain.stored.slot.map(|_| self.slot());
        if let Some(slot) = slot {
            self.push(Box::new(Attended {
                shape,
                input: self.saved(&plain),
                weights,
                out,
                slot,
            }));
        }
        Held::new(Buffer::from(values), out, slot, None)
    }

    /// Each pixel normalised by the mean and variance of its channels.
    pub(super) fn layer_normed(
        &self,
        features: &Held,
        [scale, shift]: [&Row; 2],
        epsilon: f64,
    ) -> Held {
        let plain = self.settle(features);
        let extent = plain.stored.extent;
        let p = &self.parameters;
        let (by, plus) = (scale.data.of(p), shift.data.of(p));
        assert_eq!(by.len(), extent.channels, "a scale for each channel");
        let values = Kernels::detect().layer_norm(&plain.stored.data, by, plus, epsilon);
        let wanted = plain.stored.slot.is_some() || scale.target.wanted() || shift.target.wanted();
        let slot = wanted.then(|| self.slot());
        if let Some(slot) = slot {
            self.push(Box::new(Normed {
                input: self.saved(&plain),
                scale: (scale.data.clone(), scale.target),
                shift: shift.target,
                epsilon,
                slot,
            }));
        }
        Held::new(Buffer::from(values), extent, slot, None)
    }
}
