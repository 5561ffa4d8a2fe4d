//! What do the fourteen operations of RandAugment do to an image? What Pillow does, byte for byte.
//!
//! Images are 8-bit, C×H×W with one or three channels. Each operation takes a *bin*, a whole number of -30 to 30,
//! negative for operations that go both ways only. Magnitudes are those of torchvision.

use super::affine::{rotation, shear_x, shear_y, transform, translation};
use super::jitter::{lumas, mean_grey};
use crate::ImageShape;

/// The largest bin.
pub(super) const LAST_BIN: usize = 30;

/// One operation.
pub(super) struct Operation {
    /// Its name in documentation.
    pub(super) name: &'static str,
    /// Does it go both ways?
    pub(super) signed: bool,
    /// Changes the pixels by the magnitude of a bin.
    pub(super) apply: fn(&mut [u8], ImageShape, f64),
}

/// All of them, in torchvision's order, by which they are drawn.
pub(super) static OPERATIONS: [Operation; 14] = [
    one_way("identity", |_, _, _| {}),
    both_ways("shear-x", |pixels, shape, bin| {
        transform(pixels, shape, shear_x(0.01 * bin));
    }),
    both_ways("shear-y", |pixels, shape, bin| {
        transform(pixels, shape, shear_y(0.01 * bin));
    }),
    both_ways("translate-x", |pixels, shape, bin| {
        transform(pixels, shape, translation(shift(shape.width, bin), 0.0));
    }),
    both_ways("translate-y", |pixels, shape, bin| {
        transform(pixels, shape, translation(0.0, shift(shape.height, bin)));
    }),
    both_ways("rotate", |pixels, shape, bin| {
        transform(pixels, shape, rotation(bin, shape));
    }),
    both_ways("brightness", |pixels, _, bin| {
        look_up(pixels, |v| blend(0, v, factor(bin)));
    }),
    both_ways("colour", colour),
    both_ways("contrast", |pixels, shape, bin| {
        let mean = mean_grey(pixels, shape) as u8;
        look_up(pixels, |v| blend(mean, v, factor(bin)));
    }),
    both_ways("sharpness", sharpness),
    one_way("posterise", |pixels, _, bin| {
        // 8 bits down to 4.
        let dropped = (bin / 7.5).round_ties_even() as u32;
        look_up(pixels, |v| v >> dropped << dropped);
    }),
    one_way("solarise", |pixels, _, bin| {
        let threshold = 255.0 - 8.5 * bin;
        look_up(
            pixels,
            |v| if f64::from(v) < threshold { v } else { 255 - v },
        );
    }),
    one_way("auto-contrast", |pixels, shape, _| {
        pixels
            .chunks_exact_mut(shape.plane().max(1))
            .for_each(auto_contrast);
    }),
    one_way("equalise", |pixels, shape, _| {
        pixels
            .chunks_exact_mut(shape.plane().max(1))
            .for_each(equalise);
    }),
];

const fn one_way(name: &'static str, apply: fn(&mut [u8], ImageShape, f64)) -> Operation {
    Operation {
        name,
        signed: false,
        apply,
    }
}

const fn both_ways(name: &'static str, apply: fn(&mut [u8], ImageShape, f64)) -> Operation {
    Operation {
        name,
        signed: true,
        apply,
    }
}

/// Whole pixels by which an image of an extent moves: up to 150/331 of it, the paper's 150 pixels of 331.
fn shift(extent: usize, bin: f64) -> f64 {
    (150.0 / 331.0 * extent as f64 * bin / LAST_BIN as f64).trunc()
}

/// The factor of a property: 0.1 to 1.9, 1 leaves it alone.
fn factor(bin: f64) -> f32 {
    (1.0 + 0.9 * bin / LAST_BIN as f64) as f32
}

/// The value at `factor` on the way from `plain` (0) to `value` (1) and beyond, cut to 0..255, rounded down.
fn blend(plain: u8, value: u8, factor: f32) -> u8 {
    (f32::from(plain) + factor * (f32::from(value) - f32::from(plain))) as u8
}

/// Replaces each value by what a function says of it.
fn look_up(pixels: &mut [u8], change: impl Fn(u8) -> u8) {
    let table: [u8; 256] = std::array::from_fn(|v| change(v as u8));
    for v in pixels {
        *v = table[usize::from(*v)];
    }
}

/// Distance of each pixel from its grey; grey images have none.
fn colour(pixels: &mut [u8], shape: ImageShape, bin: f64) {
    if shape.channels != 3 {
        return;
    }
    let greys: Vec<u8> = lumas(pixels, shape.plane()).collect();
    for plane in pixels.chunks_exact_mut(shape.plane().max(1)) {
        for (v, &grey) in plane.iter_mut().zip(&greys) {
            *v = blend(grey, *v, factor(bin));
        }
    }
}

/// Distance from the image smoothed by `[1 1 1; 1 5 1; 1 1 1]/13`, which leaves the border as it is.
fn sharpness(pixels: &mut [u8], shape: ImageShape, bin: f64) {
    let ImageShape { height, width, .. } = shape;
    for plane in pixels.chunks_exact_mut(shape.plane().max(1)) {
        let from = plane.to_vec();
        for y in 1..height.saturating_sub(1) {
            for x in 1..width.saturating_sub(1) {
                let rows = (y - 1..=y + 1).map(|y| &from[y * width + x - 1..=y * width + x + 1]);
                let sum: u32 = rows.flatten().map(|&v| u32::from(v)).sum();
                let here = from[y * width + x];
                let smooth = (2 * (sum + 4 * u32::from(here)) + 13) / 26;
                plane[y * width + x] = blend(smooth as u8, here, factor(bin));
            }
        }
    }
}

/// Spreads the values of a plane over 0..255, rounded down.
fn auto_contrast(plane: &mut [u8]) {
    let (Some(&low), Some(&high)) = (plane.iter().min(), plane.iter().max()) else {
        return;
    };
    if low == high {
        return;
    }
    let scale = 255.0 / f64::from(high - low);
    let offset = -f64::from(low) * scale;
    look_up(plane, |v| (f64::from(v) * scale + offset) as u8);
}

/// Gives a plane as many pixels below each value as an even distribution has, as nearly as a table of values can.
///
/// A value becomes the number of pixels below it, and half a step, divided by the step: a 255th of all pixels but
/// those of the largest value. Planes of fewer than 255 such pixels stay as they are.
fn equalise(plane: &mut [u8]) {
    let mut counts = [0_usize; 256];
    for v in plane.iter() {
        counts[usize::from(*v)] += 1;
    }
    let last = counts.iter().rev().find(|c| **c > 0).copied().unwrap_or(0);
    let step = (plane.len() - last) / 255;
    if step == 0 {
        return;
    }
    let mut below = step / 2;
    let table = counts.map(|count| {
        let value = (below / step).min(255) as u8;
        below += count;
        value
    });
    look_up(plane, |v| table[usize::from(v)]);
}

#[cfg(test)]
mod tests;
