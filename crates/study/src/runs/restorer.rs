//! What did the run of a restorer write down? Recipe, evaluations, phases, events and machine, read from its folder.

use super::reading::{damaged, environment, events, settings};
use super::rows::SettingRow;
use std::path::{Path, PathBuf};
use timestep_train::event::{
    BestPhase, EndReason, Event, Measured, Position, RestoreStart, Restored, What,
};
use timestep_train::recipe::RestoreRecipe;
use timestep_train::sinks::Table;
use timestep_train::{TrainError, files, run};

/// A row of `metrics.csv`: an evaluation of the loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluated {
    /// Phase, from 1.
    pub phase: usize,
    /// Evaluation over all phases, from 1.
    pub evaluation: usize,
    /// What is minimised.
    pub loss: f64,
    /// The PSNR that it stands for.
    pub psnr: f64,
}

/// A phase, from its events.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseRow {
    /// From 1.
    pub phase: usize,
    /// First and last step of the model that is trained.
    pub steps: (usize, usize),
    /// Learned numbers of these steps.
    pub parameters: usize,
    /// Pictures trained on.
    pub pictures: usize,
    /// Iterations at most.
    pub iterations: usize,
    /// What was measured at its end.
    pub end: Option<Restored>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum RestorerEnding {
    /// As it should.
    Finished {
        /// Which limit was reached.
        reason: EndReason,
        /// The last measurement.
        last: Restored,
        /// The best phase.
        best: BestPhase,
        /// Time of the run in seconds, earlier parts included.
        seconds: f64,
    },
    /// Stopped from outside, the state saved.
    Interrupted(Position),
    /// A number became infinite or undefined.
    Diverged {
        /// Where.
        at: Position,
        /// What was not finite.
        what: String,
    },
    /// Without a word: it is running, or it was killed.
    Open,
}

impl RestorerEnding {
    /// In a word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            RestorerEnding::Finished {
                reason: EndReason::Time,
                ..
            } => "time",
            RestorerEnding::Finished { .. } => "finished",
            RestorerEnding::Interrupted(_) => "interrupted",
            RestorerEnding::Diverged { .. } => "diverged",
            RestorerEnding::Open => "open",
        }
    }
}

/// Everything that the folder of a run says.
#[derive(Debug)]
pub struct RestorerRecord {
    /// The folder, as it was given.
    pub folder: PathBuf,
    /// The settings.
    pub recipe: RestoreRecipe,
    /// The settings with their origins, in the order of a written recipe.
    pub settings: Vec<SettingRow>,
    /// How it began; `None` if it never did, or has no log.
    pub start: Option<RestoreStart>,
    /// Where an earlier part stopped, if there was one.
    pub resumed: Option<Position>,
    /// The evaluations by `metrics.csv`.
    pub evaluations: Vec<Evaluated>,
    /// The same by `events.jsonl`.
    pub logged: Vec<Evaluated>,
    /// The phases.
    pub phases: Vec<PhaseRow>,
    /// Warnings.
    pub warnings: Vec<String>,
    /// How it ended.
    pub ending: RestorerEnding,
    /// Machine and program.
    pub environment: Vec<(String, String)>,
    /// The command that started the run, word by word.
    pub command: Vec<String>,
}

impl RestorerRecord {
    /// Reads the folder of a run of a restorer.
    ///
    /// # Errors
    /// [`TrainError::NotARun`] for another folder, [`TrainError::File`] and [`TrainError::Damaged`] for files that cannot be used,
    /// [`TrainError::Recipe`] for a recipe of another version or task.
    pub fn read(folder: &Path) -> Result<Self, TrainError> {
        let recipe = run::restore_recipe(folder)?;
        let text = files::read_text(&folder.join(run::RECIPE))?;
        let environment = environment(folder)?;
        let mut record = Self {
            folder: folder.to_owned(),
            settings: settings(&recipe, &text),
            recipe,
            start: None,
            resumed: None,
            evaluations: evaluations(&folder.join("metrics.csv"))?,
            logged: Vec::new(),
            phases: Vec::new(),
            warnings: Vec::new(),
            ending: RestorerEnding::Open,
            environment: environment.rows,
            command: environment.command,
        };
        let log = folder.join("events.jsonl");
        // Runs of version 0.1 have none.
        if log.exists() {
            for event in events(&log)? {
                record.take(event);
            }
        }
        Ok(record)
    }

    /// Name of the model: `trd-5x5`.
    #[must_use]
    pub fn model(&self) -> String {
        self.recipe.model_name()
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

    /// The last measurement: at the end, or after the last complete phase.
    #[must_use]
    pub fn last(&self) -> Option<Restored> {
        match &self.ending {
            RestorerEnding::Finished { last, .. } => Some(*last),
            _ => self.phases.iter().rev().find_map(|phase| phase.end),
        }
    }

    /// The best evaluation of the last phase of a run that has no log, as those of version 0.1.
    #[must_use]
    pub fn unlogged(&self) -> Option<&Evaluated> {
        if !self.logged.is_empty() {
            return None;
        }
        let last = self.evaluations.last()?.phase;
        let own = self.evaluations.iter().filter(|e| e.phase == last);
        own.max_by(|a, b| a.psnr.total_cmp(&b.psnr))
    }

    /// The best phase and its PSNR: on test pictures where there are some, otherwise the last one.
    #[must_use]
    pub fn best(&self) -> Option<BestPhase> {
        match &self.ending {
            RestorerEnding::Finished { best, .. } => Some(*best),
            _ => None,
        }
    }

    /// Takes note of an event.
    fn take(&mut self, event: Event) {
        match event {
            Event::Start {
                what: What::Restorer(start),
                resumed,
                ..
            } => {
                self.start = Some(start);
                self.resumed = resumed;
                self.ending = RestorerEnding::Open;
            }
            Event::Phase {
                phase,
                first,
                last,
                parameters,
                pictures,
                iterations,
                ..
            } => {
                // A continued run tells again of the phase under way.
                self.phases.retain(|known| known.phase != phase);
                self.phases.push(PhaseRow {
                    phase,
                    steps: (first, last),
                    parameters,
                    pictures,
                    iterations,
                    end: None,
                });
            }
            Event::Evaluation {
                phase,
                evaluation,
                loss,
                psnr,
                ..
            } => self.logged.push(Evaluated {
                phase,
                evaluation,
                loss,
                psnr,
            }),
            Event::PhaseEnd { restored, .. } => {
                let phase = self.phases.iter_mut().find(|p| p.phase == restored.phase);
                if let Some(phase) = phase {
                    phase.end = Some(restored);
                }
            }
            // A resumed run repeats its warnings.
            Event::Warning { message, .. } if !self.warnings.contains(&message) => {
                self.warnings.push(message);
            }
            Event::Diverged { at, what, .. } => {
                self.ending = RestorerEnding::Diverged { at, what };
            }
            Event::Interrupted { at, .. } => self.ending = RestorerEnding::Interrupted(at),
            Event::End {
                reason,
                measured: Measured::Restorer { last, best },
                seconds,
            } => {
                self.ending = RestorerEnding::Finished {
                    reason,
                    last,
                    best,
                    seconds,
                };
            }
            _ => {}
        }
    }
}

/// The rows of `metrics.csv`; a row that a crash cut off is left out.
fn evaluations(path: &Path) -> Result<Vec<Evaluated>, TrainError> {
    let text = files::read_text(path)?;
    let mut lines = text.split_inclusive('\n');
    let header = lines.next().unwrap_or_default().trim_end();
    let expected = Table::Evaluations.header();
    if header != expected {
        return Err(damaged(path, format!("its columns are not `{expected}`")));
    }
    let mut all = Vec::new();
    for (n, line) in lines.enumerate().filter(|(_, line)| line.ends_with('\n')) {
        let cells: Vec<&str> = line.trim_end().split(',').collect();
        let read = || -> Option<Evaluated> {
            let [phase, evaluation, loss, psnr] = cells.as_slice() else {
                return None;
            };
            Some(Evaluated {
                phase: phase.parse().ok()?,
                evaluation: evaluation.parse().ok()?,
                loss: loss.parse().ok()?,
                psnr: psnr.parse().ok()?,
            })
        };
        all.push(
            read().ok_or_else(|| damaged(path, format!("row {} is no row of numbers", n + 1)))?,
        );
    }
    // Version 0.1 counted phases, and the evaluations of each, from 0.
    if all.first().is_some_and(|first| first.phase == 0) {
        for (n, row) in all.iter_mut().enumerate() {
            (row.phase, row.evaluation) = (row.phase + 1, n + 1);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_version_0_1_are_counted_from_1() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("metrics.csv");
        let old = "phase,evaluation,loss,psnr\n0,0,90.5,25.5\n0,1,80.5,26.0\n1,0,70.5,26.5\n1,1,6";
        std::fs::write(&path, old).expect("writable");
        let found = evaluations(&path).expect("a table");
        let counted: Vec<_> = found.iter().map(|e| (e.phase, e.evaluation)).collect();
        assert_eq!(counted, [(1, 1), (1, 2), (2, 3)]);
        for bad in ["a,b\n", "phase,evaluation,loss,psnr\n1,2\n"] {
            std::fs::write(&path, bad).expect("writable");
            assert!(
                matches!(evaluations(&path), Err(TrainError::Damaged { .. })),
                "{bad}"
            );
        }
    }
}
