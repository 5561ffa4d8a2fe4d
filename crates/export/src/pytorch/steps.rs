//! Which steps of a network do the same? Those whose text is the same up to numbers of channels share a class.

use super::expression::MARKS;
use super::layers::{Layers, split};
use super::text::Body;
use super::tree::{Tree, access};
use crate::{Chunk, Graph, Op};
use std::collections::{BTreeMap, BTreeSet};

/// A class and the steps that are made of it.
#[derive(Debug)]
struct Class {
    /// The text after its name.
    text: String,
    /// The numbers of channels are its arguments.
    arguments: usize,
    /// Names of the steps.
    steps: Vec<String>,
}

/// A step: where it is, and what it needs and leaves.
#[derive(Debug)]
struct Step {
    /// The class and its arguments; `None` for what is written out in the network.
    class: Option<(usize, Vec<usize>)>,
    /// Where its layers are.
    prefix: String,
    inputs: Vec<usize>,
    outputs: Vec<usize>,
}

/// The steps of a network in Python.
pub(super) struct Steps<'g> {
    graph: &'g Graph,
    layers: &'g Layers,
    uses: Vec<usize>,
    classes: Vec<Class>,
    steps: Vec<Step>,
}

/// Names of the arguments of a step: states, the newest first.
fn argument(n: usize) -> String {
    match n {
        0 => "u".to_owned(),
        1 => "v".to_owned(),
        2 => "w".to_owned(),
        n => format!("w{}", n - 1),
    }
}

impl<'g> Steps<'g> {
    /// Finds out what is the same.
    pub(super) fn of(graph: &'g Graph, layers: &'g Layers) -> Self {
        let mut steps = Self {
            graph,
            layers,
            uses: graph.uses(),
            classes: Vec::new(),
            steps: Vec::new(),
        };
        let held: Vec<BTreeSet<&str>> = graph.chunks.iter().map(|c| steps.held(c)).collect();
        let prefixes: Vec<String> = held.iter().map(common).collect();
        for (n, chunk) in graph.chunks.iter().enumerate() {
            let prefix = &prefixes[n];
            let within = format!("{prefix}.");
            // Nobody else's layers may be where the object of this class is.
            let alone = (layers.by_name.keys())
                .all(|layer| !layer.starts_with(&within) || held[n].contains(layer.as_str()));
            let alone = alone
                && !prefix.is_empty()
                && (held.iter().enumerate())
                    .all(|(other, held_there)| other == n || held[n].is_disjoint(held_there));
            let step = steps.step(chunk, prefix, alone);
            steps.steps.push(step);
        }
        steps
    }

    /// What holds the parameters of a part: layers, or parameters that stand alone.
    fn held(&self, chunk: &Chunk) -> BTreeSet<&'g str> {
        let nodes = chunk
            .nodes
            .clone()
            .flat_map(|n| self.graph.nodes[n].op.inputs());
        nodes
            .filter_map(|n| self.graph.parameter(n))
            .map(|id| self.layers.holder(&self.graph.specs[id.index()].name))
            .collect()
    }

    fn step(&mut self, chunk: &Chunk, prefix: &str, alone: bool) -> Step {
        let (inputs, outputs) = self.ends(chunk);
        let mut step = Step {
            class: None,
            prefix: prefix.to_owned(),
            inputs,
            outputs,
        };
        if alone && !step.inputs.is_empty() && !step.outputs.is_empty() {
            let (text, arguments) = self.text(chunk, &step);
            let at = match self.classes.iter().position(|class| class.text == text) {
                Some(at) => at,
                None => {
                    self.classes.push(Class {
                        text,
                        arguments: arguments.len(),
                        steps: Vec::new(),
                    });
                    self.classes.len() - 1
                }
            };
            self.classes[at].steps.push(chunk.name.clone());
            step.class = Some((at, arguments));
        }
        step
    }

    /// The results of earlier parts that a part needs, the newest first, and its own that later ones need, the newest first.
    fn ends(&self, chunk: &Chunk) -> (Vec<usize>, Vec<usize>) {
        let graph = self.graph;
        let is_made = |node: &usize| {
            !matches!(
                graph.nodes[*node].op,
                Op::Parameter(_) | Op::Numbers(_) | Op::Zeros | Op::Positions
            )
        };
        let of = |nodes: &mut dyn Iterator<Item = usize>| -> BTreeSet<usize> {
            nodes
                .flat_map(|n| graph.nodes[n].op.inputs())
                .filter(is_made)
                .collect()
        };
        let needs = of(&mut chunk.nodes.clone());
        let mut later = of(&mut (chunk.nodes.end..graph.nodes.len()));
        later.insert(graph.output);
        let inputs = needs.into_iter().filter(|n| *n < chunk.nodes.start);
        let outputs = later.into_iter().filter(|n| chunk.nodes.contains(n));
        (inputs.rev().collect(), outputs.rev().collect())
    }

    /// The text of a class up to its name, with arguments instead of numbers of channels; and these numbers.
    fn text(&self, chunk: &Chunk, step: &Step) -> (String, Vec<usize>) {
        let mut tree = Tree::default();
        for name in self.in_order(self.held(chunk)) {
            let local = name[step.prefix.len()..].trim_start_matches('.');
            tree.insert(local, self.layers.by_name[name].make());
        }
        let arguments: Vec<(usize, String)> = (step.inputs.iter().enumerate())
            .map(|(n, node)| (*node, argument(n)))
            .collect();
        let mut body = Body::new(
            self.graph,
            self.layers,
            &self.uses,
            &step.prefix,
            &arguments,
        );
        for node in chunk.nodes.clone() {
            let kept = step.outputs.contains(&node);
            // The last of all is written where it is returned.
            let last = step.outputs.len() == 1 && kept && node + 1 == chunk.nodes.end;
            let at = step.outputs.iter().position(|output| *output == node);
            match at {
                _ if last => body.last(node),
                Some(at) => body.add(node, Some(&format!("y{}", at + 1))),
                None => body.add(node, None),
            }
        }
        let returned: Vec<String> = step.outputs.iter().map(|n| body.text(*n)).collect();
        body.line(format!("return {}", returned.join(", ")));
        let names: Vec<String> = arguments.into_iter().map(|(_, name)| name).collect();
        let lines: Vec<String> = body
            .finish()
            .iter()
            .map(|l| format!("        {l}\n"))
            .collect();
        let mut numbers = Vec::new();
        let layers = abstracted(&tree.lines("        "), &mut numbers, "");
        let lines = abstracted(&lines.concat(), &mut numbers, "self.");
        // What is used outside of `__init__` is kept.
        let kept: String = (1..=numbers.len())
            .map(|n| format!("self.c{n}"))
            .filter(|name| mentions(&lines, name))
            .map(|name| format!("        {name} = {}\n", name.trim_start_matches("self.")))
            .collect();
        let text = format!(
            "        super().__init__()\n{kept}{layers}\n\n    def forward(self, {}):\n{lines}",
            names.join(", "),
        );
        (text, numbers)
    }

    /// Layers in the order of the table of parameters.
    fn in_order(&self, held: BTreeSet<&'g str>) -> Vec<&'g str> {
        let mut out: Vec<&str> = Vec::new();
        for spec in self.graph.specs.iter() {
            let holder = self.layers.holder(&spec.name);
            if out.last() != Some(&holder) && held.contains(holder) && !out.contains(&holder) {
                out.push(holder);
            }
        }
        out
    }

    /// The classes of steps in Python.
    pub(super) fn classes(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (n, class) in self.classes.iter().enumerate() {
            let arguments: String = (0..class.arguments)
                .map(|n| format!(", c{}", n + 1))
                .collect();
            out.push(format!(
                "\n\nclass Step{}(nn.Module):\n    \"\"\"{}.\"\"\"\n\n    def __init__(self{arguments}):\n{}",
                n + 1,
                listed(&class.steps),
                class.text
            ));
        }
        out
    }

    /// The lines that make the layers of the network.
    pub(super) fn layers(&self) -> String {
        let mut tree = Tree::default();
        let classes: BTreeMap<&str, &(usize, Vec<usize>)> = (self.steps.iter())
            .filter_map(|step| Some((step.prefix.as_str(), step.class.as_ref()?)))
            .collect();
        let mut done: BTreeSet<String> = BTreeSet::new();
        for spec in self.graph.specs.iter() {
            let holder = self.layers.holder(&spec.name);
            let inside = classes.iter().find(|(prefix, _)| {
                holder
                    .strip_prefix(**prefix)
                    .is_some_and(|rest| rest.starts_with('.'))
            });
            let (path, make) = match inside {
                Some((prefix, (class, arguments))) => {
                    let arguments: Vec<String> = arguments.iter().map(usize::to_string).collect();
                    let make = format!("Step{}({})", class + 1, arguments.join(", "));
                    ((*prefix).to_owned(), make)
                }
                None => (
                    holder.to_owned(),
                    plain(&self.layers.by_name[holder].make()),
                ),
            };
            if done.insert(path.clone()) {
                tree.insert(&path, make);
            }
        }
        tree.lines("        ")
    }

    /// The lines of the network's `forward`.
    pub(super) fn forward(&self) -> String {
        let images = [(0, "images".to_owned())];
        let mut body = Body::new(self.graph, self.layers, &self.uses, "", &images);
        let mut last_name = "";
        for (n, (step, chunk)) in self.steps.iter().zip(&self.graph.chunks).enumerate() {
            let segment = chunk
                .name
                .split_once('.')
                .map_or(chunk.name.as_str(), |(s, _)| s);
            if segment != last_name {
                body.line(format!("# {segment}"));
                last_name = segment;
            }
            let name = |at: usize| match at {
                0 => format!("u{n}"),
                at => format!("{}{n}", argument(at)),
            };
            let Some(_) = step.class else {
                for node in chunk.nodes.clone() {
                    let at = step.outputs.iter().position(|out| *out == node);
                    let kept = at.map(name).filter(|_| node != self.graph.output);
                    body.add(node, kept.as_deref());
                }
                continue;
            };
            let inputs: Vec<String> = step.inputs.iter().map(|n| body.text(*n)).collect();
            let outputs: Vec<String> = (0..step.outputs.len()).map(name).collect();
            let object = access("self", &step.prefix);
            body.line(format!(
                "{} = {object}({})",
                outputs.join(", "),
                inputs.join(", ")
            ));
            for (node, name) in step.outputs.iter().zip(&outputs) {
                body.name(*node, name);
            }
        }
        let logits = body.text(self.graph.output);
        body.line(format!("return {logits}"));
        let lines: Vec<String> = body
            .finish()
            .iter()
            .map(|l| format!("        {}", plain(l)))
            .collect();
        lines.join("\n")
    }
}

/// What all names begin with, up to a dot, without the last part of any.
fn common(names: &BTreeSet<&str>) -> String {
    let mut all = names.iter().map(|name| split(name).0);
    let Some(first) = all.next() else {
        return String::new();
    };
    let mut parts: Vec<&str> = first.split('.').filter(|part| !part.is_empty()).collect();
    for name in all {
        let same = parts
            .iter()
            .zip(name.split('.'))
            .take_while(|(a, b)| *a == b)
            .count();
        parts.truncate(same);
    }
    parts.join(".")
}

/// The text with `c1`, `c2`, … for different numbers of channels, after `object`. Numbers that are new are added.
fn abstracted(text: &str, numbers: &mut Vec<usize>, object: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, marked)) = rest.split_once(MARKS[0]) {
        let (number, after) = marked.split_once(MARKS[1]).unwrap_or((marked, ""));
        let number = number.parse().unwrap_or(0);
        let at = match numbers.iter().position(|n| *n == number) {
            Some(at) => at,
            None => {
                numbers.push(number);
                numbers.len() - 1
            }
        };
        out += &format!("{before}{object}c{}", at + 1);
        rest = after;
    }
    out + rest
}

/// Is a name in a text, and not only the beginning of a longer one?
fn mentions(text: &str, name: &str) -> bool {
    let ends = |after: &str| !after.starts_with(|c: char| c.is_ascii_digit());
    text.match_indices(name)
        .any(|(at, _)| ends(&text[at + name.len()..]))
}

/// The text with the numbers of channels themselves.
fn plain(text: &str) -> String {
    text.replace(MARKS, "")
}

/// Names in a sentence.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [first, .., last] => format!("{first} to {last}, {} in all", names.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_differ_in_channels_alone_become_the_same() {
        let of = |a, b| {
            let mut numbers = Vec::new();
            let text = format!("conv(‹{a}›, ‹{b}›); norm(‹{b}›)");
            (abstracted(&text, &mut numbers, ""), numbers)
        };
        assert_eq!(
            of(16, 32),
            ("conv(c1, c2); norm(c2)".to_owned(), vec![16, 32])
        );
        assert_eq!(of(32, 64).0, of(16, 32).0);
        assert_ne!(of(16, 16).0, of(16, 32).0);
        let mut numbers = vec![16];
        assert_eq!(
            abstracted("[:, :‹8›]", &mut numbers, "self."),
            "[:, :self.c2]"
        );
        assert!(mentions("self.c12 + self.c1", "self.c1") && !mentions("self.c12", "self.c1"));
        assert_eq!(plain("conv(‹16›)"), "conv(16)");
    }

    #[test]
    fn names_have_their_beginnings_in_common() {
        let of = |names: &[&str]| common(&names.iter().copied().collect());
        assert_eq!(of(&["layer1.0.conv1", "layer1.0.downsample.0"]), "layer1.0");
        assert_eq!(of(&["layer1.0.conv1"]), "layer1.0");
        assert_eq!(of(&["conv1", "layer1.0.bn1"]), "");
        assert_eq!(of(&[]), "");
    }
}
