//! How does a trained network get into other programs? As a graph of operations, written in their formats.
//!
//! Nothing here knows how a network is made. [`Graph::of`] evaluates it once on a tape that computes nothing and writes
//! down what it is asked for: the same lines that train a network say what is exported, so every block, scheme and
//! body follows. From the graph, [`onnx()`] makes a file for ONNX Runtime and its relatives, [`pytorch()`] a Python
//! module that needs nothing but PyTorch. [`timm()`] writes weights alone, for the architectures that timm has itself.

mod destination;
mod graph;
mod onnx;
mod op;
mod positions;
mod pytorch;
mod recorder;
mod timm;

pub use destination::{Destination, Format, FormatError, Source};
pub use graph::{Chunk, Graph};
pub use onnx::{OPSET, onnx};
pub use op::{Node, Op, Scale, Shape, Term};
pub use pytorch::{Module, pytorch};
pub use timm::{TimmFolder, timm, timm_names};

use timestep_nets::foreign::ForeignError;
use timestep_nets::{NetError, Parameters};

/// A network to be exported: its numbers and what is said about them.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its name: `lm-resnet-20`.
    pub name: &'a str,
    /// Its operations.
    pub graph: &'a Graph,
    /// Its numbers.
    pub parameters: &'a Parameters,
    /// Names of the classes, in the order of the logits.
    pub classes: &'a [String],
    /// What is subtracted from each channel of pixels between 0 and 1.
    pub mean: &'a [f32],
    /// What each channel is divided by afterwards.
    pub std: &'a [f32],
    /// The program that writes: its name, a space, its version.
    pub version: &'a str,
}

/// Why a network cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It cannot be evaluated.
    #[error(transparent)]
    Net(#[from] NetError),
    /// Its arrays do not go into an archive.
    #[error(transparent)]
    Arrays(#[from] ForeignError),
    /// The format has a limit that the file would exceed.
    #[error("{format} files hold {limit} at most, and this network needs {bytes} bytes")]
    TooLarge {
        /// The format.
        format: &'static str,
        /// What it holds.
        limit: &'static str,
        /// What would be needed.
        bytes: usize,
    },
    /// Its steps take as many evaluations as their end or their size takes to be found: no fixed list of operations.
    #[error(
        "steps of `{network}` {what} (scheme `{scheme}`), and a file of operations holds no search"
    )]
    Implicit {
        /// The network.
        network: String,
        /// What they do.
        what: &'static str,
        /// Its scheme.
        scheme: &'static str,
    },
    /// The library has no such architecture.
    #[error("{library} has no architecture with the layers of `{network}`: {why}")]
    NotThere {
        /// The library.
        library: &'static str,
        /// The network.
        network: String,
        /// What differs.
        why: String,
    },
}
