//! What does a scheme's step cost? One pass over its terms, forward and backward.
//!
//! `u_{n+1} = Σ cᵢ uᵢ` with the moments of the result on the way; backward, the gradients of learned
//! coefficients `Σ g uᵢ` and the gradients that go back through a term's own norm and ReLU.

use crate::fill::{MOST_TERMS, with_sum, with_view};
use crate::kernels::Kernels;
use crate::scratch::Arena;
use crate::shape::chunks;
use crate::simd::{Op, Simd};
use crate::sums::{Moments, NormSums, add_moments, through_view};
use crate::view::{Scaled, Sum, View};
use rayon::prelude::*;
use std::ops::Range;

/// Pixels that are handled together, so that they stay in the first-level cache.
pub(crate) const RUN: usize = 128;

/// Most chunks of a pass.
const CHUNKS: usize = 32;

/// One term of a linear combination.
#[derive(Clone, Copy, Debug)]
pub struct Term<'a> {
    /// What is added.
    pub view: View<'a>,
    /// One coefficient a channel.
    pub coefs: &'a [f32],
}

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

/// Adds up terms over consecutive pixels.
struct Combine<'a> {
    terms: &'a [Term<'a>],
    channels: usize,
    pixels: Range<usize>,
    out: &'a mut [f32],
    moments: Option<Moments>,
}

/// `out (+)= coefs · view` over one run.
///
/// # Safety
/// `out` holds `pixels` pixels, the view as many from float `at` on.
#[inline(always)]
pub(crate) unsafe fn add_term<S: Simd>(
    term: &Term<'_>,
    at: usize,
    pixels: usize,
    channels: usize,
    out: *mut f32,
    first: bool,
) {
    use crate::fill::Source;
    // SAFETY: channels `c .. c + n` of every pixel exist.
    unsafe {
        with_view!(&term.view, source => {
            let mut c = 0;
            while c < channels {
                let n = (channels - c).min(S::LANES);
                let prepared = Source::<S>::prepare(&source, c, n);
                let coef = S::load_some(term.coefs.as_ptr().add(c), n);
                for p in 0..pixels {
                    let i = p * channels + c;
                    let value = Source::<S>::get(&source, &prepared, at + i, n);
                    // The next run, so that memory is not waited for.
                    Source::<S>::prefetch(&source, at + i + pixels * channels);
                    let sum = if first {
                        S::mul(coef, value)
                    } else {
                        S::fma(coef, value, S::load_some(out.add(i), n))
                    };
                    S::store_some(out.add(i), sum, n);
                }
                c += S::LANES;
            }
        });
    }
}

impl<S: Simd> Op<S> for Combine<'_> {
    type Out = Option<Moments>;

    #[inline(always)]
    unsafe fn run(mut self) -> Option<Moments> {
        let channels = self.channels;
        let mut start = self.pixels.start;
        let mut out = self.out.as_mut_ptr();
        while start < self.pixels.end {
            let run = RUN.min(self.pixels.end - start);
            // SAFETY: lengths were checked in `combine`.
            unsafe {
                for (i, term) in self.terms.iter().enumerate() {
                    add_term::<S>(term, start * channels, run, channels, out, i == 0);
                }
                if let Some(moments) = &mut self.moments {
                    add_moments::<S>(out, run, moments);
                }
                out = out.add(run * channels);
            }
            start += run;
        }
        self.moments
    }
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
                    add_term::<S>(&scaled, 0, run, channels, to, true);
                    through_view::<S>(to, view, at, run, channels, &mut result.norm);
                }
            }
            start += run;
        }
        results
    }
}

/// Adds a sum up over one run.
///
/// # Safety
/// `out` holds `pixels` pixels, the terms as many from float `at` on.
#[inline(always)]
unsafe fn load_sum<S: Simd>(
    sum: &Sum<'_>,
    at: usize,
    pixels: usize,
    channels: usize,
    out: *mut f32,
) {
    use crate::fill::Source;
    // SAFETY: channels `c .. c + n` of every pixel exist.
    unsafe {
        with_sum!(sum, source => {
            let mut c = 0;
            while c < channels {
                let n = (channels - c).min(S::LANES);
                let prepared = Source::<S>::prepare(&source, c, n);
                for p in 0..pixels {
                    let i = p * channels + c;
                    // The next run, so that memory is not waited for.
                    Source::<S>::prefetch(&source, at + i + RUN * channels);
                    S::store_some(out.add(i), Source::<S>::get(&source, &prepared, at + i, n), n);
                }
                c += S::LANES;
            }
        });
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

/// Adds up a sum over consecutive pixels.
struct AddUp<'a> {
    sum: &'a Sum<'a>,
    channels: usize,
    pixels: Range<usize>,
    out: &'a mut [f32],
}

impl<S: Simd> Op<S> for AddUp<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        // SAFETY: lengths were checked in `add_up`.
        unsafe {
            let at = self.pixels.start * self.channels;
            let n = self.pixels.len();
            load_sum::<S>(self.sum, at, n, self.channels, self.out.as_mut_ptr());
        }
    }
}

/// Moments of consecutive pixels.
struct MomentsOf<'a> {
    data: &'a [f32],
    channels: usize,
}

impl<S: Simd> Op<S> for MomentsOf<'_> {
    type Out = Moments;

    #[inline(always)]
    unsafe fn run(self) -> Moments {
        let mut moments = Moments::new(self.channels);
        // SAFETY: whole pixels of all channels.
        unsafe {
            let pixels = self.data.len() / self.channels;
            add_moments::<S>(self.data.as_ptr(), pixels, &mut moments);
        }
        moments
    }
}

/// Splits an array of pixels along chunks.
pub(crate) fn cut_pixels<'a>(
    array: &'a mut [f32],
    chunks: &[Range<usize>],
    channels: usize,
) -> Vec<&'a mut [f32]> {
    let mut rest = array;
    let mut parts = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let (part, left) = rest.split_at_mut(chunk.len() * channels);
        parts.push(part);
        rest = left;
    }
    parts
}

/// Chunks of `pixels` pixels, in whole runs so that their sums do not depend on the cut.
pub(crate) fn pixel_chunks(pixels: usize) -> Vec<Range<usize>> {
    chunks(pixels.div_ceil(RUN), CHUNKS)
        .into_iter()
        .map(|c| c.start * RUN..(c.end * RUN).min(pixels))
        .collect()
}

impl Kernels {
    /// `out = Σ coefsᵢ · viewᵢ`, with the moments of the result if they are wanted.
    ///
    /// # Panics
    /// If there is no term or a length does not fit.
    pub fn combine(
        &self,
        terms: &[Term<'_>],
        channels: usize,
        out: &mut [f32],
        moments: bool,
    ) -> Option<Moments> {
        assert!(
            !terms.is_empty(),
            "a linear combination has at least one term"
        );
        for term in terms {
            term.view.check(out.len(), channels);
            assert_eq!(term.coefs.len(), channels, "one coefficient a channel");
        }
        let chunks = pixel_chunks(out.len() / channels);
        let parts = cut_pixels(out, &chunks, channels);
        let work: Vec<_> = chunks.into_iter().zip(parts).collect();
        let results: Vec<Option<Moments>> = work
            .into_par_iter()
            .map(|(pixels, out)| {
                let moments = moments.then(|| Moments::new(channels));
                let op = Combine {
                    terms,
                    channels,
                    pixels,
                    out,
                    moments,
                };
                // SAFETY: the processor has the instructions; lengths were checked above.
                unsafe { self.isa().run(op) }
            })
            .collect();
        moments.then(|| merged(results.iter().flatten(), channels))
    }

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
            assert_eq!(back.term.coefs.len(), channels, "one coefficient a channel");
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
        let results: Vec<Vec<TermGrads>> = parts
            .into_par_iter()
            // SAFETY: the processor has the instructions; lengths were checked above.
            .map(|part| unsafe { self.isa().run(part) })
            .collect();
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

    /// Writes a sum down: `out = constant + Σ scaleᵢ · dataᵢ`.
    ///
    /// # Panics
    /// If a length does not fit.
    pub fn add_up(&self, sum: &Sum<'_>, channels: usize, out: &mut [f32]) {
        sum.check(out.len(), channels);
        let (first, others) = sum.terms.split_at(sum.terms.len().min(MOST_TERMS));
        let head = Sum {
            terms: first.to_vec(),
            constant: sum.constant,
        };
        let chunks = pixel_chunks(out.len() / channels);
        let work: Vec<_> = chunks
            .iter()
            .cloned()
            .zip(cut_pixels(out, &chunks, channels))
            .collect();
        work.into_par_iter().for_each(|(pixels, out)| {
            let sum = &head;
            let op = AddUp {
                sum,
                channels,
                pixels,
                out,
            };
            // SAFETY: the processor has the instructions; lengths were checked above.
            unsafe { self.isa().run(op) }
        });
        if !others.is_empty() {
            let so_far = out.to_vec();
            let ones = vec![1.0; channels];
            let mut terms = vec![Scaled {
                data: &so_far,
                scale: &ones,
            }];
            terms.extend_from_slice(others);
            let rest = Sum {
                terms,
                constant: None,
            };
            self.add_up(&rest, channels, out);
        }
    }

    /// Moments of features as they are stored.
    ///
    /// # Panics
    /// If the features are not whole pixels.
    #[must_use]
    pub fn moments(&self, data: &[f32], channels: usize) -> Moments {
        assert!(data.len().is_multiple_of(channels), "whole pixels");
        let results: Vec<Moments> = pixel_chunks(data.len() / channels)
            .into_par_iter()
            .map(|pixels| {
                let data = &data[pixels.start * channels..pixels.end * channels];
                // SAFETY: the processor has the instructions; the data are whole pixels.
                unsafe { self.isa().run(MomentsOf { data, channels }) }
            })
            .collect();
        merged(results.iter(), channels)
    }
}

/// Moments of all parts together.
fn merged<'m>(parts: impl Iterator<Item = &'m Moments>, channels: usize) -> Moments {
    let mut all = Moments::new(channels);
    for part in parts {
        all.merge(part);
    }
    all
}
