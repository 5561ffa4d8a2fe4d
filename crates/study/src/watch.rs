//! How far is a run, and how does it go? Read from `events.jsonl` while the run goes on, and after its end.

use crate::answer;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use timestep_train::event::{EndReason, Event, Measured, Position, What};
use timestep_train::files::{Action, FileError};
use timestep_train::recipe::{AnyResolved, parse_time};
use timestep_train::sinks::SINKS;
use timestep_train::{TrainError, run};

/// Epochs whose mean time stands for those to come.
const RECENT: usize = 3;
/// A run that says nothing for so long may be dead: its lock is looked at.
const SILENCE: Duration = Duration::from_secs(5);

answer! {
    /// How far a run is.
    pub struct Watched {
        /// The folder of the run, as it was given.
        pub run: String,
        /// `waiting` (nothing was written yet), `running`, `finished`, `time`, `patience`, `interrupted`, `diverged`, or `stopped` (its process is gone
        /// without a word).
        pub status: &'static str,
        /// Its recipe.
        pub recipe: String,
        /// The network or the restorer.
        pub model: String,
        /// What it is trained on: a data set, or `pictures`.
        pub data: String,
        /// What `done` counts: `epoch` or `phase`.
        pub unit: &'static str,
        /// Epochs or phases that are complete.
        pub done: usize,
        /// Epochs or phases planned.
        pub of: usize,
        /// Optimiser steps, or evaluations of a restorer, that are known to be taken.
        pub step: usize,
        /// Optimiser steps planned; null for a restorer, whose phases end when they stop to gain.
        pub steps: Option<usize>,
        /// Seconds of training that are logged.
        pub seconds: f64,
        /// Seconds to the end, by the last epochs and the budget of time; null where nothing is known: before the first epoch is over, for
        /// restorers, after the end.
        pub eta: Option<f64>,
        /// What `score` is: `top1` (a share from 0 to 1) or `psnr` (dB).
        pub measure: &'static str,
        /// Measured after each epoch or phase on the test images (a restorer without any: on the training pictures).
        pub score: Vec<f64>,
        /// The best of them; null before the first.
        pub best: Option<f64>,
        /// Mean loss of each epoch on the training images; of a restorer of each evaluation.
        pub loss: Vec<f64>,
        /// Loss of each epoch on the test images.
        pub test_loss: Vec<f64>,
        /// Learning rate of the last step; null for a restorer.
        pub lr: Option<f64>,
        /// Images per second in the last epoch; null before it.
        pub images_per_second: Option<f64>,
        /// Learned coefficients k_n after the last epoch, by segment and step; null for a step that has none.
        pub memory_k: Vec<Vec<Option<f64>>>,
        /// Mean of the learned coefficients after each epoch; empty where there are none.
        pub mean_k: Vec<f64>,
        /// Warnings.
        pub warnings: Vec<String>,
    }
}

/// A run that is watched: what was read of its log so far.
#[derive(Debug)]
pub struct Follower {
    folder: PathBuf,
    log: PathBuf,
    read: u64,
    rest: Vec<u8>,
    heard: Instant,
    budget: Option<Duration>,
    epochs: Vec<f64>,
    per_epoch: usize,
    found: Watched,
}

impl Follower {
    /// Begins to watch the run in a folder.
    ///
    /// # Errors
    /// [`TrainError::NotARun`] for another folder, [`TrainError::Recipe`] for a recipe of another version.
    pub fn new(folder: &Path) -> Result<Self, TrainError> {
        let (budget, unit, measure) = match run::layers(folder)?.resolve_any()? {
            AnyResolved::Classify(resolved) => {
                let budget = parse_time(&resolved.recipe.train.time).ok().flatten();
                (budget, "epoch", "top1")
            }
            AnyResolved::Restore(_) => (None, "phase", "psnr"),
        };
        Ok(Self {
            folder: folder.to_owned(),
            log: log(folder),
            read: 0,
            rest: Vec::new(),
            heard: Instant::now(),
            budget: budget.filter(|time| !time.is_zero()),
            epochs: Vec::new(),
            per_epoch: 0,
            found: Watched::waiting(folder, unit, measure),
        })
    }

    /// Reads what was written since, and says how far the run is.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn look(&mut self) -> Result<&Watched, TrainError> {
        self.hear()?;
        if self.found.status == "running" && self.heard.elapsed() >= SILENCE {
            // Nobody holds the lock of a run whose process is gone.
            match run::lock(&self.folder) {
                Ok(_) => self.found.status = "stopped",
                Err(_) => self.heard = Instant::now(),
            }
        }
        self.found.eta = self.eta();
        Ok(&self.found)
    }

    /// Whether nothing will follow, unless the run is resumed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !matches!(self.found.status, "running" | "waiting")
    }

    /// Asks at once whether the process of a silent run is gone.
    pub fn impatient(&mut self) {
        self.heard = self.heard.checked_sub(SILENCE).unwrap_or(self.heard);
    }

    fn hear(&mut self) -> Result<(), TrainError> {
        let fail = |error| TrainError::from(FileError::new(Action::Read, &self.log, error));
        let mut file = match File::open(&self.log) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            opened => opened.map_err(fail)?,
        };
        let length = file.metadata().map_err(fail)?.len();
        if length < self.read {
            // A resumed run cuts its log back to the saved state.
            let waiting = Watched::waiting(&self.folder, self.found.unit, self.found.measure);
            (self.read, self.found) = (0, waiting);
            self.rest.clear();
            self.epochs.clear();
        }
        if length == self.read {
            return Ok(());
        }
        let mut new = Vec::new();
        file.seek(SeekFrom::Start(self.read)).map_err(fail)?;
        file.take(length - self.read)
            .read_to_end(&mut new)
            .map_err(fail)?;
        self.read += new.len() as u64;
        self.heard = Instant::now();
        self.rest.extend(new);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            // Events of later versions are none of ours; `timestep report` says what is damaged.
            if let Ok(event) = serde_json::from_slice(&line) {
                self.take(event);
            }
        }
        Ok(())
    }

    fn take(&mut self, event: Event) {
        let found = &mut self.found;
        match event {
            Event::Start { recipe, what, .. } => {
                (found.recipe, found.status) = (recipe, "running");
                match what {
                    What::Classifier {
                        network,
                        data,
                        epochs,
                        steps_per_epoch,
                        ..
                    } => {
                        (found.model, found.data, found.of) = (network, data, epochs);
                        found.steps = Some(epochs * steps_per_epoch);
                        self.per_epoch = steps_per_epoch;
                    }
                    What::Restorer(start) => {
                        (found.model, found.data) = (start.model, "pictures".to_owned());
                        found.of = start.phases;
                    }
                }
            }
            Event::Step { step, lr, .. } => (found.step, found.lr) = (step, Some(lr)),
            Event::Epoch {
                epoch,
                step,
                train,
                test,
                lr,
                images_per_second,
                seconds,
                memory_k,
                ..
            } => {
                (found.done, found.step, found.lr) = (epoch, step, Some(lr));
                found.loss.push(train.loss);
                found.test_loss.push(test.loss);
                found.scored(test.top1);
                found.images_per_second = Some(images_per_second);
                found.seconds += seconds;
                let all: Vec<f64> = memory_k.iter().flatten().flatten().copied().collect();
                if !all.is_empty() {
                    let mean = all.iter().sum::<f64>() / all.len() as f64;
                    found.mean_k.push(mean);
                }
                found.memory_k = memory_k;
                self.epochs.push(seconds);
            }
            Event::Evaluation {
                evaluation,
                loss,
                seconds,
                ..
            } => {
                (found.step, found.seconds) = (evaluation, seconds);
                found.loss.push(loss);
            }
            Event::PhaseEnd {
                restored, seconds, ..
            } => {
                (found.done, found.step, found.seconds) =
                    (restored.phase, restored.evaluation, seconds);
                found.scored(restored.counted());
            }
            Event::Warning { message, .. } => found.warnings.push(message),
            Event::Diverged { at, .. } => found.ended("diverged", at),
            Event::Interrupted { at, .. } => found.ended("interrupted", at),
            Event::End {
                measured,
                seconds,
                reason,
            } => {
                found.status = match reason {
                    EndReason::Time => "time",
                    EndReason::Patience => "patience",
                    EndReason::Epochs | EndReason::Phases => "finished",
                };
                found.seconds = seconds;
                match measured {
                    Measured::Classifier { step, .. } => found.step = step,
                    Measured::Restorer { last, .. } => found.step = last.evaluation,
                }
            }
            _ => {}
        }
    }

    /// Seconds to the end, by the last epochs.
    fn eta(&self) -> Option<f64> {
        let found = &self.found;
        let recent = &self.epochs[self.epochs.len().saturating_sub(RECENT)..];
        let steps = found.steps.filter(|_| found.status == "running")?;
        if recent.is_empty() {
            return None;
        }
        let epoch = recent.iter().sum::<f64>() / recent.len() as f64;
        // Steps are logged now and then; the clock knows better how far an epoch is.
        let since = self.heard.elapsed().as_secs_f64();
        let logged = (steps - found.step.min(steps)) as f64 / self.per_epoch.max(1) as f64;
        let left = (logged * epoch - since).max(0.0);
        let allowed = self.budget.map_or(f64::INFINITY, |budget| {
            (budget.as_secs_f64() - found.seconds).max(0.0)
        });
        Some(left.min(allowed))
    }
}

/// The log of a run that has every event.
#[must_use]
pub fn log(folder: &Path) -> PathBuf {
    folder.join(SINKS.find("jsonl").map_or("events.jsonl", |sink| sink.file))
}

impl Watched {
    fn waiting(folder: &Path, unit: &'static str, measure: &'static str) -> Self {
        Self {
            run: folder.display().to_string(),
            status: "waiting",
            recipe: String::new(),
            model: String::new(),
            data: String::new(),
            unit,
            done: 0,
            of: 0,
            step: 0,
            steps: None,
            seconds: 0.0,
            eta: None,
            measure,
            score: Vec::new(),
            best: None,
            loss: Vec::new(),
            test_loss: Vec::new(),
            lr: None,
            images_per_second: None,
            memory_k: Vec::new(),
            mean_k: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn scored(&mut self, score: f64) {
        self.score.push(score);
        self.best = Some(self.best.map_or(score, |best| best.max(score)));
    }

    fn ended(&mut self, status: &'static str, at: Position) {
        (self.status, self.step) = (status, at.count());
    }
}
