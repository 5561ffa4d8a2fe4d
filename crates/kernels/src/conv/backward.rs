//! How are the gradients of a convolution computed on all cores? Chunks of strips with sums of their own; those of very large weights block after block
//! (`winograd/whole.rs`).
//!
//! Chunks depend on the shape alone and their sums are merged in order: same bits for any number of threads.

use crate::buffer::Buffer;
use crate::conv::direct_backward::{DirectBackward, Inputs, Outputs, Totals};
use crate::conv::forward::Finish;
use crate::conv::merge::{gather, spread};
use crate::conv::winograd::{self, WinogradBackward};
use crate::conv::{Either, cut, split};
use crate::fill::MOST_TERMS;
use crate::kernels::Kernels;
use crate::parallel::{each, map};
use crate::scratch::Arena;
use crate::shape::{ConvShape, Strip, chunks, strip_rows, strips};
use crate::simd::{Loops, Op, Simd, run_loops};
use crate::sums::{NormSums, through_view};
use crate::view::{Scaled, Sum, View};

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
                let mut totals = Totals {
                    weights,
                    fresh: false,
                    norm,
                };
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
                // The first block of tiles writes all sums: setting them to 0 before would be memory traffic for nothing.
                let weights = Buffer::new(self.inputs.sums(pass.weight_sums()));
                let mut totals = Totals {
                    weights,
                    fresh: true,
                    norm,
                };
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
                    totals.fresh = false;
                }
                if totals.fresh {
                    // No strip, no tile: the sum over nothing.
                    totals.weights.fill(0.0);
                }
                totals
            }
        }
    }
}

/// Adds the second array to the first.
struct Add<'a>(&'a mut [f32], &'a [f32]);

impl Loops for Add<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        for (a, b) in self.0.iter_mut().zip(self.1) {
            *a += b;
        }
    }
}

/// Takes the gradient of an image back through what its view does.
struct ThroughView<'a> {
    grad: &'a mut [f32],
    view: &'a View<'a>,
    at: usize,
    channels: usize,
}

impl<S: Simd> Op<S> for ThroughView<'_> {
    type Out = NormSums;

    #[inline(always)]
    unsafe fn run(self) -> NormSums {
        let Self {
            grad,
            view,
            at,
            channels,
        } = self;
        let mut norm = NormSums::new(channels);
        assert!(at + grad.len() <= view.data.len());
        let pixels = grad.len() / channels;
        // SAFETY: as many floats in the view from `at` on.
        unsafe { through_view::<S>(grad.as_mut_ptr(), view, at, pixels, channels, &mut norm) };
        norm
    }
}

impl Kernels {
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
        let small = shape;
        let shape = &self.grouping(small);
        let weights = &*spread(small, shape, weights);
        let winograd = self.uses_winograd(shape);
        if winograd && wanted.weights && winograd::whole::suits(small) {
            return self.whole_batch(small, view, weights, grad, wanted);
        }
        let in_strips = DirectBackward::strips(shape);
        let out_row = (shape.out_width() + 2 * shape.padding[1]) * shape.output;
        let in_row = (shape.width + 2 * shape.padding[1]) * shape.input;
        let rows = if in_strips {
            let groups = if winograd { shape.groups } else { 1 };
            strip_rows(shape, shape.height, in_row.max(out_row) / groups, true)
        } else {
            shape.height
        };
        let pass = if winograd {
            Either::Winograd(WinogradBackward::new(shape, weights, self.isa(), rows))
        } else {
            Either::Direct(DirectBackward::new(shape, weights, self.isa().lanes()))
        };
        let sums = match &pass {
            Either::Direct(pass) => pass.weight_sums(),
            Either::Winograd(pass) => pass.weight_sums(),
        };
        let strips = strips(shape.batch, shape.height, rows);
        // A power of two, for most machines have as many threads: 5 chunks take two of them as long as 6.
        let most = (SUMS / sums).clamp(4, 16);
        let chunks = chunks(strips.len(), 1 << most.ilog2());
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
        let results: Vec<Totals> = map(work, |((chunk, input), grad_out)| {
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
        });
        let mut norm = NormSums::new(shape.input);
        for part in &results {
            norm.merge(&part.norm);
        }
        let mut all = results.into_iter().map(|part| part.weights);
        let mut total = all.next().unwrap_or_else(|| Buffer::new(0));
        let others: Vec<Buffer> = all.collect();
        each(total.chunks_mut(1 << 14).enumerate(), |(i, total)| {
            for other in &others {
                let other = &other[i << 14..][..total.len()];
                run_loops(*self, Add(total, other));
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
        let weights = gather(small, shape, weights);
        ConvGrads { weights, norm }
    }

    /// Gradients of a convolution whose weights are larger than the caches: the image's as a convolution of its own, the weights' block after
    /// block.
    fn whole_batch(
        &self,
        shape: &ConvShape,
        view: &View<'_>,
        weights: &[f32],
        grad: &Sum<'_>,
        wanted: Wanted<'_>,
    ) -> ConvGrads {
        let mut own = Buffer::new(if wanted.grad.is_none() && wanted.input.is_some() {
            shape.output_len()
        } else {
            0
        });
        let mut plain = match wanted.grad {
            Some(plain) => Some(plain),
            None => wanted.input.is_some().then_some(&mut own[..]),
        };
        let found = winograd::whole::weight_gradients(
            shape,
            (view, grad),
            plain.as_deref_mut(),
            self.isa(),
        );
        let mut norm = NormSums::new(shape.input);
        if let (Some(input), Some(plain)) = (wanted.input, plain) {
            let back = ConvShape {
                input: shape.output,
                output: shape.input,
                ..*shape
            };
            let packed = self.pack_turned(shape, weights);
            let finish = Finish::default();
            self.conv_packed(&back, &View::plain(plain), &packed, &finish, input, false);
            let image = shape.height * shape.width * shape.input;
            let parts = map(input.chunks_mut(image).enumerate(), |(number, grad)| {
                let op = ThroughView {
                    grad,
                    view,
                    at: number * image,
                    channels: shape.input,
                };
                // SAFETY: the processor has the instructions (`Kernels::new`).
                unsafe { self.isa().run(op) }
            });
            for part in &parts {
                norm.merge(part);
            }
        }
        ConvGrads {
            weights: found,
            norm,
        }
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
