//! How is a scheme's step recorded? As one node: all terms, their coefficients, the moments of the result.

use super::arrays::{Data, Row, Target};
use super::back::{Back, Node, Slot, Terms};
use super::record::Record;
use super::saved::Saved;
use super::stored::{Held, Stored};
use std::rc::Rc;
use timestep_kernels::layout::Extent;
use timestep_kernels::{Buffer, Kernels, NormSums, Term, TermBack};

/// A coefficient of a term.
#[derive(Clone, Debug)]
pub(super) enum Coefficient {
    /// A fixed number.
    Number(f64),
    /// One number, or one a channel.
    Learned(Data, Target),
}

impl From<&Row> for Coefficient {
    fn from(row: &Row) -> Self {
        Coefficient::Learned(row.data.clone(), row.target)
    }
}

/// One term as the backward pass needs it.
struct Part {
    /// Without their numbers if only the forward pass reads them.
    features: Saved,
    coefficient: Coefficient,
}

impl Part {
    fn target(&self) -> Target {
        match self.coefficient {
            Coefficient::Number(_) => Target::Nothing,
            Coefficient::Learned(_, target) => target,
        }
    }
}

/// The terms of a linear combination.
pub(super) struct Parts {
    parts: Vec<Part>,
    /// The coefficients of all parts, one a channel.
    coefs: Vec<Vec<f32>>,
    channels: usize,
    len: usize,
}

impl Parts {
    /// Is there a gradient to be found through any of these terms?
    pub(super) fn wanted(terms: &[(Coefficient, &Held)]) -> bool {
        terms.iter().any(|(coefficient, held)| {
            let learned = matches!(coefficient, Coefficient::Learned(_, target) if target.wanted());
            learned || held.stored.wanted()
        })
    }

    /// What the backward pass keeps of terms.
    pub(super) fn new(
        tape: &Record,
        terms: &[(Coefficient, &Held)],
        coefs: Vec<Vec<f32>>,
        extent: Extent,
    ) -> Self {
        let part = |(coefficient, held): &(Coefficient, &Held)| {
            let fixed = matches!(coefficient, Coefficient::Number(_)) && held.stored.is_plain();
            Part {
                features: match fixed {
                    true => Record::saved_place(held),
                    false => tape.saved(held),
                },
                coefficient: coefficient.clone(),
            }
        };
        Self {
            parts: terms.iter().map(part).collect(),
            coefs,
            channels: extent.channels,
            len: extent.len(),
        }
    }

    /// Takes a gradient back to all terms; it is returned as one array.
    pub(super) fn backward(self, back: &mut Back<'_>, terms: &Terms) -> Rc<Buffer> {
        let features: Vec<Stored> = self.parts.iter().map(|p| p.features.load()).collect();
        let wants: Vec<bool> = features.iter().map(Stored::wanted).collect();
        let mut inputs: Vec<Option<Buffer>> = features
            .iter()
            .zip(&wants)
            .map(|(features, wants)| (features.relu && *wants).then(|| Buffer::new(self.len)))
            .collect();
        // The gradient is written down unless it already is one array.
        let mut own = terms.single().is_none().then(|| Buffer::new(self.len));
        // Terms whose numbers matter to some gradient, and which of the parts they are.
        let mut found: Vec<TermBack<'_>> = Vec::new();
        let mut places = vec![None; self.parts.len()];
        for (i, (part, input)) in self.parts.iter().zip(&mut inputs).enumerate() {
            let term = TermBack {
                term: Term {
                    view: features[i].view(),
                    coefs: &self.coefs[i],
                },
                coefs: part.target().wanted(),
                norm: wants[i],
                input: input.as_deref_mut(),
            };
            let normed = term.norm && term.term.view.affine.is_some();
            if term.coefs || term.input.is_some() || normed {
                places[i] = Some(found.len());
                found.push(term);
            }
        }
        let grads = if own.is_none() && found.is_empty() {
            Vec::new()
        } else {
            let out = own.as_deref_mut();
            Kernels::detect().combine_backward(&terms.sum(), self.channels, found, out)
        };
        let grads_of = |i: usize| places[i].and_then(|at: usize| grads.get(at));
        let grad = match own {
            Some(own) => Rc::new(own),
            None => terms.single().expect("checked above").clone(),
        };
        let none = NormSums::new(self.channels);
        for (i, (part, input)) in self.parts.iter().zip(inputs).enumerate() {
            if let (Coefficient::Learned(data, target), Some(grads)) =
                (&part.coefficient, grads_of(i))
                && target.wanted()
            {
                let total = match data.of(back.parameters).len() {
                    1 => vec![grads.coefs.iter().sum::<f64>() as f32],
                    _ => grads.coefs.iter().map(|g| *g as f32).collect(),
                };
                back.add_array(*target, total);
            }
            if !wants[i] {
                continue;
            }
            let sums = grads_of(i).map_or(&none, |g| &g.norm);
            match input {
                Some(input) => {
                    let ones = vec![1.0; self.channels];
                    features[i].deposit(back, &Rc::new(input), ones, sums);
                }
                None => features[i].deposit(back, &grad, self.coefs[i].clone(), sums),
            }
        }
        grad
    }
}

/// A linear combination of stored features.
struct Combination {
    parts: Parts,
    slot: Slot,
}

impl Node for Combination {
    fn backward(self: Box<Self>, back: &mut Back<'_>) {
        let terms = back.take(self.slot);
        if !terms.is_empty() {
            self.parts.backward(back, &terms);
        }
    }
}

impl Record {
    /// The coefficients of all terms, one a channel.
    pub(super) fn coefs(&self, terms: &[(Coefficient, &Held)], channels: usize) -> Vec<Vec<f32>> {
        let of = |(coefficient, _): &(Coefficient, &Held)| match coefficient {
            Coefficient::Number(c) => vec![*c as f32; channels],
            Coefficient::Learned(data, _) => match data.of(&self.parameters) {
                [one] => vec![*one; channels],
                each => each.to_vec(),
            },
        };
        terms.iter().map(of).collect()
    }

    /// `Σ cᵢ uᵢ`, with the moments of the result if `gather`.
    pub(super) fn combination(&self, terms: &[(Coefficient, &Held)], gather: bool) -> Held {
        let extent = terms[0].1.stored.extent;
        for (_, held) in terms {
            assert_eq!(held.stored.extent, extent, "terms of one shape");
        }
        let coefs = self.coefs(terms, extent.channels);
        let views: Vec<Term<'_>> = terms
            .iter()
            .zip(&coefs)
            .map(|((_, held), coefs)| Term {
                view: held.stored.view(),
                coefs,
            })
            .collect();
        let mut out = Buffer::new(extent.len());
        let moments = Kernels::detect().combine(&views, extent.channels, &mut out, gather);
        drop(views);
        let slot = Parts::wanted(terms).then(|| self.slot());
        if let Some(slot) = slot {
            let parts = Parts::new(self, terms, coefs, extent);
            self.push(Box::new(Combination { parts, slot }));
        }
        Held::new(out, extent, slot, moments)
    }

    /// The features with their norm and ReLU written down.
    pub(super) fn settle(&self, features: &Held) -> Held {
        if features.stored.is_plain() {
            features.clone()
        } else {
            self.combination(&[(Coefficient::Number(1.0), features)], false)
        }
    }
}
