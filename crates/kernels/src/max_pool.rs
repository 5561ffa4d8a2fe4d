//! How do ImageNet networks shrink their first features? By the largest value in a window, norm and ReLU on the way.

use crate::fill::{Source, with_view};
use crate::kernels::Kernels;
use crate::layout::Extent;
use crate::parallel::each;
use crate::simd::{Op, Simd};
use crate::view::View;
use crate::windows::Windows;

/// A window that slides over an image; pixels outside the image do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool {
    /// Rows and columns of the window.
    pub kernel: usize,
    /// Pixels from one window to the next.
    pub stride: usize,
    /// Pixels that the first window begins before the image, below `kernel`.
    pub padding: usize,
}

impl MaxPool {
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

/// Largest values of one image.
struct Largest<'a> {
    windows: Windows,
    view: &'a View<'a>,
    input: Extent,
    output: Extent,
    image: usize,
    out: &'a mut [f32],
    places: &'a mut [u32],
}

impl<S: Simd> Op<S> for Largest<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        let (input, channels) = (self.input, self.input.channels);
        let base = self.image * input.image();
        let mut lanes = [0.0_f32; 16];
        with_view!(self.view, source => {
            for c in (0..channels).step_by(S::LANES) {
                let n = (channels - c).min(S::LANES);
                // SAFETY: channels `c .. c + n` of every pixel of the image exist; lengths were
                // checked in `max_pool`.
                unsafe {
                    let prepared = Source::<S>::prepare(&source, c, n);
                    for y in 0..self.output.height {
                        for x in 0..self.output.width {
                            let to = (y * self.output.width + x) * channels + c;
                            let (out, places) = (&mut self.out[to..][..n], &mut self.places[to..][..n]);
                            let mut first = true;
                            for row in self.windows.pixels(y, input.height) {
                                for column in self.windows.pixels(x, input.width) {
                                    let pixel = row * input.width + column;
                                    let at = base + pixel * channels + c;
                                    S::store(lanes.as_mut_ptr(), Source::<S>::get(&source, &prepared, at, n));
                                    for i in 0..n {
                                        // NaN wins, and stays.
                                        if first || lanes[i] > out[i] || lanes[i].is_nan() && !out[i].is_nan() {
                                            (out[i], places[i]) = (lanes[i], pixel as u32);
                                        }
                                    }
                                    first = false;
                                }
                            }
                        }
                    }
                }
            }
        });
    }
}

/// Largest values of some rows of one image, without their places.
struct LargestValues<'a> {
    windows: Windows,
    view: &'a View<'a>,
    input: Extent,
    width: usize,
    image: usize,
    /// First row of the result.
    row: usize,
    out: &'a mut [f32],
}

impl<S: Simd> Op<S> for LargestValues<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        let (input, channels) = (self.input, self.input.channels);
        let base = self.image * input.image();
        let rows = self.out.len() / (self.width * channels);
        with_view!(self.view, source => {
            for c in (0..channels).step_by(S::LANES) {
                let n = (channels - c).min(S::LANES);
                // SAFETY: channels `c .. c + n` of every pixel of the image and of these rows exist; lengths were
                // checked in `max_pool_values`.
                unsafe {
                    let prepared = Source::<S>::prepare(&source, c, n);
                    let (zero, one) = (S::splat(0.0), S::splat(1.0));
                    for y in 0..rows {
                        for x in 0..self.width {
                            let mut largest = S::splat(f32::NEG_INFINITY);
                            for row in self.windows.pixels(self.row + y, input.height) {
                                for column in self.windows.pixels(x, input.width) {
                                    let at = base + (row * input.width + column) * channels + c;
                                    let value = Source::<S>::get(&source, &prepared, at, n);
                                    // NaN wins, and stays: it is neither below 1 nor above 0.
                                    let larger = S::select(S::less(largest, value), value, largest);
                                    let below = S::select(S::less(value, one), larger, value);
                                    largest = S::select(S::less(zero, value), larger, below);
                                }
                            }
                            let to = (y * self.width + x) * channels + c;
                            S::store_some(self.out.as_mut_ptr().add(to), largest, n);
                        }
                    }
                }
            }
        });
    }
}

impl Kernels {
    /// The largest value of a view in every window, for who needs no gradient.
    ///
    /// # Panics
    /// If a length does not fit.
    pub fn max_pool_values(
        &self,
        pool: &MaxPool,
        view: &View<'_>,
        input: &Extent,
        out: &mut [f32],
    ) {
        /// Numbers that are worth a task.
        const TASK: usize = 1 << 14;
        view.check(input.len(), input.channels);
        let output = pool.output(input);
        assert_eq!(out.len(), output.len(), "length of the result");
        let pitch = output.width * output.channels;
        let rows = (TASK / pitch).clamp(1, output.height);
        let images = out.chunks_mut(output.image()).enumerate();
        let pieces = images.flat_map(|(image, out)| {
            let pieces = out.chunks_mut(rows * pitch).enumerate();
            pieces.map(move |(i, out)| (image, i * rows, out))
        });
        each(pieces, |(image, row, out)| {
            let op = LargestValues {
                windows: pool.windows(),
                view,
                input: *input,
                width: output.width,
                image,
                row,
                out,
            };
            // SAFETY: the processor has the instructions; lengths were checked above.
            unsafe { self.isa().run(op) }
        });
    }

    /// The largest value of a view in every window, and the pixel of the image where it is (the
    /// first of equal ones): what [`max_pool_backward`] needs.
    ///
    /// # Panics
    /// If a length does not fit.
    #[must_use]
    pub fn max_pool(
        &self,
        pool: &MaxPool,
        view: &View<'_>,
        input: &Extent,
    ) -> (Vec<f32>, Vec<u32>) {
        view.check(input.len(), input.channels);
        let output = pool.output(input);
        let (mut out, mut places) = (vec![0.0; output.len()], vec![0; output.len()]);
        each(
            out.chunks_mut(output.image())
                .zip(places.chunks_mut(output.image()))
                .enumerate(),
            |(image, (out, places))| {
                let op = Largest {
                    windows: pool.windows(),
                    view,
                    input: *input,
                    output,
                    image,
                    out,
                    places,
                };
                // SAFETY: the processor has the instructions; lengths were checked above.
                unsafe { self.isa().run(op) }
            },
        );
        (out, places)
    }
}

/// Gradient of [`Kernels::max_pool`] with respect to the values it compared.
///
/// # Panics
/// If a length does not fit.
#[must_use]
pub fn max_pool_backward(input: &Extent, places: &[u32], grad: &[f32]) -> Vec<f32> {
    assert_eq!(places.len(), grad.len(), "one place a gradient");
    assert!(
        grad.len().is_multiple_of(input.batch * input.channels),
        "whole images"
    );
    let mut out = vec![0.0; input.len()];
    let size = grad.len() / input.batch;
    let parts = grad.chunks(size).zip(places.chunks(size));
    each(
        out.chunks_mut(input.image()).zip(parts),
        |(out, (grad, places))| {
            for (i, (g, place)) in grad.iter().zip(places).enumerate() {
                out[*place as usize * input.channels + i % input.channels] += g;
            }
        },
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Isa;

    fn largest(pool: &MaxPool, input: &Extent, data: &[f32]) -> Vec<f32> {
        let output = pool.output(input);
        let mut out = Vec::new();
        for image in 0..input.batch {
            for y in 0..output.height {
                for x in 0..output.width {
                    for c in 0..input.channels {
                        let mut best = f32::NEG_INFINITY;
                        for dy in 0..pool.kernel {
                            for dx in 0..pool.kernel {
                                let row = (y * pool.stride + dy) as isize - pool.padding as isize;
                                let column =
                                    (x * pool.stride + dx) as isize - pool.padding as isize;
                                let inside = (0..input.height as isize).contains(&row)
                                    && (0..input.width as isize).contains(&column);
                                if inside {
                                    let pixel = (image * input.height + row as usize) * input.width;
                                    let at = (pixel + column as usize) * input.channels + c;
                                    best = best.max(data[at].max(0.0));
                                }
                            }
                        }
                        out.push(best);
                    }
                }
            }
        }
        out
    }

    #[test]
    fn windows_of_any_size_and_their_gradients() {
        let pools = [(3, 2, 1), (2, 2, 0), (3, 1, 1), (5, 3, 2)];
        for (kernel, stride, padding) in pools {
            let pool = MaxPool {
                kernel,
                stride,
                padding,
            };
            let input = Extent {
                batch: 2,
                height: 7,
                width: 5,
                channels: 19,
            };
            let data: Vec<f32> = (0..input.len())
                .map(|i| ((i * 7919) % 1009) as f32 / 500.0 - 1.0)
                .collect();
            let view = View {
                relu: true,
                ..View::plain(&data)
            };
            let want = largest(&pool, &input, &data);
            for kernels in Isa::ALL.into_iter().filter_map(Kernels::new) {
                let (out, places) = kernels.max_pool(&pool, &view, &input);
                assert_eq!(out, want, "{pool:?} {kernels:?}");
                // The gradient of Σ w·out is w at the places of the largest values.
                let weights: Vec<f32> = (0..out.len()).map(|i| (i % 5) as f32 - 2.0).collect();
                let grad = max_pool_backward(&input, &places, &weights);
                let total = |values: &[f32]| values.iter().map(|v| f64::from(*v)).sum::<f64>();
                assert_eq!(total(&grad), total(&weights));
                for (i, (g, x)) in grad.iter().zip(&data).enumerate() {
                    assert!(*g == 0.0 || want.contains(&x.max(0.0)), "{i}");
                }
            }
        }
    }

    #[test]
    fn not_a_number_is_the_largest() {
        let pool = MaxPool {
            kernel: 2,
            stride: 2,
            padding: 0,
        };
        let input = Extent {
            batch: 1,
            height: 2,
            width: 2,
            channels: 1,
        };
        let data = [1.0, f32::NAN, 3.0, 2.0];
        let (out, places) = Kernels::detect().max_pool(&pool, &View::plain(&data), &input);
        assert!(out[0].is_nan());
        assert_eq!(places, [1]);
    }
}
