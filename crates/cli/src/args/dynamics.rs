//! What can be asked of trained networks as dynamical systems: their spectra, coefficients and paths?

use super::Overwrite;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use timestep_study::sample::Wanted;

/// Images on which a trained network is looked at.
#[derive(Args, Clone, Debug)]
pub(crate) struct Images {
    /// Data set of the images [default: that of the training]
    #[arg(long, value_name = "NAME")]
    pub(crate) data: Option<String>,
    /// Folder of the data set [default: that of the training]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Number of test images, drawn at random
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) images: Option<u64>,
    /// Seed of every random draw [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Where to compute: cpu, cpu-int8 (wide layers faster and less precise), exact (double precision, slow), or a GPU in builds that have one [default: cpu]
    #[arg(long)]
    pub(crate) device: Option<String>,
}

impl Images {
    /// The name of what computes.
    pub(crate) fn device(&self) -> &str {
        self.device.as_deref().unwrap_or("cpu")
    }

    /// The images that are meant, `default` of them if no number is given.
    pub(crate) fn wanted(&self, default: usize) -> Wanted {
        Wanted {
            data: self.data.clone(),
            dir: self.data_dir.clone(),
            images: self.images.map_or(default, |n| n as usize),
            seed: self.seed.unwrap_or(0),
        }
    }
}

/// `timestep analyze stability`
#[derive(Args, Debug)]
#[command(after_help = STABILITY)]
pub(crate) struct StabilityArgs {
    /// Schemes, each with its own coefficient if wanted, as in lm:-0.9; or a trained network: weights file or run folder
    #[arg(required_unless_present = "scheme_file")]
    pub(crate) what: Vec<String>,
    /// A scheme of your own, as TOML: a tableau, a multistep method or a composition
    #[arg(long, value_name = "FILE")]
    pub(crate) scheme_file: Vec<PathBuf>,
    /// Coefficient of the schemes, if they have one
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) k: Option<f64>,
    #[command(flatten)]
    pub(crate) images: Images,
    /// Most products with a Jacobian of a network [default: 60]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=1000))]
    pub(crate) products: Option<u64>,
    /// Write the region as a picture, with the hλ of a network
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Write every measured hλ for NumPy
    #[arg(long, value_name = "FILE")]
    pub(crate) npz: Option<PathBuf>,
    /// Write the boundaries of the regions, or every measured hλ of a network, as a table of comma-separated values
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
}

/// Shown at the end of its help.
const STABILITY: &str = "\
Of a scheme: where hλ may lie. Of a trained network: where hλ lies, the
eigenvalues of largest modulus of the Jacobian of each block at the states of
test images (4 by default), judged by the scheme with the k_n of that step.
Examples:
  timestep analyze stability lm --k -0.5 --svg lm.svg
  timestep analyze stability euler ab2 rk4 lm:-0.9 --svg regions.svg --csv regions.csv
  timestep analyze stability runs/tour --images 8 --svg spectrum.svg";

/// `timestep analyze momentum`
#[derive(Args, Debug)]
pub(crate) struct Momentum {
    /// Weights files or run folders
    #[arg(required = true)]
    pub(crate) weights: Vec<PathBuf>,
    /// Write the plot of coefficients against the step
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Write the plot of coefficients against the epoch
    #[arg(long, value_name = "FILE")]
    pub(crate) history: Option<PathBuf>,
    /// What the plots show of a coefficient [default: momentum]
    #[arg(long, value_enum)]
    pub(crate) form: Option<Form>,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
}

/// How a coefficient is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// -k, the momentum of a heavy ball
    Momentum,
    /// 1-k, the weight of the newest state
    OneMinusK,
}

/// `timestep analyze trace`
#[derive(Args, Debug)]
#[command(after_help = TRACE)]
pub(crate) struct TraceArgs {
    /// A weights file, or a run folder (its best weights)
    pub(crate) weights: PathBuf,
    #[command(flatten)]
    pub(crate) images: Images,
    /// Write the paths through each segment as a picture
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Write norms, paths and features for NumPy
    #[arg(long, value_name = "FILE")]
    pub(crate) npz: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
}

/// Shown at the end of its help.
const TRACE: &str = "\
Norms are root mean squares over elements and images (200 test images by
default). The picture shows the features of each image, averaged over its
pixels, in the plane in which they spread most.
Example:
  timestep analyze trace runs/tour --svg portrait.svg";
