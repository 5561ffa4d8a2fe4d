//! What does a scheme's step cost? One pass over its terms, `u_{n+1} = Σ cᵢ uᵢ`, with the moments on the way.

use crate::fill::{MOST_TERMS, with_sum, with_view};
use crate::kernels::Kernels;
use crate::parallel::{each, map};
use crate::shape::chunks;
use crate::simd::{Op, Simd};
use crate::sums::{Moments, add_moments};
use crate::view::{Scaled, Sum, View};
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

/// Adds up terms over consecutive pixels.
struct Combine<'a> {
    terms: &'a [Term<'a>],
    channels: usize,
    pixels: Range<usize>,
    out: &'a mut [f32],
    moments: Option<Moments>,
}

/// `out (+)= coefs · view` over some channels of one run.
///
/// # Safety
/// `out` holds `pixels` pixels of `stored` channels, the view as many from float `at` on.
#[inline(always)]
pub(crate) unsafe fn add_term<S: Simd>(
    term: &Term<'_>,
    at: usize,
    pixels: usize,
    (stored, channels): (usize, &Range<usize>),
    out: *mut f32,
    first: bool,
) {
    use crate::fill::Source;
    // SAFETY: channels `c .. c + n` of every pixel exist.
    unsafe {
        with_view!(&term.view, source => {
            let mut c = channels.start;
            while c < channels.end {
                let n = (channels.end - c).min(S::LANES);
                let prepared = Source::<S>::prepare(&source, c, n);
                let coef = S::load_some(term.coefs.as_ptr().add(c), n);
                for p in 0..pixels {
                    let i = p * stored + c;
                    let value = Source::<S>::get(&source, &prepared, at + i, n);
                    // The next run, so that memory is not waited for.
                    Source::<S>::prefetch(&source, at + i + pixels * stored);
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
                    add_term::<S>(
                        term,
                        start * channels,
                        run,
                        (channels, &(0..channels)),
                        out,
                        i == 0,
                    );
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

/// Adds a sum up over one run.
///
/// # Safety
/// `out` holds `pixels` pixels, the terms as many from float `at` on.
#[inline(always)]
pub(crate) unsafe fn load_sum<S: Simd>(
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
            assert_eq!(term.coefs.len(), channels, "one coefficient per channel");
        }
        let chunks = pixel_chunks(out.len() / channels);
        let parts = cut_pixels(out, &chunks, channels);
        let work: Vec<_> = chunks.into_iter().zip(parts).collect();
        let results: Vec<Option<Moments>> = map(work, |(pixels, out)| {
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
        });
        moments.then(|| merged(results.iter().flatten(), channels))
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
        each(work, |(pixels, out)| {
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
        let results: Vec<Moments> = map(pixel_chunks(data.len() / channels), |pixels| {
            let data = &data[pixels.start * channels..pixels.end * channels];
            // SAFETY: the processor has the instructions; the data are whole pixels.
            unsafe { self.isa().run(MomentsOf { data, channels }) }
        });
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
