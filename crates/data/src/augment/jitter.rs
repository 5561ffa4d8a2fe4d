//! How are the colours of a training image varied?

use serde::{Deserialize, Serialize};
use timestep_numerics::random::{Purpose, Stream};

use crate::ImageShape;
use crate::error::DataError;

/// Random changes of brightness, contrast and saturation; 0 leaves a property alone.
///
/// A strength `s` draws a factor evenly from `1-s..1+s`. Brightness multiplies the values,
/// contrast their distance from the mean grey of the image, saturation their distance from the
/// grey of the pixel (grey images have none). The three come in random order; after each, values
/// are cut to 0..255 and rounded, as if the image were stored in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jitter {
    /// Strength for the brightness, 0 to 1.
    pub brightness: f64,
    /// Strength for the contrast, 0 to 1.
    pub contrast: f64,
    /// Strength for the saturation, 0 to 1.
    pub saturation: f64,
}

/// What the draws are for.
const JITTER: Purpose = Purpose::new("jitter");

/// The six orders of the three changes.
const ORDERS: [[usize; 3]; 6] = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
];

impl Jitter {
    /// No change.
    pub const OFF: Self = Self {
        brightness: 0.0,
        contrast: 0.0,
        saturation: 0.0,
    };

    /// Whether nothing is changed.
    #[must_use]
    pub fn is_off(&self) -> bool {
        *self == Self::OFF
    }

    /// Checks that the strengths are 0 to 1.
    ///
    /// # Errors
    /// [`DataError::BadOption`].
    pub fn check(&self) -> Result<(), DataError> {
        for (option, value) in [
            ("the jitter of the brightness", self.brightness),
            ("the jitter of the contrast", self.contrast),
            ("the jitter of the saturation", self.saturation),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(DataError::BadOption {
                    option,
                    value: value.to_string(),
                    expected: "0 (off) to 1".to_owned(),
                });
            }
        }
        Ok(())
    }

    /// The changes of image `index` in `epoch` of a run with `seed`.
    ///
    /// Drawn from the stream `jitter` of the epoch and image: the order, then three factors, whether
    /// they are used or not.
    pub(super) fn draw(&self, seed: u64, epoch: u64, index: u32) -> Changes {
        let mut stream = Stream::new(seed, JITTER, epoch, u64::from(index));
        let order = ORDERS[stream.below(6)];
        let strengths = [self.brightness, self.contrast, self.saturation];
        let factors = strengths.map(|s| (1.0 - s + 2.0 * s * stream.unit()) as f32);
        Changes { order, factors }
    }
}

/// Drawn changes of one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Changes {
    order: [usize; 3],
    /// Of brightness, contrast and saturation; 1 changes nothing.
    factors: [f32; 3],
}

impl Changes {
    /// Changes an image in place, C×H×W.
    pub(super) fn apply(&self, pixels: &mut [u8], shape: ImageShape) {
        for which in self.order {
            let factor = self.factors[which];
            match which {
                _ if factor == 1.0 => {}
                0 => spread(pixels, 0.0, factor),
                1 => spread(pixels, mean_grey(pixels, shape), factor),
                _ => saturate(pixels, shape, factor),
            }
        }
    }
}

/// Multiplies the distance of each value from `centre`.
fn spread(pixels: &mut [u8], centre: f32, factor: f32) {
    let table: [u8; 256] = std::array::from_fn(|v| moved(v as f32, centre, factor));
    for v in pixels {
        *v = table[usize::from(*v)];
    }
}

fn moved(value: f32, centre: f32, factor: f32) -> u8 {
    // The cast cuts to 0..255.
    (centre + factor * (value - centre)).round() as u8
}

/// The luma of a pixel by ITU-R 601, in the integers of Pillow.
fn luma(r: u8, g: u8, b: u8) -> u8 {
    ((u32::from(r) * 19595 + u32::from(g) * 38470 + u32::from(b) * 7471 + 0x8000) >> 16) as u8
}

/// Luma of each pixel of a coloured image, by its three planes.
pub(super) fn lumas(pixels: &[u8], plane: usize) -> impl Iterator<Item = u8> {
    let (r, rest) = pixels.split_at(plane);
    let (g, b) = rest.split_at(plane);
    r.iter().zip(g).zip(b).map(|((&r, &g), &b)| luma(r, g, b))
}

/// The mean luma, rounded to a whole number.
pub(super) fn mean_grey(pixels: &[u8], shape: ImageShape) -> f32 {
    let plane = shape.plane().max(1);
    let sum: u64 = if shape.channels == 3 {
        lumas(pixels, plane).map(u64::from).sum()
    } else {
        pixels[..plane].iter().map(|&v| u64::from(v)).sum()
    };
    (sum as f64 / plane as f64).round() as f32
}

/// Multiplies the distance of each pixel from its own grey.
fn saturate(pixels: &mut [u8], shape: ImageShape, factor: f32) {
    if shape.channels != 3 {
        return;
    }
    let greys: Vec<u8> = lumas(pixels, shape.plane()).collect();
    for plane in pixels.chunks_exact_mut(shape.plane().max(1)) {
        for (v, &grey) in plane.iter_mut().zip(&greys) {
            *v = moved(f32::from(*v), f32::from(grey), factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: ImageShape = ImageShape::new(3, 1, 2);
    /// A reddish and a grey pixel, plane by plane.
    const PIXELS: [u8; 6] = [200, 50, 100, 50, 20, 50];

    fn changed(which: usize, factor: f32) -> [u8; 6] {
        let mut factors = [1.0; 3];
        factors[which] = factor;
        let mut pixels = PIXELS;
        let order = [0, 1, 2];
        Changes { order, factors }.apply(&mut pixels, SHAPE);
        pixels
    }

    #[test]
    fn each_change_by_hand() {
        assert_eq!(changed(0, 1.5), [255, 75, 150, 75, 30, 75]);
        // The lumas are 0.299·200 + 0.587·100 + 0.114·20 = 120.78 and 50: mean grey 85.5, up to 86.
        assert_eq!(changed(1, 0.0), [86; 6]);
        assert_eq!(changed(1, 0.5), [143, 68, 93, 68, 53, 68]);
        assert_eq!(changed(2, 0.0), [121, 50, 121, 50, 121, 50]);
        assert_eq!(changed(2, 2.0), [255, 50, 79, 50, 0, 50]);
        for which in 0..3 {
            assert_eq!(changed(which, 1.0), PIXELS);
        }
    }

    #[test]
    fn off_is_the_identity_and_factors_stay_in_range() {
        let strong = Jitter {
            brightness: 0.4,
            contrast: 0.2,
            saturation: 1.0,
        };
        let mut sums = [0f64; 3];
        let mut orders = std::collections::BTreeSet::new();
        for index in 0..2000 {
            let off = Jitter::OFF.draw(3, 1, index);
            let mut pixels = PIXELS;
            off.apply(&mut pixels, SHAPE);
            assert_eq!(pixels, PIXELS);
            let drawn = strong.draw(3, 1, index);
            for (c, strength) in [0.4, 0.2, 1.0].into_iter().enumerate() {
                assert!((drawn.factors[c] - 1.0).abs() <= strength + 1e-6);
                sums[c] += f64::from(drawn.factors[c] - 1.0) / f64::from(strength);
            }
            orders.insert(drawn.order);
            // A strength of 0 takes none of the others' numbers.
            let contrast = Jitter {
                brightness: 0.0,
                ..strong
            };
            assert_eq!(contrast.draw(3, 1, index).factors[1..], drawn.factors[1..]);
        }
        assert_eq!(orders.len(), 6);
        // Evenly drawn: five deviations of the mean of 2000 numbers of -1..1 are 0.065.
        assert!(sums.iter().all(|s| (s / 2000.0).abs() < 0.065), "{sums:?}");
    }

    #[test]
    fn grey_images_have_no_saturation() {
        let shape = ImageShape::new(1, 1, 2);
        let change = |factors| {
            let mut pixels = [10, 30];
            let order = [2, 1, 0];
            Changes { order, factors }.apply(&mut pixels, shape);
            pixels
        };
        assert_eq!(change([1.0, 1.0, 0.0]), [10, 30]);
        assert_eq!(change([1.0, 2.0, 1.0]), [0, 40]);
    }

    #[test]
    fn bad_strengths_are_named() {
        for (jitter, name) in [
            (
                Jitter {
                    brightness: -0.1,
                    ..Jitter::OFF
                },
                "brightness is -0.1",
            ),
            (
                Jitter {
                    contrast: 1.5,
                    ..Jitter::OFF
                },
                "contrast is 1.5",
            ),
            (
                Jitter {
                    saturation: f64::NAN,
                    ..Jitter::OFF
                },
                "saturation is NaN",
            ),
        ] {
            let error = jitter.check().unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
