//! What did a run write down? Recipe, epochs, events and machine, read from its folder.

use super::reading::{close, environment, epochs, events, fingerprint, settings};
use super::rows::{Epoch, SettingRow};
use std::path::{Path, PathBuf};
use timestep_nets::{Home, Network, all_coefficients, preset};
use timestep_numerics::SchemeFacts;
use timestep_train::event::{Best, EndReason, Event, Measured, Position, TestMetrics, What};
use timestep_train::files;
use timestep_train::recipe::Recipe;
use timestep_train::run::{Which, weights};
use timestep_train::{TrainError, Trained, network_config, run};

/// How a run began, from its last `start` event.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// Name of the recipe.
    pub recipe: String,
    /// Name of the network.
    pub network: String,
    /// Trained numbers.
    pub parameters: usize,
    /// Multiply-adds of one image, forward.
    pub multiply_adds: u64,
    /// Images trained on.
    pub train_images: usize,
    /// Images measured on.
    pub test_images: usize,
    /// Epochs planned.
    pub epochs: usize,
    /// Where an earlier part stopped, if there was one: epochs completed and steps taken.
    pub resumed: Option<(usize, usize)>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// As it should.
    Finished {
        /// Which limit was reached.
        reason: EndReason,
        /// The last measurement.
        test: TestMetrics,
        /// The best epoch.
        best: Best,
        /// Optimiser steps taken.
        step: usize,
        /// Time of the run in seconds, earlier parts included.
        seconds: f64,
    },
    /// Stopped from outside, the state saved.
    Interrupted {
        /// Epoch under way, from 1.
        epoch: usize,
        /// Optimiser steps taken.
        step: usize,
    },
    /// A number became infinite or undefined.
    Diverged {
        /// Epoch under way, from 1.
        epoch: usize,
        /// Optimiser steps taken.
        step: usize,
        /// What was not finite.
        what: String,
        /// Learning rate of the failed step.
        lr: f64,
    },
    /// Without a word: it is running, or it was killed.
    Open,
}

impl Ending {
    /// In a word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Ending::Finished {
                reason: EndReason::Time,
                ..
            } => "time",
            Ending::Finished { .. } => "finished",
            Ending::Interrupted { .. } => "interrupted",
            Ending::Diverged { .. } => "diverged",
            Ending::Open => "open",
        }
    }
}

/// Everything that the folder of a run says.
#[derive(Debug)]
pub struct Record {
    /// The folder, as it was given.
    pub folder: PathBuf,
    /// The settings.
    pub recipe: Recipe,
    /// The settings with their origins, in the order of a written recipe.
    pub settings: Vec<SettingRow>,
    /// The scheme of the network.
    pub scheme: &'static SchemeFacts,
    /// How it began; `None` if it never did.
    pub start: Option<Start>,
    /// The epochs that were completed.
    pub epochs: Vec<Epoch>,
    /// The same epochs by `events.jsonl`, as rows.
    pub logged: Vec<Epoch>,
    /// Learned coefficients by epoch, segment and step.
    pub coefficients: Vec<(usize, Vec<Vec<Option<f64>>>)>,
    /// All coefficients after the last epoch by segment, step and earlier state, where the scheme has
    /// more than one per step and the log or the weights have them.
    pub all: Option<Vec<Vec<Vec<f64>>>>,
    /// Warnings, each with what helps.
    pub warnings: Vec<(String, Option<String>)>,
    /// How it ended.
    pub ending: Ending,
    /// Machine and program.
    pub environment: Vec<(String, String)>,
    /// The command that started the run, word by word.
    pub command: Vec<String>,
    /// Fingerprint of the data, from the saved state.
    pub fingerprint: Option<String>,
}

impl Record {
    /// Reads the folder of a run of a classifier.
    ///
    /// # Errors
    /// [`TrainError::NotARun`] for another folder, [`TrainError::File`] and [`TrainError::Damaged`] for
    /// files that cannot be used, [`TrainError::Recipe`] for a recipe of another version.
    pub fn read(folder: &Path) -> Result<Self, TrainError> {
        let recipe = run::recipe(folder)?;
        let text = files::read_text(&folder.join(run::RECIPE))?;
        let home = preset(&recipe.network.preset).map_or(Home::Cifar, |p| p.home);
        // Any image that the network can take will do: its scheme does not depend on it.
        let scheme = Network::build(&network_config(
            &recipe.network,
            &recipe.noise,
            home.input().0,
            10,
        )?)?
        .scheme();
        let environment = environment(folder)?;
        let mut record = Self {
            folder: folder.to_owned(),
            settings: settings(&recipe, &text),
            recipe,
            scheme,
            start: None,
            epochs: epochs(&folder.join("metrics.csv"))?,
            logged: Vec::new(),
            coefficients: Vec::new(),
            all: None,
            warnings: Vec::new(),
            ending: Ending::Open,
            environment: environment.rows,
            command: environment.command,
            fingerprint: fingerprint(folder),
        };
        for event in events(&folder.join("events.jsonl"))? {
            record.take(event);
        }
        if record.all.is_none() {
            record.all = record.of_weights();
        }
        Ok(record)
    }

    /// Name of the network: a published one, or the parts of a free composition.
    #[must_use]
    pub fn network(&self) -> &str {
        self.start
            .as_ref()
            .map_or(self.recipe.network.preset.as_str(), |s| s.network.as_str())
    }

    /// Name of the folder.
    #[must_use]
    pub fn name(&self) -> String {
        let name = self.folder.file_name();
        name.map_or_else(
            || self.folder.display().to_string(),
            |n| n.to_string_lossy().into_owned(),
        )
    }

    /// The best completed epoch by its accuracy on the test images; the first of equal ones.
    #[must_use]
    pub fn best(&self) -> Option<&Epoch> {
        let better = |a: &&Epoch, b: &&Epoch| {
            let (a, b) = (a.get("test_top1"), b.get("test_top1"));
            // `max_by` keeps the last of equal ones, hence the order of epochs reversed.
            a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal)
        };
        self.epochs.iter().rev().max_by(better)
    }

    /// The last measurement, and the epoch that it belongs to: that of the time when the run was
    /// stopped by its time budget, otherwise that of the last completed epoch.
    #[must_use]
    pub fn last(&self) -> Option<(usize, TestMetrics)> {
        let epoch = self.epochs.last();
        match &self.ending {
            Ending::Finished {
                reason: EndReason::Time,
                test,
                ..
            } => Some((epoch.map_or(0, |e| e.epoch), *test)),
            _ => epoch.map(|e| (e.epoch, e.test())),
        }
    }

    /// Median of a column of `metrics.csv` over the epochs; NaN without epochs.
    #[must_use]
    pub fn median(&self, column: &str) -> f64 {
        let mut values: Vec<f64> = self.epochs.iter().map(|e| e.get(column)).collect();
        values.sort_by(f64::total_cmp);
        let n = values.len();
        match n {
            0 => f64::NAN,
            _ if n % 2 == 1 => values[n / 2],
            _ => (values[n / 2 - 1] + values[n / 2]) / 2.0,
        }
    }

    /// Takes note of an event.
    fn take(&mut self, event: Event) {
        match event {
            Event::Start {
                recipe,
                what:
                    What::Classifier {
                        network,
                        parameters,
                        multiply_adds,
                        train_images,
                        test_images,
                        epochs,
                        ..
                    },
                resumed,
                ..
            } => {
                let resumed = resumed.and_then(|at| match at {
                    Position::Epochs { epoch, step } => Some((epoch, step)),
                    Position::Phases { .. } => None,
                });
                self.start = Some(Start {
                    recipe,
                    network,
                    parameters,
                    multiply_adds,
                    train_images,
                    test_images,
                    epochs,
                    resumed,
                });
                self.ending = Ending::Open;
            }
            Event::Epoch {
                epoch,
                train,
                test,
                lr,
                images_per_second,
                seconds,
                memory_k,
                all_k,
                ..
            } => {
                self.all = (!all_k.is_empty()).then_some(all_k);
                self.logged.push(Epoch {
                    epoch,
                    values: [
                        train.loss,
                        train.top1,
                        test.loss,
                        test.top1,
                        test.top5,
                        lr,
                        images_per_second,
                        seconds,
                    ],
                });
                if !memory_k.is_empty() {
                    self.coefficients.push((epoch, memory_k));
                }
            }
            // A resumed run repeats its warnings.
            Event::Warning { message, hint }
                if !self.warnings.iter().any(|(known, _)| *known == message) =>
            {
                self.warnings.push((message, hint));
            }
            Event::Diverged {
                at: Position::Epochs { epoch, step },
                what,
                lr,
                ..
            } => {
                self.ending = Ending::Diverged {
                    epoch,
                    step,
                    what,
                    lr: lr.unwrap_or(f64::NAN),
                };
            }
            Event::Interrupted {
                at: Position::Epochs { epoch, step },
                ..
            } => {
                self.ending = Ending::Interrupted { epoch, step };
            }
            Event::End {
                reason,
                measured:
                    Measured::Classifier {
                        test, best, step, ..
                    },
                seconds,
            } => {
                self.ending = Ending::Finished {
                    reason,
                    test,
                    best,
                    step,
                    seconds,
                };
            }
            _ => {}
        }
    }

    /// Every coefficient of the last weights, if they are those of the last epoch in the log: earlier
    /// versions logged the newest only.
    fn of_weights(&self) -> Option<Vec<Vec<Vec<f64>>>> {
        if self.scheme.memory < 2 {
            return None;
        }
        let (_, logged) = self.coefficients.last()?;
        let path = weights(&self.folder, Which::Last);
        let trained = Trained::load(&path).ok()?;
        let all = all_coefficients(&trained.network, &trained.parameters);
        let found: Vec<Option<f64>> = all.iter().flatten().map(|k| k.first().copied()).collect();
        let logged: Vec<Option<f64>> = logged.iter().flatten().copied().collect();
        let same = found.len() == logged.len()
            && found.iter().zip(&logged).all(|pair| match pair {
                (Some(a), Some(b)) => close(*a, *b),
                (a, b) => a == b,
            });
        same.then_some(all)
    }
}
