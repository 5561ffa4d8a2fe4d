//! How do weights of other programs come in, and ours go out?
//!
//! A PyTorch checkpoint is read by [`read_pytorch`], without Python and without running anything
//! that the file asks for; [`map_names`] brings its names to ours and reports every decision;
//! [`npz`] writes arrays for NumPy. Nothing here knows of tensors or networks: bytes in, named
//! arrays out.

mod calls;
mod names;
mod npz;
mod pickle;
mod pytorch;
mod rules;
mod values;

#[cfg(test)]
mod names_tests;
#[cfg(test)]
mod tests;

pub use names::{Converted, Dropped, Mapping, Renamed, Target, WrongShape, map_names};
pub use npz::npz;
pub use pytorch::read_pytorch;
pub use rules::{RULES, Rule};

use std::collections::BTreeMap;

/// Shape and numbers by name, as in a weights file of ours.
pub type Arrays = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// Named arrays of another program's file, still under that program's names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForeignFile {
    /// Shape and numbers by name.
    pub arrays: Arrays,
    /// Dictionaries that were opened to get at the arrays, outermost first: `state_dict`.
    pub unwrapped: Vec<String>,
    /// Arrays that were not f32 in the file, with the type they had.
    pub was_type: BTreeMap<String, &'static str>,
    /// Entries beside the arrays that were left out, with the reason.
    pub skipped: BTreeMap<String, String>,
}

/// What can go wrong with another program's file. The text is one sentence;
/// [`hint`](ForeignError::hint) helps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForeignError {
    /// The bytes are no zip archive, so not written by `torch.save`.
    #[error("not a PyTorch checkpoint: {0}")]
    NotPytorch(String),
    /// A checkpoint from before PyTorch 1.6, when it was not a zip archive.
    #[error("a PyTorch checkpoint in the old format, from before version 1.6")]
    Legacy,
    /// A TorchScript program, which holds code beside the weights.
    #[error("a TorchScript program, not a checkpoint")]
    TorchScript,
    /// The pickle asks for an object that a state dict never needs.
    #[error("the checkpoint asks for `{0}`, which is not part of a state dict")]
    Refused(String),
    /// The checkpoint is damaged or made of something that `torch.save` does not write.
    #[error("the checkpoint is damaged: {0}")]
    Corrupt(String),
    /// The file is readable, but holds no arrays.
    #[error("the checkpoint holds no weights: {0}")]
    NoWeights(String),
    /// Several dictionaries could be the weights.
    #[error("the checkpoint holds several sets of weights: {}", quoted(.0))]
    Ambiguous(Vec<String>),
    /// Arrays that cannot be written.
    #[error("the arrays cannot be written: {0}")]
    Write(String),
}

impl ForeignError {
    /// One action that helps, if there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            ForeignError::NotPytorch(_) => {
                "the file may be the text or web page of a failed download; `torch.save` writes \
                 zip archives"
            }
            ForeignError::Legacy => {
                "save it again with a current PyTorch: \
                 `torch.save(torch.load(FILE, map_location=\"cpu\"), NEW)`"
            }
            ForeignError::TorchScript => {
                "save the weights alone: `torch.save(torch.jit.load(FILE).state_dict(), NEW)`"
            }
            ForeignError::Refused(_) => {
                "nothing of it was run; if you trust the file, save the weights alone with \
                 PyTorch: `torch.save(model.state_dict(), NEW)`"
            }
            ForeignError::Corrupt(_) => {
                "compare the file's size and checksum with its source, and copy it again"
            }
            ForeignError::NoWeights(_) => {
                "a dictionary of tensors is needed, as `model.state_dict()` gives"
            }
            ForeignError::Ambiguous(_) => {
                "save the wanted one alone with PyTorch: `torch.save(torch.load(FILE)[KEY], NEW)`"
            }
            ForeignError::Write(_) => return None,
        };
        Some(hint.into())
    }
}

/// Names in backquotes, with commas.
fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
    names.join(", ")
}
