//! How is a training image varied, and how is the variation drawn?
//!
//! The usual augmentation of CIFAR: pad by four pixels, cut a random window of the old size, turn
//! left and right around with probability one half. That of ImageNet cuts a window from the whole
//! photograph ([`View`]) and may change its colours ([`Jitter`]). The draw for an image depends only
//! on seed, epoch and the number of the image.

use serde::{Deserialize, Serialize};
use timestep_numerics::random::{Purpose, Stream};

use crate::ImageShape;
use crate::error::DataError;
use crate::jitter::Jitter;
use crate::view::{View, Window};

/// What the draws of windows and flips are for.
const AUGMENT: Purpose = Purpose::new("augment");

/// What is put around an image before a window of it is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PadMode {
    /// Black: the raw value 0, before the normalisation, as the published training code does.
    /// After it, the padding is `(0 - mean) / std`, not zero.
    #[default]
    Zero,
    /// The image mirrored at its edge, the edge itself not repeated: `c b | a b c | b a`.
    Reflect,
}

/// Random variation of training images: a window, a horizontal flip, colours.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augment {
    /// How the window is chosen.
    pub view: View,
    /// Pixels added on each side before the crop; 0 for no crop. Below height and width. Of
    /// [`View::Padded`] alone: the other views add nothing.
    pub pad: usize,
    /// What the added pixels are.
    pub pad_mode: PadMode,
    /// Whether half of the images are turned left and right around.
    pub flip: bool,
    /// How much colours vary; they are changed after a window is cut from a whole image, and
    /// before an image is padded, so that padding is always black.
    pub jitter: Jitter,
}

impl Default for Augment {
    /// No variation.
    fn default() -> Self {
        Self {
            view: View::Padded,
            pad: 0,
            pad_mode: PadMode::Zero,
            flip: false,
            jitter: Jitter::OFF,
        }
    }
}

/// One drawn variation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Crop {
    /// Rows between the top of the padded image and the window, `0..=2·pad`; `pad` is the middle.
    pub top: usize,
    /// Columns between the left of the padded image and the window.
    pub left: usize,
    /// Whether the window is then turned left and right around.
    pub flip: bool,
}

/// An augmentation with the two numbers that, with an image's own, decide what is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Draw<'a> {
    /// What may vary.
    pub augment: &'a Augment,
    /// The seed of the run.
    pub seed: u64,
    /// The epoch, from 0.
    pub epoch: u64,
}

impl Augment {
    /// Pad by four with black and flip: the augmentation of the CIFAR papers.
    pub const CIFAR: Self = Self {
        view: View::Padded,
        pad: 4,
        pad_mode: PadMode::Zero,
        flip: true,
        jitter: Jitter::OFF,
    };

    /// Random area and proportions, and flip: the augmentation of ImageNet.
    pub const IMAGENET: Self = Self {
        view: View::RANDOM_RESIZED,
        pad: 0,
        pad_mode: PadMode::Zero,
        flip: true,
        jitter: Jitter::OFF,
    };

    /// Checks the numbers, and that the padding suits the images: below height and width.
    /// Reflection is not defined beyond, and a black border could push the whole image out of the
    /// window.
    ///
    /// # Errors
    /// [`DataError::PadTooLarge`]; [`DataError::BadOption`] for a range that cannot be drawn from.
    pub fn check(&self, shape: ImageShape) -> Result<(), DataError> {
        self.view.check(shape)?;
        self.jitter.check()?;
        let ImageShape { height, width, .. } = shape;
        let pads = self.view == View::Padded && self.pad > 0;
        if pads && self.pad >= height.min(width) {
            return Err(DataError::PadTooLarge {
                pad: self.pad,
                height,
                width,
            });
        }
        Ok(())
    }

    /// The crop of image `index` in `epoch` of a run with `seed`, for [`View::Padded`]; the other
    /// views have a [`Draw::window`].
    ///
    /// Drawn from the stream `augment` of the epoch and image: rows, columns, flip, in this order; the
    /// flip is drawn even if it is off, so that switching it changes nothing else.
    #[must_use]
    pub fn draw(&self, seed: u64, epoch: u64, index: u32) -> Crop {
        let mut stream = Stream::new(seed, AUGMENT, epoch, u64::from(index));
        let places = 2 * self.pad + 1;
        let top = stream.below(places);
        let left = stream.below(places);
        let flip = stream.below(2) == 1 && self.flip;
        Crop { top, left, flip }
    }
}

impl Draw<'_> {
    /// The window of image `index`, a whole image of `extent` (width, height), for an input of
    /// `shape`; `None` for [`View::Padded`], which does not look at whole images.
    ///
    /// Drawn from the stream `augment` of the epoch and image: first the flip, even if it is off. Then
    /// for [`View::RandomResized`] area, ratio and, if the rectangle fits the image, row and column,
    /// otherwise again, ten times at most; for [`View::Scaled`] the shorter side, row and column.
    #[must_use]
    pub fn window(&self, index: u32, extent: (usize, usize), shape: ImageShape) -> Option<Window> {
        let mut stream = Stream::new(self.seed, AUGMENT, self.epoch, u64::from(index));
        let flip = stream.below(2) == 1 && self.augment.flip;
        let window = self.augment.view.window(&mut stream, extent, shape)?;
        Some(Window { flip, ..window })
    }
}

/// Writes the window of one channel to `out`, through `table` (raw value to network input).
pub(crate) fn crop_plane(
    plane: &[u8],
    out: &mut [f32],
    shape: ImageShape,
    augment: &Augment,
    crop: Crop,
    table: &[f32; 256],
) {
    let ImageShape { height, width, .. } = shape;
    for (y, row) in out.chunks_exact_mut(width).enumerate() {
        match source(y + crop.top, augment, height) {
            None => row.fill(table[0]),
            Some(from) => {
                let from = &plane[from * width..(from + 1) * width];
                for (x, value) in row.iter_mut().enumerate() {
                    let raw = source(x + crop.left, augment, width).map_or(0, |x| from[x]);
                    *value = table[usize::from(raw)];
                }
            }
        }
        if crop.flip {
            row.reverse();
        }
    }
}

/// The row or column of the image at place `at` of the padded image; `None` is black.
fn source(at: usize, augment: &Augment, extent: usize) -> Option<usize> {
    let pad = augment.pad;
    match (at.checked_sub(pad), augment.pad_mode) {
        (Some(inside), _) if inside < extent => Some(inside),
        (_, PadMode::Zero) => None,
        // Before the edge: one left of it is number 1.
        (None, PadMode::Reflect) => Some(pad - at),
        // Behind it: `extent` is number extent-2. `Augment::check` keeps it from going below 0.
        (Some(behind), PadMode::Reflect) => Some(2 * (extent - 1) - behind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The padded image in full, then cut and flipped: what `crop_plane` does without it.
    fn naive(plane: &[u8], h: usize, w: usize, augment: &Augment, crop: Crop) -> Vec<u8> {
        let pad = augment.pad as isize;
        let mirror = |i: isize, n: isize| {
            let i = i.abs();
            if i < n { i } else { 2 * (n - 1) - i }
        };
        let at = |y: isize, x: isize| {
            let (hi, wi) = (h as isize, w as isize);
            let inside = (0..hi).contains(&y) && (0..wi).contains(&x);
            match augment.pad_mode {
                PadMode::Zero if !inside => 0,
                PadMode::Zero => plane[(y * wi + x) as usize],
                PadMode::Reflect => plane[(mirror(y, hi) * wi + mirror(x, wi)) as usize],
            }
        };
        let mut out = Vec::new();
        for y in 0..h {
            for x in 0..w {
                let x = if crop.flip { w - 1 - x } else { x };
                out.push(at(
                    (y + crop.top) as isize - pad,
                    (x + crop.left) as isize - pad,
                ));
            }
        }
        out
    }

    #[test]
    fn every_crop_equals_the_naive_one() {
        let table: [f32; 256] = std::array::from_fn(|v| v as f32);
        for (h, w) in [(3, 4), (5, 3), (2, 2), (8, 8)] {
            let plane: Vec<u8> = (0..h * w).map(|i| (i * 7 + 1) as u8).collect();
            let shape = ImageShape::new(1, h, w);
            for pad in 0..h.min(w) {
                for pad_mode in [PadMode::Zero, PadMode::Reflect] {
                    let augment = Augment {
                        pad,
                        pad_mode,
                        flip: true,
                        ..Augment::default()
                    };
                    augment.check(shape).unwrap();
                    for top in 0..=2 * pad {
                        for left in 0..=2 * pad {
                            for flip in [false, true] {
                                let crop = Crop { top, left, flip };
                                let mut out = vec![f32::NAN; h * w];
                                crop_plane(&plane, &mut out, shape, &augment, crop, &table);
                                let out: Vec<u8> = out.iter().map(|&v| v as u8).collect();
                                assert_eq!(out, naive(&plane, h, w, &augment, crop), "{crop:?}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn reflection_by_hand() {
        let augment = Augment {
            pad: 2,
            pad_mode: PadMode::Reflect,
            ..Augment::default()
        };
        let row: Vec<_> = (0..7).map(|at| source(at, &augment, 3)).collect();
        assert_eq!(row, [2, 1, 0, 1, 2, 1, 0].map(Some));
    }

    #[test]
    fn padding_as_large_as_the_image_is_refused() {
        let augment = Augment {
            pad: 4,
            ..Augment::default()
        };
        assert!(augment.check(ImageShape::new(3, 5, 5)).is_ok());
        let error = augment.check(ImageShape::new(3, 8, 4)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a padding of 4 pixels does not fit images of 8×4: it must be below 4"
        );
        // No padding suits even a single pixel.
        assert!(Augment::default().check(ImageShape::new(1, 1, 1)).is_ok());
    }

    #[test]
    fn draws_cover_all_places_evenly_and_flip_is_independent() {
        let augment = Augment {
            pad: 1,
            flip: true,
            ..Augment::default()
        };
        let mut counts = [0u32; 18];
        for index in 0..18_000 {
            let crop = augment.draw(5, 1, index);
            counts[crop.top * 6 + crop.left * 2 + usize::from(crop.flip)] += 1;
            let still = Augment {
                flip: false,
                ..augment
            }
            .draw(5, 1, index);
            assert_eq!(
                still,
                Crop {
                    flip: false,
                    ..crop
                }
            );
        }
        // Five standard deviations of a binomial with n = 18000, p = 1/18 is 154.
        assert!(counts.iter().all(|&c| c.abs_diff(1000) < 154), "{counts:?}");
    }
}
