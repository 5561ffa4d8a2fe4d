//! What can be asked of `timestep list`, `explain` and `cite`?

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use std::sync::LazyLock;
use timestep_registry::Kind;

/// `timestep list`
#[derive(Args, Debug)]
pub(crate) struct List {
    /// What to list
    #[arg(value_enum, default_value = "kinds")]
    pub(crate) kind: Listed,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    /// What can be listed.
    Kinds,
    /// Everything of a kind.
    Of(Kind),
    /// Trained weights: those of the program, and those in `weights/`.
    Weights,
    /// The runs in `runs/`.
    Runs,
}

impl Listed {
    /// All of them, in the order of lists.
    pub(crate) fn all() -> Vec<Self> {
        let kinds = Kind::ALL.iter().copied().map(Listed::Of);
        let all = std::iter::once(Listed::Kinds).chain(kinds);
        all.chain([Listed::Weights, Listed::Runs]).collect()
    }

    /// The word on the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Listed::Kinds => "kinds",
            Listed::Of(kind) => kind.plural(),
            Listed::Weights => "weights",
            Listed::Runs => "runs",
        }
    }

    /// What it is, in one phrase.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Listed::Kinds => "What can be listed",
            Listed::Of(kind) => kind.title(),
            Listed::Weights => "Trained weights: in the program, and files in `weights/`",
            Listed::Runs => "Runs in `runs/`",
        }
    }
}

impl ValueEnum for Listed {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<Listed>> = LazyLock::new(Listed::all);
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.word()).help(self.title()))
    }
}

/// `timestep explain`
#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// A scheme, block, body, noise, optimiser, schedule, network, method, data set, recipe, setting, log, device, analysis or error code
    pub(crate) name: String,
}

/// `timestep cite`
#[derive(Args, Debug)]
pub(crate) struct Cite {
    /// A scheme, block, noise, optimiser, network, method, data set, weights file or run folder
    pub(crate) name: String,
}
