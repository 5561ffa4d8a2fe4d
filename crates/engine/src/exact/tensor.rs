//! What are features and arrays to this engine? Numbers in `f64`, their extents, and where their gradient goes.

use crate::{ParamId, Value};
use std::rc::Rc;

/// Extents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `[batch, channels, height, width]`.
    Features([usize; 4]),
    /// `[rows, columns]`.
    Array([usize; 2]),
}

impl Shape {
    /// Number of numbers.
    pub(super) fn len(&self) -> usize {
        match self {
            Shape::Features(dims) => dims.iter().product(),
            Shape::Array(shape) => shape.iter().product(),
        }
    }
}

/// Where a gradient goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nobody wants it.
    Nowhere,
    /// To the gradients of parameters.
    Parameter(ParamId),
    /// To the leaf or the operation that the numbers come from.
    Slot(usize),
}

impl Place {
    /// Does anybody want the gradient?
    pub(super) fn is_wanted(&self) -> bool {
        *self != Place::Nowhere
    }
}

/// Features or an array.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    pub(super) shape: Shape,
    pub(super) data: Rc<Vec<f64>>,
    pub(super) place: Place,
    /// Are the numbers known to be zero?
    pub(super) zero: bool,
}

impl Tensor {
    /// Numbers whose gradient goes to `place`.
    ///
    /// # Panics
    /// If there are not as many as the shape asks for.
    pub(super) fn new(shape: Shape, data: Vec<f64>, place: Place) -> Self {
        assert_eq!(shape.len(), data.len(), "as many numbers as the shape says");
        Self {
            shape,
            data: Rc::new(data),
            place,
            zero: false,
        }
    }

    /// What a value stands for.
    ///
    /// # Panics
    /// If another engine made it.
    pub(super) fn of(value: &Value) -> &Self {
        let own = value.downcast_ref();
        own.expect("a value of the engine that is asked")
    }

    /// The same numbers with another place for the gradient.
    pub(super) fn moved(&self, place: Place) -> Self {
        Self {
            place,
            // Features that a gradient is wanted of may not be left out of a combination.
            zero: self.zero && !place.is_wanted(),
            ..self.clone()
        }
    }

    /// `[batch, channels, height, width]`.
    ///
    /// # Panics
    /// If this is an array.
    pub(super) fn dims(&self) -> [usize; 4] {
        match self.shape {
            Shape::Features(dims) => dims,
            Shape::Array(_) => panic!("features are asked for, not an array"),
        }
    }

    /// `[rows, columns]`.
    ///
    /// # Panics
    /// If these are features.
    pub(super) fn rows(&self) -> [usize; 2] {
        match self.shape {
            Shape::Array(shape) => shape,
            Shape::Features(_) => panic!("an array is asked for, not features"),
        }
    }

    /// As a value for whoever asked.
    pub(super) fn value(self) -> Value {
        Rc::new(self)
    }
}

/// Position of a feature in the order `[batch, channels, height, width]`.
pub(super) fn at(
    [_, channels, height, width]: [usize; 4],
    [image, channel, row, column]: [usize; 4],
) -> usize {
    ((image * channels + channel) * height + row) * width + column
}

/// All `[image, channel, row, column]`, in their order.
pub(super) fn places(dims: [usize; 4]) -> impl Iterator<Item = [usize; 4]> {
    let [_, channels, height, width] = dims;
    (0..dims.iter().product()).map(move |i: usize| {
        let (row, column) = (i / width % height, i % width);
        [
            i / (channels * height * width),
            i / (height * width) % channels,
            row,
            column,
        ]
    })
}

/// The channel of each feature, in their order.
pub(super) fn channels(dims: [usize; 4]) -> impl Iterator<Item = usize> {
    places(dims).map(|[_, channel, _, _]| channel)
}
