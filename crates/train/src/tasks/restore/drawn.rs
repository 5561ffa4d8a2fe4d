//! How is a phase trained whose noise is drawn anew for every step? By Adam; its state is a file, not a list of gradients.
//!
//! Every number moves in parts of its natural size, at most `train.drawn_lr` of it in a step. The rate rises over the first twentieth of the steps
//! and falls to 0 along a half cosine. At the end the loss of all pictures is evaluated once, with the noise that was drawn for them
//! in the beginning, so that it can be compared with those of other phases.

use crate::TrainError;
use crate::files;
use crate::optimisers::{AdamW, Group, Optimiser as _};
use sha2::{Digest as _, Sha256};
use std::path::Path;
use timestep_restore::learned::{Evaluation, Phase, Restorer, Sample};

/// Steps over which gradients and their squares are averaged: noise hides slow changes from longer means.
const BETAS: [f64; 2] = [0.9, 0.99];
/// Against division by 0; gradients in natural sizes are about 0.01 to 10.
const EPS: f64 = 1e-12;
/// Bytes of the checksum.
const SUM: usize = 32;

/// A phase in progress.
pub(super) struct Drawn {
    phase: Phase,
    adam: AdamW,
    /// Natural sizes of the numbers.
    sizes: Vec<f64>,
    /// The numbers in units of these.
    values: Vec<f32>,
    /// Losses of the steps; one more than there are steps when the phase is complete.
    losses: Vec<f64>,
}

impl Drawn {
    /// The phase of a model, before its first step.
    pub(super) fn new(model: &Restorer, phase: Phase) -> Self {
        let sizes = model.sizes(phase);
        let numbers = model.parameters(phase);
        let values = numbers
            .iter()
            .zip(&sizes)
            .map(|(x, size)| (x / size) as f32);
        Self {
            phase,
            adam: AdamW::new(BETAS[0], BETAS[1], EPS),
            values: values.collect(),
            sizes,
            losses: Vec::new(),
        }
    }

    /// The model as it is now; `before` is that before the phase.
    pub(super) fn model(&self, before: &Restorer) -> Restorer {
        let numbers = self.values.iter().zip(&self.sizes);
        let numbers: Vec<f64> = numbers.map(|(v, size)| f64::from(*v) * size).collect();
        before.with_parameters(self.phase, &numbers)
    }

    /// Losses so far.
    pub(super) fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// Steps to come.
    pub(super) fn left(&self) -> usize {
        self.phase.iterations.saturating_sub(self.losses.len())
    }

    /// Whether the last loss is that of all pictures.
    pub(super) fn is_complete(&self) -> bool {
        self.losses.len() > self.phase.iterations
    }

    /// Share of the rate at the next step.
    fn share(&self) -> f64 {
        let (at, all) = (self.losses.len() as f64, self.phase.iterations as f64);
        let rise = all / 20.0;
        if at < rise {
            return (at + 1.0) / (rise + 1.0);
        }
        0.5 * (1.0 + (std::f64::consts::PI * (at - rise) / (all - rise)).cos())
    }

    /// A step on these pictures; the loss before it. What is not finite changes nothing.
    ///
    /// # Errors
    /// [`TrainError::Restore`] if the model does not fit.
    pub(super) fn step(
        &mut self,
        before: &Restorer,
        samples: &[Sample],
        lr: f64,
    ) -> Result<Evaluation, TrainError> {
        let found = self.model(before).evaluate(samples, self.phase)?;
        let slopes = found.gradient.iter().zip(&self.sizes);
        let slopes: Vec<f32> = slopes.map(|(g, size)| (g * size) as f32).collect();
        if found.loss.is_finite() && slopes.iter().all(|g| g.is_finite()) {
            let all = Group {
                range: 0..slopes.len(),
                decay: 0.0,
                frozen: false,
            };
            let rate = lr * self.share();
            self.adam.update(&mut self.values, &slopes, &[all], rate);
            self.losses.push(found.loss);
        }
        Ok(found)
    }

    /// Evaluates the loss of all pictures, which completes the phase.
    ///
    /// # Errors
    /// [`TrainError::Restore`] if the model does not fit.
    pub(super) fn finish(
        &mut self,
        before: &Restorer,
        samples: &[Sample],
    ) -> Result<Evaluation, TrainError> {
        let found = self.model(before).evaluate(samples, self.phase)?;
        self.losses.push(found.loss);
        Ok(found)
    }

    /// Writes it, with a checksum: numbers in little-endian bytes. A phase without a step needs no file.
    pub(super) fn save(&self, path: &Path) -> Result<(), TrainError> {
        if self.losses.is_empty() {
            return Ok(());
        }
        let mut bytes = (self.losses.len() as u64).to_le_bytes().to_vec();
        bytes.extend(self.losses.iter().flat_map(|loss| loss.to_le_bytes()));
        let moments = self.adam.state();
        let arrays = moments.iter().map(|(_, moment)| *moment);
        for array in [&self.values[..]].into_iter().chain(arrays) {
            bytes.extend(array.iter().flat_map(|x| x.to_le_bytes()));
        }
        let sum = Sha256::digest(&bytes);
        bytes.extend(sum);
        files::write_atomic(path, |out| out.write_all(&bytes))?;
        Ok(())
    }

    /// The phase of a model as it was saved; as it begins, if it never was.
    ///
    /// # Errors
    /// [`TrainError::Damaged`] for a file that was changed, or is of another model.
    pub(super) fn open(path: &Path, model: &Restorer, phase: Phase) -> Result<Self, TrainError> {
        let mut drawn = Self::new(model, phase);
        if !path.exists() {
            return Ok(drawn);
        }
        let bytes = crate::read_bytes(path)?;
        let damaged = |what: &str| TrainError::Damaged {
            path: path.to_owned(),
            what: what.to_owned(),
        };
        let at = bytes.len().saturating_sub(SUM);
        let (numbers, sum) = bytes.split_at(at);
        if *sum != *Sha256::digest(numbers) {
            return Err(damaged(
                "it was changed after it was written: its SHA-256 is another one",
            ));
        }
        let other = || damaged("it is of another model");
        let (count, rest) = numbers.split_first_chunk::<8>().ok_or_else(other)?;
        let count = usize::try_from(u64::from_le_bytes(*count)).map_err(|_| other())?;
        let (losses, rest) = count
            .checked_mul(8)
            .and_then(|bytes| rest.split_at_checked(bytes))
            .ok_or_else(other)?;
        let losses = losses.as_chunks::<8>().0.iter();
        drawn.losses = losses.map(|loss| f64::from_le_bytes(*loss)).collect();
        let n = drawn.values.len();
        let rest = rest.as_chunks::<4>().0.iter();
        let rest: Vec<f32> = rest.map(|x| f32::from_le_bytes(*x)).collect();
        let [values, first, second] = rest.chunks_exact(n).collect::<Vec<_>>()[..] else {
            return Err(other());
        };
        drawn.values = values.to_vec();
        let moments = [("first_moment", first), ("second_moment", second)];
        let moments = moments.map(|(name, moment)| (name.to_owned(), moment.to_vec()));
        let steps = drawn.losses.len().min(phase.iterations);
        let restored = drawn.adam.restore(steps as u64, moments.into());
        restored.map_err(|_| other())?;
        Ok(drawn)
    }
}
