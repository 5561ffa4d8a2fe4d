//! How are features multiplied by numbers of each image? By gates that are learned, or by masks that are not.

use super::slot::Slot;
use super::stored::{Fused, Left, Stored};
use super::tape::{INPUTS, Node, Output, Values, record};
use super::{added_up, settle};
use burn::tensor::Tensor;
use std::sync::Arc;
use timestep_kernels::{Buffer, Kernels, NormSums, Scaled, Sum, Term, TermBack, View};

/// Features times one gate for each image and channel.
#[derive(Debug)]
struct Gated {
    input: Stored,
    normed: bool,
    slot: Arc<Slot>,
    left: Left,
}

impl Gated {
    /// Position of the gates among the inputs: after the token and the parameters of the norm.
    fn gates(&self) -> usize {
        if self.normed { 3 } else { 1 }
    }

    /// The view of one image.
    fn image<'a>(&self, view: &View<'a>, image: usize) -> View<'a> {
        let n = self.input.extent.image();
        View {
            data: &view.data[image * n..][..n],
            ..*view
        }
    }
}

impl Node for Gated {
    fn forward(&self, values: &Values) -> Output {
        let e = &self.input.extent;
        let gates = values.get(self.gates());
        let mut out = Buffer::new(e.len());
        let (kernels, view) = (Kernels::detect(), self.input.view());
        for (image, out) in out.chunks_exact_mut(e.image()).enumerate() {
            let term = Term {
                view: self.image(&view, image),
                coefs: &gates[image * e.channels..][..e.channels],
            };
            kernels.combine(&[term], e.channels, out, false);
        }
        *super::lock(&self.left) = Some((out, None));
        Output::token()
    }

    fn backward(
        &self,
        values: &Values,
        _wanted: [bool; INPUTS],
        _grad: Option<&[f32]>,
    ) -> [Option<Vec<f32>>; INPUTS] {
        let mut found = [const { None }; INPUTS];
        let e = &self.input.extent;
        let Some(grad) = added_up(&self.slot, e) else {
            return found;
        };
        let gates = values.get(self.gates());
        let (kernels, view) = (Kernels::detect(), self.input.view());
        let mut input = Buffer::new(e.len());
        let mut gate_grads = Vec::with_capacity(gates.len());
        let mut sums = NormSums::new(e.channels);
        let ones = vec![1.0; e.channels];
        for (image, to) in input.chunks_exact_mut(e.image()).enumerate() {
            let coefs = &gates[image * e.channels..][..e.channels];
            let n = e.image();
            let sum = Sum {
                terms: vec![Scaled {
                    data: &grad[image * n..][..n],
                    scale: &ones,
                }],
                constant: None,
            };
            let part = self.image(&view, image);
            let plain = part.affine.is_none() && !part.relu;
            let back = TermBack {
                term: Term { view: part, coefs },
                coefs: true,
                norm: true,
                input: Some(&mut *to),
            };
            let grads = kernels.combine_backward(&sum, e.channels, vec![back], None);
            gate_grads.extend(grads[0].coefs.iter().map(|g| *g as f32));
            sums.merge(&grads[0].norm);
            if plain {
                // Nothing to go back through: the kernel leaves the product to its caller.
                let term = Term {
                    view: View {
                        data: &grad[image * n..][..n],
                        affine: None,
                        relu: false,
                    },
                    coefs,
                };
                kernels.combine(&[term], e.channels, to, false);
            }
        }
        let norm = self.input.deposit(&Arc::new(input), ones, &sums);
        found[self.gates()] = Some(gate_grads);
        if let (true, Some((scale, shift))) = (self.normed, norm) {
            (found[1], found[2]) = (Some(scale), Some(shift));
        }
        found
    }
}

/// Every feature times the gate of its image and channel; `gates` is `[batch · channels]`.
pub(crate) fn gate(features: &Fused, gates: Tensor<1>) -> Fused {
    let extent = features.stored.extent;
    let (slot, left) = (Arc::new(Slot::default()), Left::default());
    let node = Gated {
        input: features.stored.clone(),
        normed: features.parameters.is_some(),
        slot: slot.clone(),
        left: left.clone(),
    };
    let mut inputs = features.inputs();
    inputs.push(gates);
    let token = record(&inputs, node);
    Fused::collect(&left, extent, slot, token)
}

/// Features times numbers that are not learned.
#[derive(Debug)]
struct Masked {
    input: Stored,
    mask: Vec<f32>,
    slot: Arc<Slot>,
    left: Left,
}

impl Masked {
    fn product(&self, features: &[f32]) -> Buffer {
        let mut out = Buffer::new(features.len());
        for ((out, a), b) in out.iter_mut().zip(features).zip(&self.mask) {
            *out = a * b;
        }
        out
    }
}

impl Node for Masked {
    fn forward(&self, _values: &Values) -> Output {
        *super::lock(&self.left) = Some((self.product(&self.input.data), None));
        Output::token()
    }

    fn backward(
        &self,
        _values: &Values,
        _wanted: [bool; INPUTS],
        _grad: Option<&[f32]>,
    ) -> [Option<Vec<f32>>; INPUTS] {
        if let Some(grad) = added_up(&self.slot, &self.input.extent) {
            let ones = vec![1.0; self.input.extent.channels];
            self.input.slot.add(&Arc::new(self.product(&grad)), ones);
        }
        [const { None }; INPUTS]
    }
}

/// Every feature times a number of its own, in the order of the features.
pub(crate) fn mask(features: &Fused, mask: Vec<f32>) -> Fused {
    let plain = settle(features);
    let extent = plain.stored.extent;
    assert_eq!(mask.len(), extent.len(), "a number for each feature");
    let (slot, left) = (Arc::new(Slot::default()), Left::default());
    let node = Masked {
        input: plain.stored,
        mask,
        slot: slot.clone(),
        left: left.clone(),
    };
    let token = record(&[plain.token], node);
    Fused::collect(&left, extent, slot, token)
}
