//! How does an operation of the caller's get onto the tape? Its results get places for their gradients, and the caller
//! is asked for the way back.

use super::back::{Back, Node};
use super::stored::{Held, Place};
use super::tape::Record;
use super::value::{Kept, zeros};
use crate::{Backward, Value};
use std::rc::Rc;
use timestep_kernels::Buffer;
use timestep_kernels::layout::copy_channels;

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

/// Deposits a gradient, given as features, at the pieces that it belongs to.
///
/// # Panics
/// If a norm or a ReLU is pending in the gradient.
pub(super) fn deposit(back: &mut Back<'_>, places: &[Place], gradient: &Value) {
    let plain = |held: &Held| -> Rc<Buffer> {
        assert!(held.stored.is_plain(), "a gradient is an array");
        held.stored.data.clone()
    };
    match (Kept::of(gradient), places) {
        (Kept::Halves(parts, _), [first, second]) => {
            first.add(back, &plain(&parts[0]));
            second.add(back, &plain(&parts[1]));
        }
        (Kept::Held(held), [one]) => one.add(back, &plain(held)),
        (Kept::Held(held), [first, second]) => {
            let (data, channels) = (plain(held), held.stored.extent.channels);
            let mut at = 0;
            for place in [first, second] {
                let own = place.extent.channels;
                let mut part = Buffer::new(place.extent.len());
                copy_channels(&data, (channels, at), &mut part, (own, 0), own);
                at += own;
                place.add(back, &Rc::new(part));
            }
        }
        (Kept::Halves(parts, _), [one]) => {
            let channels = one.extent.channels;
            let mut whole = Buffer::new(one.extent.len());
            let mut at = 0;
            for part in parts {
                let own = part.stored.extent.channels;
                copy_channels(&plain(part), (own, 0), &mut whole, (channels, at), own);
                at += own;
            }
            one.add(back, &Rc::new(whole));
        }
        _ => panic!("a gradient is an array"),
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
        for (places, found) in inputs.iter().zip(found) {
            if let Some(gradient) = found {
                deposit(back, places, &gradient);
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
