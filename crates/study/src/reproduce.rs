//! How is a published table made again? Row by row, as ordinary runs in one folder, at a stated budget.
//!
//! A row is done when its run has ended; a run that was stopped in the middle is continued. The budget is
//! written into the folder, so rows of different budgets never stand in one table.

mod answer;
mod field;
mod pace;
mod plan;
mod work;

pub use answer::{ReproducedRow, ReproducedTable};
pub use field::{FieldRow, FieldTable};
pub use plan::{Plan, PlannedRun};
pub use work::{Watcher, Workers};

use crate::tables::PublishedTable;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use timestep_data::{DatasetInfo, ImageShape};
use timestep_files::FolderLock;
use timestep_train::checkpoint::STATE;
use timestep_train::event::{Event, Measured, TestMetrics};
use timestep_train::recipe::{Layers, Resolved};
use timestep_train::{TrainError, files};

/// What the runs of a table are given to work with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// `quick`, `full`, or `custom` where a number was changed.
    pub name: String,
    /// Epochs of every row; 0: as its recipe says.
    pub epochs: usize,
    /// Training images; 0: all.
    pub images: usize,
    /// Data set that takes the place of the published one; empty: none does.
    pub data: String,
    /// Folder of the data; empty: the usual place.
    pub data_dir: String,
    /// Seeds of every row, counted from 0.
    pub seeds: u64,
}

impl Budget {
    /// A few epochs on the embedded digits: shows that every row runs, says nothing about its error.
    #[must_use]
    pub fn quick() -> Self {
        Self {
            name: "quick".into(),
            epochs: 2,
            images: 0,
            data: "digits".into(),
            data_dir: String::new(),
            seeds: 1,
        }
    }

    /// Everything as published.
    #[must_use]
    pub fn full() -> Self {
        Self {
            name: "full".into(),
            epochs: 0,
            images: 0,
            data: String::new(),
            data_dir: String::new(),
            seeds: 1,
        }
    }

    /// What a reader of the table must know.
    #[must_use]
    pub fn describe(&self) -> String {
        let epochs = match self.epochs {
            0 => "all epochs of the published recipes".to_owned(),
            n => format!(
                "{n} epochs in one cycle of the learning rate instead of the published ones"
            ),
        };
        let images = match self.images {
            0 => "all training images".to_owned(),
            n => format!("{n} training images"),
        };
        let data = match self.data.as_str() {
            "" => "the published data sets".to_owned(),
            data => format!("`{data}` instead of the published data"),
        };
        let batch = match self.small() {
            Some(_) => ", batches of 32",
            None => "",
        };
        let seeds = match self.seeds {
            // A file may say so.
            0 => "no seed".to_owned(),
            1 => "seed 0".to_owned(),
            n => format!("seeds 0 to {}", n - 1),
        };
        format!(
            "budget `{}`: {epochs}, {images}, {data}{batch}, {seeds}",
            self.name
        )
    }

    /// The data that is trained on in place of the published one, if its images are smaller than any of those.
    fn small(&self) -> Option<(&'static DatasetInfo, ImageShape)> {
        let data = timestep_data::info(&self.data).ok()?;
        let shape = data.shape.filter(|shape| shape.height < 32)?;
        Some((data, shape))
    }

    /// The recipe of a row under this budget.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] with all problems.
    pub fn recipe(&self, name: &str, sets: &[&str], seed: u64) -> Result<Resolved, TrainError> {
        let mut layers = Layers::load(name);
        for set in sets {
            layers.set(set);
        }
        let from = format!("--budget {}", self.name);
        let mut give = |path: &str, text: &str| {
            layers.flag(&from, path, text);
        };
        give("train.seed", &seed.to_string());
        if self.epochs > 0 {
            give("train.epochs", &self.epochs.to_string());
            give("schedule.name", "one-cycle");
            give("schedule.warmup_epochs", "0");
        }
        if self.images > 0 {
            give("data.limit", &self.images.to_string());
        }
        if !self.data.is_empty() {
            give("data.name", &self.data);
        }
        if let Some((data, shape)) = self.small() {
            // Few images: batches as large as the published ones would be eleven steps per epoch.
            give("train.batch", "32");
            // As much of the side as 4 pixels of 32.
            give("data.pad", &(shape.height / 8).to_string());
            if !data.mirrors {
                give("data.flip", "false");
            }
            give("data.crop", "pad");
            give("data.size", "0");
            give("data.resize", "0");
            give("data.mean", "[]");
            give("data.std", "[]");
        }
        if !self.data_dir.is_empty() {
            give("data.dir", &self.data_dir);
        }
        Ok(layers.resolve()?)
    }
}

/// One run of a table: a row under a seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Position of the row in the table.
    pub row: usize,
    /// Seed.
    pub seed: u64,
    /// Recipe before the budget.
    pub recipe: &'static str,
    /// Settings on top of it.
    pub sets: &'static [&'static str],
    /// Folder of the run.
    pub folder: PathBuf,
}

/// How far the run of a task is.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Not begun, or stopped before anything was saved.
    Waiting,
    /// Stopped in the middle.
    Begun,
    /// A number became non-finite.
    Diverged,
    /// Its network cannot take the images of this budget; a sentence.
    Refused(String),
    /// It ended with this.
    Done(TestMetrics),
}

/// A table that is being made again in a folder.
#[derive(Clone, Debug)]
pub struct Reproduction {
    /// The table.
    pub table: &'static PublishedTable,
    /// The budget.
    pub budget: Budget,
    /// Where the runs are.
    pub folder: PathBuf,
}

/// Why a run cannot be, in its folder.
const REFUSED: &str = "refused.txt";

/// The budget in the folder of a table.
const PLAN: &str = "budget.json";

impl Progress {
    /// In a word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Begun => "begun",
            Self::Diverged => "diverged",
            Self::Refused(_) => "refused",
            Self::Done(_) => "done",
        }
    }
}

impl Reproduction {
    /// A table in a folder.
    ///
    /// # Errors
    /// [`TrainError::OtherBudget`] if the folder holds runs of another budget, [`TrainError::File`] and
    /// [`TrainError::Damaged`] if it cannot be read.
    pub fn open(
        table: &'static PublishedTable,
        budget: Budget,
        folder: &Path,
    ) -> Result<Self, TrainError> {
        let path = folder.join(PLAN);
        if path.is_file() {
            let text = files::read_text(&path)?;
            let saved: Budget = serde_json::from_str(&text).map_err(|e| TrainError::Damaged {
                path: path.clone(),
                what: e.to_string(),
            })?;
            // More seeds only add runs.
            let same = Budget {
                seeds: budget.seeds,
                ..saved.clone()
            };
            if same != budget {
                return Err(TrainError::OtherBudget {
                    folder: folder.to_owned(),
                    saved: saved.describe(),
                    asked: budget.describe(),
                });
            }
        }
        Ok(Self {
            table,
            budget,
            folder: folder.to_owned(),
        })
    }

    /// Takes the folder for this process alone, until the value is dropped, and writes the budget down, so that the
    /// folder keeps to it.
    ///
    /// # Errors
    /// [`TrainError::Lock`] if another process makes the table, [`TrainError::File`] if the disk refuses.
    pub fn begin(&self) -> Result<FolderLock, TrainError> {
        let text = serde_json::to_string_pretty(&self.budget)
            .expect("text and numbers are representable as JSON");
        std::fs::create_dir_all(&self.folder)
            .map_err(|e| files::FileError::new(files::Action::CreateFolder, &self.folder, e))?;
        let lock = FolderLock::take(&self.folder, "a table that is made")?;
        files::sweep(&self.folder);
        let path = self.folder.join(PLAN);
        files::write_atomic(&path, |out| out.write_all(text.as_bytes()))?;
        Ok(lock)
    }

    /// All runs: every row with the first seed, then every row with the next.
    #[must_use]
    pub fn tasks(&self) -> Vec<Task> {
        let mut tasks = Vec::new();
        for seed in 0..self.budget.seeds {
            for (row, published) in self.table.rows.iter().enumerate() {
                if let Some(recipe) = published.recipe {
                    let name = format!("{}-s{seed}", short_name(recipe, published.sets));
                    tasks.push(Task {
                        row,
                        seed,
                        recipe,
                        sets: published.sets,
                        folder: self.folder.join(name),
                    });
                }
            }
        }
        tasks
    }

    /// How far a run is.
    #[must_use]
    pub fn progress(&self, task: &Task) -> Progress {
        if let Ok(why) = std::fs::read_to_string(task.folder.join(REFUSED)) {
            return Progress::Refused(why);
        }
        let text = std::fs::read_to_string(task.folder.join("events.jsonl")).unwrap_or_default();
        // A line that was cut off by a full disk or a kill is no event.
        let last = text.lines().rev().find_map(|line| {
            serde_json::from_str::<Event>(line)
                .ok()
                .filter(|event| matches!(event, Event::End { .. } | Event::Diverged { .. }))
        });
        match last {
            Some(Event::End {
                measured: Measured::Classifier { test, .. },
                ..
            }) => Progress::Done(test),
            Some(Event::Diverged { .. }) => Progress::Diverged,
            _ if task.folder.join(STATE).is_file() => Progress::Begun,
            _ => Progress::Waiting,
        }
    }

    /// Notes that a run cannot be, so that the table says so.
    ///
    /// # Errors
    /// [`TrainError::File`] if the disk refuses.
    pub fn refuse(&self, task: &Task, why: &str) -> Result<(), TrainError> {
        std::fs::create_dir_all(&task.folder)
            .map_err(|e| files::FileError::new(files::Action::CreateFolder, &task.folder, e))?;
        let path = task.folder.join(REFUSED);
        files::write_atomic(&path, |out| out.write_all(why.as_bytes()))?;
        Ok(())
    }

    /// Results of a row: one for each seed that is done.
    #[must_use]
    pub fn results(&self, row: usize) -> Vec<Progress> {
        let mine = self.tasks().into_iter().filter(|task| task.row == row);
        mine.map(|task| self.progress(&task)).collect()
    }
}

/// Name of a row for its folders: the recipe, and the values that are set on top of it.
fn short_name(recipe: &str, sets: &[&str]) -> String {
    let mut name = recipe.replace('/', "-");
    for (path, value) in sets.iter().filter_map(|set| set.split_once('=')) {
        if path == "network.scheme" {
            name.push_str(&format!("-{value}"));
        }
    }
    name
}

/// Mean and standard deviation of top-1 errors in percent; the deviation is `None` below two seeds.
#[must_use]
pub fn error_of(results: &[Progress]) -> Option<(f64, Option<f64>)> {
    let errors: Vec<f64> = results
        .iter()
        .filter_map(|progress| match progress {
            Progress::Done(test) => Some(100.0 * (1.0 - test.top1)),
            _ => None,
        })
        .collect();
    let n = errors.len() as f64;
    if errors.is_empty() {
        return None;
    }
    let mean = errors.iter().sum::<f64>() / n;
    let spread = errors.iter().map(|e| (e - mean).powi(2)).sum::<f64>();
    Some((mean, (n > 1.0).then(|| (spread / (n - 1.0)).sqrt())))
}

#[cfg(test)]
mod tests;
