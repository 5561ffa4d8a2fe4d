//! Where do the events of a run go?
//!
//! A new kind of log is one file and one line of [`SINKS`]: the line gives it its word for
//! `--log`, its place in listings and its part in a resumed run.

mod memory;

registry! {
    /// Every kind of log, in the order of lists.
    pub static SINKS: [SinkKind] = FACTS;

    mod jsonl;
    mod csv;
    mod tensorboard;
}

pub use csv::{CsvSink, Table};
pub use jsonl::JsonlSink;
pub use memory::MemorySink;
pub use tensorboard::TensorboardSink;

use crate::event::{Position, Sink, SinkError};
use crate::recipe::TaskKind;
use std::path::Path;
use timestep_registry::{Facts, did_you_mean, quoted, registry};

/// The state that a resumed run continues from: logs are cut back to it, so that nothing is
/// recorded twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResumePoint {
    /// Epochs or phases completed, steps or evaluations taken.
    pub at: Position,
    /// What [`Sink::position`] of the `jsonl` log was when the state was saved.
    pub log_bytes: Option<u64>,
}

/// Opens a log in the folder of a run of this task, to continue from a state if one is given.
pub type Open = fn(&Path, TaskKind, Option<ResumePoint>) -> Result<Box<dyn Sink>, SinkError>;

/// A kind of log.
#[derive(Debug)]
pub struct SinkKind {
    /// What is known of everything that can be named; its key is its word for `--log`.
    pub named: Facts,
    /// Its file or folder in the folder of a run.
    pub file: &'static str,
    /// Whether every run has it without being asked.
    pub always: bool,
    /// How it is opened.
    pub open: Open,
}

timestep_registry::named!(SinkKind);

/// A log that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such kind of log.
    #[error("there is no log `{given}`")]
    Unknown {
        /// What was asked for.
        given: String,
    },
    /// Its file could not be opened.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

impl OpenError {
    /// One action that helps.
    pub fn hint(&self) -> Option<String> {
        match self {
            OpenError::Sink(error) => error.hint(),
            OpenError::Unknown { given } => {
                let keys: Vec<&str> = SINKS.keys().collect();
                let question = did_you_mean(&SINKS.near(given));
                Some(question.unwrap_or_else(|| format!("logs: {}", quoted(&keys, ", "))))
            }
        }
    }
}

/// Opens a log by its key in the folder of a run.
///
/// # Errors
/// [`OpenError`] when there is no such log or its file cannot be opened.
pub fn open(
    key: &str,
    run: &Path,
    task: TaskKind,
    resume: Option<ResumePoint>,
) -> Result<Box<dyn Sink>, OpenError> {
    match SINKS.find(key) {
        Some(kind) => Ok((kind.open)(run, task, resume)?),
        None => Err(OpenError::Unknown {
            given: key.to_owned(),
        }),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::event::{Event, RestoreTest, Restored, TestMetrics, TrainMetrics};

    /// The event of an epoch, with numbers that are easy to find again.
    pub(crate) fn epoch(epoch: usize) -> Event {
        Event::Epoch {
            epoch,
            step: epoch * 10,
            train: TrainMetrics {
                loss: 0.5 / epoch as f64,
                top1: 0.75,
            },
            test: TestMetrics {
                loss: 0.25,
                top1: 0.875,
                top5: 1.0,
            },
            ema: None,
            lr: 0.1,
            images_per_second: 1000.0,
            seconds: 2.5,
            memory_k: vec![vec![None, Some(-0.5)]],
            all_k: vec![vec![vec![], vec![-0.5, 0.125]]],
            effort: None,
            best: true,
        }
    }

    /// The event of an evaluation of a restorer.
    pub(crate) fn evaluation(evaluation: usize) -> Event {
        Event::Evaluation {
            phase: 1 + evaluation / 4,
            evaluation,
            loss: 100.0 / evaluation as f64,
            psnr: 25.0 + evaluation as f64,
            seconds: 0.5,
        }
    }

    /// The event at the end of a phase of a restorer.
    pub(crate) fn phase_end(phase: usize) -> Event {
        Event::PhaseEnd {
            restored: Restored {
                phase,
                evaluation: 4 * phase,
                loss: 50.0,
                psnr: 28.0,
                test: Some(RestoreTest { psnr: 27.5 }),
            },
            seconds: 2.0,
            memory_k: vec![vec![], vec![-0.25]],
        }
    }

    #[test]
    fn every_log_opens_writes_and_resumes() {
        type Case = (TaskKind, fn(usize) -> Event, Position);
        let tasks: [Case; 2] = [
            (
                TaskKind::Classify,
                epoch,
                Position::Epochs { epoch: 3, step: 30 },
            ),
            (
                TaskKind::Restore,
                evaluation,
                Position::Phases {
                    phase: 0,
                    evaluation: 3,
                },
            ),
        ];
        for (kind, (task, event, at)) in SINKS.all().into_iter().flat_map(|k| tasks.map(|t| (k, t)))
        {
            let run = tempfile::tempdir().expect("a temporary folder");
            let mut sink = open(kind.key, run.path(), task, None).expect("opens");
            (1..=3).for_each(|n| sink.on(&event(n)).expect("writes"));
            sink.on(&phase_end(1)).expect("writes");
            sink.flush().expect("flushes");
            let log_bytes = sink.position();
            drop(sink);
            assert!(run.path().join(kind.file).exists(), "{}", kind.key);
            let point = ResumePoint { at, log_bytes };
            let mut sink = open(kind.key, run.path(), task, Some(point)).expect("opens again");
            sink.on(&event(4)).expect("writes");
        }
    }

    #[test]
    fn a_missing_folder_is_an_error_with_a_hint() {
        for kind in SINKS.all() {
            let run = tempfile::tempdir().expect("a temporary folder");
            let file = run.path().join("file");
            std::fs::write(&file, "").expect("writable");
            let error = open(kind.key, &file, TaskKind::Classify, None)
                .err()
                .expect("a file is no folder");
            assert!(error.to_string().contains(kind.key), "{error}");
            assert!(error.hint().is_some(), "{error}");
        }
    }

    #[test]
    fn unknown_logs_have_near_ones() {
        let run = tempfile::tempdir().expect("a temporary folder");
        let hint = |key| {
            open(key, run.path(), TaskKind::Classify, None)
                .err()
                .and_then(|error| error.hint())
        };
        assert_eq!(
            hint("tensorbord").as_deref(),
            Some("did you mean `tensorboard`?")
        );
        assert_eq!(
            hint("wandb").as_deref(),
            Some("logs: `jsonl`, `csv`, `tensorboard`")
        );
    }

    #[test]
    fn every_file_is_registered() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/sinks");
        assert!(timestep_registry::unregistered(folder, MODULES, &["memory"]).is_empty());
    }
}
