//! How is a convolution computed on all cores? Chunks of strips, one after the other in each thread.
//!
//! Chunks depend on the shape alone and their sums are merged in order: same bits for any number of threads.

use crate::buffer::Buffer;
use crate::direct::DirectForward;
use crate::direct_backward::{DirectBackward, Inputs, Outputs, Totals};
use crate::elementwise::{RUN, Term, add_term};
use crate::fill::MOST_TERMS;
use crate::kernels::Kernels;
use crate::scratch::Arena;
use crate::shape::{ConvShape, Strip, chunks, strip_rows, strips};
use crate::simd::{Op, Simd};
use crate::sums::{Moments, NormSums, add_moments};
use crate::view::{Scaled, Sum, View};
use crate::winograd::{self, WinogradBackward, WinogradForward};
use rayon::prelude::*;
use std::ops::Range;

/// Most chunks of a pass: enough for many cores, few enough to be worth a task.
const CHUNKS: usize = 64;
/// Most floats of the weight sums of all chunks together.
const SUMS: usize = 5 << 18;

/// Gradients of a convolution.
#[derive(Clone, Debug, PartialEq)]
pub struct ConvGrads {
    /// Gradient of the weights, in PyTorch's order.
    pub weights: Vec<f32>,
    /// Sums for the backward pass of the view's norm; zero if the input's gradient was not wanted.
    pub norm: NormSums,
}

/// A pass by either algorithm.
enum Either<D, W> {
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

/// One chunk of a backward pass.
struct BackwardChunk<'a> {
    pass: &'a Either<DirectBackward, WinogradBackward>,
    shape: &'a ConvShape,
    inputs: Inputs<'a>,
    strips: &'a [Strip],
    rows: usize,
    input: Option<&'a mut [f32]>,
    grad: Option<&'a mut [f32]>,
}

/// What a backward pass is to find.
struct Wanted<'a> {
    input: Option<&'a mut [f32]>,
    grad: Option<&'a mut [f32]>,
    weights: bool,
}

/// Splits `n` floats off the front, where there is something.
fn split<'a>(from: &mut Option<&'a mut [f32]>, n: usize) -> Option<&'a mut [f32]> {
    let (part, rest) = from.take()?.split_at_mut(n);
    *from = Some(rest);
    Some(part)
}

impl<S: Simd> Op<S> for BackwardChunk<'_> {
    type Out = Totals;

    #[inline(always)]
    unsafe fn run(mut self) -> Totals {
        let shape = self.shape;
        let norm = NormSums::new(shape.input);
        let in_pitch = shape.width * shape.input;
        let out_pitch = shape.out_width() * shape.output;
        match self.pass {
            Either::Direct(pass) => {
                let weights = Buffer::zeros(self.inputs.sums(pass.weight_sums()));
                let mut totals = Totals { weights, norm };
                let mut arena = Arena::borrow(&pass.scratch(self.rows));
                for strip in self.strips {
                    let out_rows = if DirectBackward::strips(shape) {
                        strip.rows
                    } else {
                        shape.out_height()
                    };
                    let outputs = Outputs {
                        input: split(&mut self.input, strip.rows * in_pitch),
                        grad: split(&mut self.grad, out_rows * out_pitch),
                    };
                    let scratch = &mut arena.pieces();
                    // SAFETY: lengths were checked in `conv_backward`.
                    unsafe { pass.strip::<S>(self.inputs, strip, outputs, &mut totals, scratch) };
                }
                totals
            }
            Either::Winograd(pass) => {
                let weights = Buffer::zeros(self.inputs.sums(pass.weight_sums()));
                let mut totals = Totals { weights, norm };
                let mut arena = Arena::borrow(&pass.scratch(self.rows));
                for group in pass.groups(self.strips) {
                    let rows: usize = group.iter().map(|s| s.rows).sum();
                    let input = split(&mut self.input, rows * in_pitch);
                    let grad = split(&mut self.grad, rows * out_pitch);
                    let scratch = &mut arena.pieces();
                    // SAFETY: lengths were checked in `conv_backward`.
                    unsafe {
                        pass.strips::<S>(self.inputs, group, input, grad, &mut totals, scratch);
                    }
                }
                totals
            }
        }
    }
}

/// Cuts an array along chunks of strips of `height` rows of `pitch` floats.
fn cut<'a>(
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
        self.winograd && winograd::suits(shape, self.isa().lanes())
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
            assert_eq!(term.coefs.len(), shape.output, "one coefficient a channel");
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
        let in_row = (shape.width + 2 * shape.padding) * shape.input * shape.stride;
        let out_row = shape.out_width() * shape.output;
        let rows = strip_rows(shape, shape.out_height(), in_row.max(out_row), false);
        let pass = if self.uses_winograd(shape) {
            Either::Winograd(WinogradForward::new(shape, weights, self.isa(), rows))
        } else {
            Either::Direct(DirectForward::new(shape, weights, self.isa().lanes()))
        };
        let strips = strips(shape.batch, shape.out_height(), rows);
        let chunks = chunks(strips.len(), CHUNKS);
        let parts = cut(Some(out), &strips, &chunks, (shape.out_height(), out_row));
        let work: Vec<_> = chunks.into_iter().zip(parts).collect();
        let results: Vec<Option<Moments>> = work
            .into_par_iter()
            .map(|(chunk, out)| {
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
            })
            .collect();
        moments.then(|| {
            let mut all = Moments::new(shape.output);
            for part in results.iter().flatten() {
                all.merge(part);
            }
            all
        })
    }

    /// Gradients of a convolution of a view, given the gradient of its output.
    ///
    /// `input`, if wanted, receives the gradient of the stored features *before the norm*: taken
    /// through the ReLU, not yet multiplied by the norm's scale, without the two terms that make up
    /// a batch norm's backward pass; those follow from the returned sums. `grad_out`, if wanted,
    /// receives the added-up gradient of the output.
    ///
    /// # Panics
    /// If a length does not fit the shape.
    pub fn conv_backward(
        &self,
        shape: &ConvShape,
        view: &View<'_>,
        weights: &[f32],
        grad: &Sum<'_>,
        input: Option<&mut [f32]>,
        grad_out: Option<&mut [f32]>,
    ) -> ConvGrads {
        shape.check();
        view.check(shape.input_len(), shape.input);
        if let Some(input) = &input {
            assert_eq!(input.len(), shape.input_len(), "length of the gradient");
        }
        if let Some(grad_out) = &grad_out {
            assert_eq!(grad_out.len(), shape.output_len(), "length of the gradient");
        }
        let wanted = Wanted {
            input,
            grad: grad_out,
            weights: true,
        };
        self.backward(shape, view, weights, grad, wanted)
    }

    /// The backward pass of checked arrays.
    fn backward(
        &self,
        shape: &ConvShape,
        view: &View<'_>,
        weights: &[f32],
        grad: &Sum<'_>,
        wanted: Wanted<'_>,
    ) -> ConvGrads {
        let shape = &shape.flattened();
        grad.check(shape.output_len(), shape.output);
        assert_eq!(weights.len(), shape.weight_len(), "length of the weights");
        if grad.terms.len() > MOST_TERMS {
            let mut added = vec![0.0; shape.output_len()];
            self.add_up(grad, shape.output, &mut added);
            let ones = vec![1.0; shape.output];
            let one = Sum {
                terms: vec![Scaled {
                    data: &added,
                    scale: &ones,
                }],
                constant: None,
            };
            return self.backward(shape, view, weights, &one, wanted);
        }
        let in_strips = DirectBackward::strips(shape);
        let out_row = (shape.out_width() + 2 * shape.padding) * shape.output;
        let in_row = (shape.width + 2 * shape.padding) * shape.input;
        let rows = if in_strips {
            strip_rows(shape, shape.height, in_row.max(out_row), true)
        } else {
            shape.height
        };
        let pass = if self.uses_winograd(shape) {
            Either::Winograd(WinogradBackward::new(shape, weights, self.isa(), rows))
        } else {
            Either::Direct(DirectBackward::new(shape, weights, self.isa().lanes()))
        };
        let sums = match &pass {
            Either::Direct(pass) => pass.weight_sums(),
            Either::Winograd(pass) => pass.weight_sums(),
        };
        let strips = strips(shape.batch, shape.height, rows);
        let chunks = chunks(strips.len(), (SUMS / sums).clamp(4, 16));
        let inputs = cut(
            wanted.input,
            &strips,
            &chunks,
            (shape.height, shape.width * shape.input),
        );
        let out_pitch = shape.out_width() * shape.output;
        let grads = if in_strips {
            cut(wanted.grad, &strips, &chunks, (shape.height, out_pitch))
        } else {
            // Strips are whole images here, whose outputs have another height.
            let mut rest = wanted.grad;
            let image = shape.out_height() * out_pitch;
            chunks
                .iter()
                .map(|c| split(&mut rest, c.len() * image))
                .collect()
        };
        let work: Vec<_> = chunks.into_iter().zip(inputs).zip(grads).collect();
        let results: Vec<Totals> = work
            .into_par_iter()
            .map(|((chunk, input), grad_out)| {
                let op = BackwardChunk {
                    pass: &pass,
                    shape,
                    inputs: Inputs {
                        view,
                        grad,
                        weights: wanted.weights,
                    },
                    strips: &strips[chunk],
                    rows,
                    input,
                    grad: grad_out,
                };
                // SAFETY: the processor has the instructions (`Kernels::new`); lengths were
                // checked above.
                unsafe { self.isa().run(op) }
            })
            .collect();
        let mut norm = NormSums::new(shape.input);
        for part in &results {
            norm.merge(&part.norm);
        }
        let mut all = results.into_iter().map(|part| part.weights);
        let mut total = all.next().unwrap_or_else(|| Buffer::new(0));
        let others: Vec<Buffer> = all.collect();
        total
            .par_chunks_mut(1 << 14)
            .enumerate()
            .for_each(|(i, total)| {
                for other in &others {
                    let other = &other[i << 14..][..total.len()];
                    total.iter_mut().zip(other).for_each(|(a, b)| *a += b);
                }
            });
        if !wanted.weights {
            let weights = Vec::new();
            return ConvGrads { weights, norm };
        }
        let weights = match &pass {
            Either::Direct(pass) => pass.weights(&total),
            Either::Winograd(pass) => pass.weights(&total),
        };
        ConvGrads { weights, norm }
    }

    /// Gradient of the input alone, for features as they are stored.
    ///
    /// # Panics
    /// If a length does not fit the shape.
    pub fn conv_input_grad(
        &self,
        shape: &ConvShape,
        weights: &[f32],
        grad: &Sum<'_>,
        input: &mut [f32],
    ) {
        shape.check();
        assert_eq!(input.len(), shape.input_len(), "length of the gradient");
        // Nothing is read from the input unless the weights' gradient is wanted.
        let view = View::plain(&[]);
        let wanted = Wanted {
            input: Some(input),
            grad: None,
            weights: false,
        };
        let _ = self.backward(shape, &view, weights, grad, wanted);
    }
}
