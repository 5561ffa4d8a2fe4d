//! What is one pass? A list of operations in their order, and the places where gradients will be collected.

use super::arrays::{Row, Single};
use super::back::{Node, Slot};
use super::combine::Coefficient;
use super::saved::Storage;
use super::stored::Held;
use super::value::Kept;
use crate::{Engine, Factor, Parameters, Recording, Tape, Value, Wanted};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use timestep_kernels::Buffer;
use timestep_kernels::layout::Extent;

/// `f32` on the CPU, on the kernels of this project.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fused;

impl Engine for Fused {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn open(&self, parameters: &Parameters, recording: &Recording) -> Rc<dyn Tape> {
        Rc::new(Record::new(parameters, recording, Precision::default()))
    }
}

/// How precisely an engine of this tape computes, and what it stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Precision {
    /// How activations wait for the backward pass.
    pub(super) storage: Storage,
    /// How convolutions multiply where nothing is recorded.
    pub(super) products: Products,
}

/// How convolutions multiply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Products {
    /// In single precision.
    #[default]
    F32,
    /// In whole numbers of eight bits.
    Int8,
}

/// One pass.
pub(super) struct Record {
    pub(super) parameters: Parameters,
    pub(super) wanted: Wanted,
    pub(super) precision: Precision,
    /// Do operations gather the moments of what they write?
    pub(super) statistics: bool,
    pub(super) nodes: RefCell<Vec<Box<dyn Node>>>,
    pub(super) slots: Cell<usize>,
    pub(super) arrays: Cell<usize>,
    pub(super) leaves: RefCell<Vec<(Slot, Extent)>>,
    /// Gradients of leaves after the backward pass, in the order of their slots.
    pub(super) found: RefCell<Vec<(Slot, Option<Rc<Buffer>>)>>,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "tape of {} operations", self.nodes.borrow().len())
    }
}

/// The next number.
fn next(counter: &Cell<usize>) -> usize {
    counter.replace(counter.get() + 1)
}

impl From<f64> for Coefficient {
    fn from(number: f64) -> Self {
        Coefficient::Number(number)
    }
}

impl Record {
    pub(super) fn new(
        parameters: &Parameters,
        recording: &Recording,
        precision: Precision,
    ) -> Self {
        Self {
            precision,
            parameters: parameters.clone(),
            wanted: recording.wanted.clone(),
            statistics: recording.statistics,
            nodes: RefCell::default(),
            slots: Cell::new(0),
            arrays: Cell::new(0),
            leaves: RefCell::default(),
            found: RefCell::default(),
        }
    }

    /// A place for the gradient of features.
    pub(super) fn slot(&self) -> Slot {
        Slot(next(&self.slots))
    }

    /// A place for the gradient of an array.
    pub(super) fn array_slot(&self) -> usize {
        next(&self.arrays)
    }

    /// A place for a gradient that is kept after the backward pass.
    pub(super) fn leaf(&self, extent: Extent) -> Slot {
        let slot = self.slot();
        self.leaves.borrow_mut().push((slot, extent));
        slot
    }

    /// Records an operation.
    pub(super) fn push(&self, node: Box<dyn Node>) {
        self.nodes.borrow_mut().push(node);
    }

    pub(super) fn held<'v>(&self, value: &'v Value) -> &'v Held {
        Kept::of(value).held(self)
    }

    pub(super) fn row<'v>(&self, value: &'v Value) -> &'v Row {
        let own = value.downcast_ref();
        own.expect("an array of the engine that is asked")
    }

    pub(super) fn coefficient(&self, factor: Factor<'_>) -> Coefficient {
        match factor {
            Factor::Number(number) => Coefficient::Number(number),
            Factor::Learned(value) => self.row(value).into(),
        }
    }

    /// The terms of a linear combination with the factors that noise has given them joined to the coefficients, and
    /// without those that are 0.
    pub(super) fn controlled(&self, terms: &[(Factor<'_>, &Value)]) -> Vec<(Coefficient, Value)> {
        let mut kept = Vec::with_capacity(terms.len());
        for (factor, value) in terms {
            let (mut coefficient, mut value) = (self.coefficient(*factor), (*value).clone());
            while let Kept::Multiple(factor, of, _) = Kept::of(&value) {
                coefficient = match coefficient {
                    Coefficient::Number(c) => Coefficient::Number(c * factor),
                    Coefficient::Learned(data, target) => {
                        let row = Row {
                            shape: [1, data.of(&self.parameters).len()],
                            data,
                            target,
                        };
                        (&self.single(&row, Single::Affine(*factor, 0.0))).into()
                    }
                };
                let of = of.clone();
                value = of;
            }
            if !matches!(Kept::of(&value), Kept::Zero(..)) {
                kept.push((coefficient, value));
            }
        }
        kept
    }

    /// Which of several terms is a convolution that only the caller knows, each value having so many `holders`?
    pub(super) fn alone(&self, terms: &[(Coefficient, &Value)], holders: usize) -> Option<usize> {
        let found = terms.iter().position(|(c, v)| used_once(c, v, holders));
        found.filter(|_| terms.len() > 1)
    }

    /// A linear combination; the convolution at `alone`, which nobody else uses, is computed together with it.
    pub(super) fn combined(&self, terms: &[(Coefficient, &Value)], alone: Option<usize>) -> Held {
        let held = |terms: &[(Coefficient, &Value)], skip: Option<usize>| {
            let kept = terms.iter().enumerate().filter(|(i, _)| Some(*i) != skip);
            kept.map(|(_, (c, v))| (c.clone(), self.held(v).clone()))
                .collect::<Vec<(Coefficient, Held)>>()
        };
        let others = held(terms, alone);
        let borrowed: Vec<(Coefficient, &Held)> =
            others.iter().map(|(c, h)| (c.clone(), h)).collect();
        if let Some(at) = alone
            && let (Coefficient::Number(coef), Kept::Convolved(convolved)) =
                (&terms[at].0, Kept::of(terms[at].1))
        {
            return convolved.step(self, *coef, &borrowed);
        }
        self.combination(&borrowed, self.statistics)
    }
}

/// Is it a convolution that only this value knows, with a fixed coefficient?
fn used_once(coefficient: &Coefficient, value: &Value, holders: usize) -> bool {
    matches!(coefficient, Coefficient::Number(_))
        && matches!(Kept::of(value), Kept::Convolved(c) if c.is_pending())
        && Rc::strong_count(value) == holders
}
