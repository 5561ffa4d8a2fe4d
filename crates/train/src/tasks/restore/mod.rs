//! How is a restorer trained? Phase by phase, measured on the test pictures after each.
//!
//! The state of a phase of L-BFGS is the evaluations that it made: the solver is run again through them, so that a
//! continued run has the same bits; that of a phase of Adam is its numbers and moments. What is learned and how it is evaluated is mathematics of
//! `timestep-restore`; here it becomes a run.

mod drawn;
mod setup;
mod state;

pub use setup::RestoreSetup;

use self::drawn::Drawn;
use self::state::{Evaluations, Progress};
use crate::cluster::ClusterError;
use crate::event::{
    BestPhase, EndReason, Event, Measured, Position, RestoreStart, RestoreTest, Restored, What,
};
use crate::recipe::{Resolved, RestoreRecipe};
use crate::trainer::{Begun, Desk, Divergence, Ledger, Options, Ready, Task, Work};
use crate::{TrainError, files, run};
use std::path::Path;
use timestep_restore::RestoreError;
use timestep_restore::learned::{Evaluation, Phase, Restorer, Source};

/// The training of a restorer in progress.
pub struct Restore<'s> {
    setup: &'s RestoreSetup,
    /// Before the phase under way.
    model: Restorer,
    /// The lowest loss of the phase that was worked on last, with its weights.
    found: Option<(Restorer, f64)>,
    /// What they measured after a phase, while nothing was evaluated since.
    measured: Option<Restored>,
    /// The phase under way, where noise is drawn anew for every step.
    drawn: Option<Drawn>,
    progress: Progress,
}

impl Ready for RestoreSetup {
    type Recipe = RestoreRecipe;
    type Task<'s> = Restore<'s>;

    fn resolved(&self) -> &Resolved<RestoreRecipe> {
        &self.resolved
    }

    fn check_ranks(&self, ranks: usize) -> Result<(), TrainError> {
        if ranks == 1 {
            return Ok(());
        }
        let what = "restorers are trained".to_owned();
        Err(ClusterError::OneProcess { what, ranks }.into())
    }

    fn what(&self) -> What {
        let steps = self.start.steps();
        let whole = Phase {
            first: 0,
            last: steps,
            iterations: 0,
        };
        What::Restorer(RestoreStart {
            model: self.recipe().model_name(),
            sigma: self.recipe().model.sigma,
            parameters: self.start.count(whole),
            train_pictures: self.train.len(),
            train_pixels: self.train.iter().map(|s| s.clean.pixels().len()).sum(),
            test_pictures: self.test.len(),
            test_data: self.test_fingerprint(),
            phases: self.phases.len(),
        })
    }

    fn saved(&self, folder: &Path) -> Result<RestoreRecipe, TrainError> {
        run::restore_recipe(folder)
    }

    fn keep(&self, mut saved: RestoreRecipe) -> RestoreRecipe {
        saved.train.keep = self.recipe().train.keep;
        saved
    }

    fn begin(&self, _: &Options) -> Result<Restore<'_>, TrainError> {
        Ok(Restore {
            setup: self,
            model: self.start.clone(),
            found: None,
            measured: None,
            drawn: None,
            progress: Progress::new(self.fingerprint()),
        })
    }

    fn proceed(&self, folder: &Path, options: &Options) -> Result<Begun<Restore<'_>>, TrainError> {
        if let Some(over) = state::over(folder)? {
            return Ok(Begun::Over(over));
        }
        let mut task = self.begin(options)?;
        let Some(progress) = Progress::load(folder)? else {
            // Nothing but evaluations was written: they are told as they are replayed.
            return Ok(Begun::Task { task, ledger: None });
        };
        if progress.data != task.progress.data {
            return Err(TrainError::OtherData {
                run: folder.to_owned(),
                data: self.recipe().data.dir.clone(),
            });
        }
        let ledger = Ledger {
            log_bytes: progress.log_bytes,
            seconds: progress.seconds,
        };
        task.progress = progress;
        task.replay(folder)?;
        Ok(Begun::Task {
            task,
            ledger: Some(ledger),
        })
    }
}

impl Restore<'_> {
    /// Runs the completed phases again from their evaluations, or takes what was saved of them.
    fn replay(&mut self, folder: &Path) -> Result<(), TrainError> {
        for number in 0..self.progress.phase {
            let (phase, source) = self.setup.phases[number];
            let incomplete = |path| TrainError::Damaged {
                path,
                what: format!("the evaluations of phase {} are not complete", number + 1),
            };
            let (model, loss) = if source == Source::Drawn {
                let path = state::drawn(folder, number);
                let drawn = Drawn::open(&path, &self.model, phase)?;
                match drawn.losses().last() {
                    Some(loss) if drawn.is_complete() => (drawn.model(&self.model), *loss),
                    _ => return Err(incomplete(path)),
                }
            } else {
                let path = state::evaluations(folder, number);
                let (_, known) = Evaluations::open(&path, self.model.count(phase))?;
                let samples = self.setup.samples(source);
                let fitted = self.model.fit(samples, phase, known, &mut |_, _| false)?;
                if fitted.stopped {
                    return Err(incomplete(path));
                }
                (fitted.model, fitted.loss)
            };
            self.found = Some((model.clone(), loss));
            self.model = model;
        }
        Ok(())
    }

    /// What is known of the weights that were found last, measured on the test pictures.
    fn restored(&self) -> Result<Restored, TrainError> {
        let (model, loss) = match &self.found {
            Some((model, loss)) => (model, *loss),
            // Not one evaluation was made: the weights are those of the start.
            None => (&self.model, f64::NAN),
        };
        let test = match self.setup.test.as_slice() {
            [] => None,
            pictures => Some(RestoreTest {
                psnr: model.measure(pictures)?,
            }),
        };
        let done = self.ended().is_some();
        Ok(Restored {
            phase: self.progress.phase + usize::from(!done),
            evaluation: self.progress.evaluation,
            loss,
            psnr: model.psnr(loss),
            test,
        })
    }

    /// Tells that a phase begins.
    fn announce(&self, number: usize, desk: &mut Desk) -> Result<(), TrainError> {
        let (phase, source) = self.setup.phases[number];
        desk.tell(&Event::Phase {
            phase: number + 1,
            of: self.setup.phases.len(),
            first: phase.first + 1,
            last: phase.last,
            parameters: self.model.count(phase),
            pictures: self.setup.samples(source).len(),
            iterations: phase.iterations,
            batch: (source == Source::Drawn).then_some(self.setup.recipe().train.drawn_batch),
        })
    }

    /// Counts an evaluation with this loss and tells of it.
    fn evaluated(&mut self, number: usize, loss: f64, desk: &mut Desk) -> Result<(), TrainError> {
        self.progress.evaluation += 1;
        self.progress.in_phase += 1;
        desk.tell(&Event::Evaluation {
            phase: number + 1,
            evaluation: self.progress.evaluation,
            loss,
            psnr: self.model.psnr(loss),
            seconds: desk.seconds(),
        })
    }

    /// Refuses fewer evaluations than were told; tells of those that were made after the state was saved.
    fn told(
        &mut self,
        number: usize,
        path: &Path,
        losses: &[f64],
        desk: &mut Desk,
    ) -> Result<(), TrainError> {
        let (found, told) = (losses.len(), self.progress.in_phase);
        if found < told {
            return Err(TrainError::Damaged {
                path: path.to_owned(),
                what: format!("it holds {found} evaluations, and the log of the run {told}"),
            });
        }
        for loss in &losses[told..] {
            self.evaluated(number, *loss, desk)?;
        }
        Ok(())
    }

    /// A phase with noise that is drawn anew for every step.
    fn draw(&mut self, number: usize, desk: &mut Desk) -> Result<Work, TrainError> {
        let setup = self.setup;
        let (phase, _) = setup.phases[number];
        let (draws, lr) = (setup.draws(), setup.recipe().train.drawn_lr);
        let path = state::drawn(desk.folder(), number);
        let mut drawn = Drawn::open(&path, &self.model, phase)?;
        self.told(number, &path, drawn.losses(), desk)?;
        while !drawn.is_complete() {
            let before = drawn.losses().len();
            let found = if drawn.left() > 0 {
                let samples = draws.at(before);
                drawn.step(&self.model, &samples, lr)?
            } else {
                drawn.finish(&self.model, setup.samples(Source::Drawn))?
            };
            if drawn.losses().len() == before || !found.loss.is_finite() {
                return Ok(Work::Diverged(Divergence {
                    segment: None,
                    block_step: None,
                    what: "the loss".to_owned(),
                    lr: Some(lr),
                }));
            }
            self.evaluated(number, found.loss, desk)?;
            self.found = Some((drawn.model(&self.model), found.loss));
            self.drawn = Some(drawn);
            let asked = self.pause(desk)?;
            drawn = self.drawn.take().expect("it was put there");
            if let Some(stop) = asked {
                // The state is saved when a run stops.
                self.drawn = Some(drawn);
                self.save_weights(&desk.weights("last"))?;
                return Ok(Work::Stopped(stop));
            }
        }
        drawn.save(&path)?;
        if let Some(loss) = drawn.losses().last() {
            self.found = Some((drawn.model(&self.model), *loss));
        }
        Ok(Work::Complete)
    }

    /// Whether weights with this PSNR are the best so far, of the phase that was completed last.
    fn is_best(&self, restored: &Restored) -> bool {
        // Without test pictures the loss alone tells, and phases have losses of their own: the last counts.
        let best = self.progress.best;
        restored.test.is_none() || best.is_none_or(|best| restored.counted() > best.psnr)
    }

    fn note_best(&mut self, restored: &Restored) {
        self.progress.best = Some(BestPhase {
            phase: restored.phase,
            psnr: restored.counted(),
        });
    }
}

impl Task for Restore<'_> {
    fn position(&self) -> Position {
        Position::Phases {
            phase: self.progress.phase,
            evaluation: self.progress.evaluation,
        }
    }

    fn ended(&self) -> Option<EndReason> {
        (self.progress.phase >= self.setup.phases.len()).then_some(EndReason::Phases)
    }

    /// The phase under way, from its start: evaluations that were made before are not made again.
    fn work(&mut self, desk: &mut Desk) -> Result<Work, TrainError> {
        let number = self.progress.phase;
        let (phase, source) = self.setup.phases[number];
        self.announce(number, desk)?;
        self.measured = None;
        if source == Source::Drawn {
            return self.draw(number, desk);
        }
        let samples = self.setup.samples(source);
        let path = state::evaluations(desk.folder(), number);
        let (mut log, known) = Evaluations::open(&path, self.model.count(phase))?;
        let losses: Vec<f64> = known.iter().map(|evaluation| evaluation.loss).collect();
        self.told(number, &path, &losses, desk)?;
        let model = self.model.clone();
        let mut failure = None;
        let mut stop = None;
        let mut each = |_: usize, evaluation: &Evaluation| {
            let told = log
                .push(evaluation)
                .and_then(|()| self.evaluated(number, evaluation.loss, desk))
                .and_then(|()| self.pause(desk));
            match told {
                Ok(None) => true,
                Ok(Some(asked)) => {
                    stop = Some(asked);
                    false
                }
                Err(error) => {
                    failure = Some(error);
                    false
                }
            }
        };
        let fitted = match model.fit(samples, phase, known, &mut each) {
            Ok(fitted) => fitted,
            Err(RestoreError::Diverged) => {
                return Ok(Work::Diverged(Divergence {
                    segment: None,
                    block_step: None,
                    what: "the loss".to_owned(),
                    lr: None,
                }));
            }
            Err(error) => return Err(error.into()),
        };
        self.found = Some((fitted.model, fitted.loss));
        match (failure, stop) {
            (Some(error), _) => Err(error),
            (None, Some(stop)) => {
                // A phase may take hours: what it found so far can be used at once.
                self.save_weights(&desk.weights("last"))?;
                Ok(Work::Stopped(stop))
            }
            (None, None) => Ok(Work::Complete),
        }
    }

    fn complete(&mut self, desk: &mut Desk) -> Result<bool, TrainError> {
        let restored = self.restored()?;
        self.measured = Some(restored);
        if let Some((model, _)) = &self.found {
            self.model = model.clone();
        }
        self.progress.phase += 1;
        self.progress.in_phase = 0;
        let best = self.is_best(&restored);
        if best {
            self.note_best(&restored);
        }
        desk.tell(&Event::PhaseEnd {
            restored,
            seconds: desk.seconds(),
            memory_k: self.model.coefficients(),
        })?;
        Ok(best)
    }

    fn save_weights(&self, path: &Path) -> Result<(), TrainError> {
        let model = self.found.as_ref().map_or(&self.model, |(model, _)| model);
        let bytes = model.to_bytes(&[("recipe", self.setup.portable_recipe())])?;
        files::write_atomic(path, |out| out.write_all(&bytes))?;
        Ok(())
    }

    fn save(&mut self, desk: &mut Desk) -> Result<(), TrainError> {
        if let Some(drawn) = &self.drawn {
            drawn.save(&state::drawn(desk.folder(), self.progress.phase))?;
        }
        let ledger = desk.ledger()?;
        self.progress.log_bytes = ledger.log_bytes;
        self.progress.seconds = ledger.seconds;
        self.progress.save(desk.folder())
    }

    fn conclude(&mut self, desk: &mut Desk, reason: EndReason) -> Result<Measured, TrainError> {
        let last = match self.measured {
            Some(measured) => measured,
            None => self.restored()?,
        };
        if reason == EndReason::Time && self.is_best(&last) {
            self.note_best(&last);
            self.save_weights(&desk.weights("best"))?;
        }
        // A run that did all phases has noted one.
        let best = self.progress.best.unwrap_or(BestPhase {
            phase: last.phase,
            psnr: last.counted(),
        });
        Ok(Measured::Restorer { last, best })
    }

    /// Only an unfinished run needs its evaluations.
    fn retire(&self, desk: &Desk, reason: EndReason) -> Result<(), TrainError> {
        match reason {
            EndReason::Time => Ok(()),
            _ => state::remove(desk.folder()),
        }
    }
}
