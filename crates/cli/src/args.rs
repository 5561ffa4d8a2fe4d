//! What can be asked for? The command line, as clap reads it.

mod compare;
mod denoise;
mod dynamics;
mod lr_find;
mod report;
mod reproduce;
mod weak_order;

pub(crate) use compare::{Compare, MetricArg};
pub(crate) use denoise::Denoise;
pub(crate) use dynamics::{Form, Images, Momentum, StabilityArgs, TraceArgs};
pub(crate) use lr_find::LrFind;
pub(crate) use report::Report;
pub(crate) use reproduce::{BudgetName, Reproduce, TableName};
pub(crate) use weak_order::WeakOrderArgs;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

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
Environment: NO_COLOR, TIMESTEP_NO_PROGRESS, RAYON_NUM_THREADS.";

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
    /// Train a classifier, or continue a run
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
    /// Write weights for other programs
    Export(Export),
    /// Check this machine and the installation
    Doctor(Doctor),
    /// Print a completion script for a shell
    Completions(Completions),
}

/// Settings of a recipe that have a flag of their own.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct RecipeFlags {
    /// Seed of every random draw
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) seed: Option<String>,
    /// Passes over the training images
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) epochs: Option<String>,
    /// Images in a batch
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) batch: Option<String>,
    /// Learning rate
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub(crate) lr: Option<String>,
    /// Published network: see `timestep list networks`
    #[arg(long, value_name = "NAME")]
    pub(crate) net: Option<String>,
    /// Right-hand side f: see `timestep list blocks`
    #[arg(long, value_name = "NAME")]
    pub(crate) block: Option<String>,
    /// How f becomes a step: see `timestep list schemes`
    #[arg(long, value_name = "NAME")]
    pub(crate) scheme: Option<String>,
    /// What makes the steps random: see `timestep list noises`
    #[arg(long, value_name = "NAME")]
    pub(crate) noise: Option<String>,
    /// Steps of each segment, such as 3,3,3
    #[arg(long, value_name = "N,N,…", allow_hyphen_values = true)]
    pub(crate) steps: Option<String>,
    /// Channels of the first segment
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) width: Option<String>,
    /// Data set: see `timestep list data`
    #[arg(long, value_name = "NAME")]
    pub(crate) data: Option<String>,
    /// Folder of the data set
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<String>,
    /// Train and measure on N images only
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) overfit: Option<String>,
    /// Stop after this time, such as 30m
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) time: Option<String>,
    /// Any setting of the recipe, such as train.label_smoothing=0.1
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) sets: Vec<String>,
}

/// `timestep train`
#[derive(Args, Debug)]
pub(crate) struct Train {
    /// `<data>/<network>`, or a recipe file [default: digits/lm-resnet-20]
    #[arg(conflicts_with = "resume")]
    pub(crate) recipe: Option<String>,
    /// Continue the run in this folder
    #[arg(long, value_name = "RUN")]
    pub(crate) resume: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) flags: RecipeFlags,
    /// Train N times, with seeds counted up from the recipe's
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub(crate) seeds: u64,
    /// Where to compute: cpu, or a GPU of builds that have one
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
    /// Folder for run folders
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub(crate) out: PathBuf,
    /// Name of the run folder [default: from data, network and seed]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Check everything, take one step in memory, write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// A further log: tensorboard
    #[arg(long, value_name = "LOG")]
    pub(crate) log: Vec<String>,
    /// Exit with 1 unless this holds at the end, such as 'top1>=0.9'
    #[arg(long, value_name = "CONDITION")]
    pub(crate) require: Vec<String>,
    /// Write no report.html at the end
    #[arg(long)]
    pub(crate) no_report: bool,
}

/// `timestep eval`
#[derive(Args, Debug)]
pub(crate) struct Eval {
    /// A weights file, or a run folder (its best weights)
    pub(crate) weights: PathBuf,
    /// Data set [default: the one it was trained on]
    #[arg(long, value_name = "NAME")]
    pub(crate) data: Option<String>,
    /// Folder of the data set
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Images in a batch
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) batch: u64,
    /// Exit with 1 unless this holds, such as 'top1>=0.9'
    #[arg(long, value_name = "CONDITION")]
    pub(crate) require: Vec<String>,
}

/// `timestep predict`
#[derive(Args, Debug)]
pub(crate) struct Predict {
    /// A weights file, or a run folder (its best weights)
    pub(crate) weights: PathBuf,
    /// Image files
    #[arg(required = true)]
    pub(crate) images: Vec<PathBuf>,
    /// How many classes to show
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) top: usize,
    /// Show grey files in all three channels to a network for RGB images
    #[arg(long)]
    pub(crate) grey_as_rgb: bool,
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
    /// How fast does the error fall with the step size?
    Order(OfScheme),
    /// With noise: how fast do means approach those of a stochastic differential equation?
    WeakOrder(WeakOrderArgs),
    /// For which hλ does a scheme stay bounded, and where are those of a trained network?
    Stability(StabilityArgs),
    /// Which differential equation does a scheme really solve?
    ModifiedEquation(Modified),
    /// What did a network learn: k_n, momentum, effective step, its equation
    Momentum(Momentum),
    /// Which way do images take through a trained network: norms, turns, a portrait
    Trace(TraceArgs),
    /// What did a restorer learn: step sizes, k_n, filters, influence functions
    Diffusion(DiffusionArgs),
}

/// `timestep analyze diffusion`
#[derive(Args, Debug)]
pub(crate) struct DiffusionArgs {
    /// Weights of TRD: a file, or bundled ones such as trd-7x7-s25
    pub(crate) model: PathBuf,
    /// Write filters and functions as a picture
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
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

/// `timestep list`
#[derive(Args, Debug)]
pub(crate) struct List {
    /// What to list
    #[arg(value_enum, default_value = "kinds")]
    pub(crate) kind: Kind,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// What can be listed
    Kinds,
    /// Published networks
    Networks,
    /// Schemes
    Schemes,
    /// Blocks
    Blocks,
    /// Noises
    Noises,
    /// Methods that remove noise from pictures
    Methods,
    /// Data sets
    Data,
    /// Recipes
    Recipes,
    /// Settings of a recipe
    Settings,
    /// Analyses
    Analyses,
    /// Logs
    Logs,
    /// Error codes
    Errors,
    /// Runs in `runs/`
    Runs,
}

/// `timestep explain`
#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// A scheme, block, noise, network, method, data set, recipe, setting, log, analysis or error code
    pub(crate) name: String,
}

/// `timestep cite`
#[derive(Args, Debug)]
pub(crate) struct Cite {
    /// A scheme, block, network, method, data set, weights file or run folder
    pub(crate) name: String,
}

/// `timestep data`
#[derive(Args, Debug)]
pub(crate) struct Data {
    #[command(subcommand)]
    pub(crate) action: DataAction,
}

/// What to do with data sets.
#[derive(Debug, Subcommand)]
pub(crate) enum DataAction {
    /// List the data sets
    List,
    /// Download a data set (the only command that uses the network)
    Fetch {
        /// Name of the data set
        name: String,
        /// Folder to put it in
        #[arg(long, value_name = "DIR", default_value = "data")]
        dir: PathBuf,
    },
    /// Check every file of a data set
    Verify {
        /// Name of the data set
        name: String,
        /// Its folder
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Write a sheet of images
    Preview {
        /// Name of the data set
        name: String,
        /// Its folder
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// Number of training images
        #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=4096))]
        count: u64,
        /// Picture to write
        #[arg(long, short, value_name = "FILE", default_value = "preview.png")]
        out: PathBuf,
    },
}

/// `timestep config`
#[derive(Args, Debug)]
pub(crate) struct Config {
    #[command(subcommand)]
    pub(crate) action: ConfigAction,
}

/// What to do with recipes.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigAction {
    /// Show every setting with where it came from
    Show {
        /// Recipe, recipe file or run folder [default: digits/lm-resnet-20]
        recipe: Option<String>,
        #[command(flatten)]
        flags: Box<RecipeFlags>,
    },
    /// Show in what two recipes or runs differ
    Diff {
        /// Recipe, recipe file or run folder
        left: String,
        /// Another
        right: String,
    },
    /// Print a commented recipe to start from
    New {
        /// Recipe to start from [default: digits/lm-resnet-20]
        recipe: Option<String>,
    },
}

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
}

/// What weights can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// safetensors without our metadata: `load_state_dict(load_file(…))` takes it
    Safetensors,
    /// NumPy's archive of arrays
    Npz,
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
