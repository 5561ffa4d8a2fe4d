//! What does an operation's result owe its users? A gradient, as a sum that is added up when it is read.
//!
//! A multistep scheme uses a state three times: in its block, in the next combination and in the one
//! after that; a batch norm's backward pass is a multiple of the gradient plus a multiple of the state
//! plus a constant. None of these is written down: each user deposits a term.

use super::arrays::Target;
use crate::{GradientSink, Numbers, Parameters};
use std::rc::Rc;
use timestep_kernels::layout::Extent;
use timestep_kernels::{Buffer, Kernels, Scaled, Sum};

/// Where the gradient of some features is collected during a backward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(pub(super) usize);

/// A recorded operation with its backward pass.
pub(super) trait Node {
    /// Takes the gradient of the result, if there is any, back to the operands.
    fn backward(self: Box<Self>, back: &mut Back<'_>);
}

/// The terms of a gradient deposited so far.
#[derive(Debug, Default)]
pub(super) struct Terms {
    terms: Vec<(Rc<Buffer>, Vec<f32>)>,
    constant: Option<Vec<f32>>,
}

impl Terms {
    /// Has nobody deposited anything?
    pub(super) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The sum, for a kernel to read.
    pub(super) fn sum(&self) -> Sum<'_> {
        let scaled = |(data, scale)| Scaled { data, scale };
        Sum {
            terms: self.terms.iter().map(|(d, s)| scaled((d, s))).collect(),
            constant: self.constant.as_deref(),
        }
    }

    /// The gradient itself, if it is one array taken once.
    pub(super) fn single(&self) -> Option<&Rc<Buffer>> {
        match self.terms.as_slice() {
            [(data, scale)] if self.constant.is_none() && scale.iter().all(|s| *s == 1.0) => {
                Some(data)
            }
            _ => None,
        }
    }
}

/// A backward pass under way.
pub(super) struct Back<'a> {
    slots: Vec<Terms>,
    arrays: Vec<Option<Vec<f32>>>,
    pub(super) parameters: &'a Parameters,
    pub(super) sink: &'a mut dyn GradientSink,
}

impl<'a> Back<'a> {
    /// A pass over a tape with so many slots of features and of arrays.
    pub(super) fn new(
        parameters: &'a Parameters,
        sink: &'a mut dyn GradientSink,
        slots: usize,
        arrays: usize,
    ) -> Self {
        Self {
            slots: std::iter::repeat_with(Terms::default).take(slots).collect(),
            arrays: vec![None; arrays],
            parameters,
            sink,
        }
    }

    /// Adds `scale · data` to the gradient of features, one factor a channel.
    pub(super) fn add(&mut self, slot: Slot, data: &Rc<Buffer>, scale: Vec<f32>) {
        let terms = &mut self.slots[slot.0].terms;
        match terms.iter_mut().find(|(held, _)| Rc::ptr_eq(held, data)) {
            Some((_, held)) => held.iter_mut().zip(&scale).for_each(|(a, b)| *a += b),
            None => terms.push((data.clone(), scale)),
        }
    }

    /// Adds one number per channel to the gradient of features.
    pub(super) fn add_constant(&mut self, slot: Slot, values: Vec<f32>) {
        add(&mut self.slots[slot.0].constant, values);
    }

    /// Takes everything that was deposited.
    pub(super) fn take(&mut self, slot: Slot) -> Terms {
        std::mem::take(&mut self.slots[slot.0])
    }

    /// The deposited gradient as one array, or nothing if nobody deposited any.
    pub(super) fn take_whole(&mut self, slot: Slot, extent: &Extent) -> Option<Rc<Buffer>> {
        let terms = self.take(slot);
        if terms.is_empty() {
            return None;
        }
        if let Some(single) = terms.single() {
            return Some(single.clone());
        }
        let mut sum = Buffer::new(extent.len());
        Kernels::detect().add_up(&terms.sum(), extent.channels, &mut sum);
        Some(Rc::new(sum))
    }

    /// Adds to the gradient of an array.
    pub(super) fn add_array(&mut self, target: Target, gradient: Vec<f32>) {
        match target {
            Target::Nothing => {}
            Target::Parameter(id) => self.sink.add(id, Numbers::F32(&gradient)),
            Target::Slot(at) => add(&mut self.arrays[at], gradient),
        }
    }

    /// Takes the gradient of an array that an operation made.
    pub(super) fn take_array(&mut self, at: usize) -> Option<Vec<f32>> {
        self.arrays[at].take()
    }
}

/// Adds to numbers that may be there already.
fn add(held: &mut Option<Vec<f32>>, more: Vec<f32>) {
    match held {
        Some(held) => held.iter_mut().zip(&more).for_each(|(a, b)| *a += b),
        None => *held = Some(more),
    }
}
