//! Ranks that speak through MPI, the engine of clusters: `mpirun` and `srun` start it, its library is on the machine.
//!
//! The library is opened when a process finds itself to be one of several, so one program suits every MPI, and nothing of
//! it is needed to build. Exchanges are started and then asked for, so that a rank that waits in vain can say so.

mod library;

use super::{ClusterError, Communicator, Launch, Launcher, SWITCH, Traffic};
use library::{Library, Number, Transfer};
use std::ops::Range;
use std::sync::Mutex;
use std::thread::ThreadId;
use std::time::{Duration, Instant};

/// Says for how many seconds a rank waits for others.
pub const TIMEOUT: &str = "TIMESTEP_MPI_TIMEOUT";

/// That long unless it is said.
const PATIENCE: u64 = 600;

/// A rank asks without a pause for that long, as most exchanges are done by then.
const EAGER: Duration = Duration::from_millis(20);

/// Then it sleeps between two questions, for this share of the time that it has waited already,
const NAP: u32 = 200;

/// but not longer than that.
const LONGEST_NAP: Duration = Duration::from_millis(50);

/// A rank of MPI.
#[derive(Debug)]
pub struct Mpi {
    library: Library,
    rank: usize,
    size: usize,
    /// MPI is asked by the thread that started it.
    thread: ThreadId,
    patience: u64,
    traffic: Mutex<Traffic>,
}

impl Mpi {
    /// Joins the ranks that were started with this process.
    ///
    /// # Errors
    /// [`ClusterError::NoLibrary`], [`ClusterError::NotStarted`] and [`ClusterError::OtherLibrary`];
    /// [`ClusterError::Patience`] for a time to wait that is none.
    pub fn join(launch: Launch) -> Result<Self, ClusterError> {
        let patience = match std::env::var(TIMEOUT) {
            Ok(text) => match text.parse() {
                Ok(seconds) if seconds > 0 => seconds,
                _ => return Err(ClusterError::Patience { text }),
            },
            Err(_) => PATIENCE,
        };
        let library = open(launch)?;
        let started = library.start();
        let [rank, size] = started.map_err(|code| ClusterError::NotStarted {
            library: library.name.clone(),
            code,
        })?;
        if size != launch.size {
            return Err(ClusterError::OtherLibrary {
                launcher: launch.launcher.name(),
                started: launch.size,
                seen: size,
                library: library.name.clone(),
            });
        }
        Ok(Self {
            library,
            rank,
            size,
            thread: std::thread::current().id(),
            patience,
            traffic: Mutex::default(),
        })
    }

    /// What the library was opened by.
    #[must_use]
    pub fn library(&self) -> &str {
        &self.library.name
    }

    /// Exchanges numbers; `patience` says for how many seconds the others are waited for.
    fn run<T: Number>(
        &self,
        transfer: Transfer<T>,
        patience: u64,
    ) -> Result<Transfer<T>, ClusterError> {
        assert_eq!(
            self.thread,
            std::thread::current().id(),
            "one thread speaks for a rank"
        );
        let began = Instant::now();
        let to_others = match transfer.to[..] {
            // Everybody gets the same.
            [(_, length)] => length * (self.size - 1),
            _ => {
                let others = transfer.to.iter().enumerate();
                others
                    .filter(|(rank, _)| *rank != self.rank)
                    .map(|(_, (_, length))| length)
                    .sum()
            }
        };
        let done = self.library.run(transfer, &mut || {
            let waited = began.elapsed();
            if waited < EAGER {
                std::thread::yield_now();
            } else {
                std::thread::sleep((waited / NAP).min(LONGEST_NAP));
            }
            waited.as_secs() < patience
        });
        let done = done.ok_or(ClusterError::Silent {
            rank: self.rank,
            seconds: patience,
        })?;
        if let Ok(mut traffic) = self.traffic.lock() {
            traffic.bytes += (to_others * size_of::<T>()) as u64;
            traffic.seconds += began.elapsed().as_secs_f64();
        }
        Ok(done)
    }

    /// Everything of every rank, one after the other.
    fn gather_all<T: Number>(
        &self,
        send: Vec<T>,
        lengths: Vec<usize>,
        patience: u64,
    ) -> Result<Vec<T>, ClusterError> {
        let transfer = Transfer {
            to: vec![(0, send.len())],
            receive: vec![T::default(); lengths.iter().sum()],
            send,
            from: lengths,
        };
        Ok(self.run(transfer, patience)?.receive)
    }

    /// The bytes of every rank, the first of which is waited for `patience` seconds.
    fn gather_after(&self, own: Vec<u8>, patience: u64) -> Result<Vec<Vec<u8>>, ClusterError> {
        let lengths = self.gather_all(vec![own.len() as u64], vec![1; self.size], patience)?;
        let lengths: Vec<usize> = lengths.iter().map(|length| *length as usize).collect();
        let all = self.gather_all(own, lengths.clone(), self.patience)?;
        let mut rest = &all[..];
        let each = lengths.into_iter().map(|length| {
            let (one, more) = rest.split_at(length);
            rest = more;
            one.to_vec()
        });
        Ok(each.collect())
    }
}

impl Communicator for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn gather(&self, own: Vec<u8>) -> Result<Vec<Vec<u8>>, ClusterError> {
        self.gather_after(own, self.patience)
    }

    fn meet(&self, own: Vec<u8>) -> Result<Vec<Vec<u8>>, ClusterError> {
        self.gather_after(own, u64::MAX)
    }

    fn numbers(&self, own: u64) -> Result<Vec<u64>, ClusterError> {
        self.gather_all(vec![own], vec![1; self.size], self.patience)
    }

    fn exchange(
        &self,
        values: Vec<f32>,
        to: &[Range<usize>],
        from: &[usize],
    ) -> Result<[Vec<f32>; 2], ClusterError> {
        let transfer = Transfer {
            send: values,
            receive: vec![0.0; from.iter().sum()],
            to: to.iter().map(|range| (range.start, range.len())).collect(),
            from: from.to_vec(),
        };
        let done = self.run(transfer, self.patience)?;
        Ok([done.send, done.receive])
    }

    fn join(&self, own: Vec<f32>, lengths: &[usize]) -> Result<Vec<f32>, ClusterError> {
        self.gather_all(own, lengths.to_vec(), self.patience)
    }

    fn traffic(&self) -> Traffic {
        self.traffic
            .lock()
            .map_or_else(|_| Traffic::default(), |traffic| *traffic)
    }

    fn finish(&self) {
        self.library.finish();
    }

    fn abort(&self, code: u8) {
        self.library.abort(code);
    }
}

/// Opens the library that belongs to the launcher, or the one that is named.
fn open(launch: Launch) -> Result<Library, ClusterError> {
    const OPEN_MPI: &[&str] = &["libmpi.so.40", "libmpi.40.dylib"];
    const MPICH: &[&str] = &["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib"];
    const STANDARD: &[&str] = &["libmpi_abi.so.1", "libmpi_abi.1.dylib"];
    let named = std::env::var(SWITCH).ok().filter(|name| !name.is_empty());
    let names: Vec<&str> = match (&named, launch.launcher) {
        (Some(name), _) => vec![name],
        (None, Launcher::OpenMpi) => [OPEN_MPI, STANDARD].concat(),
        (None, Launcher::Mpich) => [STANDARD, MPICH].concat(),
        (None, Launcher::Slurm) => [STANDARD, OPEN_MPI, MPICH].concat(),
    };
    let mut reasons = Vec::new();
    for name in names {
        match Library::open(name) {
            Ok(library) => return Ok(library),
            Err(reason) => reasons.push(reason),
        }
    }
    Err(ClusterError::NoLibrary {
        launcher: launch.launcher.name(),
        size: launch.size,
        reasons: reasons.join("; "),
    })
}
