//! What state does a network step? Features of a batch of images, wherever they are computed.

use crate::{Tape, Value};
use std::rc::Rc;

/// Features of a batch of images, the state `u` of a network: opaque, with the tape that they are on.
#[derive(Clone)]
pub struct Features {
    pub(crate) tape: Rc<dyn Tape>,
    pub(crate) value: Value,
}

impl std::fmt::Debug for Features {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Features{:?}", self.dims())
    }
}

impl Features {
    /// Features that a tape made.
    #[must_use]
    pub fn new(tape: &Rc<dyn Tape>, value: Value) -> Self {
        Self {
            tape: tape.clone(),
            value,
        }
    }

    /// Images `[batch, channels, height, width]` as features without a gradient.
    #[must_use]
    pub fn images(tape: &Rc<dyn Tape>, dims: [usize; 4], values: &[f32]) -> Self {
        Self::new(tape, tape.features(dims, values, false))
    }

    /// Zeros of extents `dims`, on the tape of `like`.
    #[must_use]
    pub fn zeros(like: &Self, dims: [usize; 4]) -> Self {
        Self::new(&like.tape, like.tape.zeros(dims))
    }

    /// The tape that they are on.
    #[must_use]
    pub fn tape(&self) -> &Rc<dyn Tape> {
        &self.tape
    }

    /// What the engine keeps.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// `[batch, channels, height, width]`.
    #[must_use]
    pub fn dims(&self) -> [usize; 4] {
        self.tape.dims(&self.value)
    }

    /// The numbers, in the order `[batch, channels, height, width]`.
    #[must_use]
    pub fn read(&self) -> Vec<f64> {
        self.tape.read(&self.value)
    }

    /// Makes sure that the features exist, for users that come more than once.
    pub fn compute(&self) {
        self.tape.compute(&self.value);
    }

    /// The features times a number.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        if factor == 1.0 {
            return self;
        }
        let value = self.tape.scaled(&self.value, factor);
        Self::new(&self.tape, value)
    }

    /// Are they known to be zero, like the increment of a dropped block?
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.tape.is_zero(&self.value)
    }

    /// Does a gradient flow back through them?
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.tape.is_recorded(&self.value)
    }

    /// The same numbers as a beginning on another tape of the same engine.
    #[must_use]
    pub fn onto(&self, tape: &Rc<dyn Tape>, leaf: bool) -> Self {
        let plain = self.tape.plain(&self.value);
        Self::new(tape, tape.adopt(&plain, leaf))
    }
}
