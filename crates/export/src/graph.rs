//! What does an evaluation of a network consist of? Operations, each on the results of earlier ones.

use crate::ExportError;
use crate::op::{BATCH, Node, Op, Shape, moved};
use crate::recorder::{Recorder, number_of};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use timestep_engine::{Features, ParamId, Specs, Tape};
use timestep_nets::{InputShape, Mode, Network, Pass};

/// A part of the evaluation: the stem, a step, the head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// `stem`, `layer1.step2`, `head`.
    pub name: String,
    /// Its nodes.
    pub nodes: Range<usize>,
}

/// The operations of one evaluation of a network, each after those that it works on.
#[derive(Clone, Debug)]
pub struct Graph {
    /// Images it takes.
    pub input: InputShape,
    /// All operations that something depends on.
    pub nodes: Vec<Node>,
    /// The stem, every step, the head.
    pub chunks: Vec<Chunk>,
    /// The node of the logits.
    pub output: usize,
    /// Names and shapes of the parameters.
    pub specs: Arc<Specs>,
}

impl Graph {
    /// What an evaluation of the network does.
    ///
    /// # Errors
    /// [`ExportError::Net`] if a scheme refuses a step, [`ExportError::Implicit`] for implicit schemes and steps that are chosen.
    pub fn of(network: &Network) -> Result<Self, ExportError> {
        let searches = match network.config().scheme.control {
            Some(_) => Some("have sizes that follow from a tolerance"),
            None if network.scheme().implicit => Some("solve equations"),
            None => None,
        };
        if let Some(what) = searches {
            return Err(ExportError::Implicit {
                network: network.config().name.clone(),
                what,
                scheme: network.scheme().key,
            });
        }
        let recorder = Rc::new(Recorder::new(network.specs().clone()));
        let tape: Rc<dyn Tape> = recorder.clone();
        let input = network.config().input;
        let dims = [BATCH, input.channels, input.height, input.width];
        let images = Features::new(&tape, recorder.input(dims));
        let pass = Pass::on(tape, Mode::Eval);
        let mut chunks: Vec<Chunk> = Vec::new();
        let close = |chunks: &mut Vec<Chunk>, name: String| {
            let from = chunks.last().map_or(0, |chunk| chunk.nodes.end);
            chunks.push(Chunk {
                name,
                nodes: from..recorder.len(),
            });
        };
        let names: Vec<&str> = (network.segments().iter())
            .map(|segment| segment.summary().name.as_str())
            .collect();
        let mut probe = |segment: usize, step: usize, _: &Features| {
            let name = match segment {
                0 => "stem".to_owned(),
                _ => format!("{}.step{step}", names[segment - 1]),
            };
            close(&mut chunks, name);
        };
        let logits = network.forward_probed(&pass, images, Some(&mut probe))?;
        close(&mut chunks, "head".to_owned());
        let graph = Self {
            input,
            nodes: recorder.nodes(),
            chunks,
            output: number_of(logits.value()),
            specs: network.specs().clone(),
        };
        Ok(graph.folded().without_unused())
    }

    /// The same with one operation for `f (g a + o) + p`, as a scheme's `1 - k` is written.
    fn folded(mut self) -> Self {
        for n in 0..self.nodes.len() {
            let Op::Affine {
                input,
                factor,
                offset,
            } = self.nodes[n].op
            else {
                continue;
            };
            if let Op::Affine {
                input: first,
                factor: f,
                offset: o,
            } = self.nodes[input].op
            {
                self.nodes[n].op = Op::Affine {
                    input: first,
                    factor: factor * f,
                    offset: factor * o + offset,
                };
            }
        }
        self
    }

    /// The same without operations that the logits do not depend on, such as a slope that only a step after the last would
    /// need.
    fn without_unused(self) -> Self {
        let mut used = vec![false; self.nodes.len()];
        used[self.output] = true;
        for n in (0..self.nodes.len()).rev() {
            if used[n] {
                self.nodes[n]
                    .op
                    .inputs()
                    .iter()
                    .for_each(|i| used[*i] = true);
            }
        }
        // The images are the first node, whatever is made of them.
        used[0] = true;
        let mut places = Vec::with_capacity(used.len() + 1);
        let mut count = 0;
        for is_used in &used {
            places.push(count);
            count += usize::from(*is_used);
        }
        places.push(count);
        let kept = self.nodes.into_iter().zip(&used).filter(|(_, used)| **used);
        let nodes = kept.map(|(node, _)| Node {
            op: moved(node.op, &places),
            ..node
        });
        Self {
            nodes: nodes.collect(),
            chunks: (self.chunks.into_iter())
                .map(|chunk| Chunk {
                    nodes: places[chunk.nodes.start]..places[chunk.nodes.end],
                    ..chunk
                })
                .collect(),
            output: places[self.output],
            ..self
        }
    }

    /// How often each node is used; the logits once more.
    #[must_use]
    pub fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len()];
        for node in &self.nodes {
            node.op.inputs().iter().for_each(|input| uses[*input] += 1);
        }
        uses[self.output] += 1;
        uses
    }

    /// The parameter that a node is.
    #[must_use]
    pub fn parameter(&self, node: usize) -> Option<ParamId> {
        match self.nodes[node].op {
            Op::Parameter(id) => Some(id),
            _ => None,
        }
    }

    /// Extents of features.
    ///
    /// # Panics
    /// If the node is an array.
    #[must_use]
    pub fn dims(&self, node: usize) -> [usize; 4] {
        match self.nodes[node].shape {
            Shape::Features(dims) => dims,
            Shape::Array(_) => panic!("node {node} is an array"),
        }
    }

    /// Extents of an array.
    ///
    /// # Panics
    /// If the node is features.
    #[must_use]
    pub fn rows(&self, node: usize) -> [usize; 2] {
        match self.nodes[node].shape {
            Shape::Array(shape) => shape,
            Shape::Features(_) => panic!("node {node} is features"),
        }
    }

    /// The convolution whose bias a node adds, if nothing else uses its result.
    #[must_use]
    pub(crate) fn biased(&self, node: usize, uses: &[usize]) -> Option<usize> {
        match self.nodes[node].op {
            Op::Bias { input, .. } if uses[input] == 1 => {
                matches!(self.nodes[input].op, Op::Conv { .. }).then_some(input)
            }
            _ => None,
        }
    }

    /// The name of the layer that a node's first parameter belongs to: `layer1.0.conv1`.
    #[must_use]
    pub(crate) fn layer(&self, node: usize) -> Option<&str> {
        let weight = match self.nodes[node].op {
            Op::Conv { weight, .. } | Op::Linear { weight, .. } => weight,
            // The statistics are a layer's own even where its scale is shared.
            Op::Norm { of, .. } => of[2],
            Op::LayerNorm { of, .. } => of[0],
            Op::Bias { bias, .. } => bias,
            _ => return None,
        };
        let name = &self.specs[self.parameter(weight)?.index()].name;
        Some(
            name.rsplit_once('.')
                .map_or(name.as_str(), |(layer, _)| layer),
        )
    }
}
