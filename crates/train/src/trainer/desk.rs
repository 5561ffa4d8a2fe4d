//! What has a task at hand while it works? Logs, the clock, the folder, and whether it should go on.

use super::Options;
use crate::TrainError;
use crate::event::{Event, Sink};
use crate::recipe::TaskKind;
use crate::sinks::{self, ResumePoint};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use timestep_files::FolderLock;

/// Between two saved states within an epoch or phase.
const SAVE_EVERY: Duration = Duration::from_secs(300);

/// Why work stops before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Somebody asked for it.
    Asked,
    /// The time budget is used up.
    Time,
}

/// What a saved state remembers of the run itself, whatever the task.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ledger {
    /// Length of `events.jsonl`.
    pub log_bytes: Option<u64>,
    /// Seconds spent, earlier parts included.
    pub seconds: f64,
}

/// The part of a run in progress that is the same for every task.
pub struct Desk {
    folder: PathBuf,
    /// Only the first of several ranks writes into the folder.
    lock: Option<FolderLock>,
    options: Options,
    logs: Vec<Box<dyn Sink>>,
    started: Instant,
    spent_before: f64,
    deadline: Option<Instant>,
    saved: Instant,
}

impl Desk {
    /// Opens the logs of the run whose folder is locked, to continue from a state if one is given. A rank that has no lock
    /// has no logs.
    pub(super) fn open(
        folder: &Path,
        lock: Option<FolderLock>,
        options: Options,
        task: TaskKind,
        time_limit: Option<Duration>,
        resume: Option<(ResumePoint, f64)>,
    ) -> Result<Self, TrainError> {
        let asked = |key: &str| options.logs.iter().any(|log| log == key);
        let always = sinks::SINKS
            .all()
            .into_iter()
            .filter(|s| s.always && !asked(s.key))
            .map(|s| s.key);
        let mut logs = Vec::new();
        let all = always.chain(options.logs.iter().map(String::as_str));
        for key in all.filter(|_| lock.is_some()) {
            logs.push(sinks::open(key, folder, task, resume.map(|(at, _)| at))?);
        }
        let started = Instant::now();
        Ok(Self {
            folder: folder.to_owned(),
            lock,
            options,
            logs,
            started,
            spent_before: resume.map_or(0.0, |(_, seconds)| seconds),
            deadline: time_limit.map(|limit| started + limit),
            saved: started,
        })
    }

    /// Folder of the run.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether this process writes into the folder: one alone does, of several ranks the first.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.lock.is_some()
    }

    /// How the run is carried out.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The file of some weights: `last` or `best`.
    #[must_use]
    pub fn weights(&self, name: &str) -> PathBuf {
        self.folder().join(format!("weights/{name}.safetensors"))
    }

    /// Tells all logs and listeners.
    ///
    /// # Errors
    /// [`TrainError::Sink`] if one of them cannot record.
    pub fn tell(&mut self, event: &Event) -> Result<(), TrainError> {
        for sink in self
            .logs
            .iter_mut()
            .chain(self.options.listeners.iter_mut())
        {
            sink.on(event)?;
        }
        Ok(())
    }

    /// Seconds spent, earlier parts included.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.spent_before + self.started.elapsed().as_secs_f64()
    }

    /// Whether work should stop now, between two pieces of it. All ranks ask at the same places and get the same answer:
    /// they stop if any of them was asked to, or if for any of them the time is up.
    ///
    /// # Errors
    /// [`TrainError::Cluster`] if another rank is silent.
    pub fn stop(&self) -> Result<Option<Stop>, TrainError> {
        let late = self.deadline.is_some_and(|at| Instant::now() >= at);
        let own = match self.options.stop.load(Ordering::Relaxed) {
            true => 2,
            false => u64::from(late),
        };
        let all = self.options.ranks.numbers(own)?;
        Ok(match all.into_iter().max() {
            Some(2..) => Some(Stop::Asked),
            Some(1) => Some(Stop::Time),
            _ => None,
        })
    }

    /// Whether the last saved state is old.
    #[must_use]
    pub fn save_due(&self) -> bool {
        self.saved.elapsed() >= SAVE_EVERY
    }

    /// Forces the logs to the disk, so that none is behind the state that is saved next.
    ///
    /// # Errors
    /// [`TrainError::Sink`] if the disk refuses.
    pub fn ledger(&mut self) -> Result<Ledger, TrainError> {
        self.flush()?;
        self.saved = Instant::now();
        Ok(Ledger {
            log_bytes: self.logs.iter().find_map(|log| log.position()),
            seconds: self.seconds(),
        })
    }

    /// Refuses to go on where the folder is not there any more, or is another one: the logs would not notice, and
    /// weights would get into the run of somebody else.
    pub(super) fn check_folder(&self) -> Result<(), TrainError> {
        match self.lock.as_ref().is_some_and(FolderLock::is_gone) {
            true => Err(TrainError::Gone {
                run: self.folder().to_owned(),
            }),
            false => Ok(()),
        }
    }

    /// Forces the logs to the disk.
    pub(super) fn flush(&mut self) -> Result<(), TrainError> {
        self.check_folder()?;
        for log in &mut self.logs {
            log.flush()?;
        }
        Ok(())
    }
}
