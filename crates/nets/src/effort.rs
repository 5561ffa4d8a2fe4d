//! What did a pass take beyond what its network says? Steps that search their end, or choose their size, evaluate a block as often as
//! that takes.

use std::cell::RefCell;
use std::rc::Rc;

/// What the steps of some passes took, where that is not known before: those that solve an equation, and those of a size that follows
/// from a tolerance.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effort {
    /// Steps that were taken: equations that were solved, or steps whose error was small enough.
    pub steps: u64,
    /// Evaluations of a block for them, on the way forward.
    pub evaluations: u64,
    /// Evaluations of a block on the way back.
    pub backward: u64,
    /// Steps that were refused and taken again, smaller.
    pub refused: u64,
    /// Searches whose first two residuals are known.
    pub searches: u64,
    /// Sum over these of what the second residual was of the first.
    pub contractions: f64,
    /// The largest of them.
    pub worst: f64,
}

impl Effort {
    /// Adds what other passes took.
    pub fn add(&mut self, more: &Self) {
        self.steps += more.steps;
        self.evaluations += more.evaluations;
        self.backward += more.backward;
        self.refused += more.refused;
        self.searches += more.searches;
        self.contractions += more.contractions;
        self.worst = self.worst.max(more.worst);
    }

    /// Did any step take anything that is counted here?
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.steps > 0 || self.evaluations > 0
    }

    /// What plain iteration leaves of a residual: the mean over all searches of the ratio of their first two. It contracts below 1; `None`
    /// without a search.
    #[must_use]
    pub fn contraction(&self) -> Option<f64> {
        (self.searches > 0).then(|| self.contractions / self.searches as f64)
    }

    /// Its numbers, those that are not whole as their bits.
    #[must_use]
    pub fn to_numbers(&self) -> [u64; 7] {
        [
            self.steps,
            self.evaluations,
            self.backward,
            self.refused,
            self.searches,
            self.contractions.to_bits(),
            self.worst.to_bits(),
        ]
    }

    /// From these numbers.
    #[must_use]
    pub fn from_numbers(numbers: [u64; 7]) -> Self {
        let [steps, evaluations, backward, refused, searches, sum, worst] = numbers;
        Self {
            steps,
            evaluations,
            backward,
            refused,
            searches,
            contractions: f64::from_bits(sum),
            worst: f64::from_bits(worst),
        }
    }
}

/// Counts of a pass and of all passes beside it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter(Rc<RefCell<Effort>>);

impl Counter {
    /// Counts more.
    pub(crate) fn add(&self, more: &Effort) {
        self.0.borrow_mut().add(more);
    }

    /// What was counted so far.
    pub(crate) fn read(&self) -> Effort {
        *self.0.borrow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn efforts_add_up_and_go_through_numbers() {
        let one = Effort {
            steps: 1,
            evaluations: 7,
            backward: 5,
            refused: 2,
            searches: 1,
            contractions: 0.25,
            worst: 0.25,
        };
        let mut all = Effort::default();
        assert!(!all.is_any());
        assert_eq!(all.contraction(), None);
        all.add(&one);
        all.add(&Effort {
            contractions: 1.25,
            worst: 1.25,
            ..one
        });
        assert_eq!((all.steps, all.evaluations, all.backward), (2, 14, 10));
        assert_eq!((all.contraction(), all.worst), (Some(0.75), 1.25));
        assert!(all.is_any());
        assert_eq!(Effort::from_numbers(all.to_numbers()), all);
    }
}
