//! How do features change their layout? Between NCHW and NHWC, in resolution, and in channels.

use crate::parallel::each;

/// Extents of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Extent {
    /// Images.
    pub batch: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Channels.
    pub channels: usize,
}

impl Extent {
    /// Numbers in the features.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch * self.image()
    }

    /// Is there nothing?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers in an image.
    #[must_use]
    pub fn image(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Pixels of all images.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.batch * self.height * self.width
    }
}

/// Transposes each image from `rows × columns` to `columns × rows`.
fn transpose(from: &[f32], rows: usize, columns: usize, to: &mut [f32]) {
    /// Numbers that are worth a task.
    const TASK: usize = 1 << 14;
    let image = rows * columns;
    // Whole columns: an image is one piece, or several if it is large.
    let piece = rows * TASK.div_ceil(rows).min(columns);
    let images = to.chunks_mut(image).zip(from.chunks(image));
    let pieces = images.flat_map(|(to, from)| {
        let pieces = to.chunks_mut(piece).enumerate();
        pieces.map(move |(i, to)| (to, from, i * piece / rows))
    });
    each(pieces, |(to, from, first)| {
        for (column, to) in to.chunks_exact_mut(rows).enumerate() {
            for (row, to) in to.iter_mut().enumerate() {
                *to = from[row * columns + first + column];
            }
        }
    });
}

/// From `[batch, channels, height, width]` to `[batch, height, width, channels]`.
///
/// # Panics
/// If a length does not fit.
pub fn to_nhwc(extent: &Extent, from: &[f32], to: &mut [f32]) {
    assert_eq!([from.len(), to.len()], [extent.len(); 2], "lengths");
    transpose(from, extent.channels, extent.height * extent.width, to);
}

/// From `[batch, height, width, channels]` to `[batch, channels, height, width]`.
///
/// # Panics
/// If a length does not fit.
pub fn to_nchw(extent: &Extent, from: &[f32], to: &mut [f32]) {
    assert_eq!([from.len(), to.len()], [extent.len(); 2], "lengths");
    transpose(from, extent.height * extent.width, extent.channels, to);
}

/// Which pixels a shortcut without weights takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// Pixels from one that is taken to the next.
    pub stride: usize,
    /// Pixels that the first one lies above and left of the image; those outside are 0.
    pub offset: usize,
    /// Channels of the result: zero channels are appended.
    pub channels: usize,
}

impl Sampling {
    /// Extents of the result.
    #[must_use]
    pub fn output(&self, input: &Extent) -> Extent {
        Extent {
            batch: input.batch,
            height: input.height.div_ceil(self.stride),
            width: input.width.div_ceil(self.stride),
            channels: self.channels,
        }
    }

    /// Pixel of an input image that pixel `i` of a result of `width` columns is taken from.
    fn source(&self, i: usize, width: usize, input: &Extent) -> Option<usize> {
        let y = (i / width * self.stride).checked_sub(self.offset)?;
        let x = (i % width * self.stride).checked_sub(self.offset)?;
        Some(y * input.width + x)
    }
}

/// Takes every `stride`-th row and column and appends zero channels: the shortcut without weights of
/// the first residual networks.
///
/// # Panics
/// If a length does not fit.
pub fn subsample(extent: &Extent, sampling: &Sampling, from: &[f32], to: &mut [f32]) {
    let out = sampling.output(extent);
    assert_eq!(from.len(), extent.len(), "length of the features");
    assert_eq!(to.len(), out.len(), "length of the result");
    let (image, n) = (extent.image(), extent.channels.min(out.channels));
    each(
        to.chunks_mut(out.image()).zip(from.chunks(image)),
        |(to, from)| {
            for (pixel, to) in to.chunks_exact_mut(out.channels).enumerate() {
                let Some(source) = sampling.source(pixel, out.width, extent) else {
                    to.fill(0.0);
                    continue;
                };
                to[..n].copy_from_slice(&from[source * extent.channels..][..n]);
                to[n..].fill(0.0);
            }
        },
    );
}

/// Gradient of [`subsample`]: `from` is the gradient of its result, `to` that of its input.
///
/// # Panics
/// If a length does not fit.
pub fn subsample_backward(extent: &Extent, sampling: &Sampling, from: &[f32], to: &mut [f32]) {
    let out = sampling.output(extent);
    assert_eq!(to.len(), extent.len(), "length of the gradient");
    assert_eq!(from.len(), out.len(), "length of the result");
    let (image, n) = (extent.image(), extent.channels.min(out.channels));
    each(
        to.chunks_mut(image).zip(from.chunks(out.image())),
        |(to, from)| {
            to.fill(0.0);
            for (pixel, from) in from.chunks_exact(out.channels).enumerate() {
                if let Some(source) = sampling.source(pixel, out.width, extent) {
                    to[source * extent.channels..][..n].copy_from_slice(&from[..n]);
                }
            }
        },
    );
}

/// Copies channels `at ..` of pixels with `from_channels` channels to channels `to_at ..` of pixels
/// with `to_channels` channels, `count` of them; the others stay as they are.
///
/// # Panics
/// If a length or a range of channels does not fit.
pub fn copy_channels(
    from: &[f32],
    (from_channels, at): (usize, usize),
    to: &mut [f32],
    (to_channels, to_at): (usize, usize),
    count: usize,
) {
    assert!(
        at + count <= from_channels && to_at + count <= to_channels,
        "channels"
    );
    assert_eq!(from.len() / from_channels, to.len() / to_channels, "pixels");
    const PIXELS: usize = 4096;
    each(
        to.chunks_mut(PIXELS * to_channels)
            .zip(from.chunks(PIXELS * from_channels)),
        |(to, from)| {
            let pixels = to
                .chunks_exact_mut(to_channels)
                .zip(from.chunks_exact(from_channels));
            for (to, from) in pixels {
                to[to_at..to_at + count].copy_from_slice(&from[at..at + count]);
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTENT: Extent = Extent {
        batch: 2,
        height: 3,
        width: 5,
        channels: 4,
    };

    fn numbers(n: usize) -> Vec<f32> {
        (0..n).map(|i| i as f32).collect()
    }

    #[test]
    fn layouts_round_trip_and_move_the_right_numbers() {
        let from = numbers(EXTENT.len());
        let (mut there, mut back) = (vec![0.0; from.len()], vec![0.0; from.len()]);
        to_nhwc(&EXTENT, &from, &mut there);
        // Image 1, channel 2, row 1, column 3.
        assert_eq!(
            there[((3 + 1) * 5 + 3) * 4 + 2],
            from[((4 + 2) * 3 + 1) * 5 + 3]
        );
        to_nchw(&EXTENT, &there, &mut back);
        assert_eq!(from, back);
    }

    #[test]
    fn subsampling_and_its_gradient_are_adjoint() {
        let from = numbers(EXTENT.len());
        let mut small = vec![f32::NAN; 2 * 2 * 3 * 7];
        let sampling = Sampling {
            stride: 2,
            offset: 0,
            channels: 7,
        };
        subsample(&EXTENT, &sampling, &from, &mut small);
        assert_eq!(small[7..11], from[2 * 4..3 * 4]);
        assert_eq!(small[11..14], [0.0; 3]);
        let weights: Vec<f32> = (0..small.len()).map(|i| (i % 11) as f32 - 5.0).collect();
        let mut grad = vec![f32::NAN; from.len()];
        subsample_backward(&EXTENT, &sampling, &weights, &mut grad);
        let dot =
            |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        assert_eq!(dot(&small, &weights), dot(&from, &grad));
    }

    #[test]
    fn channels_are_cut_out_and_put_back() {
        let from = numbers(12);
        let mut half = vec![0.0; 6];
        copy_channels(&from, (4, 2), &mut half, (2, 0), 2);
        assert_eq!(half, [2.0, 3.0, 6.0, 7.0, 10.0, 11.0]);
        let mut whole = vec![-1.0; 12];
        copy_channels(&half, (2, 0), &mut whole, (4, 1), 2);
        assert_eq!(whole[..4], [-1.0, 2.0, 3.0, -1.0]);
    }
}
