//! How does an operation of the caller's get onto the tape? Its results get places for their gradients, and the caller
//! is asked for the way back.

use super::back::{Back, Node};
use super::record::{Precision, Record};
use super::stored::{Held, Place};
use super::value::{Kept, zeros};
use crate::{Backward, Recording, Tape, Value};
use std::rc::Rc;
use timestep_kernels::Buffer;
use timestep_kernels::layout::{Extent, copy_channels};

/// Where the gradients of the pieces of some features go.
pub(super) fn places(pieces: &[Held]) -> Vec<Place> {
    pieces.iter().map(|piece| piece.stored.place()).collect()
}

/// The gradients of pieces as features; `None` if all are zero.
pub(super) fn gathered(places: &[Place], found: Vec<Option<Rc<Buffer>>>) -> Option<Value> {
    if found.iter().all(Option::is_none) {
        return None;
    }
    let pieces = places.iter().zip(found).map(|(place, found)| match found {
        Some(data) => Held::shared(data, place.extent),
        None => zeros(place.extent),
    });
    Some(Kept::from_pieces(pieces.collect()).value())
}

/// Deposits a gradient, given as features in the pieces that they lie in, at the pieces that it belongs to.
///
/// # Panics
/// If the extents differ.
pub(super) fn deposit(back: &mut Back<'_>, places: &[Place], gradient: &[Held]) {
    let whole = |extents: &mut dyn Iterator<Item = Extent>| {
        let join = |a: Extent, b: Extent| Extent {
            channels: a.channels + b.channels,
            ..a
        };
        extents.reduce(join)
    };
    assert_eq!(
        whole(&mut gradient.iter().map(|piece| piece.stored.extent)),
        whole(&mut places.iter().map(|place| place.extent)),
        "a gradient of the same shape"
    );
    match (gradient, places) {
        ([first, second], [one, two]) => {
            one.add(back, &first.stored.data);
            two.add(back, &second.stored.data);
        }
        ([held], [one]) => one.add(back, &held.stored.data),
        ([held], places) => {
            let mut at = 0;
            for place in places {
                let (own, channels) = (place.extent.channels, held.stored.extent.channels);
                let mut part = Buffer::new(place.extent.len());
                copy_channels(&held.stored.data, (channels, at), &mut part, (own, 0), own);
                at += own;
                place.add(back, &Rc::new(part));
            }
        }
        (pieces, places) => {
            let one = &places[0];
            let channels = one.extent.channels;
            let mut joined = Buffer::new(one.extent.len());
            let mut at = 0;
            for piece in pieces {
                let own = piece.stored.extent.channels;
                copy_channels(
                    &piece.stored.data,
                    (own, 0),
                    &mut joined,
                    (channels, at),
                    own,
                );
                at += own;
            }
            one.add(back, &Rc::new(joined));
        }
    }
}

/// An operation whose way back the caller knows.
struct Spliced {
    inputs: Vec<Vec<Place>>,
    outputs: Vec<Vec<Place>>,
    back: Backward,
}

impl Node for Spliced {
    fn backward(self: Box<Self>, back: &mut Back<'_>) {
        let Self {
            inputs,
            outputs,
            back: way,
        } = *self;
        let mut grads = Vec::with_capacity(outputs.len());
        for places in &outputs {
            let found = places.iter().map(|place| place.take(back)).collect();
            grads.push(gathered(places, found));
        }
        if grads.iter().all(Option::is_none) {
            return;
        }
        let found = way(&grads, &mut *back.sink);
        drop(grads);
        // Whatever is pending in what the caller gives is written down; nothing goes back through it.
        let scratch = Record::new(back.parameters, &Recording::default(), Precision::default());
        for (places, found) in inputs.iter().zip(found) {
            if let Some(gradient) = found {
                deposit(back, places, &scratch.plain_pieces(&gradient));
            }
        }
    }
}

impl Record {
    /// Features with nothing pending, in the pieces that they lie in.
    pub(super) fn plain_pieces(&self, features: &Value) -> Vec<Held> {
        let pieces = Kept::of(features).pieces(self).iter();
        pieces.map(|piece| self.settle(piece)).collect()
    }

    /// Records an operation of the caller's.
    pub(super) fn spliced(
        &self,
        inputs: &[&Value],
        outputs: &[&Value],
        back: Backward,
    ) -> Vec<Value> {
        if !self.wanted.anything() {
            let copies = outputs.iter().map(|output| self.adopt(output, false));
            return copies.collect();
        }
        let inputs = inputs
            .iter()
            .map(|input| places(&self.plain_pieces(input)))
            .collect();
        let mut own = Vec::with_capacity(outputs.len());
        let mut results = Vec::with_capacity(outputs.len());
        for output in outputs {
            let pieces: Vec<Held> = Kept::of(output)
                .pieces(self)
                .iter()
                .map(|piece| piece.moved(Some(self.slot())))
                .collect();
            own.push(places(&pieces));
            results.push(Kept::from_pieces(pieces).value());
        }
        self.push(Box::new(Spliced {
            inputs,
            outputs: own,
            back,
        }));
        results
    }
}
