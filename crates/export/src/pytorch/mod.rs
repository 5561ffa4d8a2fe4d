//! How does PyTorch get a network? As one readable Python module, with weights beside it.
//!
//! Steps that do the same become one class; what differs between them, the channels, are its arguments. The names of
//! layers are those of the weights, so `load_state_dict` takes them, and a network can be trained further.

mod expression;
mod layers;
mod steps;
mod text;
mod tokens;
mod tree;

use crate::{ExportError, Subject};
use layers::Layers;
use serde_json::json;
use std::fmt::Write as _;
use steps::Steps;
use timestep_nets::{Metadata, to_safetensors};

/// A Python module and its weights.
#[derive(Clone, Debug)]
pub struct Module {
    /// `model.py`.
    pub python: String,
    /// The weights, as safetensors.
    pub weights: Vec<u8>,
}

/// A module that reads its weights from the file `weights` beside it.
///
/// # Errors
/// [`ExportError::Net`] if the weights cannot be written, which a built network never causes.
pub fn pytorch(subject: &Subject<'_>, weights: &str) -> Result<Module, ExportError> {
    let layers = Layers::of(subject.graph);
    let steps = Steps::of(subject.graph, &layers);
    let mut python = head(subject, weights);
    python.push_str(&tokens::helpers(subject.graph));
    for class in steps.classes() {
        python.push_str(&class);
    }
    python.push_str(&network(&steps, &tokens::buffers(subject.graph)));
    python.push_str(LOAD);
    Ok(Module {
        python,
        weights: to_safetensors(subject.parameters, &Metadata::new())?,
    })
}

/// What the module begins with.
fn head(subject: &Subject<'_>, weights: &str) -> String {
    let shape = subject.graph.input;
    let mut out = String::new();
    let extents = [shape.channels, shape.height, shape.width].map(|extent| extent.to_string());
    let _ = write!(
        out,
        r#""""{name} for {classes} classes, as a PyTorch module. Written by {version}; needs PyTorch and nothing else.

    import torch
    from model import load              # this file is model.py

    network = load()                    # reads {weights} beside this file
    pixels = torch.rand(7, {extents})   # between 0 and 1
    probabilities = network.predict(pixels)
    logits = network(network.normalise(pixels))
"""

import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

WEIGHTS = {weights_literal}
CLASSES = {class_names}
MEAN = {mean}
STD = {std}


class Group(nn.Module):
    """Layers by name."""

    def __init__(self, **layers):
        super().__init__()
        for name, layer in layers.items():
            setattr(self, name, layer)

    def __getitem__(self, name):
        return getattr(self, str(name))


class Statistics(nn.Module):
    """Mean and variance of a norm whose scale and shift belong to another layer."""

    def __init__(self, channels):
        super().__init__()
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
"#,
        name = subject.name.replace(['"', '\\'], " "),
        classes = subject.classes.len(),
        version = subject.version,
        extents = extents.join(", "),
        weights_literal = json!(weights),
        class_names = json!(subject.classes),
        mean = json!(subject.mean),
        std = json!(subject.std),
    );
    out
}

/// The class of the network.
fn network(steps: &Steps<'_>, buffers: &str) -> String {
    let mut out = String::new();
    let _ = write!(
        out,
        r#"

class Network(nn.Module):
    """Images, normalised, to logits."""

    def __init__(self):
        super().__init__()
{layers}
        self.register_buffer("mean", torch.tensor(MEAN).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, -1, 1, 1), persistent=False)
{buffers}
    def forward(self, images):
{forward}

    def normalise(self, pixels):
        """Pixels between 0 and 1 as the images that the network takes."""
        return (pixels - self.mean) / self.std

    @torch.no_grad()
    def predict(self, pixels):
        """The probability of each class, for pixels between 0 and 1."""
        return torch.softmax(self(self.normalise(pixels)), 1)
"#,
        layers = steps.layers(),
        forward = steps.forward(),
    );
    out
}

/// What the module ends with: how weights are read, without another package.
const LOAD: &str = r#"

def read(path):
    """The arrays of a safetensors file by name."""
    data = bytearray(Path(path).read_bytes())
    length = int.from_bytes(data[:8], "little")
    table = json.loads(data[8 : 8 + length])
    arrays = {}
    for name, entry in table.items():
        if name != "__metadata__":
            first, last = entry["data_offsets"]
            array = torch.frombuffer(
                data, dtype=torch.float32, count=(last - first) // 4, offset=8 + length + first
            )
            arrays[name] = array.reshape(entry["shape"])
    return arrays


def load(path=None):
    """The network with its weights, ready to be used."""
    network = Network()
    path = Path(__file__).with_name(WEIGHTS) if path is None else path
    missing, unexpected = network.load_state_dict(read(path), strict=False)
    # A counter of PyTorch's norms, which nothing uses.
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise ValueError(f"{path} holds other weights: missing {missing}, unexpected {unexpected}")
    return network.eval()
"#;
