//! Which layers of PyTorch hold the parameters? One for each name that weights have in common.

use super::expression::{channels, tuple};
use crate::{Graph, Op};
use std::collections::BTreeMap;
use timestep_engine::ConvSpec;

/// Added to the variance by PyTorch's norms unless another number is given.
const EPSILON: f64 = 1e-5;

/// What a layer of PyTorch is made with.
#[derive(Clone, Debug)]
pub(super) enum Layer {
    Conv {
        input: usize,
        spec: ConvSpec,
        bias: bool,
    },
    Norm {
        channels: usize,
        epsilon: f64,
    },
    /// A norm over the channels of each pixel.
    ChannelNorm {
        channels: usize,
        epsilon: f64,
    },
    /// Running statistics of a norm whose scale and shift are another layer's.
    Statistics(usize),
    /// Columns in and out.
    Linear([usize; 2]),
    /// The same with the weights of a 1×1 convolution.
    Pointwise([usize; 2]),
    /// A parameter alone: its extents.
    Parameter(Vec<usize>),
}

impl Layer {
    /// The expression that makes it.
    pub(super) fn make(&self) -> String {
        match self {
            Layer::Conv { input, spec, bias } => {
                let mut out = format!(
                    "nn.Conv2d({}, {}, {}",
                    channels(*input),
                    channels(spec.output),
                    tuple(spec.kernel)
                );
                if spec.stride != 1 {
                    out += &format!(", stride={}", spec.stride);
                }
                if spec.padding != [0, 0] {
                    out += &format!(", padding={}", tuple(spec.padding));
                }
                if spec.groups != 1 {
                    out += &format!(", groups={}", spec.groups);
                }
                if !bias {
                    out += ", bias=False";
                }
                out + ")"
            }
            Layer::Norm { channels, epsilon } => norm("nn.BatchNorm2d", *channels, *epsilon),
            Layer::ChannelNorm { channels, epsilon } => norm("ChannelNorm", *channels, *epsilon),
            Layer::Statistics(n) => format!("Statistics({})", channels(*n)),
            Layer::Linear([input, output]) => {
                format!("nn.Linear({}, {})", channels(*input), channels(*output))
            }
            Layer::Pointwise([input, output]) => {
                format!("nn.Conv2d({}, {}, 1)", channels(*input), channels(*output))
            }
            Layer::Parameter(shape) => {
                // One number is one for all channels, however many there are.
                let extent = |n: &usize| match n {
                    1 => "1".to_owned(),
                    n => channels(*n),
                };
                let extents: Vec<String> = shape.iter().map(extent).collect();
                format!("nn.Parameter(torch.zeros({}))", extents.join(", "))
            }
        }
    }
}

/// A norm with its epsilon, unless that is PyTorch's own.
fn norm(class: &str, n: usize, epsilon: f64) -> String {
    match epsilon == EPSILON {
        true => format!("{class}({})", channels(n)),
        false => format!("{class}({}, eps={epsilon:?})", channels(n)),
    }
}

/// The layers by their names.
#[derive(Debug)]
pub(super) struct Layers {
    pub(super) by_name: BTreeMap<String, Layer>,
}

/// A parameter's layer and its name within: `layer1.0.conv1` and `weight`.
pub(super) fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

impl Layers {
    /// The layers of a graph.
    pub(super) fn of(graph: &Graph) -> Self {
        let mut by_name = BTreeMap::new();
        let name = |node: usize| {
            let id = graph.parameter(node).expect("layers work on parameters");
            graph.specs[id.index()].name.as_str()
        };
        let uses = graph.uses();
        for (at, node) in graph.nodes.iter().enumerate() {
            match &node.op {
                Op::Conv {
                    input,
                    weight,
                    spec,
                } => {
                    // An adjoint has the weights of a layer that is there already.
                    if graph.parameter(*weight).is_none() {
                        continue;
                    }
                    let input = graph.dims(*input)[1];
                    let made = Layer::Conv {
                        input,
                        spec: *spec,
                        bias: false,
                    };
                    by_name.insert(split(name(*weight)).0.to_owned(), made);
                }
                Op::Bias { .. } => {
                    let conv = graph.biased(at, &uses);
                    if let Some(Op::Conv { weight, .. }) = conv.map(|c| &graph.nodes[c].op)
                        && let Some(Layer::Conv { bias, .. }) =
                            by_name.get_mut(split(name(*weight)).0)
                    {
                        *bias = true;
                    }
                }
                Op::Norm { of, epsilon, .. } => {
                    let channels = graph.rows(of[0])[1];
                    let [own, .., statistics] = of.map(|node| split(name(node)).0);
                    let norm = Layer::Norm {
                        channels,
                        epsilon: *epsilon,
                    };
                    if own == statistics {
                        by_name.insert(own.to_owned(), norm);
                    } else {
                        by_name.insert(statistics.to_owned(), Layer::Statistics(channels));
                    }
                }
                Op::LayerNorm {
                    input,
                    of: [scale, _],
                    epsilon,
                } => {
                    let made = Layer::ChannelNorm {
                        channels: graph.dims(*input)[1],
                        epsilon: *epsilon,
                    };
                    by_name.insert(split(name(*scale)).0.to_owned(), made);
                }
                Op::Linear { input, weight, .. } => {
                    let extents = [graph.rows(*input)[1], graph.rows(at)[1]];
                    let id = graph.parameter(*weight).expect("weights are parameters");
                    let made = match graph.specs[id.index()].shape.len() {
                        2 => Layer::Linear(extents),
                        _ => Layer::Pointwise(extents),
                    };
                    by_name.insert(split(name(*weight)).0.to_owned(), made);
                }
                _ => {}
            }
        }
        // What belongs to no layer, and what no operation uses, stands alone.
        for spec in graph.specs.iter() {
            if !by_name.contains_key(split(&spec.name).0) {
                by_name.insert(spec.name.clone(), Layer::Parameter(spec.shape.clone()));
            }
        }
        Self { by_name }
    }

    /// The name of what holds a parameter: its layer, or the parameter itself.
    pub(super) fn holder<'n>(&self, parameter: &'n str) -> &'n str {
        let layer = split(parameter).0;
        match self.by_name.contains_key(layer) {
            true => layer,
            false => parameter,
        }
    }
}
