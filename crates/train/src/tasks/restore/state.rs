//! What continues an interrupted run of a restorer? The evaluations of every phase, and where it stood.

use crate::TrainError;
use crate::event::{BestPhase, EndReason, Event};
use crate::files::{self, Action, FileError};
use crate::trainer::Outcome;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
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
    folder.join(format!("state/phase-{phase}.log"))
}

/// What is saved of a phase with noise drawn anew, counted from 0, in the folder of a run.
pub(super) fn drawn(folder: &Path, phase: usize) -> PathBuf {
    folder.join(format!("state/phase-{phase}.adam"))
}

/// The same as version 0.1 kept them: without checksums.
fn unchecked(path: &Path) -> PathBuf {
    path.with_extension("f64")
}

/// SHA-256 in hexadecimal digits.
fn checksum(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
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
        // Version 0.1 wrote one line, without a checksum.
        let (text, sum) = text.split_once('\n').unwrap_or((&text, ""));
        let what = if sum.is_empty() || sum.trim_end() == checksum(text.as_bytes()) {
            match serde_json::from_str(text) {
                Ok(progress) => return Ok(Some(progress)),
                Err(e) => e.to_string(),
            }
        } else {
            "it was changed after it was written: its SHA-256 is another one".to_owned()
        };
        Err(TrainError::Damaged { path, what })
    }

    /// Writes it atomically.
    pub(super) fn save(&self, folder: &Path) -> Result<(), TrainError> {
        // It holds only numbers and text: JSON can say it.
        let text = serde_json::to_string(self).expect("progress is representable as JSON");
        let text = format!("{text}\n{}\n", checksum(text.as_bytes()));
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

/// The evaluations of a phase, on disk: records of the loss and the gradient, `f64`, little-endian, and the SHA-256 of
/// the record and its number.
pub(super) struct Evaluations {
    path: PathBuf,
    file: File,
    /// Records written.
    count: u64,
}

/// Bytes of the checksum of a record.
const SUM: usize = 32;

/// A record with its checksum.
fn record(number: u64, evaluation: &Evaluation) -> Vec<u8> {
    let mut bytes = evaluation.loss.to_le_bytes().to_vec();
    bytes.extend(evaluation.gradient.iter().flat_map(|g| g.to_le_bytes()));
    let sum = record_sum(number, &bytes);
    bytes.extend(sum);
    bytes
}

fn record_sum(number: u64, numbers: &[u8]) -> [u8; SUM] {
    let mut hash = Sha256::new();
    hash.update(number.to_le_bytes());
    hash.update(numbers);
    hash.finalize().into()
}

fn evaluation(numbers: &[u8]) -> Evaluation {
    let mut numbers = numbers
        .as_chunks::<8>()
        .0
        .iter()
        .map(|b| f64::from_le_bytes(*b));
    Evaluation {
        loss: numbers.next().unwrap_or(f64::NAN),
        gradient: numbers.collect(),
    }
}

impl Evaluations {
    /// Opens the log of a phase with `parameters` parameters and reads what it holds. A last record that a crash cut short or
    /// left unwritten is dropped.
    ///
    /// # Errors
    /// [`TrainError::Damaged`] if a record before the last was changed.
    pub(super) fn open(
        path: &Path,
        parameters: usize,
    ) -> Result<(Self, Vec<Evaluation>), TrainError> {
        let fail = |action| move |source| FileError::new(action, path, source);
        let numbers = 8 * (parameters + 1);
        let old = unchecked(path);
        if old.exists() && !path.exists() {
            let bytes = crate::read_bytes(&old)?;
            let whole = bytes.chunks_exact(numbers).map(evaluation);
            let records: Vec<u8> = (0..).zip(whole).flat_map(|(n, e)| record(n, &e)).collect();
            files::write_atomic(path, |out| out.write_all(&records))?;
            std::fs::remove_file(&old).map_err(fail(Action::Write))?;
        }
        let bytes = match path.exists() {
            true => crate::read_bytes(path)?,
            false => Vec::new(),
        };
        let mut known = Vec::new();
        let records = bytes.chunks_exact(numbers + SUM);
        let last = records.len().saturating_sub(1);
        for (number, bytes) in records.enumerate() {
            let (numbers, sum) = bytes.split_at(numbers);
            if record_sum(number as u64, numbers) == *sum {
                known.push(evaluation(numbers));
            } else if number < last {
                return Err(TrainError::Damaged {
                    path: path.to_owned(),
                    what: format!("evaluation {} was changed after it was written", number + 1),
                });
            }
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(fail(Action::Create))?;
        let count = known.len() as u64;
        file.set_len(count * (numbers + SUM) as u64)
            .map_err(fail(Action::Truncate))?;
        let path = path.to_owned();
        Ok((Self { path, file, count }, known))
    }

    /// Adds an evaluation.
    pub(super) fn push(&mut self, evaluation: &Evaluation) -> Result<(), TrainError> {
        let bytes = record(self.count, evaluation);
        self.count += 1;
        self.file
            .write_all(&bytes)
            .map_err(|e| FileError::new(Action::Write, &self.path, e).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluation(loss: f64) -> Evaluation {
        Evaluation {
            loss,
            gradient: vec![loss; 3],
        }
    }

    #[test]
    fn half_a_record_is_dropped() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("phase-0.log");
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

    #[test]
    fn a_flipped_bit_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("phase-0.log");
        let (mut log, _) = Evaluations::open(&path, 3).expect("opens");
        for loss in [1.5, 2.5, 3.5] {
            log.push(&evaluation(loss)).expect("writes");
        }
        let good = std::fs::read(&path).expect("read");
        let record = good.len() / 3;
        for bit in 0..8 * good.len() {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, &bytes).expect("written");
            let opened = Evaluations::open(&path, 3);
            if bit / 8 < 2 * record {
                assert!(
                    matches!(opened, Err(TrainError::Damaged { .. })),
                    "bit {bit}"
                );
            } else {
                // The last one is computed once more.
                let (_, known) = opened.expect("opens");
                assert_eq!(known, [evaluation(1.5), evaluation(2.5)], "bit {bit}");
            }
        }
    }

    #[test]
    fn records_without_checksums_are_taken_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let old = folder.path().join("phase-0.f64");
        let numbers: Vec<u8> = [1.5f64; 4].iter().flat_map(|v| v.to_le_bytes()).collect();
        std::fs::write(&old, [&numbers[..], &numbers[..10]].concat()).expect("written");
        let path = folder.path().join("phase-0.log");
        let (_, known) = Evaluations::open(&path, 3).expect("opens");
        assert_eq!(known, [evaluation(1.5)]);
        assert!(!old.exists());
        let (_, known) = Evaluations::open(&path, 3).expect("opens");
        assert_eq!(known, [evaluation(1.5)]);
    }

    #[test]
    fn progress_that_was_changed_is_refused_and_that_of_before_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let progress = Progress {
            evaluation: 17,
            ..Progress::new("pictures".into())
        };
        std::fs::create_dir(folder.path().join("state")).expect("a folder");
        progress.save(folder.path()).expect("saved");
        assert_eq!(
            Progress::load(folder.path()).expect("read"),
            Some(progress.clone())
        );
        let path = folder.path().join(PROGRESS);
        let text = std::fs::read_to_string(&path).expect("read");
        std::fs::write(&path, text.replace(":17", ":16")).expect("written");
        assert!(matches!(
            Progress::load(folder.path()),
            Err(TrainError::Damaged { .. })
        ));
        let first = text.lines().next().expect("a line");
        std::fs::write(&path, first).expect("written");
        assert_eq!(Progress::load(folder.path()).expect("read"), Some(progress));
    }
}
