//! How is a classifier trained? Batch by batch through the epochs, measured on the test images after each.

mod begin;
mod diverged;

use crate::checkpoint::{Progress, save_state, save_weights};
use crate::cluster::{Communicator, gather::digest};
use crate::evaluate::{Tally, evaluate_together, images, targets};
use crate::event::{
    Best, EndReason, Event, Measured, Position, SearchMetrics, TestMetrics, TrainMetrics,
};
use crate::recipe::TaskRecipe;
use crate::setup::Setup;
use crate::trainer::{Desk, Options, Stop, Task, Work};
use crate::{Examples, Learner, TrainError};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use timestep_data::Batch;
use timestep_nets::{Draws, Effort, Network, Parameters};

/// Between two `step` events.
const REPORT_EVERY: Duration = Duration::from_millis(500);

/// The training of a classifier in progress.
pub struct Classify<'s> {
    setup: &'s Setup,
    parameters: Parameters,
    learner: Learner,
    /// Who trains.
    ranks: Arc<dyn Communicator>,
    progress: Progress,
    /// Of the epoch that was run last.
    pace: Pace,
    /// Measured after the last epoch, while no step was taken since.
    last: Option<TestMetrics>,
    /// What a person should know before the first step.
    note: Option<String>,
}

/// How an epoch went, for its event.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    lr: f64,
    seconds: f64,
    images: usize,
}

impl<'s> Classify<'s> {
    fn new(
        setup: &'s Setup,
        parameters: Parameters,
        learner: Learner,
        progress: Progress,
        options: &Options,
    ) -> Self {
        let ranks = options.ranks.clone();
        Self {
            setup,
            parameters,
            learner: learner.among(ranks.clone()),
            ranks,
            progress,
            pace: Pace::default(),
            last: None,
            note: None,
        }
    }

    /// One optimiser step; the loss, or `None` if it is not finite (nothing is changed then).
    fn step(
        &mut self,
        batch: &Batch,
        lr: f64,
        tally: &mut Tally,
    ) -> Result<Option<f64>, TrainError> {
        let network = &self.setup.network;
        let targets = targets(batch, self.setup.recipe().train.label_smoothing);
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
        let part = (&examples, (batch.first, batch.whole));
        let Some(done) = learner.step_on_part(network, parameters, part, lr, draws)? else {
            return Ok(None);
        };
        tally.top1 += done.correct;
        tally.images += batch.whole;
        tally.add_loss(done.loss, batch.whole);
        self.progress.take(&done.effort);
        Ok(Some(done.loss))
    }

    /// Accuracy on the test images now.
    fn measure(&self) -> Result<TestMetrics, TrainError> {
        self.measure_of(&self.parameters)
    }

    fn measure_of(&self, parameters: &Parameters) -> Result<TestMetrics, TrainError> {
        let loader = self.setup.test_loader()?;
        let (network, engine) = (&self.setup.network, self.learner.engine());
        evaluate_together(network, parameters, loader, engine, &*self.ranks)
    }

    /// Have there been as many epochs without a better one as the recipe waits for?
    fn is_out_of_patience(&self) -> bool {
        let patience = self.setup.recipe().train.patience;
        let waited = |best: Best| self.progress.epoch.saturating_sub(best.epoch);
        let best = self.progress.best;
        patience > 0 && best.is_some_and(|best| waited(best) >= patience)
    }

    /// Measures the average of the weights, if one is kept, and saves it.
    fn finish_average(&self, desk: &Desk) -> Result<Option<TestMetrics>, TrainError> {
        let Some(average) = self.learner.average() else {
            return Ok(None);
        };
        let specs = self.parameters.specs().clone();
        let parameters = Parameters::new(specs, average.values().to_vec());
        let test = self.measure_of(&parameters)?;
        let card = self.setup.card(self.progress.epoch, test.top1);
        if desk.writes() {
            save_weights(&desk.weights("ema"), &parameters, &card.to_metadata())?;
        }
        Ok(Some(test))
    }
}

impl Task for Classify<'_> {
    fn position(&self) -> Position {
        Position::Epochs {
            epoch: self.progress.epoch,
            step: self.progress.step,
        }
    }

    fn ended(&self) -> Option<EndReason> {
        if self.progress.epoch >= self.setup.recipe().train.epochs {
            Some(EndReason::Epochs)
        } else {
            self.is_out_of_patience().then_some(EndReason::Patience)
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        // Logs and clocks are the first rank's.
        let progress = Progress {
            seconds: 0.0,
            log_bytes: None,
            ..self.progress.clone()
        };
        let average = self.learner.average().map(|average| average.values());
        vec![
            ("the recipe", self.setup.portable_recipe().to_toml()),
            ("the data", self.progress.data.clone()),
            ("the weights", digest(self.parameters.values())),
            ("the average", digest(average.unwrap_or_default())),
            ("the position", format!("{progress:?}")),
        ]
    }

    fn notes(&mut self) -> Vec<String> {
        let notes = [
            self.note.take(),
            self.setup.surplus_classes(),
            self.setup.overfits(),
        ];
        notes.into_iter().flatten().collect()
    }

    /// The rest of the epoch under way.
    fn work(&mut self, desk: &mut Desk) -> Result<Work, TrainError> {
        let setup = self.setup;
        let loader = setup.train_loader()?.shared(setup.share(&*self.ranks));
        let (epochs, per_epoch) = (setup.recipe().train.epochs, setup.steps_per_epoch());
        let began = Instant::now();
        let mut reported = None::<Instant>;
        let mut tally = self.progress.tally();
        self.pace = Pace::default();
        for batch in loader.epoch(self.progress.epoch as u64, self.progress.batch) {
            if let Some(stop) = self.pause(desk)? {
                return Ok(Work::Stopped(stop));
            }
            let batch = batch?;
            let lr = setup.schedule.lr(self.progress.step, per_epoch, epochs);
            let Some(loss) = self.step(&batch, lr, &mut tally)? else {
                return Ok(Work::Diverged(self.diverged(&batch, lr)?));
            };
            self.pace.lr = lr;
            self.pace.images += batch.whole;
            self.last = None;
            self.progress.batch += 1;
            self.progress.step += 1;
            self.progress.set_tally(&tally);
            if reported.is_none_or(|at| at.elapsed() >= REPORT_EVERY) {
                reported = Some(Instant::now());
                desk.tell(&Event::Step {
                    epoch: self.progress.epoch + 1,
                    step: self.progress.step,
                    loss,
                    lr,
                })?;
            }
        }
        if desk.stop()? == Some(Stop::Asked) {
            return Ok(Work::Stopped(Stop::Asked));
        }
        self.pace.seconds = began.elapsed().as_secs_f64();
        Ok(Work::Complete)
    }

    fn complete(&mut self, desk: &mut Desk) -> Result<bool, TrainError> {
        let began = Instant::now();
        let tally = self.progress.tally().metrics();
        self.learner.settle(&mut self.parameters);
        let test = self.measure()?;
        self.last = Some(test);
        self.progress.epoch += 1;
        self.progress.batch = 0;
        self.progress.set_tally(&Tally::default());
        let effort = std::mem::take(&mut self.progress.effort);
        let effort = SearchMetrics::of(&Effort::from_numbers(effort));
        let (epoch, step) = (self.progress.epoch, self.progress.step);
        let is_best = self.progress.best.is_none_or(|best| test.top1 > best.top1);
        if is_best {
            self.progress.best = Some(Best {
                epoch,
                top1: test.top1,
            });
        }
        let ema = self.finish_average(desk)?;
        let Pace {
            lr,
            seconds,
            images,
        } = self.pace;
        desk.tell(&Event::Epoch {
            epoch,
            step,
            train: TrainMetrics {
                loss: tally.loss,
                top1: tally.top1,
            },
            test,
            ema,
            lr,
            images_per_second: images as f64 / seconds.max(1e-9),
            seconds: seconds + began.elapsed().as_secs_f64(),
            memory_k: coefficients(&self.setup.network, &self.parameters),
            all_k: several_coefficients(&self.setup.network, &self.parameters),
            effort,
            best: is_best,
        })?;
        Ok(is_best)
    }

    fn save_weights(&self, path: &Path) -> Result<(), TrainError> {
        // Weights are saved where they were just measured.
        let top1 = self.last.map_or(f64::NAN, |test| test.top1);
        let card = self.setup.card(self.progress.epoch, top1);
        save_weights(path, &self.parameters, &card.to_metadata())
    }

    fn save(&mut self, desk: &mut Desk) -> Result<(), TrainError> {
        if !desk.writes() {
            return Ok(());
        }
        let ledger = desk.ledger()?;
        self.progress.log_bytes = ledger.log_bytes;
        self.progress.seconds = ledger.seconds;
        save_state(
            desk.folder(),
            &self.parameters,
            &self.learner,
            &self.progress,
        )
    }

    fn conclude(&mut self, desk: &mut Desk, reason: EndReason) -> Result<Measured, TrainError> {
        let test = match self.last {
            Some(test) => test,
            None => {
                self.learner.settle(&mut self.parameters);
                self.measure()?
            }
        };
        self.last = Some(test);
        let epoch = self.progress.epoch;
        let best = match self.progress.best {
            Some(best) => best,
            None => {
                // The time was up before the first epoch was complete: these weights are the best.
                if desk.writes() {
                    self.save_weights(&desk.weights("best"))?;
                }
                let top1 = test.top1;
                Best { epoch, top1 }
            }
        };
        if reason == EndReason::Time && desk.writes() {
            self.save_weights(&desk.weights("last"))?;
        }
        Ok(Measured::Classifier {
            epoch,
            step: self.progress.step,
            test,
            best,
        })
    }
}

/// The learned coefficients for the log; none for schemes that have no coefficient.
fn coefficients(network: &Network, parameters: &Parameters) -> Vec<Vec<Option<f64>>> {
    if network.scheme().coefficient.is_none() {
        return Vec::new();
    }
    timestep_nets::coefficients(network, parameters)
}

/// All of them; none for schemes that have at most one per step, of which [`coefficients`] says everything.
fn several_coefficients(network: &Network, parameters: &Parameters) -> Vec<Vec<Vec<f64>>> {
    if network.scheme().memory < 2 || network.scheme().coefficient.is_none() {
        return Vec::new();
    }
    timestep_nets::all_coefficients(network, parameters)
}
