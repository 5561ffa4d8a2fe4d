//! Where are operations recorded? In a list, in their order; the backward pass takes them from its end.

use super::tensor::{Place, Shape, Tensor};
use crate::{Backward, End, GradientSink, Numbers, Recording, Specs, Value, Wanted};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

/// From the gradient of the result of an operation to that of one operand.
pub(super) type Pullback = Box<dyn FnOnce(&[f64]) -> Vec<f64>>;

/// A recorded operation.
enum Node {
    /// One result; the gradient of each operand is a function of the result's.
    Operation {
        result: usize,
        operands: Vec<(Place, Pullback)>,
    },
    /// An operation whose way back the caller knows.
    Spliced {
        inputs: Vec<Place>,
        outputs: Vec<(usize, Shape)>,
        back: Backward,
    },
}

/// One pass.
pub(super) struct Record {
    pub(super) specs: Arc<Specs>,
    /// The numbers of all parameters.
    pub(super) parameters: Rc<Vec<f64>>,
    pub(super) wanted: Wanted,
    nodes: RefCell<Vec<Node>>,
    slots: Cell<usize>,
    /// Slots of leaves.
    leaves: RefCell<Vec<usize>>,
    /// Gradients of leaves after the backward pass.
    found: RefCell<Vec<(usize, Option<Vec<f64>>)>>,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "tape of {} operations", self.nodes.borrow().len())
    }
}

/// A backward pass under way.
struct Back<'a> {
    slots: Vec<Option<Vec<f64>>>,
    sink: &'a mut dyn GradientSink,
}

impl Back<'_> {
    fn add(&mut self, place: Place, gradient: Vec<f64>) {
        match place {
            Place::Nowhere => {}
            Place::Parameter(id) => self.sink.add(id, Numbers::F64(&gradient)),
            Place::Slot(slot) => match &mut self.slots[slot] {
                Some(held) => held.iter_mut().zip(&gradient).for_each(|(a, b)| *a += b),
                none => *none = Some(gradient),
            },
        }
    }
}

impl Node {
    /// Takes the gradient of the results, if there is any, back to the operands.
    fn backward(self, back: &mut Back<'_>) {
        match self {
            Node::Operation { result, operands } => {
                if let Some(gradient) = back.slots[result].take() {
                    for (place, pullback) in operands {
                        back.add(place, pullback(&gradient));
                    }
                }
            }
            Node::Spliced {
                inputs,
                outputs,
                back: way,
            } => {
                let gradients: Vec<Option<Value>> = outputs
                    .iter()
                    .map(|(slot, shape)| {
                        let found = back.slots[*slot].take()?;
                        Some(Tensor::new(*shape, found, Place::Nowhere).value())
                    })
                    .collect();
                if gradients.iter().all(Option::is_none) {
                    return;
                }
                let found = way(&gradients, &mut *back.sink);
                for (place, found) in inputs.into_iter().zip(found) {
                    if let Some(found) = found {
                        back.add(place, Tensor::of(&found).data.to_vec());
                    }
                }
            }
        }
    }
}

impl Record {
    pub(super) fn new(specs: Arc<Specs>, parameters: Rc<Vec<f64>>, recording: &Recording) -> Self {
        Self {
            specs,
            parameters,
            wanted: recording.wanted.clone(),
            nodes: RefCell::default(),
            slots: Cell::new(0),
            leaves: RefCell::default(),
            found: RefCell::default(),
        }
    }

    fn slot(&self) -> usize {
        self.slots.replace(self.slots.get() + 1)
    }

    /// A place for a gradient that is kept after the backward pass, or none if nobody wants gradients.
    pub(super) fn leaf(&self, leaf: bool) -> Place {
        if !leaf || !self.wanted.anything() {
            return Place::Nowhere;
        }
        let slot = self.slot();
        self.leaves.borrow_mut().push(slot);
        Place::Slot(slot)
    }

    /// The result of an operation, recorded if the gradient of an operand is wanted.
    pub(super) fn record(
        &self,
        shape: Shape,
        data: Vec<f64>,
        operands: Vec<(&Tensor, Pullback)>,
    ) -> Tensor {
        let operands: Vec<(Place, Pullback)> = operands
            .into_iter()
            .filter(|(operand, _)| operand.place.is_wanted())
            .map(|(operand, pullback)| (operand.place, pullback))
            .collect();
        if operands.is_empty() {
            return Tensor::new(shape, data, Place::Nowhere);
        }
        let result = self.slot();
        let node = Node::Operation { result, operands };
        self.nodes.borrow_mut().push(node);
        Tensor::new(shape, data, Place::Slot(result))
    }

    /// Records an operation of the caller's.
    pub(super) fn spliced(
        &self,
        inputs: &[&Value],
        outputs: &[&Value],
        back: Backward,
    ) -> Vec<Value> {
        if !self.wanted.anything() {
            let copies = outputs.iter();
            return copies
                .map(|u| Tensor::of(u).moved(Place::Nowhere).value())
                .collect();
        }
        let mut slots = Vec::with_capacity(outputs.len());
        let mut results = Vec::with_capacity(outputs.len());
        for output in outputs {
            let slot = self.slot();
            let result = Tensor::of(output).moved(Place::Slot(slot));
            slots.push((slot, result.shape));
            results.push(result.value());
        }
        self.nodes.borrow_mut().push(Node::Spliced {
            inputs: inputs.iter().map(|input| Tensor::of(input).place).collect(),
            outputs: slots,
            back,
        });
        results
    }

    /// Goes back from the ends; operations are freed on the way.
    pub(super) fn go_back(&self, ends: &[End<'_>], sink: &mut dyn GradientSink) {
        let mut back = Back {
            slots: vec![None; self.slots.get()],
            sink,
        };
        for end in ends {
            match end {
                End::Loss(value, factor) => {
                    let loss = Tensor::of(value);
                    assert_eq!(loss.data.len(), 1, "a loss is one number");
                    back.add(loss.place, vec![*factor]);
                }
                End::Features(value, gradient) => {
                    let (value, gradient) = (Tensor::of(value), Tensor::of(gradient));
                    assert_eq!(value.shape, gradient.shape, "a gradient of the same shape");
                    back.add(value.place, gradient.data.to_vec());
                }
            }
        }
        let mut nodes = self.nodes.take();
        while let Some(node) = nodes.pop() {
            node.backward(&mut back);
        }
        let leaves = self.leaves.borrow();
        let found = leaves.iter().map(|slot| (*slot, back.slots[*slot].take()));
        self.found.replace(found.collect());
    }

    /// The gradient that a backward pass found for a leaf.
    pub(super) fn found(&self, leaf: &Tensor) -> Option<Tensor> {
        let found = self.found.borrow();
        let (_, gradient) = found
            .iter()
            .find(|(slot, _)| leaf.place == Place::Slot(*slot))?;
        let gradient = gradient.clone()?;
        Some(Tensor::new(leaf.shape, gradient, Place::Nowhere))
    }
}
