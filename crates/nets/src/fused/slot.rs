//! What does an operation's result owe its users? A gradient, as a sum that is added up when it is read.
//!
//! A multistep scheme uses a state three times: in its block, in the next combination and in the one
//! after that; a batch norm's backward pass is a multiple of the gradient plus a multiple of the state
//! plus a constant. None of these is written down: each user deposits a term.

use std::sync::{Arc, Mutex};
use timestep_kernels::{Buffer, Scaled, Sum};

/// The terms deposited so far.
#[derive(Debug, Default)]
pub(super) struct Terms {
    terms: Vec<(Arc<Buffer>, Vec<f32>)>,
    constant: Option<Vec<f32>>,
}

impl Terms {
    /// Has nobody deposited anything?
    pub(super) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The sum, for a kernel to read.
    pub(super) fn sum(&self) -> Sum<'_> {
        Sum {
            terms: self
                .terms
                .iter()
                .map(|(data, scale)| Scaled { data, scale })
                .collect(),
            constant: self.constant.as_deref(),
        }
    }

    /// The gradient itself, if it is one array taken once.
    pub(super) fn single(&self) -> Option<&Arc<Buffer>> {
        match self.terms.as_slice() {
            [(data, scale)] if self.constant.is_none() && scale.iter().all(|s| *s == 1.0) => {
                Some(data)
            }
            _ => None,
        }
    }
}

/// Where users of one result deposit its gradient.
#[derive(Debug, Default)]
pub(super) struct Slot(Mutex<Terms>);

impl Slot {
    /// Adds `scale · data`, one factor a channel.
    pub(super) fn add(&self, data: &Arc<Buffer>, scale: Vec<f32>) {
        let mut terms = super::lock(&self.0);
        match terms
            .terms
            .iter_mut()
            .find(|(held, _)| Arc::ptr_eq(held, data))
        {
            Some((_, held)) => held.iter_mut().zip(&scale).for_each(|(a, b)| *a += b),
            None => terms.terms.push((data.clone(), scale)),
        }
    }

    /// Adds one number a channel.
    pub(super) fn add_constant(&self, values: Vec<f32>) {
        add(&mut super::lock(&self.0).constant, values);
    }

    /// Takes everything that was deposited.
    pub(super) fn take(&self) -> Terms {
        std::mem::take(&mut super::lock(&self.0))
    }
}

/// Adds to numbers that may be there already.
pub(super) fn add(held: &mut Option<Vec<f32>>, more: Vec<f32>) {
    match held {
        Some(held) => held.iter_mut().zip(&more).for_each(|(a, b)| *a += b),
        None => *held = Some(more),
    }
}
