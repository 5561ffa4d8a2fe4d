//! What can be asked of the analyses of schemes, and of `timestep analyze diffusion`?

use super::Overwrite;
use clap::Args;
use clap::builder::PossibleValuesParser;
use std::path::PathBuf;
use timestep_numerics::adaptive::pairs;
use timestep_numerics::problems::problems;

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

/// Schemes and their coefficients.
#[derive(Args, Debug)]
pub(crate) struct Schemes {
    /// Registry names, each with its own coefficient if wanted, as in lm:-0.9: see `timestep list schemes`
    #[arg(value_name = "SCHEME", required_unless_present = "scheme_file")]
    pub(crate) schemes: Vec<String>,
    /// A scheme of your own, as TOML: a tableau, a multistep method or a composition
    #[arg(long, value_name = "FILE")]
    pub(crate) scheme_file: Vec<PathBuf>,
    /// Coefficient of the schemes, if they have one
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) k: Option<f64>,
}

/// `timestep analyze order`
#[derive(Args, Debug)]
#[command(after_help = ORDER)]
pub(crate) struct OrderArgs {
    #[command(flatten)]
    pub(crate) of: Schemes,
    /// Equation on which the error is measured [default: logistic, oscillator for partitioned schemes]
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(problems().iter().map(|p| p.key)))]
    pub(crate) problem: Option<String>,
    /// Write errors against the step size, and against the evaluations of f, as a picture
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Write all errors as a table of comma-separated values
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
}

/// Shown at the end of its help.
const ORDER: &str = "\
The scheme is run to time 1 with smaller and smaller steps, from its own start;
the order is the slope of the errors that are above rounding. Examples:
  timestep analyze order rk4
  timestep analyze order euler heun rk4 ab4 --problem lotka-volterra --svg order.svg";

/// `timestep analyze order-star`
#[derive(Args, Debug)]
#[command(after_help = ORDER_STAR)]
pub(crate) struct OrderStarArgs {
    #[command(flatten)]
    pub(crate) of: Schemes,
    /// Write the stars as a picture
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Write the boundaries of the stars as a table of comma-separated values
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
}

/// Shown at the end of its help.
const ORDER_STAR: &str = "\
The order star of a one-step scheme is where |R(z)| > |e^z|, the modulus of
its stability function and that of the solution; order p gives p + 1 sectors
at 0. Schemes with memory or parts have no rational R. Examples:
  timestep analyze order-star rk4 --svg star.svg
  timestep analyze order-star euler trapezoidal backward-euler --svg stars.svg";

/// `timestep analyze adaptive`
#[derive(Args, Debug)]
#[command(after_help = ADAPTIVE)]
pub(crate) struct AdaptiveArgs {
    /// Embedded pairs
    #[arg(required = true, value_name = "PAIR", value_parser = PossibleValuesParser::new(pairs().iter().map(|p| p.key)))]
    pub(crate) pairs: Vec<String>,
    /// Equation that is solved up to time 1
    #[arg(long, value_name = "NAME", default_value = "lotka-volterra", value_parser = PossibleValuesParser::new(problems().iter().map(|p| p.key)))]
    pub(crate) problem: String,
    /// Tolerance as a share of the size of a component
    #[arg(long, value_name = "X", default_value_t = 1e-6)]
    pub(crate) rtol: f64,
    /// Least size of a component that counts
    #[arg(long, value_name = "X", default_value_t = 1e-9)]
    pub(crate) atol: f64,
    /// Most evaluations of f
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(2..=100_000_000))]
    pub(crate) evaluations: u64,
    /// Write every step as a table of comma-separated values
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
}

/// Shown at the end of its help.
const ADAPTIVE: &str = "\
The steps are those of SciPy's RK23 (bosh3) and RK45 (dopri5). Examples:
  timestep analyze adaptive dopri5 --problem brusselator
  timestep analyze adaptive bosh3 dopri5 --problem van-der-pol --rtol 1e-4 --csv steps.csv";

/// `timestep analyze modified-equation`
#[derive(Args, Debug)]
pub(crate) struct Modified {
    #[command(flatten)]
    pub(crate) of: Schemes,
    /// Number of derivatives
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=16))]
    pub(crate) terms: u64,
}
