//! Which pixels does a pooling window cover? Windows slide over an image and its border, which does not count.

use crate::layout::Extent;
use std::ops::Range;

/// Windows of a pooling, along rows and along columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows {
    /// Rows and columns of a window.
    pub(crate) kernel: usize,
    /// Pixels from one window to the next.
    pub(crate) stride: usize,
    /// Pixels that the first window begins before the image.
    pub(crate) padding: usize,
}

impl Windows {
    /// Extents of the result: one pixel a window.
    ///
    /// # Panics
    /// If the padded image is smaller than the window, or the padding as large as it.
    pub(crate) fn output(&self, input: &Extent) -> Extent {
        let side = |n: usize| {
            let padded = n + 2 * self.padding;
            assert!(
                self.padding < self.kernel && padded >= self.kernel && self.stride > 0,
                "the window must fit the padded image: {self:?} on {input:?}"
            );
            (padded - self.kernel) / self.stride + 1
        };
        Extent {
            height: side(input.height),
            width: side(input.width),
            ..*input
        }
    }

    /// Input rows (or columns) of window `i` on an axis of `n`: at least one, for a window that
    /// [`output`](Self::output) counts.
    #[inline(always)]
    pub(crate) fn pixels(&self, i: usize, n: usize) -> Range<usize> {
        let start = i * self.stride;
        let from = start.saturating_sub(self.padding);
        from..(start + self.kernel).saturating_sub(self.padding).min(n)
    }

    /// Windows, of `count` on an axis, that cover input row (or column) `x`.
    #[inline(always)]
    pub(crate) fn covering(&self, x: usize, count: usize) -> Range<usize> {
        let last = (x + self.padding) / self.stride;
        let first = (x + self.padding + 1)
            .saturating_sub(self.kernel)
            .div_ceil(self.stride);
        first..(last + 1).min(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_pixels_that_know_them() {
        for (kernel, stride, padding) in [(3, 1, 1), (2, 2, 0), (3, 2, 1), (2, 3, 1), (5, 2, 4)] {
            let windows = Windows {
                kernel,
                stride,
                padding,
            };
            for n in kernel.saturating_sub(2 * padding).max(1)..9 {
                let count = (n + 2 * padding - kernel) / stride + 1;
                for i in 0..count {
                    assert!(!windows.pixels(i, n).is_empty(), "{windows:?} {n}");
                    for x in 0..n {
                        assert_eq!(
                            windows.pixels(i, n).contains(&x),
                            windows.covering(x, count).contains(&i),
                            "{windows:?} on {n}: pixel {x}, window {i}"
                        );
                    }
                }
            }
        }
    }
}
