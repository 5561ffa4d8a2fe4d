//! What can be asked for? The command line, as clap reads it.

mod compare;
mod denoise;
mod dynamics;
mod lookups;
mod lr_find;
mod recipes;
mod report;
mod reproduce;
mod resample;
mod scheme;
mod train;
mod watch;
mod weak_order;
mod weights;

pub(crate) use compare::{Compare, MetricArg};
pub(crate) use denoise::Denoise;
pub(crate) use dynamics::{Form, Momentum, StabilityArgs, TraceArgs};
pub(crate) use lookups::{Cite, Explain, List, Listed};
pub(crate) use lr_find::LrFind;
pub(crate) use recipes::{Config, ConfigAction, Data, DataAction};
pub(crate) use report::Report;
pub(crate) use reproduce::{BudgetName, Reproduce, TableName};
pub(crate) use resample::{
    CoefficientsArg, ConvergenceArgs, InterpolationArg, Resample, Sampling, StatisticsArg,
};
pub(crate) use scheme::{AdaptiveArgs, DiffusionArgs, Modified, OrderArgs, OrderStarArgs, Schemes};
pub(crate) use train::{Eval, Predict, RecipeFlags, Train};
pub(crate) use watch::Watch;
pub(crate) use weak_order::WeakOrderArgs;
pub(crate) use weights::{Export, Import};

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use timestep_report::names::analyses;

/// Train and analyse deep networks as discretised differential equations.
#[derive(Debug, Parser)]
#[command(name = "timestep", version, about, after_help = AFTER, subcommand_required = true)]
#[command(arg_required_else_help = true, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// Shown at the end of `--help`.
const AFTER: &str = "\
Start here:
  timestep train                                 an LM-ResNet learns real digits in a minute
  timestep train cifar10/lm-resnet-20 --dry-run  check everything, write nothing
  timestep explain lm                            what a scheme is, and when to use it
  timestep denoise noisy.png -o clean.png        removes noise from a picture

Exit codes: 0 done; 1 ran, but diverged or missed a --require; 2 wrong usage, recipe, data or
file; 3 internal error; 130 interrupted with the state saved.
Environment: NO_COLOR, TIMESTEP_NO_PROGRESS, RAYON_NUM_THREADS, TIMESTEP_MEMORY (what networks
and pictures may take at most, such as 64G; by default the memory of this machine), TIMESTEP_MPI
(the MPI library of processes started by mpirun or srun; off: each works by itself),
TIMESTEP_MPI_TIMEOUT (seconds that one of them waits for the others, by default 600).";

/// Options of every command.
#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    /// One JSON object per line on standard output
    #[arg(long, global = true, display_order = 900)]
    pub(crate) json: bool,
    /// Errors only on standard error
    #[arg(long, short, global = true, display_order = 901)]
    pub(crate) quiet: bool,
    /// Colours on standard error
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        display_order = 902
    )]
    pub(crate) color: When,
    /// Threads to compute with; results are the same for any number [default: all cores]
    #[arg(long, global = true, value_name = "N", display_order = 903)]
    pub(crate) threads: Option<usize>,
}

/// Whether outputs that exist are replaced.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Overwrite {
    /// Replace the file if it exists
    #[arg(long)]
    pub(crate) force: bool,
}

/// A switch with a middle position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// In a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a classifier or a restorer, or continue a run
    Train(Box<Train>),
    /// Measure a trained network on a data set
    Eval(Eval),
    /// Classify image files
    Predict(Predict),
    /// Remove noise from picture files
    Denoise(Box<Denoise>),
    /// Show layers, shapes, parameters and cost of a network
    Summary(Summary),
    /// Order, stability, modified equation, learned momentum
    Analyze(Analyze),
    /// Make the tables of the talk again, ours beside the published numbers
    Reproduce(Reproduce),
    /// Write the report of a run as HTML and Markdown
    Report(Report),
    /// Watch a run: curves, rate, what was learned, time left
    Watch(Watch),
    /// Put runs side by side, with what chance leaves of their differences
    Compare(Compare),
    /// Suggest a learning rate
    LrFind(Box<LrFind>),
    /// List networks, schemes, blocks, data sets, recipes, …
    List(List),
    /// Explain any registered name or error code
    Explain(Explain),
    /// Print BibTeX for a scheme, block, method, data set, network or run
    Cite(Cite),
    /// List, fetch, verify and preview data sets
    Data(Data),
    /// Show, compare or create recipes
    Config(Config),
    /// Turn weights of PyTorch (.pth, .safetensors) into weights of ours
    Import(Import),
    /// Write a network, or its weights, for other programs
    Export(Export),
    /// Give a trained network more or fewer steps: the same differential equation
    Resample(Resample),
    /// Check this machine and the installation
    Doctor(Doctor),
    /// Print a completion script for a shell
    Completions(Completions),
}

/// `timestep summary`
#[derive(Args, Debug)]
pub(crate) struct Summary {
    /// A network, a recipe, a weights file or a run folder; none with --block and --scheme
    pub(crate) what: Option<String>,
    /// Number of classes
    #[arg(long, value_name = "N")]
    pub(crate) classes: Option<usize>,
    /// Images it takes: channels x height x width
    #[arg(long, value_name = "CxHxW")]
    pub(crate) input: Option<String>,
    /// Right-hand side f
    #[arg(long, value_name = "NAME")]
    pub(crate) block: Option<String>,
    /// How f becomes a step
    #[arg(long, value_name = "NAME")]
    pub(crate) scheme: Option<String>,
    /// A scheme of your own, as TOML: a tableau, a multistep method or a composition
    #[arg(long, value_name = "FILE", conflicts_with = "scheme")]
    pub(crate) scheme_file: Option<PathBuf>,
    /// Steps of each segment, such as 3,3,3
    #[arg(long, value_name = "N,N,…")]
    pub(crate) steps: Option<String>,
    /// Channels of the first segment
    #[arg(long, value_name = "N")]
    pub(crate) width: Option<usize>,
}

/// `timestep analyze`
#[derive(Args, Debug)]
pub(crate) struct Analyze {
    #[command(subcommand)]
    pub(crate) what: Analysis,
}

/// What to analyse.
#[derive(Debug, Subcommand)]
pub(crate) enum Analysis {
    #[command(about = analyses::ORDER.question())]
    Order(OrderArgs),
    #[command(about = analyses::ORDER_STAR.question())]
    OrderStar(OrderStarArgs),
    #[command(about = analyses::ADAPTIVE.question())]
    Adaptive(AdaptiveArgs),
    #[command(about = analyses::WEAK_ORDER.question())]
    WeakOrder(WeakOrderArgs),
    #[command(about = analyses::STABILITY.question())]
    Stability(StabilityArgs),
    #[command(about = analyses::MODIFIED_EQUATION.question())]
    ModifiedEquation(Modified),
    #[command(about = analyses::MOMENTUM.question())]
    Momentum(Momentum),
    #[command(about = analyses::TRACE.question())]
    Trace(TraceArgs),
    #[command(about = analyses::CONVERGENCE.question())]
    Convergence(ConvergenceArgs),
    #[command(about = analyses::DIFFUSION.question())]
    Diffusion(DiffusionArgs),
}

/// `timestep doctor`
#[derive(Args, Debug)]
pub(crate) struct Doctor {}

/// `timestep completions`
#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
