//! How are operations written in Python? As expressions, within each other as long as they stay short.

use super::expression::{Bond, Expression, MARKS, affine, channels, method, pad, pool};
use super::layers::{Layer, Layers, split};
use super::tree::access;
use crate::{Graph, Op, Scale, Term};
use std::collections::BTreeMap;
use timestep_engine::Sampling;

/// Longer expressions get a line and a name of their own.
const WIDTH: usize = 68;
/// The same for terms of sums of more than two.
const TERM: usize = 30;

/// The body of a function that does some of a graph's operations.
pub(super) struct Body<'g> {
    graph: &'g Graph,
    layers: &'g Layers,
    uses: &'g [usize],
    /// What names of layers begin with that are reached from `self`.
    prefix: String,
    /// Expressions of nodes: names of variables, or what will be written where it is used.
    known: BTreeMap<usize, Expression>,
    /// Features that zeros are made like.
    like: String,
    lines: Vec<String>,
    count: usize,
}

impl<'g> Body<'g> {
    /// A function with these arguments, of an object whose layers' names begin with `prefix`.
    pub(super) fn new(
        graph: &'g Graph,
        layers: &'g Layers,
        uses: &'g [usize],
        prefix: &str,
        arguments: &[(usize, String)],
    ) -> Self {
        let known = arguments
            .iter()
            .map(|(n, name)| (*n, Expression::atom(name.clone())));
        Self {
            graph,
            layers,
            uses,
            prefix: prefix.to_owned(),
            known: known.collect(),
            like: arguments
                .first()
                .map_or_else(String::new, |(_, name)| name.clone()),
            lines: Vec::new(),
            count: 0,
        }
    }

    /// Does a node; `kept` are those that somebody else needs, with the name that the result gets.
    pub(super) fn add(&mut self, node: usize, kept: Option<&str>) {
        if self.known.contains_key(&node) || self.skips(node) {
            return;
        }
        let expression = self.expression(node);
        let length = expression
            .text
            .chars()
            .filter(|c| !MARKS.contains(c))
            .count();
        let short = length <= self.width(node);
        if kept.is_none() && self.uses[node] == 1 && short {
            self.known.insert(node, expression);
            return;
        }
        let name = match kept {
            Some(name) => name.to_owned(),
            None => {
                self.count += 1;
                format!("x{}", self.count)
            }
        };
        self.lines.push(format!("{name} = {}", expression.text));
        self.known.insert(node, Expression::atom(name));
    }

    /// How long the expression of a node may be to be written where it is used.
    fn width(&self, node: usize) -> usize {
        let later = &self.graph.nodes[node + 1..];
        let user = later.iter().find(|later| later.op.inputs().contains(&node));
        match user.map(|user| &user.op) {
            Some(Op::Combine(terms)) if terms.len() > 2 => TERM,
            _ => WIDTH,
        }
    }

    /// Does the node whose result is returned: its expression stands in the `return`.
    pub(super) fn last(&mut self, node: usize) {
        let expression = self.expression(node);
        self.known.insert(node, expression);
    }

    /// A line.
    pub(super) fn line(&mut self, line: String) {
        self.lines.push(line);
    }

    /// Gives a node that was made elsewhere a name.
    pub(super) fn name(&mut self, node: usize, name: &str) {
        self.known.insert(node, Expression::atom(name.to_owned()));
    }

    /// The text of a node.
    pub(super) fn text(&self, node: usize) -> String {
        self.operand(node).text
    }

    /// All lines.
    pub(super) fn finish(self) -> Vec<String> {
        self.lines
    }

    /// What is written where it is used, or together with the next operation.
    fn skips(&self, node: usize) -> bool {
        match self.graph.nodes[node].op {
            Op::Parameter(_) | Op::Adjoint { .. } | Op::Numbers(_) => true,
            Op::Zeros | Op::Positions | Op::Input => true,
            // With its bias.
            Op::Conv { .. } => self.uses[node] == 1 && self.is_biased(node),
            _ => false,
        }
    }

    fn is_biased(&self, conv: usize) -> bool {
        match self.graph.nodes[conv].op {
            Op::Conv { weight, .. } if self.graph.parameter(weight).is_some() => matches!(
                self.layers
                    .by_name
                    .get(split(self.parameter_name(weight)).0),
                Some(Layer::Conv { bias: true, .. })
            ),
            _ => false,
        }
    }

    fn parameter_name(&self, node: usize) -> &'g str {
        let id = self.graph.parameter(node).expect("a parameter");
        &self.graph.specs[id.index()].name
    }

    /// How a layer or a parameter is reached.
    fn reach(&self, name: &str) -> String {
        let rest = name.strip_prefix(&self.prefix).unwrap_or(name);
        access("self", rest.trim_start_matches('.'))
    }

    /// How the layer of a parameter is reached.
    fn layer(&self, node: usize) -> String {
        self.reach(split(self.parameter_name(node)).0)
    }

    fn operand(&self, node: usize) -> Expression {
        if let Some(known) = self.known.get(&node) {
            return known.clone();
        }
        match &self.graph.nodes[node].op {
            Op::Parameter(_) => Expression::atom(self.reach(self.parameter_name(node))),
            Op::Numbers(values) => {
                let [rows, columns] = self.graph.rows(node);
                let text = format!(
                    "{}.new_tensor({values:?}).view({rows}, {columns})",
                    self.like
                );
                Expression::atom(text)
            }
            Op::Zeros => {
                let [_, c, height, width] = self.graph.dims(node);
                let like = &self.like;
                let text = format!("{like}.new_zeros(1, {}, {height}, {width})", channels(c));
                Expression::atom(text)
            }
            // A buffer of the network: states get them in the stem.
            Op::Positions => Expression::atom("self.positions".to_owned()),
            other => unreachable!("`{}` before it was made", other.word()),
        }
    }

    fn expression(&self, node: usize) -> Expression {
        let graph = self.graph;
        let of = |node: &usize| self.operand(*node);
        let call = |function: &str, node: &usize| {
            Expression::atom(format!("{function}({})", self.operand(*node).text))
        };
        match &graph.nodes[node].op {
            Op::Conv {
                input,
                weight,
                spec,
            } => match &graph.nodes[*weight].op {
                // The adjoint of a convolution of stride 1 is its transpose.
                Op::Adjoint { weight, .. } => {
                    let [rows, columns] = spec.padding;
                    Expression::atom(format!(
                        "F.conv_transpose2d({}, {}.weight, padding=({rows}, {columns}))",
                        of(input).text,
                        self.layer(*weight)
                    ))
                }
                _ => call(&self.layer(*weight), input),
            },
            Op::Bias { input, bias } => match &graph.nodes[*input].op {
                Op::Conv { input, weight, .. } if self.uses_bias(*weight, *bias) => {
                    call(&self.layer(*weight), input)
                }
                _ => Expression {
                    text: format!("{} + {}", of(input).text, self.by_channel(*bias)),
                    bond: Bond::Sum,
                },
            },
            Op::Norm {
                input,
                of: [scale, _, mean, _],
                epsilon,
            } => {
                let (own, statistics) = (self.layer(*scale), self.layer(*mean));
                if own == statistics {
                    return call(&own, input);
                }
                let (input, training) = (of(input).text, "self.training");
                Expression::atom(format!(
                    "F.batch_norm({input}, {statistics}.running_mean, {statistics}.running_var, {own}.weight, \
                     {own}.bias, {training}, eps={epsilon:?})"
                ))
            }
            Op::LayerNorm { input, of, .. } => call(&self.layer(of[0]), input),
            Op::Attention { input, heads } => {
                Expression::atom(format!("attention({}, {heads})", of(input).text))
            }
            Op::Relu(input) => call("F.relu", input),
            Op::Sigmoid(input) => call("torch.sigmoid", input),
            Op::Average(input) => method(of(input), "mean((2, 3))"),
            Op::Combine(terms) => self.combination(terms),
            Op::Narrow {
                input,
                first,
                count,
            } => {
                let input = of(input).at_least(Bond::Atom);
                let last = channels(first + count);
                let first = match first {
                    0 => String::new(),
                    first => channels(*first),
                };
                Expression::atom(format!("{input}[:, {first}:{last}]"))
            }
            Op::Join(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| of(part).text).collect();
                Expression::atom(format!("torch.cat([{}], 1)", parts.join(", ")))
            }
            Op::Embed { input, first } => {
                let rest = graph.dims(node)[1] - first - graph.dims(*input)[1];
                Expression::atom(pad(&of(input).text, 0, [*first, rest]))
            }
            Op::Sample { input, sampling } => self.sample(*input, *sampling, node),
            Op::MaxPool { input, window } => {
                Expression::atom(pool("max_pool2d", &of(input).text, *window, ""))
            }
            Op::MeanPool { input, window } => {
                let inside = match window.padding {
                    0 => "",
                    _ => ", count_include_pad=False",
                };
                Expression::atom(pool("avg_pool2d", &of(input).text, *window, inside))
            }
            Op::Gate { input, gates } => Expression {
                text: format!(
                    "{} * {}[:, :, None, None]",
                    of(input).at_least(Bond::Product),
                    of(gates).at_least(Bond::Atom)
                ),
                bond: Bond::Product,
            },
            Op::Linear { input, weight, .. } => {
                let name = split(self.parameter_name(*weight)).0;
                let layer = self.layer(*weight);
                match self.layers.by_name.get(name) {
                    Some(Layer::Pointwise(_)) => Expression::atom(format!(
                        "F.linear({}, {layer}.weight.flatten(1), {layer}.bias)",
                        of(input).text
                    )),
                    _ => call(&layer, input),
                }
            }
            Op::Add([a, b]) => Expression {
                text: format!("{} + {}", of(a).text, of(b).text),
                bond: Bond::Sum,
            },
            Op::Multiply([a, b]) => Expression {
                text: [a, b].map(|n| of(n).at_least(Bond::Product)).join(" * "),
                bond: Bond::Product,
            },
            Op::Affine {
                input,
                factor,
                offset,
            } => affine(&of(input), *factor, *offset),
            // Written where the convolution is.
            Op::Adjoint { weight, .. } => self.operand(*weight),
            Op::Input | Op::Parameter(_) | Op::Numbers(_) => self.operand(node),
            Op::Zeros | Op::Positions => self.operand(node),
        }
    }

    /// Is this the bias of the layer that has these weights?
    fn uses_bias(&self, weight: usize, bias: usize) -> bool {
        if self.graph.parameter(weight).is_none() {
            return false;
        }
        let [weight, bias] = [weight, bias].map(|node| split(self.parameter_name(node)).0);
        weight == bias
            && matches!(
                self.layers.by_name.get(weight),
                Some(Layer::Conv { bias: true, .. })
            )
    }

    /// An array as a factor of features.
    fn by_channel(&self, array: usize) -> String {
        let count: usize = self.graph.rows(array).iter().product();
        match count {
            1 => self.operand(array).at_least(Bond::Product),
            _ => format!(
                "{}.view(1, -1, 1, 1)",
                self.operand(array).at_least(Bond::Atom)
            ),
        }
    }

    fn combination(&self, terms: &[Term]) -> Expression {
        let mut text = String::new();
        let mut bond = Bond::Sum;
        for (at, term) in terms.iter().enumerate() {
            let features = self.operand(term.features);
            let (minus, part) = match term.scale {
                Scale::Number(1.0) => (false, features.text.clone()),
                Scale::Number(-1.0) => (true, features.at_least(Bond::Product)),
                Scale::Number(c) => {
                    let product = format!("{:?} * {}", c.abs(), features.at_least(Bond::Product));
                    (c < 0.0, product)
                }
                Scale::Learned(array) => {
                    let features = features.at_least(Bond::Product);
                    (false, format!("{} * {features}", self.by_channel(array)))
                }
            };
            text += match (at, minus) {
                (0, false) => "",
                (0, true) => "-",
                (_, false) => " + ",
                (_, true) => " - ",
            };
            text += &part;
        }
        if let [
            Term {
                scale: Scale::Number(1.0),
                features,
            },
        ] = terms
        {
            bond = self.operand(*features).bond;
        }
        Expression { text, bond }
    }

    fn sample(&self, input: usize, sampling: Sampling, node: usize) -> Expression {
        let (graph, stride) = (self.graph, sampling.stride);
        let [_, out, height, width] = graph.dims(node);
        let before = graph.dims(input)[1];
        let operand = self.operand(input);
        let mut text = match sampling.offset {
            0 => format!(
                "{}[:, :, ::{stride}, ::{stride}]",
                operand.at_least(Bond::Atom)
            ),
            offset => format!(
                "{}[:, :, ::{stride}, ::{stride}][:, :, :{height}, :{width}]",
                pad(&operand.text, offset, [0, 0])
            ),
        };
        if out > before {
            text = pad(&text, 0, [0, out - before]);
        }
        Expression::atom(text)
    }
}
