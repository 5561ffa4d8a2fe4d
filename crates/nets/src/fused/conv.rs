//! How is a convolution recorded? With its input as it is stored, and with the scheme's step that follows it.
//!
//! A convolution is not computed when it is asked for but when it is used: if the use is a linear
//! combination, as in the last convolution of a pre-activation block, both are one pass over memory.

use super::Slot;
use super::combine::Parts;
use super::slot::add;
use super::stored::{Fused, Left, Stored};
use super::tape::{INPUTS, Node, Output, Values, record};
use crate::{Coef, ConvSpec};
use burn::tensor::Tensor;
use std::sync::{Arc, OnceLock};
use timestep_kernels::layout::Extent;
use timestep_kernels::{Buffer, ConvShape, Kernels, Scaled, Sum};

/// A convolution that is computed on first use.
#[derive(Debug)]
pub(crate) struct Convolved {
    shape: ConvShape,
    input: Fused,
    weight: Tensor<1>,
    result: OnceLock<Fused>,
}

/// The part of a convolution that nodes keep.
#[derive(Debug)]
struct Core {
    shape: ConvShape,
    input: Stored,
    /// Are the parameters of the input's norm inputs 2 and 3 of the node?
    normed: bool,
}

impl Core {
    /// Takes the gradient of the result back to input, norm and weights.
    fn backward(
        &self,
        values: &Values,
        wanted: &[bool; INPUTS],
        grad: &Sum<'_>,
        found: &mut [Option<Vec<f32>>; INPUTS],
    ) {
        // A norm's parameters want gradients even where the features do not.
        let back = wanted[0] || self.normed && (wanted[2] || wanted[3]);
        let mut input = back.then(|| Buffer::new(self.shape.input_len()));
        let (kernels, view) = (Kernels::detect(), self.input.view());
        let out = input.as_deref_mut();
        let grads = kernels.conv_backward(&self.shape, &view, values.get(1), grad, out, None);
        add(&mut found[1], grads.weights);
        if let Some(input) = input {
            let ones = vec![1.0; self.shape.input];
            let norm = self.input.deposit(&Arc::new(input), ones, &grads.norm);
            if let (true, Some((scale, shift))) = (self.normed, norm) {
                add(&mut found[2], scale);
                add(&mut found[3], shift);
            }
        }
    }
}

/// A convolution of stored features.
#[derive(Debug)]
struct Convolution {
    core: Core,
    slot: Arc<Slot>,
    gather: bool,
    left: Left,
}

impl Node for Convolution {
    fn forward(&self, values: &Values) -> Output {
        let shape = &self.core.shape;
        let mut out = Buffer::new(shape.output_len());
        let (kernels, view) = (Kernels::detect(), self.core.input.view());
        let moments = kernels.conv_forward(shape, &view, values.get(1), &mut out, self.gather);
        *super::lock(&self.left) = Some((out, moments));
        Output::token()
    }

    fn backward(
        &self,
        values: &Values,
        wanted: [bool; INPUTS],
        _grad: Option<&[f32]>,
    ) -> [Option<Vec<f32>>; INPUTS] {
        let mut found = [const { None }; INPUTS];
        let terms = self.slot.take();
        if !terms.is_empty() {
            self.core
                .backward(values, &wanted, &terms.sum(), &mut found);
        }
        found
    }
}

/// A multiple of a convolution plus a linear combination.
#[derive(Debug)]
struct StepOfConvolution {
    core: Core,
    /// The convolution's own coefficient.
    coef: f32,
    parts: Parts,
    slot: Arc<Slot>,
    gather: bool,
    left: Left,
}

impl Node for StepOfConvolution {
    fn forward(&self, values: &Values) -> Output {
        let shape = &self.core.shape;
        let mut out = Buffer::new(shape.output_len());
        let coefs = self.parts.coefs(values);
        let data = self.parts.take();
        let moments = Kernels::detect().conv_combine(
            shape,
            &self.core.input.view(),
            values.get(1),
            (self.coef, &self.parts.terms(&coefs, &data)),
            &mut out,
            self.gather,
        );
        *super::lock(&self.left) = Some((out, moments));
        Output::token()
    }

    fn backward(
        &self,
        values: &Values,
        wanted: [bool; INPUTS],
        _grad: Option<&[f32]>,
    ) -> [Option<Vec<f32>>; INPUTS] {
        let mut found = [const { None }; INPUTS];
        let terms = self.slot.take();
        if terms.is_empty() {
            return found;
        }
        let grad = self.parts.backward(values, &wanted, &terms, &mut found);
        let scale = vec![self.coef; self.core.shape.output];
        let own = Sum {
            terms: vec![Scaled {
                data: &grad,
                scale: &scale,
            }],
            constant: None,
        };
        self.core.backward(values, &wanted, &own, &mut found);
        found
    }
}

impl Convolved {
    /// Extents of the result.
    pub(crate) fn extent(&self) -> Extent {
        Extent {
            batch: self.shape.batch,
            height: self.shape.out_height(),
            width: self.shape.out_width(),
            channels: self.shape.output,
        }
    }

    /// Has nobody used the result yet?
    pub(crate) fn is_pending(&self) -> bool {
        self.result.get().is_none()
    }

    /// Is this a pass whose gradients are wanted, so that the next norm will ask for moments?
    fn gather(&self) -> bool {
        self.weight.device().is_autodiff()
    }

    /// Inputs of a node that computes it: token, weights, then scale and shift of the norm.
    fn inputs(&self) -> Vec<Tensor<1>> {
        let mut inputs = self.input.inputs();
        inputs.insert(1, self.weight.clone());
        inputs
    }

    fn core(&self) -> Core {
        Core {
            shape: self.shape,
            input: self.input.stored.clone(),
            normed: self.input.parameters.is_some(),
        }
    }

    /// The result by itself.
    pub(crate) fn result(&self) -> &Fused {
        self.result.get_or_init(|| {
            let (slot, left) = (Arc::new(Slot::default()), Left::default());
            let node = Convolution {
                core: self.core(),
                slot: slot.clone(),
                gather: self.gather(),
                left: left.clone(),
            };
            let token = record(&self.inputs(), node);
            Fused::collect(&left, self.extent(), slot, token)
        })
    }

    /// `coef · result + Σ cᵢ uᵢ`, if the result was not computed for somebody else already and one
    /// node can hold all inputs.
    pub(crate) fn step(&self, coef: f64, terms: &[(Coef, &Fused)]) -> Option<Fused> {
        if !self.is_pending() || terms.is_empty() {
            return None;
        }
        let mut inputs = self.inputs();
        let parts = Parts::new(terms, self.extent(), &mut inputs);
        if inputs.len() > INPUTS {
            return None;
        }
        let (slot, left) = (Arc::new(Slot::default()), Left::default());
        let node = StepOfConvolution {
            core: self.core(),
            coef: coef as f32,
            parts,
            slot: slot.clone(),
            gather: self.gather(),
            left: left.clone(),
        };
        let token = record(&inputs, node);
        Some(Fused::collect(&left, self.extent(), slot, token))
    }
}

/// Convolves features with flat weights of PyTorch's shape.
pub(crate) fn conv2d(input: &Fused, weight: Tensor<1>, spec: &ConvSpec) -> Convolved {
    let extent = input.stored.extent;
    let shape = ConvShape {
        batch: extent.batch,
        height: extent.height,
        width: extent.width,
        input: extent.channels,
        output: spec.output,
        kernel: spec.kernel,
        stride: spec.stride,
        padding: spec.padding,
        groups: spec.groups,
    };
    Convolved {
        shape,
        input: input.clone(),
        weight,
        result: OnceLock::new(),
    }
}
