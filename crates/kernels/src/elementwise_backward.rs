//! What does a scheme's step cost on the way back? One pass: gradients of learned coefficients `Σ g uᵢ`,
//! and the gradients that go back through a term's own norm and ReLU.

use crate::elementwise::{RUN, Term, add_term, cut_pixels, load_sum, pixel_chunks};
use crate::fill::{MOST_TERMS, with_view};
use crate::kernels::Kernels;
use crate::parallel::map;
use crate::scratch::Arena;
use crate::simd::{Op, Simd};
use crate::sums::{NormSums, through_view};
use crate::view::{Scaled, Sum, View};
use std::ops::Range;

/// One term of a linear combination on the way back, and what is wanted of it.
#[derive(Debug)]
pub struct TermBack<'a> {
    /// The term.
    pub term: Term<'a>,
    /// Is the gradient of its coefficients wanted?
    pub coefs: bool,
    /// Are the sums for its norm wanted, if it has one?
    pub norm: bool,
    /// Receives the gradient of the stored features, taken through the ReLU: needed only where
    /// there is a ReLU, since otherwise it is `coefs · g`.
    pub input: Option<&'a mut [f32]>,
}

/// Gradients of one term.
#[derive(Clone, Debug, PartialEq)]
pub struct TermGrads {
    /// `Σ g · view` of each channel: gradient of the coefficient.
    pub coefs: Vec<f64>,
    /// Sums for the norm of the view.
    pub norm: NormSums,
}

/// Takes a gradient back through a linear combination over consecutive pixels.
struct CombineBack<'a> {
    grad: &'a Sum<'a>,
    terms: Vec<TermBack<'a>>,
    channels: usize,
    pixels: Range<usize>,
    out: Option<&'a mut [f32]>,
}

impl<S: Simd> Op<S> for CombineBack<'_> {
    type Out = Vec<TermGrads>;

    #[inline(always)]
    unsafe fn run(mut self) -> Vec<TermGrads> {
        let channels = self.channels;
        let mut results: Vec<TermGrads> = Vec::with_capacity(self.terms.len());
        for _ in &self.terms {
            results.push(TermGrads {
                coefs: vec![0.0; channels],
                norm: NormSums::new(channels),
            });
        }
        let mut arena = Arena::borrow(&[RUN * channels, RUN * channels]);
        let mut scratch = arena.pieces();
        let (sum, back) = (scratch.take(RUN * channels), scratch.take(RUN * channels));
        let mut start = self.pixels.start;
        while start < self.pixels.end {
            let run = RUN.min(self.pixels.end - start);
            let (at, own) = (start * channels, (start - self.pixels.start) * channels);
            // SAFETY: lengths were checked in `combine_backward`.
            unsafe {
                let g = match &mut self.out {
                    Some(out) => out[own..][..run * channels].as_mut_ptr(),
                    None => sum.as_mut_ptr(),
                };
                load_sum::<S>(self.grad, at, run, channels, g);
                for (term, result) in self.terms.iter_mut().zip(&mut results) {
                    if term.coefs {
                        dot::<S>(&term.term.view, g, at, run, channels, &mut result.coefs);
                    }
                    let view = &term.term.view;
                    if !(view.relu && term.input.is_some() || view.affine.is_some() && term.norm) {
                        continue;
                    }
                    let to = match &mut term.input {
                        Some(input) => input[own..][..run * channels].as_mut_ptr(),
                        None => back.as_mut_ptr(),
                    };
                    let scaled = Term {
                        view: View::plain(std::slice::from_raw_parts(g, run * channels)),
                        coefs: term.term.coefs,
                    };
                    add_term::<S>(&scaled, 0, run, (channels, &(0..channels)), to, true);
                    through_view::<S>(to, view, at, run, channels, &mut result.norm);
                }
            }
            start += run;
        }
        results
    }
}

/// Adds `Σ g · view` of each channel over one run.
///
/// # Safety
/// `g` holds `pixels` pixels, the view as many from float `at` on.
#[inline(always)]
unsafe fn dot<S: Simd>(
    view: &View<'_>,
    g: *const f32,
    at: usize,
    pixels: usize,
    channels: usize,
    sums: &mut [f64],
) {
    use crate::fill::Source;
    // SAFETY: channels `c .. c + n` of every pixel exist.
    unsafe {
        with_view!(view, source => {
            let mut c = 0;
            while c < channels {
                let n = (channels - c).min(S::LANES);
                let prepared = Source::<S>::prepare(&source, c, n);
                let mut total = [S::splat(0.0); 2];
                let mut p = 0;
                while p < pixels {
                    // Two chains of sums: one would wait for itself.
                    for (q, total) in total.iter_mut().enumerate() {
                        if p + q < pixels {
                            let i = (p + q) * channels + c;
                            let value = Source::<S>::get(&source, &prepared, at + i, n);
                            *total = S::fma(S::load_some(g.add(i), n), value, *total);
                        }
                    }
                    p += 2;
                }
                let mut lanes = [0.0_f32; 16];
                S::store(lanes.as_mut_ptr(), S::add(total[0], total[1]));
                for (sum, lane) in sums[c..c + n].iter_mut().zip(&lanes) {
                    *sum += f64::from(*lane);
                }
                c += S::LANES;
            }
        });
    }
}

impl Kernels {
    /// Gradients of [`combine`](Self::combine), given the gradient of its result.
    ///
    /// `out`, if wanted, receives the added-up gradient.
    ///
    /// # Panics
    /// If a length does not fit.
    pub fn combine_backward(
        &self,
        grad: &Sum<'_>,
        channels: usize,
        mut terms: Vec<TermBack<'_>>,
        out: Option<&mut [f32]>,
    ) -> Vec<TermGrads> {
        let Some(len) = grad.terms.first().map(|t| t.data.len()) else {
            panic!("a gradient has at least one term");
        };
        grad.check(len, channels);
        for back in &terms {
            back.term.view.check(len, channels);
            assert_eq!(
                back.term.coefs.len(),
                channels,
                "one coefficient per channel"
            );
            if let Some(input) = &back.input {
                assert_eq!(input.len(), len, "length of a term's gradient");
            }
        }
        if grad.terms.len() > MOST_TERMS {
            let mut added = vec![0.0; len];
            self.add_up(grad, channels, &mut added);
            let ones = vec![1.0; channels];
            let one = Scaled {
                data: &added,
                scale: &ones,
            };
            let sum = Sum {
                terms: vec![one],
                constant: None,
            };
            return self.combine_backward(&sum, channels, terms, out);
        }
        let chunks = pixel_chunks(len / channels);
        let mut parts: Vec<CombineBack<'_>> = chunks
            .iter()
            .map(|pixels| CombineBack {
                grad,
                terms: Vec::new(),
                channels,
                pixels: pixels.clone(),
                out: None,
            })
            .collect();
        if let Some(out) = out {
            assert_eq!(out.len(), len, "length of the added-up gradient");
            for (part, out) in parts.iter_mut().zip(cut_pixels(out, &chunks, channels)) {
                part.out = Some(out);
            }
        }
        let n = terms.len();
        for back in &mut terms {
            let inputs = back.input.take().map(|i| cut_pixels(i, &chunks, channels));
            let mut inputs = inputs.into_iter().flatten();
            for part in &mut parts {
                part.terms.push(TermBack {
                    term: back.term,
                    coefs: back.coefs,
                    norm: back.norm,
                    input: inputs.next(),
                });
            }
        }
        let results: Vec<Vec<TermGrads>> = map(
            parts, // SAFETY: the processor has the instructions; lengths were checked above.
            |part| unsafe { self.isa().run(part) },
        );
        let mut totals = vec![
            TermGrads {
                coefs: vec![0.0; channels],
                norm: NormSums::new(channels),
            };
            n
        ];
        for (total, part) in results.iter().flat_map(|r| (0..n).zip(r)) {
            let total = &mut totals[total];
            total.norm.merge(&part.norm);
            total
                .coefs
                .iter_mut()
                .zip(&part.coefs)
                .for_each(|(a, b)| *a += b);
        }
        totals
    }
}
