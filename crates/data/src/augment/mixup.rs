//! Mixup: with which other image, and in which shares, is a training image mixed?
//!
//! Image `i` of a batch becomes `λ_i x_i + (1 - λ_i) x_j`, where `j` is its partner in the batch and `λ_i` is drawn
//! from the beta distribution `Beta(α, α)`. The target is mixed alike: `λ_i` of the own class, `1 - λ_i` of the partner's. Values are
//! mixed after normalisation, which commutes with it, and after everything that varies single images.
//!
//! The batch is put into a random order, and the partner of an image is the one that follows, of the last
//! one the first: each image is the partner of one, and never its own, unless it is alone. Shares are drawn for each image,
//! where the authors' code draws one for a batch.
//!
//! H. Zhang, M. Cisse, Y. N. Dauphin, D. Lopez-Paz, mixup: beyond empirical risk minimization, ICLR 2018 (arXiv:1710.09412):
//! α = 1 for CIFAR, 0.2 for ImageNet.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use timestep_numerics::random::{Purpose, Stream};

use super::Draw;
use crate::error::DataError;

/// What the draws of shares and of partners are for.
const SHARES: Purpose = Purpose::new("mixup");
const PARTNERS: Purpose = Purpose::new("mixup partners");

/// Images of a batch are mixed in pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mixup {
    /// `α` of the beta distribution of the shares; 0 for no mixing. Small: mostly one of the two; 1: all shares
    /// are as likely; large: halves.
    pub alpha: f64,
}

impl Mixup {
    /// No mixing.
    pub const OFF: Self = Self { alpha: 0.0 };

    /// Whether nothing is mixed.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.alpha == 0.0
    }

    /// Checks that there is such a distribution.
    ///
    /// # Errors
    /// [`DataError::BadOption`].
    pub fn check(&self) -> Result<(), DataError> {
        if self.alpha.is_finite() && self.alpha >= 0.0 {
            return Ok(());
        }
        Err(DataError::BadOption {
            option: "alpha of mixup",
            value: self.alpha.to_string(),
            expected: "0 (off) or a number above it; 0.2 and 1 are usual".to_owned(),
        })
    }
}

/// How the images of a batch were mixed: the target of image `i` is `share[i]` of its own label and
/// `1 - share[i]` of `partner_labels[i]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    /// The label of the other image.
    pub partner_labels: Vec<u32>,
    /// The share of the own image, `λ`, 0 to 1.
    pub share: Vec<f32>,
}

impl Mix {
    /// That of some images of the batch.
    pub(crate) fn part(&self, range: Range<usize>) -> Self {
        Self {
            partner_labels: self.partner_labels[range.clone()].to_vec(),
            share: self.share[range].to_vec(),
        }
    }
}

/// Who is mixed with whom, for some of the images of a batch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pairs {
    /// Places in the batch of the partners that are not among these images.
    pub(crate) beyond: Vec<usize>,
    /// The partner of each image: its number among them, the ones from beyond being counted on.
    with: Vec<usize>,
}

impl Draw<'_> {
    /// Draws the partners of the images at `places` of batch `number`, which has `n` images.
    ///
    /// Partners are drawn from the stream `mixup partners` of the epoch and, in place of an image, the number of the
    /// batch: a [shuffle](Stream::shuffle) of the places in it. Whoever makes a part of the batch draws the same.
    pub(crate) fn pairs(&self, number: u64, n: usize, places: Range<usize>) -> Pairs {
        let mut beyond = Vec::new();
        let partners = &partners(self.seed, self.epoch, number, n)[places.clone()];
        let with = partners.iter().map(|&partner| {
            if places.contains(&partner) {
                return partner - places.start;
            }
            beyond.push(partner);
            places.len() + beyond.len() - 1
        });
        let with = with.collect();
        Pairs { beyond, with }
    }

    /// Mixes images of a batch, which are the images `indices` of the split, as paired; those from beyond are removed.
    ///
    /// The share of an image is the first number `beta(α, α)` of the stream `mixup` of the epoch and image.
    pub(crate) fn mix(
        &self,
        images: &mut Vec<f32>,
        labels: &mut Vec<u32>,
        indices: &[u32],
        pairs: &Pairs,
    ) -> Mix {
        let alpha = self.augment.mixup.alpha;
        let own = pairs.with.len();
        let share: Vec<f32> = indices[..own]
            .iter()
            .map(|&index| {
                let mut stream = Stream::new(self.seed, SHARES, self.epoch, u64::from(index));
                stream.beta(alpha, alpha) as f32
            })
            .collect();
        let each = (images.len() / labels.len().max(1)).max(1);
        let before = images.clone();
        images.truncate(own * each);
        images
            .par_chunks_exact_mut(each)
            .zip(&pairs.with)
            .zip(&share)
            .for_each(|((image, &partner), &share)| {
                let other = &before[partner * each..][..each];
                for (value, other) in image.iter_mut().zip(other) {
                    *value = share * *value + (1.0 - share) * other;
                }
            });
        let partner_labels = pairs.with.iter().map(|&place| labels[place]).collect();
        labels.truncate(own);
        Mix {
            partner_labels,
            share,
        }
    }
}

/// The place in the batch of the partner of each of `n` images.
fn partners(seed: u64, epoch: u64, number: u64, n: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..n).collect();
    Stream::new(seed, PARTNERS, epoch, number).shuffle(&mut places);
    let mut partners = vec![0; n];
    for (at, &place) in places.iter().enumerate() {
        partners[place] = places[(at + 1) % n];
    }
    partners
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Augment;

    /// Mixes a whole batch.
    fn mix(draw: &Draw<'_>, images: &mut Vec<f32>, labels: &[u32], at: &[u32], number: u64) -> Mix {
        let pairs = draw.pairs(number, labels.len(), 0..labels.len());
        draw.mix(images, &mut labels.to_vec(), at, &pairs)
    }

    #[test]
    fn everyone_has_another_partner_and_all_are_as_likely() {
        let mut counts = [[0_u32; 6]; 6];
        for number in 0..6000 {
            let found = partners(1, 2, number, 6);
            let mut sorted = found.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3, 4, 5]);
            for (image, &partner) in found.iter().enumerate() {
                counts[image][partner] += 1;
            }
            assert_eq!(found, partners(1, 2, number, 6));
        }
        for (image, row) in counts.iter().enumerate() {
            for (partner, &count) in row.iter().enumerate() {
                // 1200 for each of five others; five deviations are 155.
                let expected = if image == partner { 0 } else { 1200 };
                assert!(
                    count.abs_diff(expected) < 155 * expected.min(1) + 1,
                    "{counts:?}"
                );
            }
        }
        assert_eq!(partners(1, 2, 3, 1), [0]);
        assert_eq!(partners(1, 2, 3, 2), [1, 0]);
        assert!(partners(1, 2, 3, 0).is_empty());
        assert_ne!(partners(1, 2, 3, 40), partners(1, 2, 4, 40));
        assert_ne!(partners(1, 2, 3, 40), partners(1, 3, 3, 40));
        assert_ne!(partners(1, 2, 3, 40), partners(2, 2, 3, 40));
    }

    #[test]
    fn images_and_labels_are_mixed_alike() {
        let augment = Augment {
            mixup: Mixup { alpha: 0.4 },
            ..Augment::default()
        };
        let draw = Draw {
            augment: &augment,
            seed: 7,
            epoch: 1,
        };
        // The values of an image are its label and ten times it.
        let labels: Vec<u32> = (0..9).collect();
        let indices: Vec<u32> = (0..9).map(|i| 100 - 7 * i).collect();
        let mut images: Vec<f32> = (0..9).flat_map(|l| [l as f32, 10.0 * l as f32]).collect();
        let mix = mix(&draw, &mut images, &labels, &indices, 3);
        for i in 0..9 {
            let (share, partner) = (mix.share[i], mix.partner_labels[i] as f32);
            let mixed = share * i as f32 + (1.0 - share) * partner;
            assert!((images[2 * i] - mixed).abs() < 1e-6, "{i}");
            assert!((images[2 * i + 1] - 10.0 * mixed).abs() < 1e-5, "{i}");
            assert!(mix.partner_labels[i] != labels[i]);
            // A share belongs to the image, wherever it is.
            let again = self::mix(&draw, &mut vec![0.0; 2], &[0], &indices[i..=i], 5);
            assert_eq!(again.share, [share]);
        }
        assert_eq!(mix.part(2..5).share, mix.share[2..5]);
        assert_eq!(mix.part(2..5).partner_labels, mix.partner_labels[2..5]);
        // An image that is alone is mixed with itself, which changes nothing.
        let mut alone = vec![3.0_f32, 30.0];
        self::mix(&draw, &mut alone, &[3], &[3], 0);
        assert!((alone[0] - 3.0).abs() < 1e-6 && (alone[1] - 30.0).abs() < 1e-5);
    }

    #[test]
    fn shares_have_the_distribution_that_is_asked_for() {
        for alpha in [0.2, 1.0, 4.0] {
            let augment = Augment {
                mixup: Mixup { alpha },
                ..Augment::default()
            };
            let draw = Draw {
                augment: &augment,
                seed: 1,
                epoch: 0,
            };
            let indices: Vec<u32> = (0..20_000).collect();
            let labels = vec![0; indices.len()];
            let mut images = vec![0.0; indices.len()];
            let share = mix(&draw, &mut images, &labels, &indices, 0).share;
            assert!(share.iter().all(|s| (0.0..=1.0).contains(s)));
            let n = share.len() as f64;
            let mean = share.iter().map(|s| f64::from(*s)).sum::<f64>() / n;
            let spread = share
                .iter()
                .map(|s| (f64::from(*s) - 0.5).powi(2))
                .sum::<f64>()
                / n;
            let known = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            assert!((mean - 0.5).abs() < 5.0 * (known / n).sqrt());
            assert!(
                (spread / known - 1.0).abs() < 0.05,
                "{alpha}: {spread}, {known}"
            );
        }
    }

    #[test]
    fn impossible_shapes_are_refused() {
        for alpha in [-0.1, f64::NAN, f64::INFINITY] {
            let error = Mixup { alpha }.check().unwrap_err().to_string();
            assert!(error.starts_with("alpha of mixup is "), "{error}");
        }
        Mixup { alpha: 0.2 }.check().unwrap();
    }
}
