//! How does a network end? With the mean over all pixels of its last features, norm and ReLU on the way.

use crate::elementwise::cut_pixels;
use crate::fill::{Source, with_view};
use crate::kernels::Kernels;
use crate::parallel::{each, map};
use crate::scratch::Arena;
use crate::shape::chunks;
use crate::simd::{Op, Simd};
use crate::sums::{NormSums, through_view};
use crate::view::View;
use std::ops::Range;

/// Most chunks of a pass.
const CHUNKS: usize = 32;

/// Means of consecutive images.
struct Means<'a> {
    view: &'a View<'a>,
    images: Range<usize>,
    pixels: usize,
    channels: usize,
    out: &'a mut [f32],
}

impl<S: Simd> Op<S> for Means<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        let (pixels, channels) = (self.pixels, self.channels);
        // SAFETY: lengths were checked in `pool`.
        unsafe {
            let factor = S::splat(1.0 / pixels as f32);
            let out = self.out.as_mut_ptr();
            for (i, image) in self.images.clone().enumerate() {
                with_view!(self.view, source => {
                    let mut c = 0;
                    while c < channels {
                        let n = (channels - c).min(S::LANES);
                        let prepared = Source::<S>::prepare(&source, c, n);
                        let mut sum = [S::splat(0.0); 2];
                        let mut p = 0;
                        while p < pixels {
                            // Two chains of sums: one would wait for itself.
                            for (q, sum) in sum.iter_mut().enumerate() {
                                if p + q < pixels {
                                    let at = (image * pixels + p + q) * channels + c;
                                    *sum = S::add(*sum, Source::<S>::get(&source, &prepared, at, n));
                                }
                            }
                            p += 2;
                        }
                        let mean = S::mul(factor, S::add(sum[0], sum[1]));
                        S::store_some(out.add(i * channels + c), mean, n);
                        c += S::LANES;
                    }
                });
            }
        }
    }
}

/// Gradients of consecutive images.
struct MeansBack<'a> {
    view: &'a View<'a>,
    grad: &'a [f32],
    images: Range<usize>,
    pixels: usize,
    channels: usize,
    input: &'a mut [f32],
}

impl<S: Simd> Op<S> for MeansBack<'_> {
    type Out = NormSums;

    #[inline(always)]
    unsafe fn run(self) -> NormSums {
        let (pixels, channels) = (self.pixels, self.channels);
        let mut sums = NormSums::new(channels);
        let mut arena = Arena::borrow(&[channels]);
        let row = arena.pieces().take(channels);
        let factor = 1.0 / pixels as f32;
        for (i, image) in self.images.clone().enumerate() {
            for (to, g) in row
                .iter_mut()
                .zip(&self.grad[image * channels..][..channels])
            {
                *to = factor * g;
            }
            let part = &mut self.input[i * pixels * channels..][..pixels * channels];
            for pixel in part.chunks_exact_mut(channels) {
                pixel.copy_from_slice(row);
            }
            // SAFETY: lengths were checked in `pool_backward`.
            unsafe {
                let at = image * pixels * channels;
                through_view::<S>(
                    part.as_mut_ptr(),
                    self.view,
                    at,
                    pixels,
                    channels,
                    &mut sums,
                );
            }
        }
        sums
    }
}

impl Kernels {
    /// Mean of a view over the pixels of each image: `out[image][channel]`.
    ///
    /// # Panics
    /// If a length does not fit.
    pub fn pool(&self, view: &View<'_>, batch: usize, channels: usize, out: &mut [f32]) {
        assert_eq!(out.len(), batch * channels, "one mean an image and channel");
        view.check(view.data.len(), channels);
        assert!(view.data.len().is_multiple_of(out.len()), "whole images");
        let pixels = view.data.len() / out.len();
        let chunks = chunks(batch, CHUNKS);
        let parts = cut_pixels(out, &chunks, channels);
        let work: Vec<_> = chunks.into_iter().zip(parts).collect();
        each(work, |(images, out)| {
            let op = Means {
                view,
                images,
                pixels,
                channels,
                out,
            };
            // SAFETY: the processor has the instructions; lengths were checked above.
            unsafe { self.isa().run(op) }
        });
    }

    /// Gradient of [`pool`](Self::pool): `input` receives the gradient of the stored features, as
    /// [`conv_backward`](Self::conv_backward) describes; the sums for the norm are returned.
    ///
    /// # Panics
    /// If a length does not fit.
    pub fn pool_backward(
        &self,
        view: &View<'_>,
        batch: usize,
        channels: usize,
        grad: &[f32],
        input: &mut [f32],
    ) -> NormSums {
        assert_eq!(grad.len(), batch * channels, "one gradient a mean");
        view.check(input.len(), channels);
        assert!(input.len().is_multiple_of(grad.len()), "whole images");
        let pixels = input.len() / grad.len();
        let chunks = chunks(batch, CHUNKS);
        let parts = cut_pixels(input, &chunks, pixels * channels);
        let work: Vec<_> = chunks.into_iter().zip(parts).collect();
        let results: Vec<NormSums> = map(work, |(images, input)| {
            let op = MeansBack {
                view,
                grad,
                images,
                pixels,
                channels,
                input,
            };
            // SAFETY: the processor has the instructions; lengths were checked above.
            unsafe { self.isa().run(op) }
        });
        let mut all = NormSums::new(channels);
        for part in &results {
            all.merge(part);
        }
        all
    }
}
