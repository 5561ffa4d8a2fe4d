//! What can be asked of `timestep list`, `explain` and `cite`?

use clap::{Args, ValueEnum};

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
    /// Optimisers
    Optimisers,
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
    /// A scheme, block, noise, optimiser, network, method, data set, recipe, setting, log, analysis or error code
    pub(crate) name: String,
}

/// `timestep cite`
#[derive(Args, Debug)]
pub(crate) struct Cite {
    /// A scheme, block, noise, optimiser, network, method, data set, weights file or run folder
    pub(crate) name: String,
}
