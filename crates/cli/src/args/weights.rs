//! What can be asked of `timestep import` and `timestep export`?

use super::Overwrite;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

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
}

/// `timestep export`
#[derive(Args, Debug)]
pub(crate) struct Export {
    /// A weights file, or a run folder (its best weights)
    pub(crate) weights: PathBuf,
    /// File to write
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Kind of file
    #[arg(long, value_enum, default_value = "safetensors")]
    pub(crate) format: ExportFormat,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
}

/// What weights can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// safetensors without our metadata: `load_state_dict(load_file(…))` takes it
    Safetensors,
    /// NumPy's archive of arrays
    Npz,
}
