//! In which order do images reach the network, and with which values?

use rayon::prelude::*;

use crate::ImageShape;
use crate::augment::{Augment, Crop, Draw, crop_plane};
use crate::error::DataError;
use crate::normalise::Normalise;
use crate::split::Split;
use crate::stream::{below, stream};

/// The numbers `0..n` shuffled for one epoch of a run: Fisher-Yates with
/// `stream(seed, "order", epoch, 0)`, from the last place to the first.
///
/// Each epoch has its own stream, so the order of epoch 90 needs no earlier one.
#[must_use]
pub fn order(seed: u64, epoch: u64, n: usize) -> Vec<u32> {
    let mut rng = stream(seed, "order", epoch, 0);
    let mut numbers: Vec<u32> = (0..n as u32).collect();
    for last in (1..numbers.len()).rev() {
        let other = below(&mut rng, last as u32 + 1) as usize;
        numbers.swap(last, other);
    }
    numbers
}

/// Images and labels as a network takes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Network input, N×C×H×W, `labels.len() · shape.len()` values.
    pub images: Vec<f32>,
    /// One class number for each image.
    pub labels: Vec<u32>,
    /// The shape of one image.
    pub shape: ImageShape,
}

impl Batch {
    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// The images `indices` of a split, varied as drawn and normalised; in parallel over images.
///
/// What is drawn for an image depends on seed, epoch and its number alone, so its values are the
/// same bits in any batch, at any place in it, with any number of threads.
///
/// # Errors
/// [`DataError::IndexOutOfRange`], [`DataError::PadTooLarge`], [`DataError::BadNormalisation`],
/// and what [`Split::fetch`] says of bad files.
pub fn fill_batch(
    split: &Split,
    indices: &[u32],
    draw: Option<Draw<'_>>,
    normalise: &Normalise,
) -> Result<Batch, DataError> {
    let shape = split.shape();
    normalise.check(shape.channels)?;
    if let Some(draw) = draw {
        draw.augment.check(shape)?;
    }
    fill(split, indices, draw, &normalise.tables())
}

/// [`fill_batch`] when everything has been checked.
fn fill(
    split: &Split,
    indices: &[u32],
    draw: Option<Draw<'_>>,
    tables: &[[f32; 256]],
) -> Result<Batch, DataError> {
    let shape = split.shape();
    let raw = split.fetch(indices)?;
    let mut images = vec![0f32; raw.len()];
    let n = shape.len().max(1);
    let still = Augment::default();
    images
        .par_chunks_exact_mut(n)
        .zip(raw.par_chunks_exact(n))
        .zip(indices)
        .for_each(|((out, image), &index)| {
            let (augment, crop) = match draw {
                Some(d) => (d.augment, d.augment.draw(d.seed, d.epoch, index)),
                None => (
                    &still,
                    Crop {
                        top: 0,
                        left: 0,
                        flip: false,
                    },
                ),
            };
            let planes = image
                .chunks_exact(shape.plane())
                .zip(out.chunks_exact_mut(shape.plane()));
            for ((from, to), table) in planes.zip(tables) {
                if crop
                    == (Crop {
                        top: augment.pad,
                        left: augment.pad,
                        flip: false,
                    })
                {
                    for (to, &v) in to.iter_mut().zip(from) {
                        *to = table[usize::from(v)];
                    }
                } else {
                    crop_plane(from, to, shape, augment, crop, table);
                }
            }
        });
    let labels = indices
        .iter()
        .map(|&i| u32::from(split.label(i as usize)))
        .collect();
    Ok(Batch {
        images,
        labels,
        shape,
    })
}

/// Turns a split into the batches of an epoch.
///
/// Without [`shuffled`](Self::shuffled) the order is that of the split; without
/// [`augmented`](Self::augmented) images are only normalised: the loader of a test split.
#[derive(Clone, Debug)]
pub struct Loader<'a> {
    split: &'a Split,
    batch: usize,
    tables: Vec<[f32; 256]>,
    order_seed: Option<u64>,
    augment: Option<(Augment, u64)>,
}

impl<'a> Loader<'a> {
    /// A loader of batches of `batch` images; the last batch of an epoch may be smaller.
    ///
    /// # Errors
    /// [`DataError::BadOption`] if `batch` is 0; [`DataError::BadNormalisation`] if the
    /// normalisation does not suit the channels of the split.
    pub fn new(split: &'a Split, batch: usize, normalise: Normalise) -> Result<Self, DataError> {
        if batch == 0 {
            return Err(DataError::BadOption {
                option: "the batch size",
                value: "0".into(),
                expected: "at least 1".into(),
            });
        }
        normalise.check(split.shape().channels)?;
        let tables = normalise.tables();
        Ok(Self {
            split,
            batch,
            tables,
            order_seed: None,
            augment: None,
        })
    }

    /// Shuffles each epoch as [`order`] says.
    #[must_use]
    pub fn shuffled(self, seed: u64) -> Self {
        Self {
            order_seed: Some(seed),
            ..self
        }
    }

    /// Varies each image as [`Augment::draw`] says.
    ///
    /// # Errors
    /// [`DataError::PadTooLarge`] if the padding does not suit the images.
    pub fn augmented(self, augment: Augment, seed: u64) -> Result<Self, DataError> {
        augment.check(self.split.shape())?;
        Ok(Self {
            augment: Some((augment, seed)),
            ..self
        })
    }

    /// Batches in an epoch, the last partial one included.
    #[must_use]
    pub fn batches(&self) -> usize {
        self.split.len().div_ceil(self.batch)
    }

    /// The batches of `epoch` (from 0), beginning with batch `first` (0 for all of them): a run
    /// that was interrupted after batch 17 goes on with `epoch(e, 18)`.
    #[must_use]
    pub fn epoch(&self, epoch: u64, first: usize) -> Batches<'_> {
        let n = self.split.len();
        let order = match self.order_seed {
            Some(seed) => order(seed, epoch, n),
            None => (0..n as u32).collect(),
        };
        Batches {
            loader: self,
            epoch,
            order,
            next: first,
        }
    }
}

/// The batches of one epoch; made by [`Loader::epoch`].
#[derive(Clone, Debug)]
pub struct Batches<'a> {
    loader: &'a Loader<'a>,
    epoch: u64,
    order: Vec<u32>,
    next: usize,
}

impl Batches<'_> {
    /// The number of the batch that comes next: what a checkpoint stores.
    #[must_use]
    pub fn position(&self) -> usize {
        self.next
    }

    /// Numbers of the images in the batch that comes next; empty at the end of the epoch.
    #[must_use]
    pub fn next_indices(&self) -> &[u32] {
        let (n, size) = (self.order.len(), self.loader.batch);
        let from = self.next.saturating_mul(size).min(n);
        &self.order[from..from.saturating_add(size).min(n)]
    }
}

impl Iterator for Batches<'_> {
    type Item = Result<Batch, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let indices = self.next_indices();
        if indices.is_empty() {
            return None;
        }
        let Loader {
            split,
            tables,
            augment,
            ..
        } = self.loader;
        let draw = augment.as_ref().map(|(augment, seed)| Draw {
            augment,
            seed: *seed,
            epoch: self.epoch,
        });
        let batch = fill(split, indices, draw, tables);
        self.next += 1;
        Some(batch)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.loader.batches().saturating_sub(self.next);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Batches<'_> {}
