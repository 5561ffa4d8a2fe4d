//! How is a training image varied, and how is the variation drawn?
//!
//! The usual augmentation of CIFAR: pad by four pixels, cut a random window of the old size, turn
//! left and right around with probability one half. That of ImageNet cuts a window from the whole
//! photograph ([`View`]) and may change its colours ([`Jitter`]). What further varies an image comes in this
//! order: [`RandAugment`] on its 8-bit pixels, normalisation, [`Cutout`], and [`Mixup`] of the whole batch. The draw
//! for an image depends only on seed, epoch and the number of the image; which images are mixed, on seed, epoch
//! and the number of the batch. Each has a stream of its own, so one changes nothing of another.

mod affine;
mod crop;
mod cutout;
mod jitter;
mod mixup;
mod operations;
mod rand_augment;

pub use cutout::Cutout;
pub use jitter::Jitter;
pub use mixup::{Mix, Mixup};
pub use rand_augment::RandAugment;

use serde::{Deserialize, Serialize};
use timestep_numerics::random::{Purpose, Stream};

use crate::ImageShape;
use crate::error::DataError;
use crate::view::{View, Window};
use crop::crop_plane;

/// What the draws of windows and flips are for.
const AUGMENT: Purpose = Purpose::new("augment");

/// What the draws of flips that alternate are for.
const ALTERNATE: Purpose = Purpose::new("alternate-flip");

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
    /// Whether the other half is in the next epoch: an image is then seen both ways in every two epochs, where independent draws
    /// show it twice the same way every second time. Which half begins is drawn (Jordan 2024, arXiv:2404.00498).
    pub alternate: bool,
    /// How much colours vary; they are changed after a window is cut from a whole image, and
    /// before an image is padded, so that padding is always black.
    pub jitter: Jitter,
    /// A few random operations on each image.
    pub rand_augment: RandAugment,
    /// A square of each image is blanked.
    pub cutout: Cutout,
    /// Images of a batch are mixed, and their labels with them.
    pub mixup: Mixup,
}

impl Default for Augment {
    /// No variation.
    fn default() -> Self {
        Self {
            view: View::Padded,
            pad: 0,
            pad_mode: PadMode::Zero,
            flip: false,
            alternate: false,
            jitter: Jitter::OFF,
            rand_augment: RandAugment::OFF,
            cutout: Cutout::OFF,
            mixup: Mixup::OFF,
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
        alternate: false,
        jitter: Jitter::OFF,
        rand_augment: RandAugment::OFF,
        cutout: Cutout::OFF,
        mixup: Mixup::OFF,
    };

    /// Random area and proportions, and flip: the augmentation of ImageNet.
    pub const IMAGENET: Self = Self {
        view: View::RANDOM_RESIZED,
        pad: 0,
        pad_mode: PadMode::Zero,
        flip: true,
        alternate: false,
        jitter: Jitter::OFF,
        rand_augment: RandAugment::OFF,
        cutout: Cutout::OFF,
        mixup: Mixup::OFF,
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
        self.rand_augment.check()?;
        self.cutout.check(shape)?;
        self.mixup.check()?;
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
        let flip = self.flips(stream.below(2) == 1, seed, epoch, index);
        Crop { top, left, flip }
    }

    /// Is image `index` turned around in `epoch`, where `drawn` says so if each epoch is by itself?
    ///
    /// Flips that alternate are drawn from the stream `alternate-flip` of the image, once for all epochs.
    fn flips(&self, drawn: bool, seed: u64, epoch: u64, index: u32) -> bool {
        let turned = match self.alternate {
            true => {
                let mut stream = Stream::new(seed, ALTERNATE, 0, u64::from(index));
                (stream.below(2) == 1) != (epoch % 2 == 1)
            }
            false => drawn,
        };
        self.flip && turned
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
        let drawn = stream.below(2) == 1;
        let flip = (self.augment).flips(drawn, self.seed, self.epoch, index);
        let window = self.augment.view.window(&mut stream, extent, shape)?;
        Some(Window { flip, ..window })
    }

    /// Makes the input of the network, `out`, of image `index`: all of the variation that concerns one image. `tables`
    /// normalise the raw values of each channel.
    ///
    /// `pixels` is the image, or the window of it for views that cut one from whole images; it is changed.
    pub(crate) fn vary(
        &self,
        index: u32,
        pixels: &mut [u8],
        out: &mut [f32],
        shape: ImageShape,
        tables: &[[f32; 256]],
    ) {
        let Self {
            augment,
            seed,
            epoch,
        } = *self;
        let named = (seed, epoch, index);
        if !augment.jitter.is_off() {
            augment.jitter.draw(seed, epoch, index).apply(pixels, shape);
        }
        let crop = (!augment.view.needs_whole())
            .then(|| augment.draw(seed, epoch, index))
            .filter(|crop| *crop != Crop::middle(augment.pad));
        match crop {
            // The usual case: cut and normalised in one go.
            Some(crop) if augment.rand_augment.is_off() => {
                cut(pixels, out, shape, augment, crop, tables);
            }
            crop => {
                if let Some(crop) = crop {
                    let same: [u8; 256] = std::array::from_fn(|v| v as u8);
                    let whole = pixels.to_vec();
                    let tables = vec![same; shape.channels];
                    cut(&whole, pixels, shape, augment, crop, &tables);
                }
                augment.rand_augment.apply(pixels, shape, named);
                normalise(pixels, out, shape, tables);
            }
        }
        if !augment.cutout.is_off() {
            augment.cutout.apply(out, shape, named);
        }
    }
}

impl Crop {
    /// The crop that gives the image back.
    const fn middle(pad: usize) -> Self {
        Self {
            top: pad,
            left: pad,
            flip: false,
        }
    }
}

/// Cuts the window from each channel, through a table for each.
fn cut<T: Copy>(
    pixels: &[u8],
    out: &mut [T],
    shape: ImageShape,
    augment: &Augment,
    crop: Crop,
    tables: &[[T; 256]],
) {
    let planes = pixels
        .chunks_exact(shape.plane())
        .zip(out.chunks_exact_mut(shape.plane()));
    for ((from, to), table) in planes.zip(tables) {
        crop_plane(from, to, shape, augment, crop, table);
    }
}

/// The network input of an image that is not varied any more.
pub(crate) fn normalise(pixels: &[u8], out: &mut [f32], shape: ImageShape, tables: &[[f32; 256]]) {
    let planes = pixels
        .chunks_exact(shape.plane())
        .zip(out.chunks_exact_mut(shape.plane()));
    for ((from, to), table) in planes.zip(tables) {
        for (to, &v) in to.iter_mut().zip(from) {
            *to = table[usize::from(v)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn flips_that_alternate_show_both_sides_in_every_two_epochs() {
        let augment = Augment {
            alternate: true,
            ..Augment::CIFAR
        };
        let flips = |epoch| move |index| augment.draw(5, epoch, index).flip;
        let turned = (0..10_000).filter(|&index| flips(0)(index)).count();
        // Five standard deviations are 250.
        assert!(turned.abs_diff(5000) < 250, "{turned}");
        for index in 0..1000 {
            let crop = augment.draw(5, 3, index);
            let alone = Augment::CIFAR.draw(5, 3, index);
            assert_eq!((crop.top, crop.left), (alone.top, alone.left));
            for epoch in 0..4 {
                assert_ne!(flips(epoch)(index), flips(epoch + 1)(index));
            }
            let window = Draw {
                augment: &Augment {
                    view: View::RANDOM_RESIZED,
                    ..augment
                },
                seed: 5,
                epoch: 3,
            };
            let window = window.window(index, (40, 30), ImageShape::new(3, 8, 8));
            assert_eq!(window.map(|w| w.flip), Some(crop.flip));
        }
        let still = Augment {
            flip: false,
            ..augment
        };
        assert!((0..100).all(|index| !still.draw(5, 1, index).flip));
    }
}
