//! In which order do images reach the network, and who waits for whom?

use std::sync::Arc;

use timestep_numerics::random::{Purpose, Stream};

use crate::augment::Augment;
use crate::batch::{self, Batch, Plan, Share};
use crate::error::DataError;
use crate::normalise::Normalise;
use crate::prefetch::{Ahead, in_pool};
use crate::split::Split;

/// What shuffles the images of an epoch.
const ORDER: Purpose = Purpose::new("order");

/// The numbers `0..n` [shuffled](Stream::shuffle) for one epoch of a run by the stream `order` of that epoch.
///
/// Each epoch has its own stream, so the order of epoch 90 needs no earlier one.
#[must_use]
pub fn order(seed: u64, epoch: u64, n: usize) -> Vec<u32> {
    let mut numbers: Vec<u32> = (0..n as u32).collect();
    Stream::new(seed, ORDER, epoch, Stream::WHOLE).shuffle(&mut numbers);
    numbers
}

/// Turns a split into the batches of an epoch.
///
/// Without [`shuffled`](Self::shuffled) the order is that of the split; without
/// [`augmented`](Self::augmented) images are only normalised: the loader of a test split.
///
/// Images that are decoded from files are made ahead: while one batch is used, a thread prepares
/// the next ([`prefetched`](Self::prefetched)).
#[derive(Clone, Debug)]
pub struct Loader<'a> {
    split: &'a Split,
    batch: usize,
    tables: Vec<[f32; 256]>,
    order_seed: Option<u64>,
    augment: Option<(Augment, u64)>,
    prefetch: bool,
    share: Option<Share>,
    every: usize,
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
            prefetch: !split.in_memory(),
            share: None,
            every: 1,
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

    /// Varies each image as [`Augment::draw`] and [`Draw::window`](crate::Draw::window) say.
    ///
    /// # Errors
    /// What [`Augment::check`] says; [`DataError::NotWhole`] if windows are to be cut from whole
    /// images and the split holds images of the input's size.
    pub fn augmented(self, augment: Augment, seed: u64) -> Result<Self, DataError> {
        batch::check(self.split, &augment)?;
        Ok(Self {
            augment: Some((augment, seed)),
            ..self
        })
    }

    /// Whether the next batch is made by a thread of its own while the current one is used. At first
    /// it is if the images are files, and not if they are in memory. The batches are the same bits;
    /// one more of them is in memory.
    ///
    /// Within a `rayon` pool (`ThreadPool::install`) nothing is made ahead: waiting there could
    /// block the thread that is to do the work.
    #[must_use]
    pub fn prefetched(self, prefetch: bool) -> Self {
        Self { prefetch, ..self }
    }

    /// Makes only a part of each batch, for one of several processes; its images have the same bits as in the whole one.
    #[must_use]
    pub fn shared(self, share: Share) -> Self {
        Self {
            share: Some(share),
            ..self
        }
    }

    /// Makes only one of `every` batches: those whose numbers follow the first by multiples of it. 0 is taken as 1.
    #[must_use]
    pub fn one_of(self, every: usize) -> Self {
        Self {
            every: every.max(1),
            ..self
        }
    }

    /// Batches in an epoch, the last partial one included.
    #[must_use]
    pub fn batches(&self) -> usize {
        self.split.len().div_ceil(self.batch)
    }

    /// The batches of `epoch` (from 0), beginning with batch `first` (0 for all of them): a run
    /// that was interrupted after batch 17 goes on with `epoch(e, 18)`.
    #[must_use]
    pub fn epoch(&self, epoch: u64, first: usize) -> Batches {
        let n = self.split.len();
        let order = match self.order_seed {
            Some(seed) => order(seed, epoch, n),
            None => (0..n as u32).collect(),
        };
        let plan = Plan {
            split: self.split.clone(),
            tables: self.tables.clone(),
            augment: self.augment,
            epoch,
            order,
            size: self.batch,
            share: self.share.clone(),
            every: self.every,
        };
        Batches {
            plan: Arc::new(plan),
            next: first,
            prefetch: self.prefetch,
            ahead: None,
        }
    }
}

/// The batches of one epoch; made by [`Loader::epoch`].
#[derive(Debug)]
pub struct Batches {
    plan: Arc<Plan>,
    next: usize,
    prefetch: bool,
    /// Started with the first batch that is asked for.
    ahead: Option<Ahead>,
}

impl Batches {
    /// The number of the batch that comes next: what a checkpoint stores.
    #[must_use]
    pub fn position(&self) -> usize {
        self.next
    }

    /// Numbers of the images in the batch that comes next; empty at the end of the epoch.
    #[must_use]
    pub fn next_indices(&self) -> &[u32] {
        self.plan.indices(self.next)
    }
}

impl Clone for Batches {
    /// The same batches from the same position on; they are made anew.
    fn clone(&self) -> Self {
        Self {
            plan: Arc::clone(&self.plan),
            next: self.next,
            prefetch: self.prefetch,
            ahead: None,
        }
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.next;
        if number >= self.plan.batches() {
            return None;
        }
        self.next = number.saturating_add(self.plan.every);
        if in_pool() {
            // The iterator may have been moved into a pool since the thread was started.
            self.ahead = None;
        } else if self.ahead.is_none() && self.prefetch && self.next < self.plan.batches() {
            self.ahead = Ahead::start(Arc::clone(&self.plan), number);
        }
        let made = self.ahead.as_mut().and_then(Ahead::next);
        Some(made.unwrap_or_else(|| self.plan.fill(number)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.plan.batches().saturating_sub(self.next);
        let left = left.div_ceil(self.plan.every);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Batches {}
