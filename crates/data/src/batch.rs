//! What is a batch, and how are its values made?

use std::ops::Range;

use rayon::prelude::*;

use crate::ImageShape;
use crate::augment::{self, Augment, Draw, Mix};
use crate::error::DataError;
use crate::normalise::Normalise;
use crate::split::Split;

/// Images and labels as a network takes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Network input, N×C×H×W, `labels.len() · shape.len()` values.
    pub images: Vec<f32>,
    /// One class number for each image.
    pub labels: Vec<u32>,
    /// The number of each image in the split, by which whatever is drawn for it is named.
    pub indices: Vec<u64>,
    /// The number of the batch in its epoch, by which draws that all its images share are named; 0 for a
    /// batch of [`fill_batch`].
    pub number: u64,
    /// How images are mixed, where they are.
    pub mix: Option<Mix>,
    /// The shape of one image.
    pub shape: ImageShape,
    /// The place of the first image in the whole batch, of which these are perhaps a part.
    pub first: usize,
    /// Images of the whole batch.
    pub whole: usize,
}

/// The places of the images of shard `number` in a batch that is cut into `shards`: consecutive images, as many in each as
/// in any other, or one more.
///
/// # Panics
/// If there is no such shard.
#[must_use]
pub fn shard(images: usize, shards: usize, number: usize) -> Range<usize> {
    assert!(number < shards, "shard {number} of {shards}");
    let start = |number: usize| images * number / shards;
    start(number)..start(number + 1)
}

/// Consecutive shards of each batch, the only ones that somebody works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Shards that a batch is cut into.
    pub shards: usize,
    /// Those of them that are meant.
    pub own: Range<usize>,
}

impl Share {
    /// The places of their images in a batch.
    #[must_use]
    pub fn places(&self, images: usize) -> Range<usize> {
        let start = |number: usize| images * number / self.shards.max(1);
        start(self.own.start)..start(self.own.end)
    }
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

    /// The images `range` (cut to those that are there) as a batch: a micro-batch. Draws for its images have
    /// the names that they have in the whole batch.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Self {
        let end = range.end.min(self.len());
        let range = range.start.min(end)..end;
        let each = self.shape.len();
        Self {
            images: self.images[range.start * each..range.end * each].to_vec(),
            labels: self.labels[range.clone()].to_vec(),
            indices: self.indices[range.clone()].to_vec(),
            number: self.number,
            first: self.first + range.start,
            mix: self.mix.as_ref().map(|mix| mix.part(range)),
            shape: self.shape,
            whole: self.whole,
        }
    }
}

/// The images `indices` of a split, varied as drawn and normalised; in parallel over images.
///
/// What is drawn for an image depends on seed, epoch and its number alone, so its values are the
/// same bits in any batch, at any place in it, with any number of threads. Only [`Mixup`](crate::Mixup) mixes the images
/// of a batch, which is then batch 0 of its epoch.
///
/// # Errors
/// [`DataError::IndexOutOfRange`], [`DataError::BadNormalisation`], what [`Augment::check`] says,
/// [`DataError::NotWhole`], and what [`Split::fetch`] says of bad files.
pub fn fill_batch(
    split: &Split,
    indices: &[u32],
    draw: Option<Draw<'_>>,
    normalise: &Normalise,
) -> Result<Batch, DataError> {
    normalise.check(split.shape().channels)?;
    if let Some(draw) = draw {
        check(split, draw.augment)?;
    }
    let all = 0..indices.len();
    fill(split, indices, all, 0, draw, &normalise.tables())
}

/// Checks that images of a split can be varied so.
pub(crate) fn check(split: &Split, augment: &Augment) -> Result<(), DataError> {
    augment.check(split.shape())?;
    if augment.view.needs_whole() && split.in_memory() {
        return Err(DataError::NotWhole {
            view: augment.view.name(),
            shape: split.shape(),
        });
    }
    Ok(())
}

/// [`fill_batch`] when everything has been checked, for the images at `places` of a batch.
fn fill(
    split: &Split,
    batch: &[u32],
    places: Range<usize>,
    number: u64,
    draw: Option<Draw<'_>>,
    tables: &[[f32; 256]],
) -> Result<Batch, DataError> {
    let shape = split.shape();
    let pairs = draw
        .filter(|draw| !draw.augment.mixup.is_off())
        .map(|draw| draw.pairs(number, batch.len(), places.clone()));
    let mut indices = batch[places.clone()].to_vec();
    if let Some(pairs) = &pairs {
        indices.extend(pairs.beyond.iter().map(|&place| batch[place]));
    }
    let mut raw = match &draw {
        Some(draw) if draw.augment.view.needs_whole() => split.fetch_drawn(&indices, draw)?,
        _ => split.fetch(&indices)?,
    };
    let mut images = vec![0f32; raw.len()];
    let n = shape.len().max(1);
    images
        .par_chunks_exact_mut(n)
        .zip(raw.par_chunks_exact_mut(n))
        .zip(&indices)
        .for_each(|((out, image), &index)| match &draw {
            Some(draw) => draw.vary(index, image, out, shape, tables),
            None => augment::normalise(image, out, shape, tables),
        });
    let mut labels: Vec<u32> = indices
        .iter()
        .map(|&i| u32::from(split.label(i as usize)))
        .collect();
    let mix = draw
        .zip(pairs)
        .map(|(draw, pairs)| draw.mix(&mut images, &mut labels, &indices, &pairs));
    Ok(Batch {
        images,
        labels,
        indices: batch[places.clone()]
            .iter()
            .map(|&i| u64::from(i))
            .collect(),
        number,
        mix,
        shape,
        first: places.start,
        whole: batch.len(),
    })
}

/// Everything that decides the batches of one epoch. It owns what it needs (a split shares its
/// pixels), so that a thread can make batches ahead of time.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) split: Split,
    pub(crate) tables: Vec<[f32; 256]>,
    pub(crate) augment: Option<(Augment, u64)>,
    pub(crate) epoch: u64,
    /// Numbers of the images, batch after batch.
    pub(crate) order: Vec<u32>,
    /// Images in a batch, at least 1.
    pub(crate) size: usize,
    /// The part of each batch that is made; `None`: all of it.
    pub(crate) share: Option<Share>,
    /// One of so many batches is made, at least 1.
    pub(crate) every: usize,
}

impl Plan {
    /// Batches in the epoch, the last partial one included.
    pub(crate) fn batches(&self) -> usize {
        self.order.len().div_ceil(self.size)
    }

    /// Numbers of the images in batch `number`; empty behind the last.
    pub(crate) fn indices(&self, number: usize) -> &[u32] {
        let (n, size) = (self.order.len(), self.size);
        let from = number.saturating_mul(size).min(n);
        &self.order[from..from.saturating_add(size).min(n)]
    }

    /// Makes batch `number`.
    pub(crate) fn fill(&self, number: usize) -> Result<Batch, DataError> {
        let draw = self.augment.as_ref().map(|(augment, seed)| Draw {
            augment,
            seed: *seed,
            epoch: self.epoch,
        });
        let indices = self.indices(number);
        let places = match &self.share {
            Some(share) => share.places(indices.len()),
            None => 0..indices.len(),
        };
        let number = number as u64;
        fill(&self.split, indices, places, number, draw, &self.tables)
    }
}
