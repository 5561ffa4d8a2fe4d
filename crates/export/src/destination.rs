//! What is written where? The format that the name of an output and the words of a person agree on, and its files.

use crate::{ExportError, Graph, Subject, onnx, pytorch, timm};
use std::path::{Path, PathBuf};
use timestep_nets::foreign::npz;
use timestep_nets::{Metadata, Network, Parameters, to_half_safetensors, to_safetensors};

/// What a trained network can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The weights without our metadata: `load_state_dict(load_file(…))` takes them.
    Safetensors,
    /// The weights with our metadata, rounded to half precision: a file for this program of half the size.
    Half,
    /// The weights as NumPy's archive of arrays.
    Npz,
    /// The network for ONNX Runtime and others.
    Onnx,
    /// The network as a Python module that needs only PyTorch, its weights beside it.
    Pytorch,
    /// A folder that `timm.create_model("local-dir:…")` loads.
    Timm,
}

/// Formats by the endings of files that have them.
const ENDINGS: [(&str, Format); 4] = [
    ("onnx", Format::Onnx),
    ("py", Format::Pytorch),
    ("safetensors", Format::Safetensors),
    ("npz", Format::Npz),
];

impl Format {
    /// The word for it, on the command line and in answers.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Half => "half",
            Self::Npz => "npz",
            Self::Onnx => "onnx",
            Self::Pytorch => "pytorch",
            Self::Timm => "timm",
        }
    }

    /// The ending of a file that holds it.
    fn ending(self) -> &'static str {
        match self {
            Self::Half => Self::Safetensors.key(),
            other => other.key(),
        }
    }
}

/// Why a name and a format do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FormatError {
    message: String,
    hint: String,
}

impl FormatError {
    /// What helps.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

/// Where a network is written to, and as what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The format.
    pub format: Format,
    /// The folder that holds the files, where the output is one.
    pub folder: Option<PathBuf>,
    /// The files, in the order of [`contents`](Self::contents).
    pub files: Vec<PathBuf>,
}

impl Destination {
    /// The format that the ending of `out` and the one `given` agree on; `stream` says that the output is standard output or a
    /// device, whose name says nothing.
    ///
    /// # Errors
    /// [`FormatError`] if they contradict one another, or if neither says enough.
    pub fn of(out: &Path, given: Option<Format>, stream: bool) -> Result<Self, FormatError> {
        let format = format(out, given, stream)?;
        let folder = match format {
            Format::Timm => Some(out.to_owned()),
            Format::Pytorch if out.extension().is_none() => Some(out.to_owned()),
            _ => None,
        };
        let files = match (format, &folder) {
            (Format::Timm, _) => vec![out.join("config.json"), out.join("model.safetensors")],
            (_, Some(folder)) => vec![folder.join("model.py"), folder.join("weights.safetensors")],
            (Format::Pytorch, None) => vec![out.to_owned(), out.with_extension("safetensors")],
            _ => vec![out.to_owned()],
        };
        Ok(Self {
            format,
            folder,
            files,
        })
    }

    /// The bytes of each of the files; `preprocessing` puts normalisation and softmax into a file of ONNX.
    ///
    /// # Errors
    /// [`ExportError`] if the network cannot be evaluated, exceeds the format, or is unknown to the library.
    pub fn contents(
        &self,
        source: &Source<'_>,
        preprocessing: bool,
    ) -> Result<Vec<Vec<u8>>, ExportError> {
        let parameters = source.parameters;
        match self.format {
            Format::Safetensors => {
                return Ok(vec![to_safetensors(parameters, &Metadata::new())?]);
            }
            Format::Half => return Ok(vec![to_half_safetensors(parameters, source.metadata)?]),
            Format::Npz => return Ok(vec![npz(&arrays(parameters))?]),
            Format::Onnx | Format::Pytorch | Format::Timm => {}
        }
        let graph = Graph::of(source.network)?;
        let subject = Subject {
            name: &source.network.config().name,
            graph: &graph,
            parameters,
            classes: source.classes,
            mean: source.mean,
            std: source.std,
            version: source.version,
        };
        Ok(match self.format {
            Format::Timm => {
                let folder = timm(&subject, source.network)?;
                vec![folder.config.into_bytes(), folder.weights]
            }
            Format::Pytorch => {
                let weights = self.files.last().and_then(|file| file.file_name());
                let weights = weights.unwrap_or_default().to_string_lossy();
                let module = pytorch(&subject, &weights)?;
                vec![module.python.into_bytes(), module.weights]
            }
            _ => vec![onnx(&subject, preprocessing)?],
        })
    }
}

/// A trained network, as it is written in any format.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The network.
    pub network: &'a Network,
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
    /// Our metadata, which [`Format::Half`] keeps.
    pub metadata: &'a Metadata,
}

/// The format that the ending and the word agree on.
fn format(out: &Path, given: Option<Format>, stream: bool) -> Result<Format, FormatError> {
    let ending = out.extension().filter(|_| !stream);
    let ending = ending.map(|e| e.to_string_lossy().to_lowercase());
    let known = ENDINGS.iter().find(|(e, _)| ending.as_deref() == Some(*e));
    let shown = out.display();
    let (message, hint) = match (known, given) {
        (Some((_, of_ending)), None) => return Ok(*of_ending),
        (Some((_, of_ending)), Some(given)) if *of_ending == given => return Ok(given),
        (Some((_, Format::Safetensors)), Some(Format::Half)) => return Ok(Format::Half),
        (Some((_, of_ending)), Some(given)) => (
            format!(
                "`{shown}` ends like {}, and --format is {}",
                of_ending.key(),
                given.key()
            ),
            "leave --format out, or give the output the ending of the format".to_owned(),
        ),
        // The name of a folder has no ending, only perhaps a dot.
        (None, Some(Format::Timm)) if !stream => return Ok(Format::Timm),
        (None, Some(Format::Pytorch)) if ending.is_none() && !stream => return Ok(Format::Pytorch),
        (None, Some(given @ (Format::Timm | Format::Pytorch))) if stream => (
            format!(
                "{} is more than one file, and standard output is one",
                given.key()
            ),
            "name a folder".to_owned(),
        ),
        (None, Some(given)) if stream => return Ok(given),
        (None, None) if ending.is_none() => (
            format!("`{shown}` has no ending, which would say the format"),
            "let it end in .onnx, .py, .safetensors or .npz, or give --format".to_owned(),
        ),
        (None, Some(given)) if ending.is_none() => (
            format!("`{shown}` has no ending, and {} is a file", given.key()),
            format!("name it `{shown}.{}`", given.ending()),
        ),
        (None, _) => (
            format!("the ending of `{shown}` names no format of export"),
            match ending.as_deref() {
                Some("pt" | "pth" | "ckpt") => format!(
                    "let it end in .onnx, .py, .safetensors or .npz; for PyTorch, `{}` reads its weights itself",
                    out.with_extension("py").display()
                ),
                _ => "let it end in .onnx, .py, .safetensors or .npz".to_owned(),
            },
        ),
    };
    Err(FormatError { message, hint })
}

/// All arrays with their names and shapes.
fn arrays(parameters: &Parameters) -> Vec<(&str, &[usize], Vec<f32>)> {
    let specs = parameters.specs().iter().zip(parameters.ids());
    specs
        .map(|(spec, id)| {
            let values = parameters.value(id).to_vec();
            (spec.name.as_str(), &spec.shape[..], values)
        })
        .collect()
}
