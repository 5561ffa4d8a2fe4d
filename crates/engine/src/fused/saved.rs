//! What of features waits for the backward pass, and how precisely? Their numbers, in single precision or in bf16.
//!
//! An engine that stores bf16 rounds numbers when the last of the forward pass that could read them is gone, and brings
//! them back when the first operation on the way back asks. What computes is the same in both engines.

use super::back::Slot;
use super::record::Record;
use super::stored::{Held, PendingNorm, Place, Stored};
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use timestep_kernels::layout::Extent;
use timestep_kernels::{Buffer, Kernels};

/// How numbers wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Storage {
    /// As they are.
    #[default]
    F32,
    /// Rounded to bf16.
    Bf16,
}

/// Numbers that wait, shared by all operations that will read them.
#[derive(Debug)]
struct Waiting(RefCell<Numbers>);

#[derive(Debug)]
enum Numbers {
    Whole(Rc<Buffer>),
    Packed(Buffer, usize),
}

impl Waiting {
    fn pack(&self) {
        let mut numbers = self.0.borrow_mut();
        if let Numbers::Whole(data) = &*numbers {
            *numbers = Numbers::Packed(Kernels::detect().pack_bf16(data), data.len());
        }
    }

    fn whole(&self) -> Rc<Buffer> {
        let mut numbers = self.0.borrow_mut();
        if let Numbers::Packed(words, len) = &*numbers {
            // All who ask get one array: it is freed when the last of them has gone back.
            *numbers = Numbers::Whole(Rc::new(Kernels::detect().unpack_bf16(words, *len)));
        }
        match &*numbers {
            Numbers::Whole(data) => data.clone(),
            Numbers::Packed(..) => unreachable!("unpacked above"),
        }
    }
}

/// The side of the forward pass: when the last of it goes, numbers that wait may be rounded.
#[derive(Debug, Default)]
pub(super) struct Readers {
    waiting: OnceCell<(Rc<Waiting>, Storage)>,
}

impl Drop for Readers {
    fn drop(&mut self) {
        // Where no operation has kept the numbers they are about to be freed.
        if let Some((waiting, Storage::Bf16)) = self.waiting.get()
            && Rc::strong_count(waiting) > 1
        {
            waiting.pack();
        }
    }
}

/// Features as operations keep them for the way back.
#[derive(Debug)]
pub(super) struct Saved {
    /// Nothing if only the place of the gradient matters.
    waiting: Option<Rc<Waiting>>,
    extent: Extent,
    slot: Option<Slot>,
    norm: Option<Rc<PendingNorm>>,
    relu: bool,
}

impl Saved {
    /// The features to compute with.
    pub(super) fn load(&self) -> Stored {
        let data = match &self.waiting {
            Some(waiting) => waiting.whole(),
            None => Rc::new(Buffer::new(0)),
        };
        Stored {
            data,
            extent: self.extent,
            slot: self.slot,
            norm: self.norm.clone(),
            relu: self.relu,
        }
    }

    /// The same without the numbers.
    pub(super) fn place(&self) -> Place {
        Place {
            slot: self.slot,
            extent: self.extent,
        }
    }
}

impl Record {
    /// Features for the way back.
    pub(super) fn saved(&self, held: &Held) -> Saved {
        let first = || {
            let whole = Numbers::Whole(held.stored.data.clone());
            (
                Rc::new(Waiting(RefCell::new(whole))),
                self.precision.storage,
            )
        };
        let (waiting, _) = held.readers.waiting.get_or_init(first);
        Saved {
            waiting: Some(waiting.clone()),
            ..Self::saved_place(held)
        }
    }

    /// Features for the way back whose numbers it does not read.
    pub(super) fn saved_place(held: &Held) -> Saved {
        let stored = &held.stored;
        Saved {
            waiting: None,
            extent: stored.extent,
            slot: stored.slot,
            norm: stored.norm.clone(),
            relu: stored.relu,
        }
    }
}
