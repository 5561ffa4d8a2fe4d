//! What can be asked of `timestep import` and `timestep export`?

use super::Overwrite;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use timestep_export::Format;

/// `timestep import`
#[derive(Args, Debug)]
pub(crate) struct Import {
    /// A file of `torch.save(model.state_dict(), …)`, or safetensors
    pub(crate) file: PathBuf,
    /// The network that it holds: see `timestep list networks`
    #[arg(long, value_name = "NAME")]
    pub(crate) net: String,
    /// Weights file to write
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Data set that it was trained on [default: cifar10 or imagenet, as the network was published]
    #[arg(long, value_name = "NAME")]
    pub(crate) data: Option<String>,
    /// Number of classes [default: as the data]
    #[arg(long, value_name = "N")]
    pub(crate) classes: Option<usize>,
    /// Mean of each channel, of pixels between 0 and 1
    #[arg(long, value_name = "X,X,X", value_delimiter = ',')]
    pub(crate) mean: Vec<f32>,
    /// Deviation of each channel
    #[arg(long, value_name = "X,X,X", value_delimiter = ',')]
    pub(crate) std: Vec<f32>,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
    /// Take weights that are NaN or infinite
    #[arg(long)]
    pub(crate) allow_non_finite: bool,
}

/// `timestep export`
#[derive(Args, Debug)]
#[command(after_help = EXPORT)]
pub(crate) struct Export {
    /// A weights file, or a run folder (its best weights)
    pub(crate) weights: PathBuf,
    /// File or folder to write; its ending says the format, `-` is standard output
    #[arg(long, short, value_name = "PATH")]
    pub(crate) out: PathBuf,
    /// What to write, where the ending does not say it
    #[arg(long, value_enum)]
    pub(crate) format: Option<ExportFormat>,
    /// Put normalisation before and softmax after the network, in ONNX
    #[arg(long)]
    pub(crate) with_preprocessing: bool,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
    /// Take weights that are NaN or infinite
    #[arg(long)]
    pub(crate) allow_non_finite: bool,
}

/// What a trained network can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// The weights without our metadata (.safetensors): `load_state_dict(load_file(…))` takes them
    Safetensors,
    /// The weights with our metadata in half precision (.safetensors): a smaller file for this program
    Half,
    /// The weights as NumPy's archive of arrays (.npz)
    Npz,
    /// The network for ONNX Runtime and others (.onnx)
    Onnx,
    /// The network as a Python module that needs only PyTorch (.py), its weights beside it
    Pytorch,
    /// A folder that `timm.create_model("local-dir:…")` loads, where timm has the network
    Timm,
}

impl From<ExportFormat> for Format {
    fn from(format: ExportFormat) -> Self {
        match format {
            ExportFormat::Safetensors => Self::Safetensors,
            ExportFormat::Half => Self::Half,
            ExportFormat::Npz => Self::Npz,
            ExportFormat::Onnx => Self::Onnx,
            ExportFormat::Pytorch => Self::Pytorch,
            ExportFormat::Timm => Self::Timm,
        }
    }
}

/// Shown at the end of the help of `export`.
const EXPORT: &str = "\
Examples:
  timestep export runs/pets -o pets.onnx --with-preprocessing
  timestep export runs/pets -o pets.py
  timestep export runs/pets --format timm -o pets-timm
  timestep export runs/pets -o pets.safetensors
  timestep export runs/pets --format half -o weights/pets.safetensors";
