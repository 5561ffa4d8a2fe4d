//! How are parameters, coefficients, gates and logits computed with? As short vectors, one node for each operation.

use super::back::{Back, Node};
use super::record::Record;
use crate::{ParamId, Parameters, Targets};
use std::rc::Rc;
use timestep_kernels::{Kernels, cross_entropy, soft_cross_entropy};

/// The numbers of an array.
#[derive(Clone, Debug)]
pub(super) enum Data {
    /// They lie among the parameters.
    Parameter(ParamId),
    /// An operation made them.
    Own(Rc<Vec<f32>>),
}

impl Data {
    /// The numbers, given the parameters of the tape.
    pub(super) fn of<'d>(&'d self, parameters: &'d Parameters) -> &'d [f32] {
        match self {
            Data::Parameter(id) => parameters.value(*id),
            Data::Own(values) => values,
        }
    }
}

/// Where the gradient of an array goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Nobody wants it.
    Nothing,
    /// To the gradients of parameters.
    Parameter(ParamId),
    /// To the operation that made the array.
    Slot(usize),
}

impl Target {
    /// Does anybody want the gradient?
    pub(super) fn wanted(&self) -> bool {
        *self != Target::Nothing
    }
}

/// An array on the tape.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) shape: [usize; 2],
    pub(super) data: Data,
    pub(super) target: Target,
}

impl Row {
    /// Constants.
    pub(super) fn constant(shape: [usize; 2], values: Vec<f32>) -> Self {
        Self {
            shape,
            data: Data::Own(Rc::new(values)),
            target: Target::Nothing,
        }
    }
}

/// `a ∘ b`, number by number; an array of one number meets all of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pairwise {
    Add,
    Multiply,
}

/// A function of one number, applied to each.
#[derive(Clone, Copy, Debug)]
pub(super) enum Single {
    /// `factor · a + offset`.
    Affine(f64, f64),
    Relu,
    Sigmoid,
}

impl Single {
    fn value(self, a: f32) -> f32 {
        match self {
            // A factor of 1 or an offset of 0 changes no bit.
            Single::Affine(factor, offset) => a * factor as f32 + offset as f32,
            Single::Relu if a < 0.0 => 0.0,
            Single::Relu => a,
            Single::Sigmoid => 1.0 / (1.0 + (-a).exp()),
        }
    }

    /// The slope, given the value of the function.
    fn slope(self, value: f32) -> f32 {
        match self {
            Single::Affine(factor, _) => factor as f32,
            // NaN stays visible on the way back.
            Single::Relu if value <= 0.0 => 0.0,
            Single::Relu => 1.0,
            Single::Sigmoid => value * (1.0 - value),
        }
    }
}

struct SingleNode {
    function: Single,
    target: Target,
    value: Rc<Vec<f32>>,
    own: usize,
}

impl Node for SingleNode {
    fn backward(self: Box<Self>, back: &mut Back<'_>) {
        if let Some(mut grad) = back.take_array(self.own) {
            for (g, value) in grad.iter_mut().zip(self.value.iter()) {
                *g *= self.function.slope(*value);
            }
            back.add_array(self.target, grad);
        }
    }
}

struct OrderNode {
    order: Vec<usize>,
    target: Target,
    own: usize,
}

impl Node for OrderNode {
    fn backward(self: Box<Self>, back: &mut Back<'_>) {
        if let Some(grad) = back.take_array(self.own) {
            let mut own = vec![0.0; grad.len()];
            for (at, g) in self.order.iter().zip(&grad) {
                own[*at] = *g;
            }
            back.add_array(self.target, own);
        }
    }
}

struct PairNode {
    how: Pairwise,
    operands: [(Data, Target); 2],
    own: usize,
}

impl Node for PairNode {
    fn backward(self: Box<Self>, back: &mut Back<'_>) {
        let Some(grad) = back.take_array(self.own) else {
            return;
        };
        for at in 0..2 {
            let (data, target) = &self.operands[at];
            if !target.wanted() {
                continue;
            }
            let count = data.of(back.parameters).len();
            let mut own = grad.clone();
            if self.how == Pairwise::Multiply {
                let other = self.operands[1 - at].0.of(back.parameters);
                for (g, o) in own.iter_mut().zip(other.iter().cycle()) {
                    *g *= o;
                }
            }
            if count == 1 && own.len() > 1 {
                own = vec![own.iter().map(|g| f64::from(*g)).sum::<f64>() as f32];
            }
            back.add_array(*target, own);
        }
    }
}

struct LinearNode {
    input: Data,
    weight: Data,
    /// Of input, weight and bias.
    targets: [Target; 3],
    /// Rows, columns of the input, columns of the result.
    extents: [usize; 3],
    own: usize,
}

impl Node for LinearNode {
    fn backward(self: Box<Self>, back: &mut Back<'_>) {
        let Some(grad) = back.take_array(self.own) else {
            return;
        };
        let [rows, from, to] = self.extents;
        let [input, weight, bias] = self.targets;
        let parameters = back.parameters;
        let (x, w) = (self.input.of(parameters), self.weight.of(parameters));
        if input.wanted() {
            let mut out = vec![0.0; rows * from];
            for (out, grad) in out.chunks_exact_mut(from).zip(grad.chunks_exact(to)) {
                for (g, w) in grad.iter().zip(w.chunks_exact(from)) {
                    out.iter_mut().zip(w).for_each(|(o, w)| *o += g * w);
                }
            }
            back.add_array(input, out);
        }
        if weight.wanted() {
            let mut out = vec![0.0; to * from];
            for (x, grad) in x.chunks_exact(from).zip(grad.chunks_exact(to)) {
                for (out, g) in out.chunks_exact_mut(from).zip(grad) {
                    out.iter_mut().zip(x).for_each(|(o, x)| *o += g * x);
                }
            }
            back.add_array(weight, out);
        }
        if bias.wanted() {
            let mut out = vec![0.0; to];
            for grad in grad.chunks_exact(to) {
                out.iter_mut().zip(grad).for_each(|(o, g)| *o += g);
            }
            back.add_array(bias, out);
        }
    }
}

/// A loss whose gradient is known with its value.
struct LossNode {
    logits: Target,
    /// Gradient of the logits for a gradient of 1.
    grad: Vec<f32>,
    own: usize,
}

impl Node for LossNode {
    fn backward(self: Box<Self>, back: &mut Back<'_>) {
        if let Some(factor) = back.take_array(self.own) {
            let mut grad = self.grad;
            grad.iter_mut().for_each(|g| *g *= factor[0]);
            back.add_array(self.logits, grad);
        }
    }
}

impl Record {
    /// A result of an operation on arrays, recorded if a gradient of an operand is wanted.
    fn recorded(
        &self,
        shape: [usize; 2],
        values: Rc<Vec<f32>>,
        wanted: bool,
        node: impl FnOnce(usize) -> Box<dyn Node>,
    ) -> Row {
        let target = if wanted {
            let own = self.array_slot();
            self.push(node(own));
            Target::Slot(own)
        } else {
            Target::Nothing
        };
        Row {
            shape,
            data: Data::Own(values),
            target,
        }
    }

    /// A function of every number.
    pub(super) fn single(&self, a: &Row, function: Single) -> Row {
        let values = a.data.of(&self.parameters).iter();
        let values = Rc::new(values.map(|a| function.value(*a)).collect::<Vec<f32>>());
        let (value, target) = (values.clone(), a.target);
        self.recorded(a.shape, values, target.wanted(), |own| {
            Box::new(SingleNode {
                function,
                target,
                value,
                own,
            })
        })
    }

    /// The numbers of an array in another order, which names each once.
    pub(super) fn reordered(&self, a: &Row, order: Vec<usize>) -> Row {
        let values = a.data.of(&self.parameters);
        assert_eq!(values.len(), order.len(), "every number once");
        let values: Vec<f32> = order.iter().map(|at| values[*at]).collect();
        let target = a.target;
        self.recorded(a.shape, Rc::new(values), target.wanted(), |own| {
            Box::new(OrderNode { order, target, own })
        })
    }

    /// A sum or product of two arrays.
    pub(super) fn pair(&self, a: &Row, b: &Row, how: Pairwise) -> Row {
        let (x, y) = (a.data.of(&self.parameters), b.data.of(&self.parameters));
        let count = x.len().max(y.len());
        assert!(
            [x.len(), y.len()].iter().all(|n| *n == count || *n == 1),
            "arrays of one length"
        );
        let pairs = x.iter().cycle().zip(y.iter().cycle()).take(count);
        let values: Vec<f32> = match how {
            Pairwise::Add => pairs.map(|(a, b)| a + b).collect(),
            Pairwise::Multiply => pairs.map(|(a, b)| a * b).collect(),
        };
        let shape = if x.len() == count { a.shape } else { b.shape };
        let wanted = a.target.wanted() || b.target.wanted();
        self.recorded(shape, Rc::new(values), wanted, |own| {
            Box::new(PairNode {
                how,
                operands: [(a.data.clone(), a.target), (b.data.clone(), b.target)],
                own,
            })
        })
    }

    /// `x Wᵀ + b`.
    pub(super) fn linear_rows(&self, input: &Row, weight: &Row, bias: &Row) -> Row {
        let p = &self.parameters;
        let (x, w, b) = (input.data.of(p), weight.data.of(p), bias.data.of(p));
        let [rows, from] = input.shape;
        let to = b.len();
        let values = Kernels::detect().linear(x, w, b, from);
        let targets = [input.target, weight.target, bias.target];
        let wanted = targets.iter().any(Target::wanted);
        self.recorded([rows, to], Rc::new(values), wanted, |own| {
            Box::new(LinearNode {
                input: input.data.clone(),
                weight: weight.data.clone(),
                targets,
                extents: [rows, from, to],
                own,
            })
        })
    }

    /// Mean cross-entropy.
    pub(super) fn loss(&self, logits: &Row, targets: &Targets) -> Row {
        let [_, classes] = logits.shape;
        let values = logits.data.of(&self.parameters);
        let (loss, grad) = match targets.mixed {
            None => cross_entropy(values, &targets.labels, classes, targets.smoothing),
            Some(_) => soft_cross_entropy(values, &targets.distribution(classes), classes),
        };
        let target = logits.target;
        self.recorded([1, 1], Rc::new(vec![loss as f32]), target.wanted(), |own| {
            Box::new(LossNode {
                logits: target,
                grad,
                own,
            })
        })
    }
}
