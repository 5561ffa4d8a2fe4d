//! Which convolution is it, and in which pieces is it computed?

use std::ops::Range;

/// A two-dimensional convolution, without bias.
///
/// Images are NHWC: `[batch, height, width, channels]`, channels contiguous; weights are PyTorch's
/// `[output, input / groups, kernel rows, kernel columns]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvShape {
    /// Images.
    pub batch: usize,
    /// Rows of an input image.
    pub height: usize,
    /// Columns of an input image.
    pub width: usize,
    /// Input channels.
    pub input: usize,
    /// Output channels.
    pub output: usize,
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// Pixels from one kernel position to the next, down and across.
    pub stride: usize,
    /// Zero rows above and below the image, and zero columns on its left and right: each below the
    /// kernel's.
    pub padding: [usize; 2],
    /// Groups of channels that do not see each other. Winograd's method computes
    /// groups that fill a vector together as one, so NaN or infinity in one reaches those beside it.
    pub groups: usize,
}

impl ConvShape {
    /// Rows of an output image.
    #[must_use]
    pub fn out_height(&self) -> usize {
        (self.height + 2 * self.padding[0] - self.kernel[0]) / self.stride + 1
    }

    /// Columns of an output image.
    #[must_use]
    pub fn out_width(&self) -> usize {
        (self.width + 2 * self.padding[1] - self.kernel[1]) / self.stride + 1
    }

    /// Numbers in the input.
    #[must_use]
    pub fn input_len(&self) -> usize {
        self.batch * self.height * self.width * self.input
    }

    /// Numbers in the output.
    #[must_use]
    pub fn output_len(&self) -> usize {
        self.batch * self.out_height() * self.out_width() * self.output
    }

    /// Numbers in the weights.
    #[must_use]
    pub fn weight_len(&self) -> usize {
        self.output * self.group_input() * self.taps()
    }

    /// Positions of the kernel: weights for each pair of channels.
    #[must_use]
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Input channels of a group.
    #[must_use]
    pub fn group_input(&self) -> usize {
        self.input / self.groups
    }

    /// Output channels of a group.
    #[must_use]
    pub fn group_output(&self) -> usize {
        self.output / self.groups
    }

    /// Multiply-adds of a forward pass, computed directly.
    #[must_use]
    pub fn multiply_adds(&self) -> usize {
        self.output_len() * self.group_input() * self.taps()
    }

    /// Is it a 1×1 convolution, for which rows of pixels need not be told apart?
    pub(crate) fn pointwise(&self) -> bool {
        self.kernel == [1, 1]
    }

    /// The same work with fewer borders: images of a 1×1 convolution are rows of one tall image.
    pub(crate) fn flattened(&self) -> Self {
        if self.pointwise() && self.stride == 1 {
            return Self {
                batch: 1,
                height: self.batch * self.height,
                ..*self
            };
        }
        *self
    }

    /// Panics with a sentence if the shape is impossible.
    pub(crate) fn check(&self) {
        assert!(
            self.groups > 0
                && self.input.is_multiple_of(self.groups)
                && self.output.is_multiple_of(self.groups),
            "channels must be divisible by groups: {self:?}"
        );
        assert!(
            self.taps() > 0
                && self.stride > 0
                && self.padding[0] < self.kernel[0]
                && self.padding[1] < self.kernel[1],
            "kernel and stride must be positive, the padding below the kernel: {self:?}"
        );
        assert!(
            self.height + 2 * self.padding[0] >= self.kernel[0]
                && self.width + 2 * self.padding[1] >= self.kernel[1],
            "the padded image must not be smaller than the kernel: {self:?}"
        );
        let extents = [self.batch, self.height, self.width, self.input, self.output];
        assert!(!extents.contains(&0), "no extent may be 0: {self:?}");
        // What is safe below rests on these lengths, which other functions multiply without a check.
        let (rows, columns) = (self.out_height(), self.out_width());
        let lengths = [
            [self.batch, self.height, self.width, self.input],
            [self.batch, rows, columns, self.output],
            [
                self.output,
                self.group_input(),
                self.kernel[0],
                self.kernel[1],
            ],
        ];
        assert!(
            lengths.into_iter().all(is_length),
            "a length does not fit the machine: {self:?}"
        );
    }
}

/// Whether so many floats have a number of bytes that a slice may have, with room for rounding them up.
fn is_length(extents: [usize; 4]) -> bool {
    let bytes = extents.into_iter().try_fold(8, usize::checked_mul);
    bytes.is_some_and(|bytes| isize::try_from(bytes).is_ok())
}

/// Consecutive rows of one image: the unit of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strip {
    /// Image.
    pub(crate) image: usize,
    /// First row.
    pub(crate) row: usize,
    /// Number of rows.
    pub(crate) rows: usize,
}

impl Strip {
    /// Where its floats are, for images of `height` rows of `pitch` floats.
    pub(crate) fn range(&self, height: usize, pitch: usize) -> Range<usize> {
        let start = (self.image * height + self.row) * pitch;
        start..start + self.rows * pitch
    }
}

/// Cuts images of `height` rows into strips of about `rows` rows, in order.
pub(crate) fn strips(batch: usize, height: usize, rows: usize) -> Vec<Strip> {
    let rows = rows.clamp(1, height);
    let cut = |image| {
        (0..height).step_by(rows).map(move |row| Strip {
            image,
            row,
            rows: rows.min(height - row),
        })
    };
    (0..batch).flat_map(cut).collect()
}

/// Rows of a strip whose scratch of `row` floats a row stays within a cache.
///
/// A 1×1 convolution reads every float of scratch once for each block of outputs, from a cache that is
/// near (`sums` tells whether gradients of weights are summed up); one with a larger kernel reads it many times and wants few borders.
pub(crate) fn strip_rows(shape: &ConvShape, height: usize, row: usize, sums: bool) -> usize {
    if shape.pointwise() {
        const FLOATS: usize = 24 * 1024;
        // All weights pass through the registers once a strip, which needs pixels to be worth it; the
        // sums of their gradient pass in and out, and need more of them the farther away they are.
        let most = if sums { 256 } else { 96 };
        let pixels = (shape.weight_len() / 4096).clamp(96, most);
        let least = pixels.div_ceil(shape.out_width());
        return (FLOATS / row.max(1)).max(least).min(height);
    }
    const SECOND_LEVEL: usize = 40 * 1024;
    // A multiple of the Winograd tile; an image just above the limit is halved, not cut to crumbs.
    let fit = (SECOND_LEVEL / row.max(1)).max(4);
    if fit >= height {
        return height;
    }
    height.div_ceil(height.div_ceil(fit)).next_multiple_of(4)
}

/// Cuts `n` items into at most `most` ranges of nearly equal length, independent of the threads.
pub(crate) fn chunks(n: usize, most: usize) -> Vec<Range<usize>> {
    let count = most.clamp(1, n.max(1));
    (0..count)
        .map(|i| i * n / count..(i + 1) * n / count)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_and_chunks_cover_everything_once() {
        for height in [1, 3, 8, 57, 224] {
            for rows in [1, 4, 8, 300] {
                let all = strips(2, height, rows);
                let covered: usize = all.iter().map(|s| s.rows).sum();
                assert_eq!(covered, 2 * height);
                let ranges: Vec<_> = all.iter().map(|s| s.range(height, 5)).collect();
                assert!(ranges.windows(2).all(|w| w[0].end == w[1].start));
            }
        }
        for n in [0, 1, 5, 16, 100] {
            let all = chunks(n, 16);
            assert_eq!(all.iter().map(ExactSizeIterator::len).sum::<usize>(), n);
        }
    }
}
