//! RandAugment: which operations vary a training image, and how much?
//!
//! `operations` times, one of fourteen operations is drawn evenly, with replacement, and applied at one
//! `magnitude` for all, a whole number `m` of 0 to 30:
//!
//! | operation | magnitude | operation | magnitude |
//! |---|---|---|---|
//! | identity | | brightness | factor `1 ± 0.03 m` |
//! | shear-x, shear-y | slope `± 0.01 m` | colour | factor `1 ± 0.03 m` |
//! | translate-x, translate-y | `± 150/331 · m/30` of the side, whole pixels | contrast | factor `1 ± 0.03 m` |
//! | rotate | `± m` degrees | sharpness | factor `1 ± 0.03 m` |
//! | posterise | `8 - round(2 m/15)` bits are kept | auto-contrast | |
//! | solarise | values from `255 - 8.5 m` on are inverted | equalise | |
//!
//! Magnitudes and the nearest pixel in geometric operations, with black outside, are those of torchvision's `RandAugment`, and
//! the pixels those of Pillow. Images are varied after crop and flip, before normalisation. Grey images have no
//! colour: the operation leaves them as they are.
//!
//! E. D. Cubuk, B. Zoph, J. Shlens, Q. V. Le, RandAugment: practical automated data augmentation with a reduced
//! search space, NeurIPS 2020 (arXiv:1909.13719): 2 operations of magnitude 9 for ResNet-50 on ImageNet.

use serde::{Deserialize, Serialize};
use timestep_numerics::random::{Purpose, Stream};

use super::operations::{LAST_BIN, OPERATIONS};
use crate::ImageShape;
use crate::error::DataError;

/// What the draws are for.
const RAND_AUGMENT: Purpose = Purpose::new("rand-augment");

/// The most operations: more leave nothing of an image.
const MOST: usize = 14;

/// A few random operations vary each training image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandAugment {
    /// Operations for each image, 0 to 14; 0 for none.
    pub operations: usize,
    /// How strong they are, 0 to 30.
    pub magnitude: usize,
}

impl RandAugment {
    /// No operations.
    pub const OFF: Self = Self {
        operations: 0,
        magnitude: 0,
    };

    /// Two operations of magnitude 9: the default of torchvision.
    pub const USUAL: Self = Self {
        operations: 2,
        magnitude: 9,
    };

    /// Whether there are no operations.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.operations == 0
    }

    /// The operations, in the order by which they are drawn.
    pub fn names() -> impl Iterator<Item = &'static str> {
        OPERATIONS.iter().map(|operation| operation.name)
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// [`DataError::BadOption`].
    pub fn check(&self) -> Result<(), DataError> {
        for (option, value, most) in [
            (
                "the number of operations of RandAugment",
                self.operations,
                MOST,
            ),
            ("the magnitude of RandAugment", self.magnitude, LAST_BIN),
        ] {
            if value > most {
                return Err(DataError::BadOption {
                    option,
                    value: value.to_string(),
                    expected: format!("0 to {most}"),
                });
            }
        }
        Ok(())
    }

    /// Varies image `index` in `epoch` of a run with `seed`: 8-bit values, C×H×W.
    ///
    /// Drawn from the stream `rand-augment` of the epoch and image: for each operation its place among
    /// [`names`](Self::names), and whether it goes the other way, needed or not.
    pub(super) fn apply(
        &self,
        pixels: &mut [u8],
        shape: ImageShape,
        (seed, epoch, index): (u64, u64, u32),
    ) {
        let mut stream = Stream::new(seed, RAND_AUGMENT, epoch, u64::from(index));
        for _ in 0..self.operations {
            let operation = &OPERATIONS[stream.below(OPERATIONS.len())];
            let back = stream.below(2) == 1 && operation.signed;
            let bin = self.magnitude as f64;
            (operation.apply)(pixels, shape, if back { -bin } else { bin });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_drawn_evenly_and_in_turn() {
        let shape = ImageShape::new(3, 20, 20);
        let image: Vec<u8> = (0..shape.len())
            .map(|i| (40 + i * i * 7 % 180) as u8)
            .collect();
        let one = RandAugment {
            operations: 1,
            magnitude: 20,
        };
        // Every outcome of one operation, by its pixels.
        let mut outcomes = std::collections::BTreeMap::new();
        for operation in &OPERATIONS {
            for bin in [20.0, -20.0] {
                if bin > 0.0 || operation.signed {
                    let mut pixels = image.clone();
                    (operation.apply)(&mut pixels, shape, bin);
                    let share = if operation.signed { 0.5 } else { 1.0 };
                    outcomes.insert(pixels, (operation.name, share, 0.0));
                }
            }
        }
        assert_eq!(outcomes.len(), 14 + 9);
        for index in 0..7000 {
            let mut pixels = image.clone();
            one.apply(&mut pixels, shape, (5, 2, index));
            outcomes.get_mut(&pixels).expect("one of the operations").2 += 1.0;
        }
        for (name, share, count) in outcomes.into_values() {
            // 500 for each operation; five deviations.
            let (mean, limit) = (500.0 * share, 5.0 * f64::sqrt(500.0 * share));
            assert!(f64::abs(count - mean) < limit, "{name}: {count}, {mean}");
        }
        // A second operation is applied to what the first one leaves.
        let two = RandAugment {
            operations: 2,
            ..one
        };
        let mut stream = Stream::new(5, RAND_AUGMENT, 2, 11);
        let (mut by_hand, mut drawn) = (image.clone(), image);
        for _ in 0..2 {
            let operation = &OPERATIONS[stream.below(14)];
            let back = stream.below(2) == 1 && operation.signed;
            (operation.apply)(&mut by_hand, shape, if back { -20.0 } else { 20.0 });
        }
        two.apply(&mut drawn, shape, (5, 2, 11));
        assert_eq!(drawn, by_hand);
    }

    #[test]
    fn impossible_numbers_are_refused() {
        RandAugment::USUAL.check().unwrap();
        let wrong = |operations, magnitude| {
            let settings = RandAugment {
                operations,
                magnitude,
            };
            settings.check().unwrap_err().to_string()
        };
        assert_eq!(
            wrong(2, 31),
            "the magnitude of RandAugment is 31, and must be 0 to 30"
        );
        assert_eq!(
            wrong(15, 9),
            "the number of operations of RandAugment is 15, and must be 0 to 14"
        );
    }
}
