//! How are the pixels of a window computed from those of the image?
//!
//! By the antialiased bilinear filter in the fixed-point arithmetic of Pillow, which is what
//! `torchvision` applies to photographs: an output pixel is the mean of the pixels below a triangle
//! around its place, as wide as the image is reduced; columns first, then rows, rounded to 8 bits
//! after each. Integers make the result the same bits on every processor, and only the pixels
//! of the window are computed. (`image::imageops::resize` scales the whole image, in floating
//! point, and takes longer than the decoding of the file.)

use timestep_picture::DynamicImage;

use crate::ImageShape;
use crate::view::{Area, Window};

/// Bits behind the point of a weight: 255 times a sum of weights of 1 stays below 2^31.
const BITS: u32 = 22;

/// The window of an image in the shape of the network's input, C×H×W.
pub(crate) fn cut(image: DynamicImage, window: &Window, shape: ImageShape) -> Vec<u8> {
    let width = image.width() as usize;
    if shape.channels == 1 {
        resample::<1>(image.into_luma8().as_raw(), width, window, shape)
    } else {
        resample::<3>(image.into_rgb8().as_raw(), width, window, shape)
    }
}

/// [`cut`] of interleaved pixels in rows of `stride` pixels.
fn resample<const C: usize>(
    image: &[u8],
    stride: usize,
    window: &Window,
    shape: ImageShape,
) -> Vec<u8> {
    let Area {
        left,
        top,
        width,
        height,
    } = window.area;
    let columns = taps(width, window.scaled.0, window.left, shape.width);
    let rows = taps(height, window.scaled.1, window.top, shape.height);
    // Only the rows that the second pass reads are made in the first.
    let first = rows.first().map_or(0, |t| t.first);
    let last = rows.last().map_or(0, |t| t.first + t.weights.len());
    let length = shape.width * C;
    let mut narrow = vec![0u8; (last - first) * length];
    for (y, out) in narrow.chunks_exact_mut(length).enumerate() {
        let from = ((top + first + y) * stride + left) * C;
        let line = &image[from..from + width * C];
        for (pixel, tap) in out.chunks_exact_mut(C).zip(&columns) {
            let mut sums = [HALF; C];
            let parts = line[tap.first * C..].chunks_exact(C);
            for (part, &weight) in parts.zip(&tap.weights) {
                for (sum, &v) in sums.iter_mut().zip(part) {
                    *sum += i32::from(v) * weight;
                }
            }
            for (v, sum) in pixel.iter_mut().zip(sums) {
                *v = rounded(sum);
            }
        }
    }
    let plane = shape.plane();
    let mut planar = vec![0u8; C * plane];
    let mut sums = vec![HALF; length];
    for (y, tap) in rows.iter().enumerate() {
        sums.fill(HALF);
        let lines = narrow[(tap.first - first) * length..].chunks_exact(length);
        for (line, &weight) in lines.zip(&tap.weights) {
            for (sum, &v) in sums.iter_mut().zip(line) {
                *sum += i32::from(v) * weight;
            }
        }
        for c in 0..C {
            let out = &mut planar[c * plane + y * shape.width..][..shape.width];
            for (v, part) in out.iter_mut().zip(sums.chunks_exact(C)) {
                *v = rounded(part[c]);
            }
            if window.flip {
                out.reverse();
            }
        }
    }
    planar
}

/// One half, so that the shift in [`rounded`] rounds to the nearest.
const HALF: i32 = 1 << (BITS - 1);

fn rounded(sum: i32) -> u8 {
    // Weights are rounded one by one, so their sum may miss 1 by a little.
    (sum >> BITS).clamp(0, 255) as u8
}

/// What an output pixel is the weighted mean of.
struct Tap {
    /// Number of the first input pixel.
    first: usize,
    /// Weights of it and those that follow, in units of 2^-[`BITS`].
    weights: Vec<i32>,
}

/// The taps of the `count` output pixels from `start` on, when `input` pixels are scaled to
/// `output`.
fn taps(input: usize, output: usize, start: usize, count: usize) -> Vec<Tap> {
    let scale = input as f64 / output as f64;
    // The triangle is one pixel wide to each side in the coarser of the two grids.
    let reach = scale.max(1.0);
    let tap = |at: usize| {
        let centre = (at as f64 + 0.5) * scale;
        // Casts of negative numbers give 0, which is the edge.
        let first = (centre - reach + 0.5) as usize;
        let end = ((centre + reach + 0.5) as usize).min(input);
        let inverse = 1.0 / reach;
        let height = |x: usize| {
            let distance = (x as f64 - centre + 0.5) * inverse;
            (1.0 - distance.abs()).max(0.0)
        };
        let total: f64 = (first..end).map(height).sum();
        let fixed = |x| (height(x) / total * f64::from(1u32 << BITS) + 0.5) as i32;
        Tap {
            first,
            weights: (first..end).map(fixed).collect(),
        }
    };
    (start..start + count).map(tap).collect()
}

#[cfg(test)]
mod tests;
