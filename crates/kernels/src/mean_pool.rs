//! How do networks shrink or smooth features gently? By the mean over a window, norm and ReLU on the way.
//!
//! Every pixel of a result is computed by itself, so rows of pixels are the pieces for all cores.

use crate::fill::{Source, with_view};
use crate::kernels::Kernels;
use crate::layout::Extent;
use crate::parallel::each;
use crate::simd::{Op, Simd};
use crate::view::View;
use crate::windows::Windows;

/// A window that slides over an image; pixels outside the image do not count in its mean
/// (PyTorch's `count_include_pad=False`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeanPool {
    /// Rows and columns of the window.
    pub kernel: usize,
    /// Pixels from one window to the next.
    pub stride: usize,
    /// Pixels that the first window begins before the image, below `kernel`.
    pub padding: usize,
}

impl MeanPool {
    /// Extents of the result.
    ///
    /// # Panics
    /// If the padded image is smaller than the window, or the padding as large as it.
    #[must_use]
    pub fn output(&self, input: &Extent) -> Extent {
        self.windows().output(input)
    }

    fn windows(&self) -> Windows {
        Windows {
            kernel: self.kernel,
            stride: self.stride,
            padding: self.padding,
        }
    }
}

/// Means of one row of windows.
struct Means<'a> {
    windows: Windows,
    view: &'a View<'a>,
    input: Extent,
    image: usize,
    /// Row of windows.
    row: usize,
    out: &'a mut [f32],
}

impl<S: Simd> Op<S> for Means<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        let (input, channels) = (self.input, self.input.channels);
        let base = self.image * input.image();
        let rows = self.windows.pixels(self.row, input.height);
        with_view!(self.view, source => {
            for (x, out) in self.out.chunks_exact_mut(channels).enumerate() {
                let columns = self.windows.pixels(x, input.width);
                // SAFETY: the windows' pixels lie in the image; lengths were checked in `mean_pool`.
                unsafe {
                    let factor = S::splat(1.0 / (rows.len() * columns.len()) as f32);
                    let mut c = 0;
                    while c < channels {
                        let n = (channels - c).min(S::LANES);
                        let prepared = Source::<S>::prepare(&source, c, n);
                        let mut sum = S::splat(0.0);
                        for row in rows.clone() {
                            for column in columns.clone() {
                                let at = base + (row * input.width + column) * channels + c;
                                sum = S::add(sum, Source::<S>::get(&source, &prepared, at, n));
                            }
                        }
                        S::store_some(out.as_mut_ptr().add(c), S::mul(factor, sum), n);
                        c += S::LANES;
                    }
                }
            }
        });
    }
}

/// Gradient of one row of pixels.
struct MeansBack<'a> {
    windows: Windows,
    input: Extent,
    output: Extent,
    /// Gradients of one image's means.
    grad: &'a [f32],
    /// Row of pixels.
    row: usize,
    /// Zeros, which are added to.
    out: &'a mut [f32],
}

impl<S: Simd> Op<S> for MeansBack<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        let (input, output, channels) = (self.input, self.output, self.input.channels);
        for (x, out) in self.out.chunks_exact_mut(channels).enumerate() {
            for row in self.windows.covering(self.row, output.height) {
                let rows = self.windows.pixels(row, input.height).len();
                for column in self.windows.covering(x, output.width) {
                    let count = rows * self.windows.pixels(column, input.width).len();
                    let at = (row * output.width + column) * channels;
                    // SAFETY: the window exists; lengths were checked in `mean_pool_backward`.
                    unsafe {
                        let factor = S::splat(1.0 / count as f32);
                        let grad = self.grad[at..][..channels].as_ptr();
                        let mut c = 0;
                        while c < channels {
                            let n = (channels - c).min(S::LANES);
                            let to = out.as_mut_ptr().add(c);
                            let g = S::load_some(grad.add(c), n);
                            S::store_some(to, S::fma(factor, g, S::load_some(to, n)), n);
                            c += S::LANES;
                        }
                    }
                }
            }
        }
    }
}

impl Kernels {
    /// The mean of a view in every window.
    ///
    /// # Panics
    /// If a length does not fit.
    #[must_use]
    pub fn mean_pool(&self, pool: &MeanPool, view: &View<'_>, input: &Extent) -> Vec<f32> {
        view.check(input.len(), input.channels);
        let windows = pool.windows();
        let output = windows.output(input);
        let mut out = vec![0.0; output.len()];
        each(
            out.chunks_mut((output.width * output.channels).max(1))
                .enumerate(),
            |(i, out)| {
                let op = Means {
                    windows,
                    view,
                    input: *input,
                    image: i / output.height,
                    row: i % output.height,
                    out,
                };
                // SAFETY: the processor has the instructions; lengths were checked above.
                unsafe { self.isa().run(op) }
            },
        );
        out
    }

    /// Gradient of [`mean_pool`](Self::mean_pool) with respect to the values it averaged, those of
    /// the view: not yet taken through ReLU and norm.
    ///
    /// # Panics
    /// If a length does not fit.
    #[must_use]
    pub fn mean_pool_backward(&self, pool: &MeanPool, input: &Extent, grad: &[f32]) -> Vec<f32> {
        let windows = pool.windows();
        let output = windows.output(input);
        assert_eq!(grad.len(), output.len(), "one gradient a mean");
        let mut out = vec![0.0; input.len()];
        each(
            out.chunks_mut((input.width * input.channels).max(1))
                .enumerate(),
            |(i, out)| {
                let image = i / input.height;
                let op = MeansBack {
                    windows,
                    input: *input,
                    output,
                    grad: &grad[image * output.image()..][..output.image()],
                    row: i % input.height,
                    out,
                };
                // SAFETY: the processor has the instructions; lengths were checked above.
                unsafe { self.isa().run(op) }
            },
        );
        out
    }
}
