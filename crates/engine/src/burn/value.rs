//! What does this engine keep? Tensors of Burn: features of four dimensions, arrays of two.

use crate::Value;
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use std::cell::RefCell;
use std::rc::{Rc, Weak};

/// Numbers of this engine: features `[batch, channels, height, width]`, or an array `[rows, columns]`.
pub(super) struct Kept<const D: usize> {
    /// What operations are done with; a [cut](Live::cut) changes it.
    tensor: RefCell<Tensor<D>>,
    /// Of a leaf, the tensor that it began as: its gradient is the leaf's.
    leaf: Option<Tensor<D>>,
    /// What a backward pass found for a leaf.
    gradient: RefCell<Option<Tensor<D>>>,
    /// Are the numbers known to be zero? Linear combinations leave them out.
    pub(super) zero: bool,
}

impl<const D: usize> Kept<D> {
    /// Numbers with nothing behind them.
    pub(super) fn plain(tensor: Tensor<D>) -> Self {
        Self {
            tensor: RefCell::new(tensor),
            leaf: None,
            gradient: RefCell::default(),
            zero: false,
        }
    }

    /// A leaf: numbers whose gradient a backward pass keeps.
    pub(super) fn leaf(tensor: Tensor<D>) -> Self {
        let tracked = tracked(tensor);
        Self {
            leaf: Some(tracked.clone()),
            ..Self::plain(tracked)
        }
    }

    /// Zeros.
    pub(super) fn zeros(dims: [usize; D], device: &Device) -> Self {
        Self {
            zero: true,
            ..Self::plain(Tensor::zeros(dims, device))
        }
    }

    /// The numbers that a value stands for.
    ///
    /// # Panics
    /// If another engine made it.
    pub(super) fn of(value: &Value) -> &Self {
        let own = value.downcast_ref();
        own.expect("a value of the engine that is asked")
    }

    /// The tensor that operations are done with.
    pub(super) fn tensor(&self) -> Tensor<D> {
        self.tensor.borrow().clone()
    }

    /// Takes the gradient of a leaf from those of a backward pass.
    pub(super) fn collect(&self, gradients: &mut Gradients) {
        let leaf = self.leaf.as_ref();
        if let Some(found) = leaf.and_then(|leaf| leaf.grad_remove(gradients)) {
            self.gradient.replace(Some(found));
        }
    }

    /// The gradient of a leaf, if it is not zero.
    pub(super) fn gradient(&self) -> Option<Tensor<D>> {
        self.gradient.borrow().clone()
    }
}

/// Values of a tape whose gradients flow back to something.
#[derive(Default)]
pub(super) struct Live<const D: usize>(RefCell<Vec<Weak<Kept<D>>>>);

impl<const D: usize> Live<D> {
    /// Notes a value that is recorded.
    pub(super) fn note(&self, kept: Kept<D>) -> Rc<Kept<D>> {
        let kept = Rc::new(kept);
        self.0.borrow_mut().push(Rc::downgrade(&kept));
        kept
    }

    /// The result of an operation as a value.
    pub(super) fn value(&self, tensor: Tensor<D>) -> Value {
        let recorded = tensor.is_tracked();
        let kept = Kept::plain(tensor);
        match recorded {
            true => self.note(kept),
            false => Rc::new(kept),
        }
    }

    /// Every value that somebody still holds.
    pub(super) fn all(&self) -> Vec<Rc<Kept<D>>> {
        let mut noted = self.0.borrow_mut();
        noted.retain(|value| value.strong_count() > 0);
        noted.iter().filter_map(Weak::upgrade).collect()
    }

    /// Cuts what is recorded from here on off from what was recorded before: every value that somebody holds goes on as
    /// a leaf of the graph. Returns what each was and what it goes on as.
    pub(super) fn cut(&self) -> Vec<[Tensor<D>; 2]> {
        let cut = |value: Rc<Kept<D>>| {
            let after = tracked(value.tensor().without_autodiff());
            [value.tensor.replace(after.clone()), after]
        };
        self.all().into_iter().map(cut).collect()
    }
}

/// The tensor as a leaf of the graph.
pub(super) fn tracked<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    tensor.autodiff().require_grad()
}

/// The tensor of features.
pub(super) fn map(value: &Value) -> Tensor<4> {
    Kept::of(value).tensor()
}

/// The tensor of an array.
pub(super) fn row(value: &Value) -> Tensor<2> {
    Kept::of(value).tensor()
}

/// The numbers of an array, one after the other.
pub(super) fn flat(value: &Value) -> Tensor<1> {
    let tensor = row(value);
    let [rows, columns] = tensor.dims();
    tensor.reshape([rows * columns])
}

/// Constants on a device.
pub(super) fn constant<const D: usize>(
    device: &Device,
    values: &[f32],
    shape: [usize; D],
) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}

/// The numbers of a tensor, in the order of its dimensions.
pub(super) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.without_autodiff().into_data();
    data.try_into_vec().expect("this engine computes in f32")
}

/// The sum of all numbers, in one order whatever the device: Burn's own sum may add through atomic operations, in any order,
/// and a driver may lack those (Mesa's for CPUs, version 22.3, dies of them).
pub(super) fn total<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let count = tensor.dims().iter().product();
    let line: Tensor<2> = tensor.reshape([1, count]);
    line.sum_dim(1).reshape([1])
}
