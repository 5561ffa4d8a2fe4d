//! How is an interrupted phase continued? From the evaluations that it has written.

use crate::learned::Evaluation;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

/// The evaluations of a phase, on disk: records of the loss and the gradient, `f64`, little-endian.
pub(super) struct EvaluationLog {
    file: File,
}

impl EvaluationLog {
    /// Opens the log of a phase with `parameters` parameters and reads what it holds. A record that was cut short by a crash is
    /// dropped.
    pub(super) fn open(path: &Path, parameters: usize) -> io::Result<(Self, Vec<Evaluation>)> {
        let mut bytes = Vec::new();
        if path.exists() {
            File::open(path)?.read_to_end(&mut bytes)?;
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
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        file.set_len(whole as u64)?;
        Ok((Self { file }, known))
    }

    /// Adds an evaluation.
    pub(super) fn push(&mut self, evaluation: &Evaluation) -> io::Result<()> {
        let mut bytes = evaluation.loss.to_le_bytes().to_vec();
        bytes.extend(evaluation.gradient.iter().flat_map(|g| g.to_le_bytes()));
        self.file.write_all(&bytes)
    }
}
