//! How are features multiplied by numbers of each image? By gates that are learned, or by masks that are not.

use super::slot::Slot;
use super::stored::{Fused, Left, Stored};
use super::tape::{INPUTS, Node, Output, Values, record};
use super::{added_up, settle};
use burn::tensor::Tensor;
use std::sync::Arc;
use timestep_kernels::layout::Extent;
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
}

/// The view of one image of `n` features.
fn one<'a>(view: &View<'a>, image: usize, n: usize) -> View<'a> {
    View {
        data: &view.data[image * n..][..n],
        ..*view
    }
}

/// Takes the gradient of `coefs(image) · features` back to the features; returns the gradients of the
/// coefficients, and of the norm's scale and shift.
#[allow(clippy::type_complexity)]
fn back<'c>(
    input: &Stored,
    grad: &[f32],
    coefs: impl Fn(usize) -> &'c [f32],
) -> (Vec<f32>, Option<(Vec<f32>, Vec<f32>)>) {
    let e = &input.extent;
    let n = e.image();
    let (kernels, view) = (Kernels::detect(), input.view());
    let mut out = Buffer::new(e.len());
    let mut coef_grads = Vec::with_capacity(e.batch * e.channels);
    let mut sums = NormSums::new(e.channels);
    let ones = vec![1.0; e.channels];
    for (image, to) in out.chunks_exact_mut(n).enumerate() {
        let coefs = coefs(image);
        let sum = Sum {
            terms: vec![Scaled {
                data: &grad[image * n..][..n],
                scale: &ones,
            }],
            constant: None,
        };
        let part = one(&view, image, n);
        let plain = part.affine.is_none() && !part.relu;
        let back = TermBack {
            term: Term { view: part, coefs },
            coefs: true,
            norm: true,
            input: Some(&mut *to),
        };
        let grads = kernels.combine_backward(&sum, e.channels, vec![back], None);
        coef_grads.extend(grads[0].coefs.iter().map(|g| *g as f32));
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
    let norm = input.deposit(&Arc::new(out), ones, &sums);
    (coef_grads, norm)
}

impl Node for Gated {
    fn forward(&self, values: &Values) -> Output {
        let e = &self.input.extent;
        let gates = values.get(self.gates());
        let mut out = Buffer::new(e.len());
        let (kernels, view) = (Kernels::detect(), self.input.view());
        for (image, out) in out.chunks_exact_mut(e.image()).enumerate() {
            let term = Term {
                view: one(&view, image, e.image()),
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
        let (gate_grads, norm) = back(&self.input, &grad, |image| {
            &gates[image * e.channels..][..e.channels]
        });
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

/// One term of a mixture: features, and what the features of each image are multiplied by.
#[derive(Debug)]
struct Weighed {
    input: Stored,
    /// Position of the token among the inputs; scale and shift follow if there is a norm to be learned.
    token: usize,
    normed: bool,
    /// Of each image and channel.
    forward: Vec<f32>,
    /// The same for the backward pass.
    backward: Vec<f32>,
}

/// `Σ w_i(image) u_i`, with other weights in the backward pass.
#[derive(Debug)]
struct Mixture {
    terms: Vec<Weighed>,
    extent: Extent,
    slot: Arc<Slot>,
    left: Left,
}

impl Node for Mixture {
    fn forward(&self, _values: &Values) -> Output {
        let e = &self.extent;
        let mut out = Buffer::new(e.len());
        for (image, out) in out.chunks_exact_mut(e.image()).enumerate() {
            let views: Vec<View<'_>> = (self.terms.iter())
                .map(|term| one(&term.input.view(), image, e.image()))
                .collect();
            let terms: Vec<Term<'_>> = (self.terms.iter().zip(views))
                .map(|(term, view)| Term {
                    view,
                    coefs: &term.forward[image * e.channels..][..e.channels],
                })
                .collect();
            Kernels::detect().combine(&terms, e.channels, out, false);
        }
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
        let e = &self.extent;
        if let Some(grad) = added_up(&self.slot, e) {
            for term in &self.terms {
                let (_, norm) = back(&term.input, &grad, |image| {
                    &term.backward[image * e.channels..][..e.channels]
                });
                if let (true, Some((scale, shift))) = (term.normed, norm) {
                    (found[term.token + 1], found[term.token + 2]) = (Some(scale), Some(shift));
                }
            }
        }
        found
    }
}

/// The sum of features times a number for each image: `(features, forward, backward)`, where the second
/// numbers take the place of the first in the backward pass.
pub(crate) fn mix(terms: &[(&Fused, &[f32], &[f32])]) -> Fused {
    let extent = terms[0].0.stored.extent;
    let spread = |numbers: &[f32]| -> Vec<f32> {
        let each = numbers
            .iter()
            .flat_map(|w| std::iter::repeat_n(*w, extent.channels));
        each.collect()
    };
    let (slot, left) = (Arc::new(Slot::default()), Left::default());
    let mut inputs = Vec::new();
    let mut weighed = Vec::new();
    for (features, forward, backward) in terms {
        assert_eq!(features.stored.extent, extent, "terms of one shape");
        weighed.push(Weighed {
            input: features.stored.clone(),
            token: inputs.len(),
            normed: features.parameters.is_some(),
            forward: spread(forward),
            backward: spread(backward),
        });
        inputs.extend(features.inputs());
    }
    let node = Mixture {
        terms: weighed,
        extent,
        slot: slot.clone(),
        left: left.clone(),
    };
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
