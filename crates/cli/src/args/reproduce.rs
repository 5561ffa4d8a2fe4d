//! What can be asked of `timestep reproduce`?

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `timestep reproduce`
#[derive(Args, Debug)]
#[command(after_help = AFTER)]
pub(crate) struct Reproduce {
    /// The table
    #[arg(value_enum)]
    pub(crate) table: TableName,
    /// How much work: quick shows in minutes that every row runs, full trains as published [default: quick]
    #[arg(long, value_enum)]
    pub(crate) budget: Option<BudgetName>,
    /// Data set in place of the published ones [default for quick: digits]
    #[arg(long, value_name = "NAME")]
    pub(crate) data: Option<String>,
    /// Folder of the data
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Epochs of every row, in one cycle of the learning rate
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) epochs: Option<u64>,
    /// Training images, the same for every row
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) images: Option<u64>,
    /// Train every row N times, with seeds from 0 [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub(crate) seeds: Option<u64>,
    /// Only rows whose recipe contains one of these, such as lm-resnet-20,cifar100
    #[arg(long, value_name = "TEXT,…", value_delimiter = ',')]
    pub(crate) rows: Vec<String>,
    /// Where to compute: cpu, or a GPU in builds that have one [default: cpu]
    #[arg(long)]
    pub(crate) device: Option<String>,
    /// Folder of the runs; a table that was stopped goes on there [default: reproduce/TABLE-BUDGET]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Show the plan with an estimate of hours on this machine; write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Show the table with what is there so far; train nothing
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) render: bool,
}

/// Shown at the end of `--help`.
const AFTER: &str = "\
Examples:
  timestep reproduce table1                     which network is which scheme
  timestep reproduce table2                     every row for a few epochs on the digits
  timestep reproduce table2 --budget full --data-dir data --dry-run
  timestep reproduce table4 --data image-folder --data-dir cifar --images 5000 --epochs 5
  timestep reproduce runtime                    restoration, 256² to 1024² pixels";

/// The tables of the talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableName {
    /// Networks and the schemes that they are
    Table1,
    /// LM-ResNet and LM-ResNeXt on CIFAR
    Table2,
    /// LM-ResNet on ImageNet
    Table3,
    /// Stochastic training on CIFAR-10
    Table4,
    /// Seconds that restoration takes
    Runtime,
    /// The learned momentum of LM-ResNets, with its plot
    Momentum,
    /// Our own: schemes with one block under one protocol
    Schemes,
    /// Our own: what came later (implicit, chosen steps, parabolic, Hamiltonian, split), with distances to an equation
    Field,
}

/// How much work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BudgetName {
    /// Minutes
    Quick,
    /// As published
    Full,
}
