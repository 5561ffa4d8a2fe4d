//! How are the runs of a table made? Each in one of the ranks, from its beginning or from where it was stopped.

use super::{Progress, Reproduction, Task};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timestep_nets::Engine;
use timestep_train::cluster::{Alone, Communicator};
use timestep_train::event::Sink;
use timestep_train::trainer::{self, Options, Outcome};
use timestep_train::{Setup, TrainError, files, run as runs};

/// Who works, and what computes.
pub struct Workers<'a> {
    /// The processes that share the runs out.
    pub ranks: &'a dyn Communicator,
    /// What computes in each of them.
    pub engine: &'a Arc<dyn Engine>,
    /// Threads of each of them.
    pub threads: usize,
    /// Set when a person wants it to stop.
    pub stop: &'a Arc<AtomicBool>,
}

/// What is told on the way, and to whom.
pub trait Watcher {
    /// A sentence for a person.
    fn note(&self, text: &str);

    /// Who listens to the events of the next run.
    fn listeners(&self) -> Vec<Box<dyn Sink>>;

    /// A run of the first rank is done: the table may be written.
    ///
    /// # Errors
    /// [`TrainError::File`] if the disk refuses.
    fn done(&self) -> Result<(), TrainError>;
}

impl Reproduction {
    /// Trains what is not done yet; `false` if a person stopped one of the runs.
    ///
    /// # Errors
    /// [`TrainError`] if the folder is taken, another rank is silent, or a run fails.
    pub fn work(
        &self,
        tasks: &[Task],
        workers: &Workers<'_>,
        watcher: &dyn Watcher,
    ) -> Result<bool, TrainError> {
        let ranks = workers.ranks;
        // The first rank takes the folder for all, until the work is done.
        let _lock = match ranks.rank() {
            0 => Some(self.begin()?),
            _ => None,
        };
        ranks.numbers(0)?;
        let done = self.work_of_rank(tasks, workers, watcher)?;
        let all = ranks.meet(vec![u8::from(done)])?;
        Ok(all.iter().all(|done| done == &[1]))
    }

    /// Trains what is not done yet of this rank's runs.
    fn work_of_rank(
        &self,
        tasks: &[Task],
        workers: &Workers<'_>,
        watcher: &dyn Watcher,
    ) -> Result<bool, TrainError> {
        let (rank, size) = (workers.ranks.rank(), workers.ranks.size());
        for (n, task) in tasks.iter().enumerate().skip(rank).step_by(size) {
            let progress = self.progress(task);
            if !matches!(progress, Progress::Waiting | Progress::Begun) {
                continue;
            }
            let (row, all, recipe) = (n + 1, tasks.len(), task.recipe);
            watcher.note(&format!("row {row} of {all}: {recipe}, seed {}", task.seed));
            match self.train(task, &progress, workers, watcher)? {
                None | Some(Outcome::Finished { .. }) => {}
                Some(Outcome::Interrupted(_)) => return Ok(false),
                Some(Outcome::Diverged { at, .. }) => {
                    watcher.note(&format!("{recipe} diverged in {at}; the table says so"));
                }
            }
            if rank == 0 {
                watcher.done()?;
            }
        }
        Ok(true)
    }

    /// Trains one run; `None` if its network cannot take the images.
    fn train(
        &self,
        task: &Task,
        progress: &Progress,
        workers: &Workers<'_>,
        watcher: &dyn Watcher,
    ) -> Result<Option<Outcome>, TrainError> {
        let options = Options {
            engine: workers.engine.clone(),
            threads: workers.threads,
            ranks: Arc::new(Alone),
            stop: workers.stop.clone(),
            logs: Vec::new(),
            listeners: watcher.listeners(),
        };
        let setup = match Setup::new(self.budget.recipe(task.recipe, task.sets, task.seed)?) {
            Err(TrainError::Net(why)) => {
                // FractalNet halves its images five times: the digits are too small for it.
                watcher.note(&format!("{} is left out: {why}", task.recipe));
                self.refuse(task, &why.to_string())?;
                return Ok(None);
            }
            setup => setup?,
        };
        if *progress == Progress::Begun {
            return trainer::resume(&setup, &task.folder, options).map(Some);
        }
        if task.folder.exists() {
            // It was stopped before its first state was saved: there is nothing to go on from.
            drop(runs::lock(&task.folder)?);
            std::fs::remove_dir_all(&task.folder)
                .map_err(|e| files::FileError::new(files::Action::Write, &task.folder, e))?;
        }
        let name = task.folder.file_name().unwrap_or_default();
        runs::create(&self.folder, &name.to_string_lossy())?;
        trainer::train(&setup, &task.folder, options).map(Some)
    }
}
