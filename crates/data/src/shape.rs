//! The extent of an image.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The extent of one image: channels × height × width, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImageShape {
    /// 1 for grey, 3 for red, green, blue.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl ImageShape {
    /// A shape from its three extents.
    #[must_use]
    pub const fn new(channels: usize, height: usize, width: usize) -> Self {
        Self {
            channels,
            height,
            width,
        }
    }

    /// Values of one image, `channels · height · width`; bytes, when the values are `u8`.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a shape is not a container")]
    pub const fn len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Pixels of one channel, `height · width`.
    #[must_use]
    pub const fn plane(&self) -> usize {
        self.height * self.width
    }
}

impl fmt::Display for ImageShape {
    /// `3×32×32`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}×{}", self.channels, self.height, self.width)
    }
}
