//! What happens between the first batch and the last? A run in progress: epochs, saving, stopping, failing.

use super::{Options, Outcome, coefficients, several_coefficients, start_event};
use crate::checkpoint::{Progress, save_state, save_weights};
use crate::evaluate::{Tally, evaluate, images};
use crate::event::{Best, EndReason, Event, Position, Sink, TestMetrics, TrainMetrics};
use crate::setup::Setup;
use crate::sinks::{self, ResumePoint};
use crate::{Examples, Learner, TrainError};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use timestep_data::Batch;
use timestep_nets::{Draws, Mode, NonFinite, Parameters, Targets};

/// Between two saved states of a long epoch.
const SAVE_EVERY: Duration = Duration::from_secs(300);

/// Between two `step` events.
const REPORT_EVERY: Duration = Duration::from_millis(500);

/// A run in progress.
pub(super) struct Run<'s> {
    setup: &'s Setup,
    folder: PathBuf,
    options: Options,
    logs: Vec<Box<dyn Sink>>,
    parameters: Parameters,
    learner: Learner,
    progress: Progress,
    /// What a person should know before the first step.
    pub(super) notes: Vec<String>,
    started: Instant,
    spent_before: f64,
}

/// How one epoch ended.
enum EpochEnd {
    Complete {
        lr: f64,
        seconds: f64,
        images: usize,
    },
    Stopped,
    TimeUp,
    Diverged {
        batch: Batch,
        lr: f64,
    },
}

impl<'s> Run<'s> {
    /// Opens the logs of a run.
    pub(super) fn new(
        setup: &'s Setup,
        folder: &Path,
        options: Options,
        parameters: Parameters,
        learner: Learner,
        progress: Progress,
        resume: Option<ResumePoint>,
    ) -> Result<Self, TrainError> {
        let asked = |key: &str| options.logs.iter().any(|log| log == key);
        let always = sinks::SINKS
            .iter()
            .filter(|s| s.always && !asked(s.key))
            .map(|s| s.key);
        let mut logs = Vec::new();
        for key in always.chain(options.logs.iter().map(String::as_str)) {
            logs.push(sinks::open(key, folder, resume)?);
        }
        let spent_before = progress.seconds;
        Ok(Self {
            setup,
            folder: folder.to_owned(),
            options,
            logs,
            parameters,
            learner,
            progress,
            notes: setup
                .resolved
                .warnings
                .iter()
                .map(ToString::to_string)
                .collect(),
            started: Instant::now(),
            spent_before,
        })
    }

    /// Tells all logs and listeners.
    fn tell(&mut self, event: &Event) -> Result<(), TrainError> {
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
    fn seconds(&self) -> f64 {
        self.spent_before + self.started.elapsed().as_secs_f64()
    }

    /// Runs all epochs that are left.
    pub(super) fn go(mut self, resumed: Option<Position>) -> Result<Outcome, TrainError> {
        let recipe = self.setup.recipe().clone();
        self.tell(&start_event(self.setup, &self.folder, resumed))?;
        for message in std::mem::take(&mut self.notes) {
            self.tell(&Event::Warning {
                message,
                hint: None,
            })?;
        }
        let deadline = recipe.time_limit().map(|limit| self.started + limit);
        let mut last = None;
        let mut reason = EndReason::Epochs;
        while self.progress.epoch < recipe.train.epochs {
            if self.is_out_of_patience() {
                reason = EndReason::Patience;
                break;
            }
            match self.epoch(deadline)? {
                EpochEnd::Complete {
                    lr,
                    seconds,
                    images,
                } => {
                    last = Some(self.finish_epoch(lr, seconds, images)?);
                }
                EpochEnd::Stopped => return self.interrupted(),
                EpochEnd::TimeUp => {
                    self.save()?;
                    reason = EndReason::Time;
                    last = None;
                    break;
                }
                EpochEnd::Diverged { batch, lr } => return self.diverged(&batch, lr),
            }
        }
        let test = match last {
            Some(test) => test,
            None => self.measure()?,
        };
        let best = match self.progress.best {
            Some(best) => best,
            None => {
                // The time was up before the first epoch was complete: these weights are the best.
                self.save_weights("best", test.top1)?;
                Best {
                    epoch: self.progress.epoch,
                    top1: test.top1,
                }
            }
        };
        if reason == EndReason::Time {
            self.save_weights("last", test.top1)?;
        }
        let seconds = self.seconds();
        let (epoch, step) = (self.progress.epoch, self.progress.step);
        self.tell(&Event::End {
            reason,
            epoch,
            step,
            test,
            best,
            seconds,
        })?;
        self.flush()?;
        Ok(Outcome::Finished {
            reason,
            test,
            best,
            seconds,
        })
    }

    /// Runs the rest of the epoch under way.
    fn epoch(&mut self, deadline: Option<Instant>) -> Result<EpochEnd, TrainError> {
        let loader = self.setup.train_loader()?;
        let recipe = self.setup.recipe();
        let per_epoch = self.setup.steps_per_epoch();
        let began = Instant::now();
        let (mut saved, mut reported) = (Instant::now(), None::<Instant>);
        let mut tally = self.progress.tally();
        let mut images = 0;
        let mut lr = 0.0;
        for batch in loader.epoch(self.progress.epoch as u64, self.progress.batch) {
            if self.options.stop.load(Ordering::Relaxed) {
                return Ok(EpochEnd::Stopped);
            }
            if deadline.is_some_and(|at| Instant::now() >= at) {
                return Ok(EpochEnd::TimeUp);
            }
            let batch = batch?;
            lr = self
                .setup
                .schedule
                .lr(self.progress.step, per_epoch, recipe.train.epochs);
            let Some(loss) = self.step(&batch, lr, &mut tally)? else {
                return Ok(EpochEnd::Diverged { batch, lr });
            };
            images += batch.len();
            self.progress.batch += 1;
            self.progress.step += 1;
            self.progress.set_tally(&tally);
            if reported.is_none_or(|at| at.elapsed() >= REPORT_EVERY) {
                reported = Some(Instant::now());
                let (epoch, step) = (self.progress.epoch + 1, self.progress.step);
                self.tell(&Event::Step {
                    epoch,
                    step,
                    loss,
                    lr,
                })?;
            }
            if saved.elapsed() >= SAVE_EVERY {
                self.save()?;
                saved = Instant::now();
            }
        }
        if self.options.stop.load(Ordering::Relaxed) {
            return Ok(EpochEnd::Stopped);
        }
        Ok(EpochEnd::Complete {
            lr,
            seconds: began.elapsed().as_secs_f64(),
            images,
        })
    }

    /// One optimiser step; the loss, or `None` if it is not finite (nothing is changed then).
    fn step(
        &mut self,
        batch: &Batch,
        lr: f64,
        tally: &mut Tally,
    ) -> Result<Option<f64>, TrainError> {
        let network = &self.setup.network;
        let targets = Targets {
            labels: batch.labels.clone(),
            smoothing: self.setup.recipe().train.label_smoothing,
            mixed: None,
        };
        let (dims, images) = images(batch);
        let examples = Examples {
            dims,
            images,
            targets: &targets,
        };
        let (parameters, learner) = (&mut self.parameters, &mut self.learner);
        let draws = Some(Draws {
            seed: self.setup.recipe().train.seed,
            step: self.progress.step as u64,
            images: batch.indices.clone().into(),
        });
        let Some(done) = learner.step(network, parameters, &examples, lr, draws)? else {
            return Ok(None);
        };
        tally.count(&done.logits, &batch.labels, network.config().classes);
        tally.add_loss(done.loss, batch.len());
        Ok(Some(done.loss))
    }

    /// Have there been as many epochs without a better one as the recipe waits for?
    fn is_out_of_patience(&self) -> bool {
        let patience = self.setup.recipe().train.patience;
        let waited = |best: Best| self.progress.epoch.saturating_sub(best.epoch);
        patience > 0
            && self
                .progress
                .best
                .is_some_and(|best| waited(best) >= patience)
    }

    /// Measures the average of the weights, if one is kept, and saves it.
    fn finish_average(&self) -> Result<Option<TestMetrics>, TrainError> {
        let Some(average) = self.learner.average() else {
            return Ok(None);
        };
        let specs = self.parameters.specs().clone();
        let parameters = Parameters::new(specs, average.values().to_vec());
        let test = self.measure_of(&parameters)?;
        self.save_weights_of("ema", &parameters, test.top1)?;
        Ok(Some(test))
    }

    /// Measures, reports and saves a completed epoch.
    fn finish_epoch(
        &mut self,
        lr: f64,
        train_seconds: f64,
        images: usize,
    ) -> Result<TestMetrics, TrainError> {
        let began = Instant::now();
        let tally = self.progress.tally().metrics();
        let test = self.measure()?;
        self.progress.epoch += 1;
        self.progress.batch = 0;
        self.progress.set_tally(&Tally::default());
        let (epoch, step) = (self.progress.epoch, self.progress.step);
        let is_best = self.progress.best.is_none_or(|best| test.top1 > best.top1);
        if is_best {
            self.progress.best = Some(Best {
                epoch,
                top1: test.top1,
            });
        }
        let ema = self.finish_average()?;
        self.tell(&Event::Epoch {
            epoch,
            step,
            train: TrainMetrics {
                loss: tally.loss,
                top1: tally.top1,
            },
            test,
            ema,
            lr,
            images_per_second: images as f64 / train_seconds.max(1e-9),
            seconds: train_seconds + began.elapsed().as_secs_f64(),
            memory_k: coefficients(&self.setup.network, &self.parameters),
            all_k: several_coefficients(&self.setup.network, &self.parameters),
            best: is_best,
        })?;
        if is_best {
            self.save_weights("best", test.top1)?;
        }
        self.save_weights("last", test.top1)?;
        self.save()?;
        let path = self
            .folder
            .join("weights/last.safetensors")
            .display()
            .to_string();
        self.tell(&Event::Checkpoint {
            epoch,
            step,
            path,
            best: is_best,
        })?;
        Ok(test)
    }

    /// Accuracy on the test images now.
    fn measure(&self) -> Result<TestMetrics, TrainError> {
        self.measure_of(&self.parameters)
    }

    fn measure_of(&self, parameters: &Parameters) -> Result<TestMetrics, TrainError> {
        let loader = self.setup.test_loader()?;
        let (network, engine) = (&self.setup.network, self.learner.engine());
        evaluate(network, parameters, &loader, engine, |_, _| {})
    }

    fn save_weights(&self, name: &str, top1: f64) -> Result<(), TrainError> {
        self.save_weights_of(name, &self.parameters, top1)
    }

    fn save_weights_of(
        &self,
        name: &str,
        parameters: &Parameters,
        top1: f64,
    ) -> Result<(), TrainError> {
        let card = self.setup.card(self.progress.epoch, top1);
        let path = self.folder.join(format!("weights/{name}.safetensors"));
        save_weights(&path, parameters, &card.to_metadata())
    }

    /// Saves the state; logs are forced to the disk first, so that none is behind it.
    fn save(&mut self) -> Result<(), TrainError> {
        self.flush()?;
        self.progress.log_bytes = self.logs.iter().find_map(|log| log.position());
        self.progress.seconds = self.seconds();
        save_state(
            &self.folder,
            &self.parameters,
            &self.learner,
            &self.progress,
        )
    }

    fn flush(&mut self) -> Result<(), TrainError> {
        for log in &mut self.logs {
            log.flush()?;
        }
        Ok(())
    }

    fn interrupted(mut self) -> Result<Outcome, TrainError> {
        self.save()?;
        let position = Position {
            epoch: self.progress.epoch,
            step: self.progress.step,
        };
        let resume = self.folder.display().to_string();
        self.tell(&Event::Interrupted {
            epoch: position.epoch + 1,
            step: position.step,
            resume,
        })?;
        self.flush()?;
        Ok(Outcome::Interrupted(position))
    }

    fn diverged(mut self, batch: &Batch, lr: f64) -> Result<Outcome, TrainError> {
        let (network, engine) = (&self.setup.network, self.learner.engine());
        let place = network.locate_non_finite(engine, &self.parameters, images(batch), Mode::Train);
        let (epoch, step) = (self.progress.epoch + 1, self.progress.step);
        let (segment, block_step) = match &place {
            Some(NonFinite::Step { segment, step }) => (Some(*segment), Some(*step)),
            _ => (None, None),
        };
        let what = place
            .as_ref()
            // A finite loss may have a gradient that is not.
            .map_or_else(
                || "the loss or its gradient".to_owned(),
                ToString::to_string,
            );
        self.tell(&Event::Diverged {
            epoch,
            step,
            segment,
            block_step,
            what,
            lr,
        })?;
        self.flush()?;
        Ok(Outcome::Diverged {
            epoch,
            step,
            place,
            lr,
        })
    }
}
