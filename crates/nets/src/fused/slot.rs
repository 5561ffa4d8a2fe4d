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
        let scaled = |(data, scale): &'_ (Arc<Buffer>, Vec<f32>)| -> (usize, usize) {
            (data.len(), scale.len())
        };
        debug_assert!(
            self.terms
                .iter()
                .map(scaled)
                .all(|(n, c)| n.is_multiple_of(c))
        );
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
        let mut terms = self.lock();
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
        let mut terms = self.lock();
        match &mut terms.constant {
            Some(held) => held.iter_mut().zip(&values).for_each(|(a, b)| *a += b),
            None => terms.constant = Some(values),
        }
    }

    /// Takes everything that was deposited.
    pub(super) fn take(&self) -> Terms {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Terms> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
