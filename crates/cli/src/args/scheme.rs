//! What can be asked of the analyses of schemes, and of `timestep analyze diffusion`?

use super::Overwrite;
use clap::Args;
use std::path::PathBuf;

/// `timestep analyze diffusion`
#[derive(Args, Debug)]
pub(crate) struct DiffusionArgs {
    /// Weights of TRD: a file, or bundled ones such as trd-7x7-s25
    pub(crate) model: PathBuf,
    /// Write filters and functions as a picture
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
}

/// A scheme and its coefficient.
#[derive(Args, Debug)]
pub(crate) struct OfScheme {
    /// Registry name: see `timestep list schemes`
    pub(crate) scheme: String,
    /// Coefficient of the scheme, if it has one
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) k: Option<f64>,
}

/// `timestep analyze modified-equation`
#[derive(Args, Debug)]
pub(crate) struct Modified {
    #[command(flatten)]
    pub(crate) of: OfScheme,
    /// Number of derivatives
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=16))]
    pub(crate) terms: u64,
}
