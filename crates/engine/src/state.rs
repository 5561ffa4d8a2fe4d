//! Features as the state that a scheme steps: the same lines that step a number step a batch of images.

use crate::{Coef, Features, ops};
use timestep_numerics::State;

impl State for Features {
    type Coef = Coef;

    fn lincomb(terms: &[(Coef, &Features)]) -> Features {
        ops::combine(terms)
    }

    /// The halves of the channels: what a partitioned (reversible) scheme steps in turn.
    fn split(&self) -> Option<(Self, Self)> {
        let [_, channels, _, _] = self.dims();
        if channels < 2 || channels % 2 != 0 {
            return None;
        }
        if let Some([first, second]) = self.tape.halves(&self.value) {
            let of = |value| Self::new(&self.tape, value);
            return Some((of(first), of(second)));
        }
        let half = channels / 2;
        Some((ops::narrow(self, 0, half), ops::narrow(self, half, half)))
    }

    fn join(first: &Self, second: &Self) -> Option<Self> {
        Some(ops::join(&[first, second]))
    }

    fn dot(&self, other: &Self) -> f64 {
        self.tape.dot(&self.value, &other.value)
    }

    fn is_finite(&self) -> bool {
        self.tape.is_finite(&self.value)
    }
}
