//! How do several processes train one network, with the bits that one process finds?
//!
//! A batch is cut into `train.shards` shards, whose images follow from their places in the whole batch. Every rank
//! computes some of them; the gradients of all are added along a [tree](tree) that knows shards and no ranks. How many
//! processes there are therefore changes no bit. What ranks say to each other is the trait [`Communicator`]: one
//! process alone says nothing, and [`mpi`] speaks through the MPI library of the machine.

pub mod gather;
mod launch;
pub mod mpi;
mod place;
mod report;
pub mod sum;
pub mod tree;

pub use launch::{Launch, Launcher, SWITCH, launch};
pub use place::Place;
pub(crate) use report::{Part, Report};

use std::fmt::Debug;
use std::ops::Range;

/// What the ranks of a run say to each other. All of them call the same methods in the same order.
pub trait Communicator: Debug + Send + Sync {
    /// The number of this process, from 0.
    fn rank(&self) -> usize;

    /// How many processes there are.
    fn size(&self) -> usize;

    /// The bytes of every rank, in the order of ranks.
    ///
    /// # Errors
    /// [`ClusterError::Silent`] if a rank says nothing for too long.
    fn gather(&self, own: Vec<u8>) -> Result<Vec<Vec<u8>>, ClusterError>;

    /// As [`gather`](Self::gather), for ranks that come from work of their own: they are waited for as long as it takes.
    ///
    /// # Errors
    /// [`ClusterError::Silent`] if a rank that has come says nothing more.
    fn meet(&self, own: Vec<u8>) -> Result<Vec<Vec<u8>>, ClusterError>;

    /// The number of every rank, in the order of ranks.
    ///
    /// # Errors
    /// As [`gather`](Self::gather).
    fn numbers(&self, own: u64) -> Result<Vec<u64>, ClusterError>;

    /// Sends the range `to[r]` of `values` to each rank `r`, and receives `from[r]` numbers of it; returns `values` and
    /// what was received, in the order of ranks.
    ///
    /// # Errors
    /// As [`gather`](Self::gather).
    fn exchange(
        &self,
        values: Vec<f32>,
        to: &[Range<usize>],
        from: &[usize],
    ) -> Result<[Vec<f32>; 2], ClusterError>;

    /// The numbers of all ranks one after the other; rank `r` gives `lengths[r]` of them.
    ///
    /// # Errors
    /// As [`gather`](Self::gather).
    fn join(&self, own: Vec<f32>, lengths: &[usize]) -> Result<Vec<f32>, ClusterError>;

    /// What was sent so far, and how long this took.
    fn traffic(&self) -> Traffic;

    /// Ends well: no rank says anything more.
    fn finish(&self);

    /// Ends all ranks at once with an exit code, wherever they are.
    fn abort(&self, code: u8);
}

/// What a rank sent, and the time it spent in sending and waiting.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traffic {
    /// Bytes sent to other ranks.
    pub bytes: u64,
    /// Seconds from the begin of each exchange to its end.
    pub seconds: f64,
}

/// One process, which has nobody to talk to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Communicator for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn gather(&self, own: Vec<u8>) -> Result<Vec<Vec<u8>>, ClusterError> {
        Ok(vec![own])
    }

    fn meet(&self, own: Vec<u8>) -> Result<Vec<Vec<u8>>, ClusterError> {
        self.gather(own)
    }

    fn numbers(&self, own: u64) -> Result<Vec<u64>, ClusterError> {
        Ok(vec![own])
    }

    fn exchange(
        &self,
        values: Vec<f32>,
        to: &[Range<usize>],
        _from: &[usize],
    ) -> Result<[Vec<f32>; 2], ClusterError> {
        let received = to.iter().flat_map(|range| values[range.clone()].to_vec());
        let received = received.collect();
        Ok([values, received])
    }

    fn join(&self, own: Vec<f32>, _lengths: &[usize]) -> Result<Vec<f32>, ClusterError> {
        Ok(own)
    }

    fn traffic(&self) -> Traffic {
        Traffic::default()
    }

    fn finish(&self) {}

    fn abort(&self, _code: u8) {}
}

/// Why ranks cannot work together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ClusterError {
    /// There is no MPI library that can be opened.
    #[error(
        "this process is one of {size} that {launcher} started, and no MPI library can be opened: {reasons}"
    )]
    NoLibrary {
        /// Who started it.
        launcher: &'static str,
        /// How many were started.
        size: usize,
        /// What was tried.
        reasons: String,
    },
    /// The library found other ranks than the launcher started.
    #[error("{launcher} started {started} processes, and the MPI library `{library}` sees {seen}")]
    OtherLibrary {
        /// Who started them.
        launcher: &'static str,
        /// How many were started.
        started: usize,
        /// How many the library sees.
        seen: usize,
        /// Path or name of the library.
        library: String,
    },
    /// The library did not start.
    #[error("the MPI library `{library}` did not start: its error {code}")]
    NotStarted {
        /// Path or name of the library.
        library: String,
        /// What it returned.
        code: i32,
    },
    /// A time to wait that is none.
    #[error("{}={text} is no number of seconds", mpi::TIMEOUT)]
    Patience {
        /// What the variable says.
        text: String,
    },
    /// A rank said nothing for too long.
    #[error("rank {rank} waited {seconds} s for the other ranks in vain")]
    Silent {
        /// Who waited.
        rank: usize,
        /// How long.
        seconds: u64,
    },
    /// More ranks than there is work for.
    #[error("{ranks} ranks are to share batches of {shards} {}", if *.shards == 1 { "shard" } else { "shards" })]
    TooManyRanks {
        /// Processes.
        ranks: usize,
        /// Parts of a batch.
        shards: usize,
    },
    /// Something that one process does.
    #[error("{what} in one process, and this is one of {ranks}")]
    OneProcess {
        /// What it is, with its verb: `restorers are trained`.
        what: String,
        /// Processes.
        ranks: usize,
    },
    /// Ranks that do not do the same.
    #[error("{what} of rank {rank} and rank 0 differ")]
    Differ {
        /// What differs: `the data`.
        what: String,
        /// Whose.
        rank: usize,
    },
}

impl ClusterError {
    /// One action that helps.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            ClusterError::NoLibrary { .. } => format!(
                "install Open MPI or MPICH, or name the library in {SWITCH}; {SWITCH}=off lets every process work by itself"
            ),
            ClusterError::OtherLibrary { .. } => format!(
                "start with the `mpirun` of that library, or name the library of this one in {SWITCH}, such as \
                 {SWITCH}=/usr/lib/x86_64-linux-gnu/libmpi.so.40"
            ),
            ClusterError::NotStarted { .. } => {
                "`mpirun -n 2 hostname` shows whether MPI works at all".to_owned()
            }
            ClusterError::Patience { .. } => "600 waits for ten minutes, as without it".to_owned(),
            ClusterError::Silent { .. } => format!(
                "see whether another process was stopped or its disk hangs; continue with --resume; {} sets the seconds",
                mpi::TIMEOUT
            ),
            ClusterError::TooManyRanks { ranks, .. } => format!(
                "start fewer processes, or a new run with `--set train.shards={ranks}`: a rank computes whole shards"
            ),
            ClusterError::OneProcess { .. } => {
                format!("start it without mpirun or srun, or set {SWITCH}=off to run so many by themselves")
            }
            ClusterError::Differ { what, .. } if what.contains("kernels") => {
                "their processors have other instructions: set TIMESTEP_ISA, for instance to avx2, for all of them".to_owned()
            }
            ClusterError::Differ { .. } => {
                "start all with the same program, recipe and files; folders must be seen by every machine".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod run_tests;
