//! Which part of a whole image does the network see, and at which scale?
//!
//! Photographs have all sizes. What reaches the network is a [`Window`]: a rectangle of the image
//! is scaled, and a part of the size of the network's input is cut from the result. Training draws
//! the window at random, as a [`View`] says; at test it is the middle. Rules and roundings are those
//! of `torchvision`, so that published figures can be compared.

use serde::{Deserialize, Serialize};
use timestep_numerics::random::Stream;

use crate::ImageShape;
use crate::error::DataError;

/// Tries of [`View::RandomResized`] before it takes the middle of the image.
const TRIES: usize = 10;

/// The longest side in pixels that an image may be asked to have.
pub(crate) const LONGEST: usize = 1 << 14;

/// How the window of a training image is chosen. All but [`Padded`](Self::Padded) need the whole
/// image and therefore a set that is opened with [`OpenOptions::full`](crate::OpenOptions::full).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum View {
    /// A window of the image's own size after padding: the choice for small images of one size.
    #[default]
    #[serde(rename = "pad")]
    Padded,
    /// A rectangle of random area and proportions, scaled to the input: the scale and aspect
    /// augmentation of ImageNet.
    RandomResized {
        /// Least and largest area of the rectangle, as a share of the image.
        scale: (f64, f64),
        /// Least and largest width / height, drawn evenly on a logarithmic scale.
        ratio: (f64, f64),
    },
    /// The image scaled until its shorter side has a random length, and a window at a random place
    /// of it: the scale augmentation of VGG and ResNet.
    #[serde(rename = "scale")]
    Scaled {
        /// Least and largest length of the shorter side in pixels, both included.
        shorter: (usize, usize),
    },
}

impl View {
    /// Area 8 % to 100 %, width / height 3/4 to 4/3.
    pub const RANDOM_RESIZED: Self = Self::RandomResized {
        scale: (0.08, 1.0),
        ratio: (3.0 / 4.0, 4.0 / 3.0),
    };

    /// A shorter side of 256 to 480 pixels.
    pub const SCALED: Self = Self::Scaled {
        shorter: (256, 480),
    };

    /// The name in recipes: `pad`, `random-resized` or `scale`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Padded => "pad",
            Self::RandomResized { .. } => "random-resized",
            Self::Scaled { .. } => "scale",
        }
    }

    /// Whether windows are cut from whole images, not from images of the network's input size.
    #[must_use]
    pub const fn needs_whole(&self) -> bool {
        !matches!(self, Self::Padded)
    }

    /// Checks the numbers, and that a window of `shape` fits whatever is drawn.
    ///
    /// # Errors
    /// [`DataError::BadOption`].
    pub fn check(&self, shape: ImageShape) -> Result<(), DataError> {
        let bad = |option, value, expected: String| {
            Err(DataError::BadOption {
                option,
                value,
                expected,
            })
        };
        // Written so that NaN fails.
        let ordered = |(low, high): (f64, f64), most: f64| 0.0 < low && low <= high && high <= most;
        match *self {
            Self::Padded => Ok(()),
            Self::RandomResized { scale, .. } if !ordered(scale, 1.0) => bad(
                "the area of random crops",
                format!("{}..{}", scale.0, scale.1),
                "two shares above 0 and at most 1, the smaller first".to_owned(),
            ),
            Self::RandomResized { ratio, .. } if !ordered(ratio, f64::MAX) => bad(
                "width / height of random crops",
                format!("{}..{}", ratio.0, ratio.1),
                "two numbers above 0, the smaller first".to_owned(),
            ),
            Self::RandomResized { .. } => Ok(()),
            Self::Scaled {
                shorter: (low, high),
            } => {
                let side = shape.height.max(shape.width);
                if side <= low && low <= high && high <= LONGEST {
                    return Ok(());
                }
                bad(
                    "the shorter side of scaled images",
                    format!("{low}..{high}"),
                    format!(
                        "two lengths of {side} (the crop) to {LONGEST} pixels, the smaller first"
                    ),
                )
            }
        }
    }

    /// Draws a window of an image of `width`×`height`; `None` for [`Padded`](Self::Padded).
    pub(crate) fn window(
        &self,
        stream: &mut Stream,
        (width, height): (usize, usize),
        shape: ImageShape,
    ) -> Option<Window> {
        match *self {
            Self::Padded => None,
            Self::RandomResized { scale, ratio } => {
                let area = random_area(stream, (width, height), scale, ratio);
                Some(Window {
                    area,
                    scaled: (shape.width, shape.height),
                    left: 0,
                    top: 0,
                    flip: false,
                })
            }
            Self::Scaled {
                shorter: (low, high),
            } => {
                let side = low + place(stream, high - low);
                let scaled = shorter_to(side, (width, height));
                // `check` makes the window fit; the subtraction saturates for want of a check.
                let top = place(stream, scaled.1.saturating_sub(shape.height));
                let left = place(stream, scaled.0.saturating_sub(shape.width));
                Some(Window {
                    area: Area::whole(width, height),
                    scaled,
                    left,
                    top,
                    flip: false,
                })
            }
        }
    }
}

/// A rectangle of an image, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Area {
    /// Columns left of it.
    pub left: usize,
    /// Rows above it.
    pub top: usize,
    /// Columns, at least 1.
    pub width: usize,
    /// Rows, at least 1.
    pub height: usize,
}

impl Area {
    /// The whole of an image.
    const fn whole(width: usize, height: usize) -> Self {
        Self {
            left: 0,
            top: 0,
            width,
            height,
        }
    }
}

/// How an input is made from a whole image: `area` is scaled to the extent `scaled`, and the input
/// is cut from the result at `left` and `top`.
///
/// The scaling sees nothing outside `area`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// The part of the image that is scaled.
    pub area: Area,
    /// Columns and rows to which it is scaled.
    pub scaled: (usize, usize),
    /// Columns of the scaled image left of the input.
    pub left: usize,
    /// Rows of the scaled image above the input.
    pub top: usize,
    /// Whether the input is then turned left and right around.
    pub flip: bool,
}

impl Window {
    /// The view of a test image: the shorter side scaled to `shorter`, then the middle.
    ///
    /// `shorter` is at least the longer side of `shape`.
    pub(crate) fn middle(extent: (usize, usize), shorter: usize, shape: ImageShape) -> Self {
        let scaled = shorter_to(shorter, extent);
        // An odd rest: torchvision rounds the half place to the even one, and so do we.
        let half = |rest: usize| (rest as f64 / 2.0).round_ties_even() as usize;
        Self {
            area: Area::whole(extent.0, extent.1),
            scaled,
            left: half(scaled.0.saturating_sub(shape.width)),
            top: half(scaled.1.saturating_sub(shape.height)),
            flip: false,
        }
    }
}

/// The extent of an image whose shorter side is scaled to `side`; the longer one is rounded down.
fn shorter_to(side: usize, (width, height): (usize, usize)) -> (usize, usize) {
    // A side is at most `LONGEST` and extents are u32, so the product fits 64 bits.
    let longer = |long: usize, short: usize| (side as u64 * long as u64 / short as u64) as usize;
    if width <= height {
        (side, longer(height, width))
    } else {
        (longer(width, height), side)
    }
}

/// An even place among `0..=rest`.
fn place(stream: &mut Stream, rest: usize) -> usize {
    stream.below(rest + 1)
}

/// A rectangle of random area and proportions that fits the image.
fn random_area(
    stream: &mut Stream,
    (width, height): (usize, usize),
    scale: (f64, f64),
    ratio: (f64, f64),
) -> Area {
    let pixels = width as f64 * height as f64;
    let (low, high) = (ratio.0.ln(), ratio.1.ln());
    for _ in 0..TRIES {
        let share = scale.0 + stream.unit() * (scale.1 - scale.0);
        let ratio = (low + stream.unit() * (high - low)).exp();
        let w = (pixels * share * ratio).sqrt().round_ties_even() as usize;
        let h = (pixels * share / ratio).sqrt().round_ties_even() as usize;
        if (1..=width).contains(&w) && (1..=height).contains(&h) {
            let top = place(stream, height - h);
            let left = place(stream, width - w);
            return Area {
                left,
                top,
                width: w,
                height: h,
            };
        }
    }
    // The image is longer or wider than nearly all that is drawn: the largest part of its middle
    // with an allowed ratio.
    let (w, h) = (width as f64, height as f64);
    let (w, h) = if w / h < ratio.0 {
        (w, w / ratio.0)
    } else if w / h > ratio.1 {
        (h * ratio.1, h)
    } else {
        (w, h)
    };
    let w = (w.round_ties_even() as usize).clamp(1, width);
    let h = (h.round_ties_even() as usize).clamp(1, height);
    Area {
        left: (width - w) / 2,
        top: (height - h) / 2,
        width: w,
        height: h,
    }
}

#[cfg(test)]
mod tests;
