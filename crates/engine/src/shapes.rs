//! What shapes do operations work on? Sizes of images, kernels of convolutions, windows, samplings.

use std::ops::Range;
pub use timestep_kernels::layout::Sampling;

/// Height and width of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Size {
    /// Size after a stride, rounding up.
    #[must_use]
    pub fn strided(self, stride: usize) -> Self {
        Self {
            height: self.height.div_ceil(stride),
            width: self.width.div_ceil(stride),
        }
    }

    /// Number of pixels; the largest number there is if it does not fit.
    #[must_use]
    pub fn area(self) -> usize {
        self.height.saturating_mul(self.width)
    }
}

/// Where each weight of an adjoint convolution, of the shape `[in, out, rows, columns]`, lies among the weights
/// `[out, in, rows, columns]` of the convolution.
pub(crate) fn adjoint_order([output, input, rows, columns]: [usize; 4]) -> Vec<usize> {
    let mut order = Vec::with_capacity(output * input * rows * columns);
    for i in 0..input {
        for o in 0..output {
            for r in (0..rows).rev() {
                order.extend(
                    (0..columns)
                        .rev()
                        .map(|c| ((o * input + i) * rows + r) * columns + c),
                );
            }
        }
    }
    order
}

/// What a convolution is, besides the channels that come in and the size of the image.
#[derive(Clone, Copy, Debug)]
pub struct ConvSpec {
    /// Channels that go out.
    pub output: usize,
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// Pixels from one position of the kernel to the next.
    pub stride: usize,
    /// Zero pixels above and below, left and right.
    pub padding: [usize; 2],
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// Is a number added to each channel?
    pub bias: bool,
}

impl ConvSpec {
    /// A square kernel with padding that keeps the size (up to the stride).
    #[must_use]
    pub fn square(output: usize, kernel: usize, stride: usize) -> Self {
        Self::rectangle(output, [kernel; 2], stride)
    }

    /// Any kernel with padding that keeps the size (up to the stride).
    #[must_use]
    pub fn rectangle(output: usize, kernel: [usize; 2], stride: usize) -> Self {
        Self {
            output,
            kernel,
            stride,
            padding: kernel.map(|k| (k - 1) / 2),
            groups: 1,
            bias: false,
        }
    }

    /// The same without padding.
    #[must_use]
    pub fn valid(self) -> Self {
        Self {
            padding: [0, 0],
            ..self
        }
    }

    /// The same in groups.
    #[must_use]
    pub fn grouped(self, groups: usize) -> Self {
        Self { groups, ..self }
    }

    /// The same with a bias.
    #[must_use]
    pub fn biased(self) -> Self {
        Self { bias: true, ..self }
    }

    /// Size of the result.
    #[must_use]
    pub fn size(&self, input: Size) -> Size {
        Size {
            height: (input.height + 2 * self.padding[0]).saturating_sub(self.kernel[0])
                / self.stride
                + 1,
            width: (input.width + 2 * self.padding[1]).saturating_sub(self.kernel[1]) / self.stride
                + 1,
        }
    }
}

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
    pub fn size(&self, input: Size) -> Size {
        let side = |n: usize| (n + 2 * self.padding).saturating_sub(self.kernel) / self.stride + 1;
        Size {
            height: side(input.height),
            width: side(input.width),
        }
    }
}

/// What a loss compares logits with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets {
    /// The class of each image.
    pub labels: Vec<u32>,
    /// Share of the target that is spread over all classes (Szegedy et al. 2016, section 7).
    pub smoothing: f64,
    /// Of mixed images: the class of the partner, and the share of the image's own class (Zhang et al. 2018).
    pub mixed: Option<Mixed>,
}

/// The other half of the targets of mixed images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mixed {
    /// The class of each image's partner.
    pub partners: Vec<u32>,
    /// The share of each image's own class; the rest is the partner's.
    pub shares: Vec<f32>,
}

impl Targets {
    /// The classes of images, neither smoothed nor mixed.
    #[must_use]
    pub fn of(labels: &[u32]) -> Self {
        Self {
            labels: labels.to_vec(),
            ..Self::default()
        }
    }

    /// The targets of some of the images.
    ///
    /// # Panics
    /// If there are fewer images.
    #[must_use]
    pub fn part(&self, images: Range<usize>) -> Self {
        let part = |mixed: &Mixed| Mixed {
            partners: mixed.partners[images.clone()].to_vec(),
            shares: mixed.shares[images.clone()].to_vec(),
        };
        Self {
            labels: self.labels[images.clone()].to_vec(),
            smoothing: self.smoothing,
            mixed: self.mixed.as_ref().map(part),
        }
    }

    /// The target distribution of every image, `[batch, classes]`: non-negative, every row sums to 1.
    ///
    /// # Panics
    /// If a label is no class.
    #[must_use]
    pub fn distribution(&self, classes: usize) -> Vec<f64> {
        let mut all = vec![self.smoothing / classes as f64; self.labels.len() * classes];
        for (image, row) in all.chunks_exact_mut(classes).enumerate() {
            let sharp = 1.0 - self.smoothing;
            let own = match &self.mixed {
                Some(mixed) => {
                    let share = f64::from(mixed.shares[image]);
                    row[mixed.partners[image] as usize] += sharp * (1.0 - share);
                    share
                }
                None => 1.0,
            };
            row[self.labels[image] as usize] += sharp * own;
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_targets_are_those_of_their_images() {
        let targets = Targets {
            labels: vec![3, 1, 2],
            smoothing: 0.1,
            mixed: Some(Mixed {
                partners: vec![0, 0, 4],
                shares: vec![0.9, 0.8, 0.7],
            }),
        };
        let all = targets.distribution(5);
        assert_eq!(targets.part(0..1).distribution(5), all[..5]);
        assert_eq!(targets.part(1..3).distribution(5), all[5..]);
        assert!(targets.part(3..3).labels.is_empty());
    }
}
