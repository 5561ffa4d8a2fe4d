//! What continues an interrupted run of a restorer? The evaluations of every phase, and where it stood.

use crate::TrainError;
use crate::event::{BestPhase, EndReason, Event};
use crate::files::{self, Action, FileError};
use crate::trainer::Outcome;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use timestep_restore::learned::Evaluation;

/// Where a run stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Phases completed.
    pub(super) phase: usize,
    /// Evaluations told, over all phases.
    pub(super) evaluation: usize,
    /// Evaluations told of the phase under way.
    pub(super) in_phase: usize,
    /// Best phase so far.
    pub(super) best: Option<BestPhase>,
    /// Seconds spent.
    pub(super) seconds: f64,
    /// Length of `events.jsonl` when this was saved.
    pub(super) log_bytes: Option<u64>,
    /// Fingerprint of the pictures.
    pub(super) data: String,
}

/// Name of the file inside the folder of a run.
const PROGRESS: &str = "state/progress.json";

/// The evaluations of a phase, counted from 0, in the folder of a run.
pub(super) fn evaluations(folder: &Path, phase: usize) -> PathBuf {
    folder.join(format!("state/phase-{phase}.f64"))
}

impl Progress {
    /// That of a run on these pictures which has not begun.
    pub(super) fn new(data: String) -> Self {
        Self {
            data,
            ..Self::default()
        }
    }

    /// Reads it, if it was ever saved.
    pub(super) fn load(folder: &Path) -> Result<Option<Self>, TrainError> {
        let path = folder.join(PROGRESS);
        if !path.is_file() {
            return Ok(None);
        }
        let text = files::read_text(&path)?;
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|e| TrainError::Damaged {
                path,
                what: e.to_string(),
            })
    }

    /// Writes it atomically.
    pub(super) fn save(&self, folder: &Path) -> Result<(), TrainError> {
        // It holds only numbers and text: JSON can say it.
        let text = serde_json::to_string(self).expect("progress is representable as JSON");
        files::write_atomic(&folder.join(PROGRESS), |out| out.write_all(text.as_bytes()))?;
        Ok(())
    }
}

/// How a run ended that has no state any more, by its log; an error if it has neither.
pub(super) fn over(folder: &Path) -> Result<Option<Outcome>, TrainError> {
    if folder.join("state").is_dir() {
        return Ok(None);
    }
    let not = |what: &str| TrainError::NotARun {
        path: folder.to_owned(),
        what: what.to_owned(),
    };
    let log = folder.join("events.jsonl");
    if !log.is_file() {
        return Err(not("it has neither `state` nor `events.jsonl`"));
    }
    let text = files::read_text(&log)?;
    let end = text
        .lines()
        .rev()
        .find_map(|line| match serde_json::from_str(line) {
            Ok(Event::End {
                reason: reason @ EndReason::Phases,
                measured,
                seconds,
            }) => Some(Outcome::Finished {
                reason,
                measured,
                seconds,
            }),
            _ => None,
        });
    end.map(Some)
        .ok_or_else(|| not("it has no `state`, and its log has no end"))
}

/// Removes the state of a run that is done.
pub(super) fn remove(folder: &Path) -> Result<(), TrainError> {
    let path = folder.join("state");
    std::fs::remove_dir_all(&path).map_err(|e| FileError::new(Action::Write, path, e).into())
}

/// The evaluations of a phase, on disk: records of the loss and the gradient, `f64`, little-endian.
pub(super) struct Evaluations {
    path: PathBuf,
    file: File,
}

impl Evaluations {
    /// Opens the log of a phase with `parameters` parameters and reads what it holds. A record that was cut short by a crash is
    /// dropped.
    pub(super) fn open(
        path: &Path,
        parameters: usize,
    ) -> Result<(Self, Vec<Evaluation>), TrainError> {
        let fail = |action| move |source| FileError::new(action, path, source);
        let mut bytes = Vec::new();
        if path.exists() {
            File::open(path)
                .and_then(|mut file| file.read_to_end(&mut bytes))
                .map_err(fail(Action::Read))?;
        }
        let record = 8 * (parameters + 1);
        let whole = bytes.len() / record * record;
        let known = bytes[..whole]
            .chunks_exact(record)
            .map(|r| {
                let mut numbers = r.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b));
                Evaluation {
                    loss: numbers.next().unwrap_or(f64::NAN),
                    gradient: numbers.collect(),
                }
            })
            .collect();
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(fail(Action::Create))?;
        file.set_len(whole as u64).map_err(fail(Action::Truncate))?;
        let path = path.to_owned();
        Ok((Self { path, file }, known))
    }

    /// Adds an evaluation.
    pub(super) fn push(&mut self, evaluation: &Evaluation) -> Result<(), TrainError> {
        let mut bytes = evaluation.loss.to_le_bytes().to_vec();
        bytes.extend(evaluation.gradient.iter().flat_map(|g| g.to_le_bytes()));
        self.file
            .write_all(&bytes)
            .map_err(|e| FileError::new(Action::Write, &self.path, e).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_record_is_dropped() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("phase-0.f64");
        let evaluation = |loss| Evaluation {
            loss,
            gradient: vec![loss; 3],
        };
        let (mut log, known) = Evaluations::open(&path, 3).expect("opens");
        assert!(known.is_empty());
        log.push(&evaluation(1.5)).expect("writes");
        log.push(&evaluation(f64::MIN_POSITIVE)).expect("writes");
        drop(log);
        let bytes = std::fs::read(&path).expect("read");
        std::fs::write(&path, &bytes[..bytes.len() - 1]).expect("written");
        let (mut log, known) = Evaluations::open(&path, 3).expect("opens");
        assert_eq!(known, [evaluation(1.5)]);
        log.push(&evaluation(2.5)).expect("writes");
        let (_, known) = Evaluations::open(&path, 3).expect("opens");
        assert_eq!(known, [evaluation(1.5), evaluation(2.5)]);
    }
}
