//! How do windows shrink features? By the largest value in each, or by the mean.

use crate::features::Layout;
use crate::{Features, fused};
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};

/// A window that slides over an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rows and columns.
    pub kernel: usize,
    /// Pixels from one position to the next.
    pub stride: usize,
    /// Pixels that the first position begins before the image; pixels outside do not count.
    pub padding: usize,
}

impl Window {
    /// Size of the result.
    #[must_use]
    pub fn size(&self, input: crate::Size) -> crate::Size {
        let side = |n: usize| (n + 2 * self.padding).saturating_sub(self.kernel) / self.stride + 1;
        crate::Size {
            height: side(input.height),
            width: side(input.width),
        }
    }
}

/// The largest value in every window.
#[must_use]
pub fn max_pool(input: &Features, window: Window) -> Features {
    if let Some(input) = input.0.fused() {
        return fused::max_pool(input, window).into();
    }
    let Window {
        kernel,
        stride,
        padding,
    } = window;
    let mut options = MaxPoolOptions::new([kernel; 2]);
    (options.stride, options.padding) = ([stride; 2], [(padding, padding); 2]);
    Features(Layout::Tensor(max_pool2d(input.0.tensor(), options)))
}

/// The mean of every window over the pixels that are inside the image.
#[must_use]
pub fn mean_pool(input: &Features, window: Window) -> Features {
    if let Some(input) = input.0.fused() {
        return fused::mean_pool(input, window).into();
    }
    let Window {
        kernel,
        stride,
        padding,
    } = window;
    let mut options = AvgPoolOptions::new([kernel; 2]);
    (options.stride, options.padding) = ([stride; 2], [(padding, padding); 2]);
    options.count_include_pad = false;
    Features(Layout::Tensor(avg_pool2d(input.0.tensor(), options)))
}
