//! Cutout: which square of a training image is blanked?
//!
//! A centre is drawn evenly among the pixels of the input, and the square of `size` pixels a side around it
//! is set to 0 *after* normalisation: to the mean of the training images, not to black. What lies outside the
//! image is lost, so on average less than a whole square is blanked. Rows of the square are
//! `y - ⌊size/2⌋ ≤ row < y - ⌊size/2⌋ + size`, columns alike.
//!
//! T. DeVries, G. W. Taylor, Improved regularization of convolutional neural networks with cutout,
//! arXiv:1708.04552, 2017: 16 pixels for CIFAR-10, 8 for CIFAR-100 with the usual crops and flips.

use serde::{Deserialize, Serialize};
use timestep_numerics::random::{Purpose, Stream};

use crate::ImageShape;
use crate::error::DataError;

/// What the draws are for.
const CUTOUT: Purpose = Purpose::new("cutout");

/// A square of each training image is blanked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cutout {
    /// Side of the square in pixels; 0 for none. At most the shorter side of the images.
    pub size: usize,
}

impl Cutout {
    /// Nothing is blanked.
    pub const OFF: Self = Self { size: 0 };

    /// Whether nothing is blanked.
    #[must_use]
    pub fn is_off(&self) -> bool {
        *self == Self::OFF
    }

    /// Checks that the square is not larger than the images.
    ///
    /// # Errors
    /// [`DataError::BadOption`].
    pub fn check(&self, shape: ImageShape) -> Result<(), DataError> {
        let side = shape.height.min(shape.width);
        if self.size <= side {
            return Ok(());
        }
        Err(DataError::BadOption {
            option: "the square of cutout",
            value: format!("{} pixels", self.size),
            expected: format!("0 (off) to {side}, the shorter side of the images"),
        })
    }

    /// Blanks the square of image `index` in `epoch` of a run with `seed`: normalised values, C×H×W.
    ///
    /// Drawn from the stream `cutout` of the epoch and image: the row of the centre, then its column.
    pub(super) fn apply(
        &self,
        values: &mut [f32],
        shape: ImageShape,
        (seed, epoch, index): (u64, u64, u32),
    ) {
        let ImageShape { height, width, .. } = shape;
        let mut stream = Stream::new(seed, CUTOUT, epoch, u64::from(index));
        let mut side = |extent: usize| {
            let centre = stream.below(extent);
            let end = (centre + self.size).saturating_sub(self.size / 2);
            centre.saturating_sub(self.size / 2)..end.min(extent)
        };
        let (rows, columns) = (side(height), side(width));
        for plane in values.chunks_exact_mut(shape.plane().max(1)) {
            for row in rows.clone() {
                plane[row * width..][columns.clone()].fill(0.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which pixels of an image are blanked, as rows and columns of the square.
    fn square(size: usize, shape: ImageShape, index: u32) -> Vec<(usize, usize)> {
        let mut values = vec![1.0; shape.len()];
        Cutout { size }.apply(&mut values, shape, (3, 1, index));
        let plane = shape.plane();
        for channel in 1..shape.channels {
            assert_eq!(values[..plane], values[channel * plane..][..plane]);
        }
        let at = |i: usize| (i / shape.width, i % shape.width);
        (0..plane).filter(|i| values[*i] == 0.0).map(at).collect()
    }

    #[test]
    fn squares_are_squares_and_centres_are_even() {
        let shape = ImageShape::new(3, 6, 5);
        for size in [1, 2, 3, 5] {
            let mut centres = vec![0_u32; shape.plane()];
            for index in 0..6000 {
                let cells = square(size, shape, index);
                let (top, left) = cells[0];
                let (bottom, right) = cells[cells.len() - 1];
                assert_eq!(cells.len(), (bottom - top + 1) * (right - left + 1));
                // Where the square is cut, the side that is not tells where its centre is.
                let centre = |first: usize, last: usize, extent: usize| {
                    if first > 0 {
                        first + size / 2
                    } else {
                        let centre = (last + 1 + size / 2).saturating_sub(size);
                        assert!(centre < extent && centre <= size / 2);
                        centre
                    }
                };
                let at = centre(top, bottom, 6) * 5 + centre(left, right, 5);
                centres[at] += 1;
                assert_eq!(cells, square(size, shape, index));
            }
            // 200 each, five deviations are 70.
            if size < 5 {
                assert!(
                    centres.iter().all(|c| c.abs_diff(200) < 70),
                    "{size}: {centres:?}"
                );
            }
        }
    }

    #[test]
    fn squares_larger_than_images_are_refused() {
        let shape = ImageShape::new(3, 6, 5);
        Cutout { size: 5 }.check(shape).unwrap();
        let error = Cutout { size: 6 }.check(shape).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the square of cutout is 6 pixels, and must be 0 (off) to 5, the shorter side of the images"
        );
    }
}
