//! What else is computed with besides features? Arrays: parameters, coefficients, gates, logits.

use crate::{ParamId, Tape, Value};
use std::rc::Rc;

/// An array `[rows, columns]` of numbers on a tape: a parameter (one row), learned coefficients, gates, logits.
#[derive(Clone)]
pub struct Array {
    pub(crate) tape: Rc<dyn Tape>,
    pub(crate) value: Value,
}

impl std::fmt::Debug for Array {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Array{:?}", self.shape())
    }
}

impl Array {
    /// An array that a tape made.
    #[must_use]
    pub fn new(tape: &Rc<dyn Tape>, value: Value) -> Self {
        Self {
            tape: tape.clone(),
            value,
        }
    }

    /// A parameter, as one row.
    #[must_use]
    pub fn parameter(tape: &Rc<dyn Tape>, id: ParamId) -> Self {
        Self::new(tape, tape.parameter(id))
    }

    /// Constants.
    ///
    /// # Panics
    /// If there are not `rows · columns` of them.
    #[must_use]
    pub fn constant(tape: &Rc<dyn Tape>, shape: [usize; 2], values: &[f64]) -> Self {
        assert_eq!(shape[0] * shape[1], values.len(), "numbers of an array");
        Self::new(tape, tape.array(shape, values))
    }

    /// The tape that it is on.
    #[must_use]
    pub fn tape(&self) -> &Rc<dyn Tape> {
        &self.tape
    }

    /// What the engine keeps.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// `[rows, columns]`.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        self.tape.shape(&self.value)
    }

    /// The numbers, row after row.
    #[must_use]
    pub fn read(&self) -> Vec<f64> {
        self.tape.read_array(&self.value)
    }

    /// `max(0, a)`.
    #[must_use]
    pub fn relu(&self) -> Self {
        Self::new(&self.tape, self.tape.relu_array(&self.value))
    }

    /// `1 / (1 + e^{-a})`.
    #[must_use]
    pub fn sigmoid(&self) -> Self {
        Self::new(&self.tape, self.tape.sigmoid(&self.value))
    }

    /// `factor · a + offset`.
    #[must_use]
    pub fn affine(&self, factor: f64, offset: f64) -> Self {
        Self::new(&self.tape, self.tape.affine(&self.value, factor, offset))
    }

    /// `a + b`, number by number.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self::new(&self.tape, self.tape.add(&self.value, &other.value))
    }

    /// `a · b`, number by number.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        Self::new(&self.tape, self.tape.multiply(&self.value, &other.value))
    }
}
