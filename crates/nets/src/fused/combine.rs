//! How is a scheme's step recorded? As one node: all terms, their coefficients, the moments of the result.

use super::Slot;
use super::slot::{Terms, add};
use super::stored::{Fused, Left, Once, Stored, once, taken};
use super::tape::{INPUTS, Node, Output, Values, record};
use crate::Coef;
use burn::tensor::Tensor;
use std::sync::Arc;
use timestep_kernels::layout::Extent;
use timestep_kernels::{Buffer, Kernels, NormSums, Term, TermBack, View};

/// One term and where its inputs are.
#[derive(Debug)]
struct Part {
    /// Without their numbers if only the forward pass reads them.
    features: Stored,
    coef: PartCoef,
    /// Position of the token; scale and shift follow if there is a norm to be learned.
    token: usize,
    normed: bool,
}

/// A coefficient of a term.
#[derive(Debug)]
enum PartCoef {
    Number(f32),
    /// The input that holds it: one number, or one a channel.
    Input(usize),
}

/// The terms of a linear combination.
#[derive(Debug)]
pub(super) struct Parts {
    parts: Vec<Part>,
    /// The numbers of all parts, for the forward pass, which takes them.
    data: Once<Vec<Arc<Buffer>>>,
    channels: usize,
    len: usize,
}

impl Parts {
    /// Lists terms, appending what they need to the inputs of a node.
    pub(super) fn new(
        terms: &[(Coef, &Fused)],
        extent: Extent,
        inputs: &mut Vec<Tensor<1>>,
    ) -> Self {
        let mut parts = Vec::new();
        let nothing = Arc::new(Buffer::new(0));
        for (coef, features) in terms {
            assert_eq!(features.stored.extent, extent, "terms of one shape");
            let token = inputs.len();
            inputs.extend(features.inputs());
            let coef = match coef {
                Coef::Number(c) => PartCoef::Number(*c as f32),
                Coef::Learned(c) => {
                    inputs.push(c.clone());
                    PartCoef::Input(inputs.len() - 1)
                }
            };
            let mut stored = features.stored.clone();
            if matches!(coef, PartCoef::Number(_)) && features.is_plain() {
                stored.data = nothing.clone();
            }
            parts.push(Part {
                features: stored,
                coef,
                token,
                normed: features.parameters.is_some(),
            });
        }
        let data = terms.iter().map(|(_, f)| f.stored.data.clone()).collect();
        Self {
            parts,
            data: once(data),
            channels: extent.channels,
            len: extent.len(),
        }
    }

    /// The coefficients of all parts, one a channel.
    pub(super) fn coefs(&self, values: &Values) -> Vec<Vec<f32>> {
        let of = |part: &Part| match part.coef {
            PartCoef::Number(c) => vec![c; self.channels],
            PartCoef::Input(i) => match values.get(i) {
                [one] => vec![*one; self.channels],
                each => each.to_vec(),
            },
        };
        self.parts.iter().map(of).collect()
    }

    /// The numbers of all terms, once.
    pub(super) fn take(&self) -> Vec<Arc<Buffer>> {
        taken(&self.data)
    }

    /// The terms as a kernel reads them, with the numbers that were taken.
    pub(super) fn terms<'a>(
        &'a self,
        coefs: &'a [Vec<f32>],
        data: &'a [Arc<Buffer>],
    ) -> Vec<Term<'a>> {
        let term = |((part, coefs), data): ((&'a Part, &'a Vec<f32>), &'a Arc<Buffer>)| Term {
            view: View {
                data,
                ..part.features.view()
            },
            coefs,
        };
        self.parts.iter().zip(coefs).zip(data).map(term).collect()
    }

    /// Takes a gradient back to all terms; it is returned as one array.
    pub(super) fn backward(
        &self,
        values: &Values,
        wanted: &[bool; INPUTS],
        terms: &Terms,
        found: &mut [Option<Vec<f32>>; INPUTS],
    ) -> Arc<Buffer> {
        let coefs = self.coefs(values);
        let wants = |part: &Part| {
            wanted[part.token] || part.normed && (wanted[part.token + 1] || wanted[part.token + 2])
        };
        let mut inputs: Vec<Option<Buffer>> = self
            .parts
            .iter()
            .map(|part| (part.features.relu && wants(part)).then(|| Buffer::new(self.len)))
            .collect();
        // The gradient is written down unless it already is one array.
        let mut own = terms.single().is_none().then(|| Buffer::new(self.len));
        // Terms whose numbers matter to some gradient, and which of the parts they are.
        let mut back: Vec<TermBack<'_>> = Vec::new();
        let mut places = vec![None; self.parts.len()];
        for (i, ((part, coefs), input)) in
            self.parts.iter().zip(&coefs).zip(&mut inputs).enumerate()
        {
            let term = TermBack {
                term: Term {
                    view: part.features.view(),
                    coefs,
                },
                coefs: matches!(part.coef, PartCoef::Input(i) if wanted[i]),
                norm: wants(part),
                input: input.as_deref_mut(),
            };
            let normed = term.norm && term.term.view.affine.is_some();
            if term.coefs || term.input.is_some() || normed {
                places[i] = Some(back.len());
                back.push(term);
            }
        }
        let grads = if own.is_none() && back.is_empty() {
            Vec::new()
        } else {
            let out = own.as_deref_mut();
            Kernels::detect().combine_backward(&terms.sum(), self.channels, back, out)
        };
        let grads_of = |i: usize| places[i].and_then(|at: usize| grads.get(at));
        let grad = match own {
            Some(own) => Arc::new(own),
            None => terms.single().expect("checked above").clone(),
        };
        let none = NormSums::new(self.channels);
        for (i, ((part, coefs), input)) in self.parts.iter().zip(coefs).zip(inputs).enumerate() {
            if let (PartCoef::Input(at), Some(grads)) = (&part.coef, grads_of(i))
                && wanted[*at]
            {
                let total = match values.get(*at).len() {
                    1 => vec![grads.coefs.iter().sum::<f64>() as f32],
                    _ => grads.coefs.iter().map(|g| *g as f32).collect(),
                };
                add(&mut found[*at], total);
            }
            if !wants(part) {
                continue;
            }
            let sums = grads_of(i).map_or(&none, |g| &g.norm);
            let norm = match input {
                Some(input) => {
                    let ones = vec![1.0; self.channels];
                    part.features.deposit(&Arc::new(input), ones, sums)
                }
                None => part.features.deposit(&grad, coefs, sums),
            };
            if let (true, Some((scale, shift))) = (part.normed, norm) {
                add(&mut found[part.token + 1], scale);
                add(&mut found[part.token + 2], shift);
            }
        }
        grad
    }
}

/// A linear combination of stored features.
#[derive(Debug)]
struct Combination {
    parts: Parts,
    slot: Arc<Slot>,
    gather: bool,
    left: Left,
}

impl Node for Combination {
    fn forward(&self, values: &Values) -> Output {
        let coefs = self.parts.coefs(values);
        let data = self.parts.take();
        let terms = self.parts.terms(&coefs, &data);
        let mut out = Buffer::new(self.parts.len);
        let moments = Kernels::detect().combine(&terms, self.parts.channels, &mut out, self.gather);
        *super::lock(&self.left) = Some((out, moments));
        Output::token()
    }

    fn backward(
        &self,
        values: &Values,
        wanted: [bool; INPUTS],
        _grad: Option<&[f32]>,
    ) -> [Option<Vec<f32>>; INPUTS] {
        let mut found = [const { None }; INPUTS];
        let terms = self.slot.take();
        if !terms.is_empty() {
            self.parts.backward(values, &wanted, &terms, &mut found);
        }
        found
    }
}

/// `Σ cᵢ uᵢ`, with the moments of the result if `gather`.
pub(crate) fn combine(terms: &[(Coef, &Fused)], gather: bool) -> Fused {
    // As many terms as a node has inputs for; the rest is added to their sum.
    let mut used = 0;
    let fitting = terms
        .iter()
        .take_while(|(coef, features)| {
            used += features.inputs().len() + usize::from(matches!(coef, Coef::Learned(_)));
            used <= INPUTS
        })
        .count();
    let (now, later) = terms.split_at(fitting.max(1));
    let sum = one_node(now, gather && later.is_empty());
    if later.is_empty() {
        return sum;
    }
    let mut rest = vec![(Coef::Number(1.0), &sum)];
    rest.extend(
        later
            .iter()
            .map(|(coef, features)| (coef.clone(), *features)),
    );
    combine(&rest, gather)
}

fn one_node(terms: &[(Coef, &Fused)], gather: bool) -> Fused {
    let extent = terms[0].1.stored.extent;
    let mut inputs: Vec<Tensor<1>> = Vec::new();
    let parts = Parts::new(terms, extent, &mut inputs);
    let slot = Arc::new(Slot::default());
    let left = Left::default();
    let node = Combination {
        parts,
        slot: slot.clone(),
        gather,
        left: left.clone(),
    };
    let token = record(&inputs, node);
    Fused::collect(&left, extent, slot, token)
}
