//! How is a convolution computed on all cores? Chunks of strips, one after the other in each thread.
//!
//! Chunks depend on the shape alone and their sums are merged in order: same bits for any number of threads.

mod backward;
mod cells;
mod classes;
mod direct;
mod direct_backward;
mod merge;
mod micro;
mod pack;
mod winograd;

pub use backward::ConvGrads;

use crate::conv::direct::DirectForward;
use crate::conv::merge::{merged, spread};
use crate::conv::winograd::WinogradForward;
use crate::elementwise::{RUN, Term, add_term};
use crate::kernels::Kernels;
use crate::parallel::map;
use crate::scratch::Arena;
use crate::shape::{ConvShape, Strip, chunks, strip_rows, strips};
use crate::simd::{Op, Simd};
use crate::sums::{Moments, add_moments};
use crate::view::View;
use std::ops::Range;

/// Most chunks of a pass: enough for many cores, few enough to be worth a task.
const CHUNKS: usize = 64;
/// A pass by either algorithm.
pub(crate) enum Either<D, W> {
    Direct(D),
    Winograd(W),
}

/// One chunk of a forward pass.
struct ForwardChunk<'a> {
    pass: &'a Either<DirectForward, WinogradForward>,
    shape: &'a ConvShape,
    view: &'a View<'a>,
    strips: &'a [Strip],
    rows: usize,
    out: &'a mut [f32],
    /// What is added: the convolution's coefficient, and further terms.
    step: Option<(f32, &'a [Term<'a>])>,
    moments: Option<Moments>,
}

impl ForwardChunk<'_> {
    /// Adds the further terms to finished strips and gathers their moments, while they are in the cache.
    ///
    /// # Safety
    /// The processor has the instructions of `S`; `part` are the strips from `first` on.
    #[inline(always)]
    unsafe fn finish<S: Simd>(
        step: Option<(f32, &[Term<'_>])>,
        moments: &mut Option<Moments>,
        shape: &ConvShape,
        first: &Strip,
        part: &mut [f32],
    ) {
        let channels = shape.output;
        let pixels = part.len() / channels;
        let at = first
            .range(shape.out_height(), shape.out_width() * channels)
            .start;
        let mut start = 0;
        while start < pixels {
            let run = RUN.min(pixels - start);
            // SAFETY: pixels `start .. start + run` of the strips and of all terms.
            unsafe {
                let out = part.as_mut_ptr().add(start * channels);
                if let Some((coef, terms)) = step {
                    if coef != 1.0 {
                        for i in 0..run * channels {
                            *out.add(i) *= coef;
                        }
                    }
                    for term in terms {
                        add_term::<S>(term, at + start * channels, run, channels, out, false);
                    }
                }
                if let Some(moments) = moments {
                    add_moments::<S>(out, run, moments);
                }
            }
            start += run;
        }
    }
}

impl<S: Simd> Op<S> for ForwardChunk<'_> {
    type Out = Option<Moments>;

    #[inline(always)]
    unsafe fn run(mut self) -> Option<Moments> {
        let pitch = self.shape.out_width() * self.shape.output;
        let mut rest = self.out;
        match self.pass {
            Either::Direct(pass) => {
                let mut arena = Arena::borrow(&pass.scratch(self.rows));
                for strip in self.strips {
                    let (part, left) = std::mem::take(&mut rest).split_at_mut(strip.rows * pitch);
                    rest = left;
                    // SAFETY: lengths were checked in `conv_forward`.
                    unsafe {
                        pass.strip::<S>(self.view, strip, part, &mut arena.pieces());
                        Self::finish::<S>(self.step, &mut self.moments, self.shape, strip, part);
                    }
                }
            }
            Either::Winograd(pass) => {
                let mut arena = Arena::borrow(&pass.scratch(self.rows));
                for group in pass.groups(self.strips) {
                    let mut rows = 0;
                    for strip in group {
                        rows += strip.rows;
                    }
                    let (part, left) = std::mem::take(&mut rest).split_at_mut(rows * pitch);
                    rest = left;
                    // SAFETY: lengths were checked in `conv_forward`.
                    unsafe {
                        pass.strips::<S>(self.view, group, part, &mut arena.pieces());
                        let (shape, first) = (self.shape, &group[0]);
                        Self::finish::<S>(self.step, &mut self.moments, shape, first, part);
                    }
                }
            }
        }
        self.moments
    }
}

/// Splits `n` floats off the front, where there is something.
pub(crate) fn split<'a>(from: &mut Option<&'a mut [f32]>, n: usize) -> Option<&'a mut [f32]> {
    let (part, rest) = from.take()?.split_at_mut(n);
    *from = Some(rest);
    Some(part)
}

/// Cuts an array along chunks of strips of `height` rows of `pitch` floats.
pub(crate) fn cut<'a>(
    array: Option<&'a mut [f32]>,
    strips: &[Strip],
    chunks: &[Range<usize>],
    (height, pitch): (usize, usize),
) -> Vec<Option<&'a mut [f32]>> {
    let mut rest = array;
    chunks
        .iter()
        .map(|chunk| {
            let floats = strips[chunk.clone()]
                .iter()
                .map(|s| s.range(height, pitch).len())
                .sum();
            split(&mut rest, floats)
        })
        .collect()
}

impl Kernels {
    /// Is a convolution of this shape computed by Winograd's method?
    #[must_use]
    pub fn uses_winograd(&self, shape: &ConvShape) -> bool {
        let lanes = self.isa().lanes();
        self.winograd && winograd::suits(&merged(shape, lanes), lanes)
    }

    /// The shape as it is computed: groups are merged where that makes Winograd's method possible.
    ///
    /// Not elsewhere: directly, a broken number stays with those that depend on it.
    pub(crate) fn grouping(&self, shape: &ConvShape) -> ConvShape {
        if self.uses_winograd(shape) {
            merged(shape, self.isa().lanes())
        } else {
            *shape
        }
    }

    /// Convolves a view: `out = weights * view`.
    ///
    /// With `moments` the mean and variance of every output channel are gathered on the way.
    ///
    /// # Panics
    /// If a length does not fit the shape.
    pub fn conv_forward(
        &self,
        shape: &ConvShape,
        view: &View<'_>,
        weights: &[f32],
        out: &mut [f32],
        moments: bool,
    ) -> Option<Moments> {
        self.forward(shape, view, weights, None, out, moments)
    }

    /// A convolution and the scheme's step that uses it, in one pass over memory:
    /// `out = coef · (weights * view) + Σ coefsᵢ · viewᵢ`.
    ///
    /// # Panics
    /// If a length does not fit the shape.
    pub fn conv_combine(
        &self,
        shape: &ConvShape,
        view: &View<'_>,
        weights: &[f32],
        (coef, terms): (f32, &[Term<'_>]),
        out: &mut [f32],
        moments: bool,
    ) -> Option<Moments> {
        for term in terms {
            term.view.check(out.len(), shape.output);
            assert_eq!(
                term.coefs.len(),
                shape.output,
                "one coefficient per channel"
            );
        }
        self.forward(shape, view, weights, Some((coef, terms)), out, moments)
    }

    /// Both of the above.
    fn forward(
        &self,
        shape: &ConvShape,
        view: &View<'_>,
        weights: &[f32],
        step: Option<(f32, &[Term<'_>])>,
        out: &mut [f32],
        moments: bool,
    ) -> Option<Moments> {
        shape.check();
        let shape = &shape.flattened();
        view.check(shape.input_len(), shape.input);
        assert_eq!(weights.len(), shape.weight_len(), "length of the weights");
        assert_eq!(out.len(), shape.output_len(), "length of the output");
        let small = shape;
        let shape = &self.grouping(small);
        let weights = &*spread(small, shape, weights);
        let in_row = (shape.width + 2 * shape.padding[1]) * shape.input * shape.stride;
        let out_row = shape.out_width() * shape.output;
        let winograd = self.uses_winograd(shape);
        let row = in_row.max(out_row) / if winograd { shape.groups } else { 1 };
        let rows = strip_rows(shape, shape.out_height(), row, false);
        let strips = strips(shape.batch, shape.out_height(), rows);
        let (pass, chunks) = if winograd {
            let pass = WinogradForward::new(shape, weights, self.isa(), rows);
            let chunks = chunks(strips.len(), pass.chunks(&strips).min(CHUNKS));
            (Either::Winograd(pass), chunks)
        } else {
            let pass = DirectForward::new(shape, weights, self.isa().lanes());
            (Either::Direct(pass), chunks(strips.len(), CHUNKS))
        };
        let parts = cut(Some(out), &strips, &chunks, (shape.out_height(), out_row));
        let work: Vec<_> = chunks.into_iter().zip(parts).collect();
        let results: Vec<Option<Moments>> = map(work, |(chunk, out)| {
            let op = ForwardChunk {
                pass: &pass,
                shape,
                view,
                strips: &strips[chunk],
                rows,
                out: out.unwrap_or_default(),
                step,
                moments: moments.then(|| Moments::new(shape.output)),
            };
            // SAFETY: the processor has the instructions (`Kernels::new`); lengths were
            // checked above.
            unsafe { self.isa().run(op) }
        });
        moments.then(|| {
            let mut all = Moments::new(shape.output);
            for part in results.iter().flatten() {
                all.merge(part);
            }
            all
        })
    }
}
