//! Which operations does an evaluation ask for? A tape that computes nothing writes them down.

use crate::op::{Node, Op, Scale, Shape, Term};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use timestep_engine::{
    Backward, ConvSpec, End, Factor, GradientSink, ParamId, Recording, Sampling, Size, Specs,
    Statistics, Tape, Targets, Value, Window,
};
use timestep_nets::position_waves;

/// The result of a node, as a value of the tape.
#[derive(Debug)]
struct Result(usize);

/// The node that a value of a recorder stands for.
///
/// # Panics
/// If another engine made it.
pub(crate) fn number_of(value: &Value) -> usize {
    let own: Option<&Result> = value.downcast_ref();
    own.expect("a value of the recorder").0
}

/// A tape that keeps the operations and their extents, and no numbers.
#[derive(Debug)]
pub(crate) struct Recorder {
    specs: Arc<Specs>,
    nodes: RefCell<Vec<Node>>,
    /// The node of each parameter that was asked for.
    parameters: RefCell<BTreeMap<ParamId, usize>>,
}

impl Recorder {
    /// An empty tape on a table of parameters.
    pub(crate) fn new(specs: Arc<Specs>) -> Self {
        Self {
            specs,
            nodes: RefCell::default(),
            parameters: RefCell::default(),
        }
    }

    /// Begins with images.
    pub(crate) fn input(&self, dims: [usize; 4]) -> Value {
        self.note(Op::Input, Shape::Features(dims))
    }

    /// Operations so far.
    pub(crate) fn len(&self) -> usize {
        self.nodes.borrow().len()
    }

    /// All operations.
    pub(crate) fn nodes(&self) -> Vec<Node> {
        self.nodes.borrow().clone()
    }

    fn note(&self, op: Op, shape: Shape) -> Value {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node { op, shape });
        Rc::new(Result(nodes.len() - 1))
    }

    /// An operation whose result is like its input.
    fn like(&self, op: Op, input: usize) -> Value {
        let shape = self.nodes.borrow()[input].shape;
        self.note(op, shape)
    }

    /// An operation of two arrays, one of which may be a single number.
    fn both(&self, op: Op, [a, b]: [usize; 2]) -> Value {
        let len = |node: usize| self.shape_of(node).iter().product::<usize>();
        let larger = if len(a) >= len(b) { a } else { b };
        self.like(op, larger)
    }

    fn shape_of(&self, array: usize) -> [usize; 2] {
        match self.nodes.borrow()[array].shape {
            Shape::Array(shape) => shape,
            Shape::Features(_) => panic!("features where an array is due"),
        }
    }

    fn windowed(&self, input: &Value, window: Window, op: Op) -> Value {
        let [batch, channels, height, width] = self.dims(input);
        let size = window.size(Size { height, width });
        self.note(
            op,
            Shape::Features([batch, channels, size.height, size.width]),
        )
    }
}

/// What an evaluation never asks for.
fn never(what: &str) -> ! {
    panic!("an evaluation asked for {what}")
}

impl Tape for Recorder {
    fn parameter(&self, id: ParamId) -> Value {
        if let Some(node) = self.parameters.borrow().get(&id) {
            return Rc::new(Result(*node));
        }
        let value = self.note(
            Op::Parameter(id),
            Shape::Array([1, self.specs[id.index()].len()]),
        );
        self.parameters.borrow_mut().insert(id, number_of(&value));
        value
    }

    fn array(&self, shape: [usize; 2], values: &[f64]) -> Value {
        self.note(Op::Numbers(values.to_vec()), Shape::Array(shape))
    }

    fn features(&self, dims: [usize; 4], values: &[f32], _: bool) -> Value {
        let [_, channels, height, width] = dims;
        let waves = position_waves([channels, height, width]);
        match values.chunks(waves.len()).all(|image| image == waves) {
            true => self.note(Op::Positions, Shape::Features(dims)),
            false => never("features that are neither images nor positions"),
        }
    }

    fn zeros(&self, dims: [usize; 4]) -> Value {
        self.note(Op::Zeros, Shape::Features(dims))
    }

    fn dims(&self, features: &Value) -> [usize; 4] {
        match self.nodes.borrow()[number_of(features)].shape {
            Shape::Features(dims) => dims,
            Shape::Array(_) => panic!("an array where features are due"),
        }
    }

    fn shape(&self, array: &Value) -> [usize; 2] {
        self.shape_of(number_of(array))
    }

    fn read(&self, _: &Value) -> Vec<f64> {
        never("numbers of features")
    }

    fn read_array(&self, _: &Value) -> Vec<f64> {
        never("numbers of an array")
    }

    fn is_finite(&self, _: &Value) -> bool {
        true
    }

    fn conv2d(&self, input: &Value, weight: &Value, spec: &ConvSpec) -> Value {
        let [batch, _, height, width] = self.dims(input);
        let size = spec.size(Size { height, width });
        let op = Op::Conv {
            input: number_of(input),
            weight: number_of(weight),
            spec: *spec,
        };
        self.note(
            op,
            Shape::Features([batch, spec.output, size.height, size.width]),
        )
    }

    fn adjoint(&self, weight: &Value, shape: [usize; 4]) -> Value {
        let weight = number_of(weight);
        self.like(Op::Adjoint { weight, shape }, weight)
    }

    fn add_bias(&self, input: &Value, bias: &Value) -> Value {
        let (input, bias) = (number_of(input), number_of(bias));
        self.like(Op::Bias { input, bias }, input)
    }

    fn norm_train(&self, _: &Value, _: &Value, _: &Value, _: f64) -> (Value, Statistics) {
        never("the statistics of the batch")
    }

    fn norm_eval(
        &self,
        input: &Value,
        [scale, shift]: [&Value; 2],
        [mean, variance]: [&Value; 2],
        epsilon: f64,
    ) -> Value {
        let input = number_of(input);
        let of = [scale, shift, mean, variance].map(number_of);
        self.like(Op::Norm { input, of, epsilon }, input)
    }

    fn relu(&self, input: &Value) -> Value {
        let input = number_of(input);
        self.like(Op::Relu(input), input)
    }

    fn combine(&self, terms: &[(Factor<'_>, &Value)]) -> Value {
        let terms: Vec<Term> = (terms.iter())
            .map(|(factor, features)| Term {
                scale: match factor {
                    Factor::Number(c) => Scale::Number(*c),
                    Factor::Learned(c) => Scale::Learned(number_of(c)),
                },
                features: number_of(features),
            })
            .collect();
        let first = terms[0].features;
        self.like(Op::Combine(terms), first)
    }

    fn narrow(&self, input: &Value, first: usize, count: usize) -> Value {
        let [batch, _, height, width] = self.dims(input);
        let op = Op::Narrow {
            input: number_of(input),
            first,
            count,
        };
        self.note(op, Shape::Features([batch, count, height, width]))
    }

    fn join(&self, parts: &[&Value]) -> Value {
        let [batch, _, height, width] = self.dims(parts[0]);
        let channels = parts.iter().map(|part| self.dims(part)[1]).sum();
        let op = Op::Join(parts.iter().map(|part| number_of(part)).collect());
        self.note(op, Shape::Features([batch, channels, height, width]))
    }

    fn embed(&self, input: &Value, first: usize, channels: usize) -> Value {
        let [batch, _, height, width] = self.dims(input);
        let input = number_of(input);
        self.note(
            Op::Embed { input, first },
            Shape::Features([batch, channels, height, width]),
        )
    }

    fn sample(&self, input: &Value, sampling: Sampling) -> Value {
        let [batch, _, height, width] = self.dims(input);
        let size = Size { height, width }.strided(sampling.stride);
        let input = number_of(input);
        self.note(
            Op::Sample { input, sampling },
            Shape::Features([batch, sampling.channels, size.height, size.width]),
        )
    }

    fn max_pool(&self, input: &Value, window: Window) -> Value {
        let op = Op::MaxPool {
            input: number_of(input),
            window,
        };
        self.windowed(input, window, op)
    }

    fn mean_pool(&self, input: &Value, window: Window) -> Value {
        let op = Op::MeanPool {
            input: number_of(input),
            window,
        };
        self.windowed(input, window, op)
    }

    fn gate(&self, input: &Value, gates: &Value) -> Value {
        let (input, gates) = (number_of(input), number_of(gates));
        self.like(Op::Gate { input, gates }, input)
    }

    fn mask(&self, _: &Value, _: &[f32]) -> Value {
        never("dropout")
    }

    fn mix(&self, _: &[(&Value, &[f32], &[f32])]) -> Value {
        never("a random mixture")
    }

    fn attention(&self, input: &Value, heads: usize) -> Value {
        let [batch, all, height, width] = self.dims(input);
        let input = number_of(input);
        self.note(
            Op::Attention { input, heads },
            Shape::Features([batch, all / 3, height, width]),
        )
    }

    fn layer_norm(&self, input: &Value, learned: [&Value; 2], epsilon: f64) -> Value {
        let (input, of) = (number_of(input), learned.map(number_of));
        self.like(Op::LayerNorm { input, of, epsilon }, input)
    }

    fn global_average_pool(&self, input: &Value) -> Value {
        let [batch, channels, _, _] = self.dims(input);
        self.note(
            Op::Average(number_of(input)),
            Shape::Array([batch, channels]),
        )
    }

    fn linear(&self, input: &Value, weight: &Value, bias: &Value) -> Value {
        let rows = self.shape(input)[0];
        let columns = self.shape(bias).iter().product();
        let op = Op::Linear {
            input: number_of(input),
            weight: number_of(weight),
            bias: number_of(bias),
        };
        self.note(op, Shape::Array([rows, columns]))
    }

    fn add(&self, a: &Value, b: &Value) -> Value {
        let both = [number_of(a), number_of(b)];
        self.both(Op::Add(both), both)
    }

    fn multiply(&self, a: &Value, b: &Value) -> Value {
        let both = [number_of(a), number_of(b)];
        self.both(Op::Multiply(both), both)
    }

    fn affine(&self, a: &Value, factor: f64, offset: f64) -> Value {
        let input = number_of(a);
        let op = Op::Affine {
            input,
            factor,
            offset,
        };
        self.like(op, input)
    }

    fn relu_array(&self, a: &Value) -> Value {
        self.relu(a)
    }

    fn sigmoid(&self, a: &Value) -> Value {
        let input = number_of(a);
        self.like(Op::Sigmoid(input), input)
    }

    fn cross_entropy(&self, _: &Value, _: &Targets) -> Value {
        never("a loss")
    }

    fn backward(&self, _: &[End<'_>], _: &mut dyn GradientSink) {
        never("gradients")
    }

    fn gradient(&self, _: &Value) -> Option<Value> {
        never("a gradient")
    }

    fn is_recorded(&self, _: &Value) -> bool {
        false
    }

    fn fork_with(&self, _: &Recording, _: &[(ParamId, Vec<f64>)]) -> Rc<dyn Tape> {
        never("another tape")
    }

    fn adopt(&self, _: &Value, _: bool) -> Value {
        never("features of another tape")
    }

    fn splice(&self, _: &[&Value], _: &[&Value], _: Backward) -> Vec<Value> {
        never("an operation of its own")
    }
}
