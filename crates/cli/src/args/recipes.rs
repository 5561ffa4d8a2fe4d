//! What can be asked of `timestep data` and `timestep config`?

use super::{Overwrite, RecipeFlags};
use clap::{Args, Subcommand};
use std::path::PathBuf;

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
        /// Name of the data set, or a folder, list or file of pictures
        name: String,
        /// Its folder
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Write a sheet of images
    Preview {
        /// Name of the data set, or a folder, list or file of pictures
        name: String,
        /// Its folder
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// Number of training images
        #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=4096))]
        count: u64,
        /// Show each image as N epochs of training see it too, a row for each
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=64))]
        augmented: Option<u64>,
        /// A setting of the recipe that says how, such as data.cutout=8
        #[arg(long = "set", value_name = "KEY=VALUE", requires = "augmented")]
        sets: Vec<String>,
        /// Picture to write
        #[arg(long, short, value_name = "FILE", default_value = "preview.png")]
        out: PathBuf,
        #[command(flatten)]
        overwrite: Overwrite,
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
