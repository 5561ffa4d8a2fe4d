//! How are features multiplied by numbers of each image? By gates that are learned, or by masks that are not.

use super::arrays::{Data, Row, Target};
use super::back::{Back, Node, Slot};
use super::record::Record;
use super::saved::Saved;
use super::stored::{Held, Stored};
use std::rc::Rc;
use timestep_kernels::{Buffer, Kernels, NormSums, Scaled, Sum, Term, TermBack, View};

/// The view of one image of `n` features.
fn one<'a>(view: &View<'a>, image: usize, n: usize) -> View<'a> {
    View {
        data: &view.data[image * n..][..n],
        ..*view
    }
}

/// Takes the gradient of `coefs(image) · features` back to the features; returns the gradients of the
/// coefficients.
fn weighed_back<'c>(
    input: &Stored,
    back: &mut Back<'_>,
    grad: &[f32],
    coefs: impl Fn(usize) -> &'c [f32],
) -> Vec<f32> {
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
        let term = TermBack {
            term: Term { view: part, coefs },
            coefs: true,
            norm: true,
            input: Some(&mut *to),
        };
        let grads = kernels.combine_backward(&sum, e.channels, vec![term], None);
        coef_grads.extend(grads[0].coefs.iter().map(|g| *g as f32));
        sums.merge(&grads[0].norm);
        if plain {
            // Nothing to go back through: the kernel leaves the product to its caller.
            let term = Term {
                view: View::plain(&grad[image * n..][..n]),
                coefs,
            };
            kernels.combine(&[term], e.channels, to, false);
        }
    }
    input.deposit(back, &Rc::new(out), ones, &sums);
    coef_grads
}

/// Features times one gate for each image and channel.
struct Gated {
    input: Saved,
    gates: (Data, Target),
    slot: Slot,
}

impl Node for Gated {
    fn backward(self: Box<Self>, back: &mut Back<'_>) {
        let place = self.input.place();
        let e = &place.extent;
        let Some(grad) = back.take_whole(self.slot, e) else {
            return;
        };
        let (data, target) = &self.gates;
        let gates = data.of(back.parameters);
        let coefs = |image: usize| &gates[image * e.channels..][..e.channels];
        let found = weighed_back(&self.input.load(), back, &grad, coefs);
        back.add_array(*target, found);
    }
}

/// One term of a mixture: features, and what those of each image and channel are multiplied by on the way back.
struct Weighed {
    input: Saved,
    backward: Vec<f32>,
}

/// `Σ w_i(image) u_i`, with other weights in the backward pass.
struct Mixture {
    terms: Vec<Weighed>,
    slot: Slot,
}

impl Node for Mixture {
    fn backward(self: Box<Self>, back: &mut Back<'_>) {
        let e = self.terms[0].input.place().extent;
        if let Some(grad) = back.take_whole(self.slot, &e) {
            for term in &self.terms {
                let input = term.input.load();
                let coefs = |image: usize| &term.backward[image * e.channels..][..e.channels];
                if input.wanted() {
                    let _ = weighed_back(&input, back, &grad, coefs);
                }
            }
        }
    }
}

/// Features times numbers that are not learned.
struct Masked {
    input: super::stored::Place,
    mask: Vec<f32>,
    slot: Slot,
}

fn product(features: &[f32], mask: &[f32]) -> Buffer {
    let mut out = Buffer::new(features.len());
    for ((out, a), b) in out.iter_mut().zip(features).zip(mask) {
        *out = a * b;
    }
    out
}

impl Node for Masked {
    fn backward(self: Box<Self>, back: &mut Back<'_>) {
        if let Some(grad) = back.take_whole(self.slot, &self.input.extent) {
            self.input.add(back, &Rc::new(product(&grad, &self.mask)));
        }
    }
}

impl Record {
    /// Every feature times the gate of its image and channel; `gates` is `[batch, channels]`.
    pub(super) fn gated(&self, features: &Held, gates: &Row) -> Held {
        let input = &features.stored;
        let e = input.extent;
        let numbers = gates.data.of(&self.parameters);
        assert_eq!(numbers.len(), e.batch * e.channels, "a gate a channel");
        let mut out = Buffer::new(e.len());
        let (kernels, view) = (Kernels::detect(), input.view());
        for (image, out) in out.chunks_exact_mut(e.image()).enumerate() {
            let term = Term {
                view: one(&view, image, e.image()),
                coefs: &numbers[image * e.channels..][..e.channels],
            };
            kernels.combine(&[term], e.channels, out, false);
        }
        let wanted = input.wanted() || gates.target.wanted();
        let slot = wanted.then(|| self.slot());
        if let Some(slot) = slot {
            self.push(Box::new(Gated {
                input: self.saved(features),
                gates: (gates.data.clone(), gates.target),
                slot,
            }));
        }
        Held::new(out, e, slot, None)
    }

    /// The sum of features times a number for each image: `(features, forward, backward)`, where the second
    /// numbers take the place of the first in the backward pass.
    pub(super) fn mixed(&self, terms: &[(&Held, &[f32], &[f32])]) -> Held {
        let e = terms[0].0.stored.extent;
        let spread = |numbers: &[f32]| -> Vec<f32> {
            let each = numbers
                .iter()
                .flat_map(|w| std::iter::repeat_n(*w, e.channels));
            each.collect()
        };
        let forward: Vec<Vec<f32>> = terms.iter().map(|(_, f, _)| spread(f)).collect();
        let mut out = Buffer::new(e.len());
        for (image, out) in out.chunks_exact_mut(e.image()).enumerate() {
            let views = terms.iter().zip(&forward).map(|((held, _, _), forward)| {
                assert_eq!(held.stored.extent, e, "terms of one shape");
                Term {
                    view: one(&held.stored.view(), image, e.image()),
                    coefs: &forward[image * e.channels..][..e.channels],
                }
            });
            let views: Vec<Term<'_>> = views.collect();
            Kernels::detect().combine(&views, e.channels, out, false);
        }
        let wanted = terms.iter().any(|(held, _, _)| held.stored.wanted());
        let slot = wanted.then(|| self.slot());
        if let Some(slot) = slot {
            let weighed = terms.iter().map(|(held, _, backward)| Weighed {
                input: self.saved(held),
                backward: spread(backward),
            });
            self.push(Box::new(Mixture {
                terms: weighed.collect(),
                slot,
            }));
        }
        Held::new(out, e, slot, None)
    }

    /// Every feature times a number of its own, in the order of the features.
    pub(super) fn masked(&self, features: &Held, mask: &[f32]) -> Held {
        let plain = self.settle(features);
        let input = plain.stored.place();
        assert_eq!(mask.len(), input.extent.len(), "a number for each feature");
        let out = product(&plain.stored.data, mask);
        let slot = input.slot.map(|_| self.slot());
        if let Some(slot) = slot {
            self.push(Box::new(Masked {
                input,
                mask: mask.to_vec(),
                slot,
            }));
        }
        Held::new(out, input.extent, slot, None)
    }
}
