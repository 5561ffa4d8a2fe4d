//! Which operators of ONNX does each operation become?

mod tokens;
mod written;

use super::parts::Attribute;
use super::proto::Message;
use crate::{Graph, Op, Scale, Subject, Term};
use std::collections::{BTreeMap, BTreeSet};
use timestep_engine::{ParamId, Parameters, Sampling, Window};
use timestep_nets::position_waves;

/// The operators so far, and under which name each node's result is known.
pub(super) struct Nodes<'a> {
    graph: &'a Graph,
    parameters: &'a Parameters,
    uses: Vec<usize>,
    /// Convolutions that are written where their bias is added.
    biased: BTreeSet<usize>,
    body: Message,
    /// The name of each node's result.
    names: Vec<String>,
    taken: BTreeSet<String>,
    /// Parameters that were written.
    written: BTreeSet<ParamId>,
    /// Constants that were written, by the bits of their numbers and their extents.
    constants: BTreeMap<(Vec<u32>, Vec<usize>), String>,
    /// Lists of whole numbers that were written.
    lists: BTreeMap<Vec<i64>, String>,
}

impl<'a> Nodes<'a> {
    /// No operators yet.
    pub(super) fn new(subject: &Subject<'a>) -> Self {
        let graph = subject.graph;
        let uses = graph.uses();
        let all = 0..graph.nodes.len();
        Self {
            graph,
            parameters: subject.parameters,
            biased: all.filter_map(|node| graph.biased(node, &uses)).collect(),
            uses,
            body: Message::default(),
            names: vec![String::new(); graph.nodes.len()],
            taken: BTreeSet::new(),
            written: BTreeSet::new(),
            constants: BTreeMap::new(),
            lists: BTreeMap::new(),
        }
    }

    /// Begins with images that are normalised already.
    pub(super) fn begin(&mut self, input: &str) {
        self.taken.insert(input.to_owned());
        self.names[0] = input.to_owned();
    }

    /// Begins with pixels.
    pub(super) fn normalise(&mut self, input: &str, mean: &[f32], std: &[f32]) {
        self.taken.insert(input.to_owned());
        let channels = [1, mean.len(), 1, 1];
        let mean = self.constant(mean, &channels);
        let std = self.constant(std, &channels);
        let shifted = self.put("Sub", &[input, &mean], "normalise.shift", &[]);
        self.names[0] = self.put("Div", &[&shifted, &std], "normalise", &[]);
    }

    /// All operations.
    pub(super) fn all(&mut self) {
        let graph = self.graph;
        for chunk in &graph.chunks {
            for node in chunk.nodes.clone() {
                let label = match graph.layer(node) {
                    Some(layer) => layer.to_owned(),
                    None => format!("{}.{}", chunk.name, graph.nodes[node].op.word()),
                };
                self.names[node] = self.node(node, &label);
            }
        }
    }

    /// Gives the result its name, as probabilities if they are asked for.
    pub(super) fn end(&mut self, output: &str, probabilities: bool) {
        let logits = self.names[self.graph.output].clone();
        match probabilities {
            true => self.put_as(
                "Softmax",
                &[&logits],
                output,
                &[("axis", Attribute::Int(1))],
            ),
            false => self.put_as("Identity", &[&logits], output, &[]),
        }
    }

    /// The graph without inputs, outputs and name.
    pub(super) fn finish(self) -> Message {
        self.body
    }

    /// Writes a node's operators; the name of the result.
    fn node(&mut self, node: usize, label: &str) -> String {
        let graph = self.graph;
        let name = |this: &Self, node: usize| this.names[node].clone();
        match &graph.nodes[node].op {
            Op::Input => self.names[0].clone(),
            Op::Parameter(id) => self.parameter(*id),
            Op::Numbers(values) => {
                let values: Vec<f32> = values.iter().map(|v| *v as f32).collect();
                self.constant(&values, &graph.rows(node))
            }
            Op::Zeros => {
                // Zeros are one image's: the batch is broadcast where they are used.
                let [_, channels, height, width] = graph.dims(node);
                let zeros = vec![0.0; channels * height * width];
                self.constant(&zeros, &[1, channels, height, width])
            }
            Op::Positions => {
                let [_, channels, height, width] = graph.dims(node);
                let waves = position_waves([channels, height, width]);
                self.constant(&waves, &[1, channels, height, width])
            }
            Op::Adjoint { weight, shape } => {
                let turned = self.adjoint(*weight, *shape);
                let [out, channels, rows, columns] = *shape;
                self.constant(&turned, &[channels, out, rows, columns])
            }
            Op::Conv { .. } if self.biased.contains(&node) => String::new(),
            Op::Conv { .. } => self.conv(node, None, label),
            Op::Bias { input, bias } => match graph.biased(node, &self.uses) {
                Some(conv) => {
                    let bias = name(self, *bias);
                    self.conv(conv, Some(&bias), label)
                }
                None => {
                    let bias = self.by_channel(*bias, label);
                    let input = name(self, *input);
                    self.put("Add", &[&input, &bias], label, &[])
                }
            },
            Op::Norm { input, of, epsilon } => {
                let inputs: Vec<String> = ([input].into_iter().chain(of))
                    .map(|n| name(self, *n))
                    .collect();
                let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
                let epsilon = Attribute::Float(*epsilon as f32);
                self.put(
                    "BatchNormalization",
                    &inputs,
                    label,
                    &[("epsilon", epsilon)],
                )
            }
            Op::LayerNorm { input, of, epsilon } => self.layer_norm(*input, *of, *epsilon, label),
            Op::Attention { input, heads } => self.attention(*input, *heads, node, label),
            Op::Relu(input) => self.put("Relu", &[&name(self, *input)], label, &[]),
            Op::Sigmoid(input) => self.put("Sigmoid", &[&name(self, *input)], label, &[]),
            Op::Combine(terms) => self.combine(terms, label),
            Op::Narrow {
                input,
                first,
                count,
            } => {
                let bounds = [[*first as i64], [(first + count) as i64], [1]];
                let [first, last, axis] = bounds.map(|list| self.list(&list));
                let input = name(self, *input);
                self.put("Slice", &[&input, &first, &last, &axis], label, &[])
            }
            Op::Join(parts) => {
                let parts: Vec<String> = parts.iter().map(|n| name(self, *n)).collect();
                let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                self.put("Concat", &parts, label, &[("axis", Attribute::Int(1))])
            }
            Op::Embed { input, first } => {
                let rest = graph.dims(node)[1] - first - graph.dims(*input)[1];
                let input = name(self, *input);
                self.pad(&input, [*first, rest], 0, label)
            }
            Op::Sample { input, sampling } => self.sample(*input, *sampling, node, label),
            Op::MaxPool { input, window } => self.pool("MaxPool", *input, *window, label),
            Op::MeanPool { input, window } => self.pool("AveragePool", *input, *window, label),
            Op::Gate { input, gates } => {
                let axes = self.list(&[2, 3]);
                let wide = format!("{label}.wide");
                let wide = self.put("Unsqueeze", &[&name(self, *gates), &axes], &wide, &[]);
                self.put("Mul", &[&name(self, *input), &wide], label, &[])
            }
            Op::Average(input) => {
                let wide = format!("{label}.wide");
                let wide = self.put("GlobalAveragePool", &[&name(self, *input)], &wide, &[]);
                self.put("Flatten", &[&wide], label, &[("axis", Attribute::Int(1))])
            }
            Op::Linear {
                input,
                weight,
                bias,
            } => {
                let weight = self.matrix(*weight, graph.rows(node)[1], label);
                let (input, bias) = (name(self, *input), name(self, *bias));
                let transposed = ("transB", Attribute::Int(1));
                self.put("Gemm", &[&input, &weight, &bias], label, &[transposed])
            }
            Op::Add([a, b]) => self.put("Add", &[&name(self, *a), &name(self, *b)], label, &[]),
            Op::Multiply([a, b]) => {
                self.put("Mul", &[&name(self, *a), &name(self, *b)], label, &[])
            }
            Op::Affine {
                input,
                factor,
                offset,
            } => {
                let mut result = name(self, *input);
                if *factor != 1.0 {
                    let factor = self.number(*factor);
                    result = self.put("Mul", &[&result, &factor], label, &[]);
                }
                if *offset != 0.0 {
                    let offset = self.number(*offset);
                    result = self.put("Add", &[&result, &offset], label, &[]);
                }
                result
            }
        }
    }

    fn conv(&mut self, node: usize, bias: Option<&str>, label: &str) -> String {
        let Op::Conv {
            input,
            weight,
            spec,
        } = &self.graph.nodes[node].op
        else {
            unreachable!("a convolution was asked for");
        };
        let (input, weight) = (self.names[*input].clone(), self.names[*weight].clone());
        let mut inputs = vec![input.as_str(), weight.as_str()];
        inputs.extend(bias);
        let [rows, columns] = spec.padding;
        let attributes = [
            ("kernel_shape", Attribute::Ints(&spec.kernel)),
            ("strides", Attribute::Ints(&[spec.stride; 2])),
            ("pads", Attribute::Ints(&[rows, columns, rows, columns])),
            ("group", Attribute::Int(spec.groups)),
        ];
        self.put("Conv", &inputs, label, &attributes)
    }

    fn pool(&mut self, operator: &str, input: usize, window: Window, label: &str) -> String {
        let input = self.names[input].clone();
        // `count_include_pad` is 0 unless it is said: the mean is over pixels inside the image.
        let attributes = [
            ("kernel_shape", Attribute::Ints(&[window.kernel; 2])),
            ("strides", Attribute::Ints(&[window.stride; 2])),
            ("pads", Attribute::Ints(&[window.padding; 4])),
        ];
        self.put(operator, &[&input], label, &attributes)
    }

    fn combine(&mut self, terms: &[Term], label: &str) -> String {
        let mut sum: Option<String> = None;
        for term in terms {
            let mut part = self.names[term.features].clone();
            match term.scale {
                Scale::Number(1.0) => {}
                Scale::Number(c) => {
                    let c = self.number(c);
                    part = self.put("Mul", &[&part, &c], &format!("{label}.term"), &[]);
                }
                Scale::Learned(array) => {
                    let c = self.by_channel(array, label);
                    part = self.put("Mul", &[&part, &c], &format!("{label}.term"), &[]);
                }
            }
            sum = Some(match sum {
                None => part,
                Some(sum) => self.put("Add", &[&sum, &part], label, &[]),
            });
        }
        sum.expect("a linear combination has at least one term")
    }

    /// An array of one number for each channel, so that features are multiplied by it; one of a single number is as it is.
    fn by_channel(&mut self, array: usize, label: &str) -> String {
        let count: usize = self.graph.rows(array).iter().product();
        let name = self.names[array].clone();
        if count == 1 {
            return name;
        }
        let shape = self.list(&[1, count as i64, 1, 1]);
        self.put("Reshape", &[&name, &shape], &format!("{label}.wide"), &[])
    }

    /// The weights of a linear layer as a matrix; some are stored as those of a 1×1 convolution.
    fn matrix(&mut self, weight: usize, output: usize, label: &str) -> String {
        let name = self.names[weight].clone();
        let id = self
            .graph
            .parameter(weight)
            .expect("weights are parameters");
        if self.graph.specs[id.index()].shape.len() == 2 {
            return name;
        }
        let shape = self.list(&[output as i64, -1]);
        self.put("Reshape", &[&name, &shape], &format!("{label}.matrix"), &[])
    }

    fn sample(&mut self, input: usize, sampling: Sampling, node: usize, label: &str) -> String {
        let [_, channels, height, width] = self.graph.dims(node);
        let before = self.graph.dims(input)[1];
        let mut result = self.names[input].clone();
        if sampling.offset > 0 {
            result = self.pad(&result, [0, 0], sampling.offset, label);
        }
        let stride = sampling.stride as i64;
        let last = |extent: usize| (extent as i64 - 1) * stride + 1;
        let lists = [
            [0, 0],
            [last(height), last(width)],
            [2, 3],
            [stride, stride],
        ];
        let [first, last, axes, steps] = lists.map(|list| self.list(&list));
        result = self.put(
            "Slice",
            &[&result, &first, &last, &axes, &steps],
            label,
            &[],
        );
        if channels > before {
            result = self.pad(&result, [0, channels - before], 0, label);
        }
        result
    }

    /// Zero channels before and after, and zero pixels above and left.
    fn pad(
        &mut self,
        input: &str,
        [before, after]: [usize; 2],
        pixels: usize,
        label: &str,
    ) -> String {
        let pixels = pixels as i64;
        let pads = self.list(&[0, before as i64, pixels, pixels, 0, after as i64, 0, 0]);
        self.put("Pad", &[input, &pads], label, &[])
    }
}
