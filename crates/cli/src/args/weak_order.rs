//! What can be asked of `timestep analyze weak-order`?

use super::Overwrite;
use clap::Args;
use std::path::PathBuf;

/// `timestep analyze weak-order`
#[derive(Args, Debug)]
#[command(after_help = AFTER)]
pub(crate) struct WeakOrderArgs {
    /// Laws of noise: see `timestep list noises`
    #[arg(required = true, value_name = "NOISE")]
    pub(crate) noises: Vec<String>,
    /// The scheme that the noise acts on: see `timestep list schemes`
    #[arg(long, value_name = "NAME", default_value = "euler")]
    pub(crate) scheme: String,
    /// A scheme of your own, as TOML: a tableau, a multistep method or a composition
    #[arg(long, value_name = "FILE", conflicts_with = "scheme")]
    pub(crate) scheme_file: Option<PathBuf>,
    /// Coefficient of the scheme, if it has one
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) k: Option<f64>,
    /// Let the memory of `lm` not fade, k = -(1 - G dt): the limit is a second-order equation with damping G
    #[arg(long, value_name = "G", allow_hyphen_values = true, conflicts_with_all = ["scheme", "scheme_file", "k", "paths"])]
    pub(crate) damping: Option<f64>,
    /// Probabilities to keep a block, looked at beside 1/2 (stochastic-depth); the first is also where
    /// p = 1/2 + c sqrt(dt) begins [default: 0.8,0.9]
    #[arg(
        long,
        value_name = "P,…",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub(crate) keep: Vec<f64>,
    /// Residual blocks of a network whose last block is kept with the first --keep
    /// [default: the networks of the paper, 27 blocks with 0.8 and 54 with 0.5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=100_000))]
    pub(crate) blocks: Option<u64>,
    /// Simulated paths for each number of steps
    #[arg(long, value_name = "N", default_value_t = 4000, value_parser = clap::value_parser!(u64).range(4..=100_000_000))]
    pub(crate) paths: u64,
    /// Numbers of steps up to time 1, at least three
    #[arg(
        long,
        value_name = "N,…",
        value_delimiter = ',',
        default_value = "8,16,32,64,128,256",
        value_parser = clap::value_parser!(u64).range(2..=1_000_000)
    )]
    pub(crate) steps: Vec<u64>,
    /// Seed of all draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Write errors and orders as a picture
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Write all errors as a table of comma-separated values
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overwrite: Overwrite,
}

const AFTER: &str = "\
Weak order: how fast means E X, E X^2, E X^3 of the scheme with noise approach those of its stochastic
differential equation. For example:
  timestep analyze weak-order stochastic-depth
  timestep analyze weak-order shake-shake --scheme lm --k -0.5
  timestep analyze weak-order stochastic-depth --damping 1 --steps 64,128,256,512,1024
  timestep analyze weak-order stochastic-depth --keep 0.7 --blocks 54 --svg weak-order.svg";
