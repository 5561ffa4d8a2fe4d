//! Which operations are there? Those that the engines have for evaluation, on numbered results.

use timestep_engine::{ConvSpec, ParamId, Sampling, Window};

/// Extents of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `[batch, channels, height, width]`.
    Features([usize; 4]),
    /// `[rows, columns]`; one row for each image, or one row in any case.
    Array([usize; 2]),
}

/// Images in the recorded batch. Not 1: what has one row for each image must differ from what has one row in any case.
pub(crate) const BATCH: usize = 2;

/// An operation and the extents of its result.
#[derive(Clone, Debug)]
pub struct Node {
    /// The operation.
    pub op: Op,
    /// Extents of the result, for a batch of two.
    pub shape: Shape,
}

/// What multiplies a term of a linear combination.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// A fixed number.
    Number(f64),
    /// The array that this node computes: one number, or one for each channel.
    Learned(usize),
}

/// A term of a linear combination.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// Its factor.
    pub scale: Scale,
    /// The node of its features.
    pub features: usize,
}

/// An operation; numbers stand for the nodes that it works on.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Op {
    /// The images.
    Input,
    /// A parameter of the table, as one row.
    Parameter(ParamId),
    /// An array of constants.
    Numbers(Vec<f64>),
    /// Features of zeros.
    Zeros,
    /// Waves over rows and columns: sines and cosines of both, a quarter of the channels each.
    Positions,
    /// A convolution without bias.
    Conv {
        input: usize,
        weight: usize,
        spec: ConvSpec,
    },
    /// The weights of the adjoint of a convolution: `[out, in, rows, columns]` with in and out exchanged, the kernel turned by half a turn.
    Adjoint { weight: usize, shape: [usize; 4] },
    /// A number added to each channel.
    Bias { input: usize, bias: usize },
    /// Batch normalisation with given statistics: `[scale, shift, mean, variance]`.
    Norm {
        input: usize,
        of: [usize; 4],
        epsilon: f64,
    },
    /// Normalisation of each pixel by mean and biased variance of its channels: `[scale, shift]`.
    LayerNorm {
        input: usize,
        of: [usize; 2],
        epsilon: f64,
    },
    /// Softmax attention among the pixels of each image, within heads; the channels are all queries, all keys, all values.
    Attention { input: usize, heads: usize },
    /// `max(0, u)`, of features or an array.
    Relu(usize),
    /// A linear combination of features.
    Combine(Vec<Term>),
    /// Channels `first .. first + count`.
    Narrow {
        input: usize,
        first: usize,
        count: usize,
    },
    /// The channels of all, one after the other.
    Join(Vec<usize>),
    /// The features as channels `first ..` of more, the others 0.
    Embed { input: usize, first: usize },
    /// Every few pixels, and zero channels appended.
    Sample { input: usize, sampling: Sampling },
    /// The largest value in every window.
    MaxPool { input: usize, window: Window },
    /// The mean of every window over the pixels inside the image.
    MeanPool { input: usize, window: Window },
    /// Every feature times the gate of its image and channel.
    Gate { input: usize, gates: usize },
    /// Mean over height and width: an array.
    Average(usize),
    /// `x Wᵀ + b` of arrays.
    Linear {
        input: usize,
        weight: usize,
        bias: usize,
    },
    /// `a + b` of arrays.
    Add([usize; 2]),
    /// `a · b` of arrays.
    Multiply([usize; 2]),
    /// `factor · a + offset` of an array.
    Affine {
        input: usize,
        factor: f64,
        offset: f64,
    },
    /// `1 / (1 + e^{-a})` of an array.
    Sigmoid(usize),
}

impl Op {
    /// The nodes that it works on, in order; a node that it uses twice comes twice.
    #[must_use]
    pub fn inputs(&self) -> Vec<usize> {
        match self {
            Op::Input | Op::Parameter(_) | Op::Numbers(_) | Op::Zeros | Op::Positions => Vec::new(),
            Op::Conv { input, weight, .. } => vec![*input, *weight],
            Op::Adjoint { weight, .. } => vec![*weight],
            Op::Bias { input, bias } => vec![*input, *bias],
            Op::Norm { input, of, .. } => [&[*input][..], of].concat(),
            Op::LayerNorm { input, of, .. } => [&[*input][..], of].concat(),
            Op::Relu(input) | Op::Average(input) | Op::Sigmoid(input) => vec![*input],
            Op::Combine(terms) => {
                let learned = |term: &Term| match term.scale {
                    Scale::Learned(array) => Some(array),
                    Scale::Number(_) => None,
                };
                let of = |term: &Term| [Some(term.features), learned(term)];
                terms.iter().flat_map(of).flatten().collect()
            }
            Op::Narrow { input, .. }
            | Op::Embed { input, .. }
            | Op::Sample { input, .. }
            | Op::MaxPool { input, .. }
            | Op::MeanPool { input, .. }
            | Op::Attention { input, .. }
            | Op::Affine { input, .. } => vec![*input],
            Op::Join(parts) => parts.clone(),
            Op::Gate { input, gates } => vec![*input, *gates],
            Op::Linear {
                input,
                weight,
                bias,
            } => vec![*input, *weight, *bias],
            Op::Add(both) | Op::Multiply(both) => both.to_vec(),
        }
    }

    /// A word for it, for names of results.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Op::Input => "images",
            Op::Parameter(_) => "parameter",
            Op::Numbers(_) => "numbers",
            Op::Zeros => "zeros",
            Op::Positions => "positions",
            Op::Conv { .. } => "conv",
            Op::Adjoint { .. } => "adjoint",
            Op::Bias { .. } => "bias",
            Op::Norm { .. } => "norm",
            Op::LayerNorm { .. } => "layer_norm",
            Op::Attention { .. } => "attention",
            Op::Relu(_) => "relu",
            Op::Combine(_) => "step",
            Op::Narrow { .. } => "narrow",
            Op::Join(_) => "join",
            Op::Embed { .. } => "embed",
            Op::Sample { .. } => "sample",
            Op::MaxPool { .. } => "max_pool",
            Op::MeanPool { .. } => "mean_pool",
            Op::Gate { .. } => "gate",
            Op::Average(_) => "average",
            Op::Linear { .. } => "linear",
            Op::Add(_) => "add",
            Op::Multiply(_) => "multiply",
            Op::Affine { .. } => "affine",
            Op::Sigmoid(_) => "sigmoid",
        }
    }
}

/// An operation on nodes that have moved.
pub(crate) fn moved(op: Op, places: &[usize]) -> Op {
    let to = |node: usize| places[node];
    match op {
        Op::Input | Op::Parameter(_) | Op::Numbers(_) | Op::Zeros | Op::Positions => op,
        Op::Conv {
            input,
            weight,
            spec,
        } => Op::Conv {
            input: to(input),
            weight: to(weight),
            spec,
        },
        Op::Adjoint { weight, shape } => Op::Adjoint {
            weight: to(weight),
            shape,
        },
        Op::Bias { input, bias } => Op::Bias {
            input: to(input),
            bias: to(bias),
        },
        Op::Norm { input, of, epsilon } => Op::Norm {
            input: to(input),
            of: of.map(to),
            epsilon,
        },
        Op::LayerNorm { input, of, epsilon } => Op::LayerNorm {
            input: to(input),
            of: of.map(to),
            epsilon,
        },
        Op::Attention { input, heads } => Op::Attention {
            input: to(input),
            heads,
        },
        Op::Relu(input) => Op::Relu(to(input)),
        Op::Combine(terms) => Op::Combine(
            (terms.into_iter())
                .map(|term| Term {
                    scale: match term.scale {
                        Scale::Learned(array) => Scale::Learned(to(array)),
                        number => number,
                    },
                    features: to(term.features),
                })
                .collect(),
        ),
        Op::Narrow {
            input,
            first,
            count,
        } => Op::Narrow {
            input: to(input),
            first,
            count,
        },
        Op::Join(parts) => Op::Join(parts.into_iter().map(to).collect()),
        Op::Embed { input, first } => Op::Embed {
            input: to(input),
            first,
        },
        Op::Sample { input, sampling } => Op::Sample {
            input: to(input),
            sampling,
        },
        Op::MaxPool { input, window } => Op::MaxPool {
            input: to(input),
            window,
        },
        Op::MeanPool { input, window } => Op::MeanPool {
            input: to(input),
            window,
        },
        Op::Gate { input, gates } => Op::Gate {
            input: to(input),
            gates: to(gates),
        },
        Op::Average(input) => Op::Average(to(input)),
        Op::Linear {
            input,
            weight,
            bias,
        } => Op::Linear {
            input: to(input),
            weight: to(weight),
            bias: to(bias),
        },
        Op::Add(both) => Op::Add(both.map(to)),
        Op::Multiply(both) => Op::Multiply(both.map(to)),
        Op::Affine {
            input,
            factor,
            offset,
        } => Op::Affine {
            input: to(input),
            factor,
            offset,
        },
        Op::Sigmoid(input) => Op::Sigmoid(to(input)),
    }
}
