//! What must be kept so that an interrupted run continues as if nothing had happened?
//!
//! One file, `state/state.safetensors`, replaced atomically: parameters, running statistics,
//! what the optimiser and a limit of right-hand sides remember, the average of the weights, and the position in the run. Random draws need no state: they are functions of
//! (seed, epoch, image).

use crate::Learner;
use crate::LimitState;
use crate::TrainError;
use crate::evaluate::Tally;
use crate::event::Best;
use crate::files;
use serde::{Deserialize, Serialize};
use std::path::Path;
use timestep_nets::{
    Effort, Frequency, Metadata, Network, Parameters, WeightsFile, read_safetensors,
    to_safetensors, write_arrays,
};

/// Where a run stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Epochs completed.
    pub epoch: usize,
    /// Batches done of the epoch under way.
    pub batch: usize,
    /// Optimiser steps taken.
    pub step: usize,
    /// Sum of the training losses of the epoch under way, as the bits of an `f64`: decimal text
    /// would not restore it exactly.
    pub(crate) loss_bits: u64,
    /// Correct training images of the epoch under way.
    pub correct: usize,
    /// Training images counted in the epoch under way.
    pub images: usize,
    /// Best epoch so far.
    pub best: Option<Best>,
    /// Seconds spent training.
    pub seconds: f64,
    /// Length of `events.jsonl` when this was saved.
    pub log_bytes: Option<u64>,
    /// Fingerprint of the data.
    pub data: String,
    /// What steps took in the epoch under way, as [`Effort::to_numbers`].
    #[serde(default)]
    pub effort: [u64; 7],
}

impl Progress {
    /// The running sums of the epoch under way.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally {
            loss: f64::from_bits(self.loss_bits),
            top1: self.correct,
            top5: 0,
            images: self.images,
        }
    }

    /// Stores the running sums of the epoch under way.
    pub fn set_tally(&mut self, tally: &Tally) {
        self.loss_bits = tally.loss.to_bits();
        self.correct = tally.top1;
        self.images = tally.images;
    }
}

impl Progress {
    /// Counts what the steps of a batch took.
    pub fn take(&mut self, more: &Effort) {
        let mut effort = self.effort();
        effort.add(more);
        self.effort = effort.to_numbers();
    }

    /// What steps took in the epoch under way.
    #[must_use]
    pub fn effort(&self) -> Effort {
        Effort::from_numbers(self.effort)
    }
}

/// Name of the state file inside the folder of a run.
pub const STATE: &str = "state/state.safetensors";

/// What the optimiser remembers is stored beside the parameters under this prefix.
const OPTIMISER: &str = "optimiser.";

/// The average of the weights, if the run keeps one.
const AVERAGE: &str = "average";

/// What a limit of right-hand sides remembers.
const LIMIT: &str = "lipschitz";

/// What a limit remembers: steps left, then three numbers for each convolution.
fn limit_text(state: &LimitState) -> String {
    let peaks = state.peaks.iter().map(|p| [p.group, p.at[0], p.at[1]]);
    let all = std::iter::once(state.left as usize).chain(peaks.flatten());
    let words: Vec<String> = all.map(|number| number.to_string()).collect();
    words.join(" ")
}

/// The same read back.
fn limit_of(text: &str) -> Option<LimitState> {
    let words = text.split(' ').map(|word| word.parse().ok());
    let numbers: Vec<u32> = words.collect::<Option<_>>()?;
    let (left, peaks) = numbers.split_first()?;
    let peak = |three: &[u32]| Frequency {
        group: three[0] as usize,
        at: [three[1] as usize, three[2] as usize],
    };
    peaks.len().is_multiple_of(3).then(|| LimitState {
        left: *left,
        peaks: peaks.chunks_exact(3).map(peak).collect(),
    })
}

/// Writes the state of a run atomically.
///
/// # Errors
/// [`TrainError::File`] if the disk refuses; the previous state is then still there.
pub fn save_state(
    run: &Path,
    parameters: &Parameters,
    learner: &Learner,
    progress: &Progress,
) -> Result<(), TrainError> {
    let specs = parameters.specs();
    let mut arrays: Vec<(&str, &[usize], Vec<f32>)> = Vec::new();
    for (spec, id) in specs.iter().zip(specs.ids()) {
        arrays.push((&spec.name, &spec.shape, parameters.value(id).to_vec()));
    }
    let total = [specs.total()];
    let state = learner.optimiser().state();
    let kept: Vec<String> = state
        .iter()
        .map(|(name, _)| format!("{OPTIMISER}{name}"))
        .collect();
    for (name, (_, values)) in kept.iter().zip(&state) {
        arrays.push((name, &total, values.to_vec()));
    }
    if let Some(average) = learner.average() {
        arrays.push((AVERAGE, &total, average.values().to_vec()));
    }
    // Progress holds only numbers and text: JSON can say it.
    let text = serde_json::to_string(progress).expect("progress is representable as JSON");
    let mut metadata = Metadata::from([("progress".to_owned(), text)]);
    if let Some(limit) = learner.limit() {
        metadata.insert(LIMIT.to_owned(), limit_text(limit.state()));
    }
    let bytes = write_arrays(&arrays, &metadata)?;
    files::write_atomic(&run.join(STATE), |out| out.write_all(&bytes))?;
    Ok(())
}

/// Reads the state of a run; `false` if it was written by version 0.1, which kept no checksum.
///
/// # Errors
/// [`TrainError::NotARun`] without a state, [`TrainError::Damaged`] if it cannot be read,
/// [`TrainError::Net`] if it belongs to another network.
pub fn load_state(
    run: &Path,
    network: &Network,
    learner: &mut Learner,
) -> Result<(Parameters, Progress, bool), TrainError> {
    let path = run.join(STATE);
    if !path.is_file() {
        let what = format!("it has no `{STATE}`");
        return Err(TrainError::NotARun {
            path: run.to_owned(),
            what,
        });
    }
    let mut file = read_weights(&path)?;
    let progress: Progress = file
        .metadata
        .get("progress")
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| TrainError::Damaged {
            path: path.clone(),
            what: "the position of the run is missing or unreadable".into(),
        })?;
    let damaged = |what: String| TrainError::Damaged {
        path: path.clone(),
        what,
    };
    let total = network.specs().total();
    let average = file.arrays.remove(AVERAGE).map(|(_, values)| values);
    let names: Vec<String> = file
        .arrays
        .keys()
        .filter(|n| n.starts_with(OPTIMISER))
        .cloned()
        .collect();
    let state: Vec<(String, Vec<f32>)> = names
        .into_iter()
        .filter_map(|name| {
            let (_, values) = file.arrays.remove(&name)?;
            Some((name[OPTIMISER.len()..].to_owned(), values))
        })
        .collect();
    let parameters = network.load(&file)?;
    let numbers = state.iter().map(|(_, values)| values).chain(&average);
    if numbers.into_iter().any(|values| values.len() != total) {
        return Err(damaged("it holds the state of another network".into()));
    }
    let steps = progress.step as u64;
    learner
        .optimiser_mut()
        .restore(steps, state)
        .map_err(|e| damaged(e.to_string()))?;
    if let Some(limit) = learner.limit_mut() {
        let state = file.metadata.get(LIMIT).and_then(|text| limit_of(text));
        if !state.is_some_and(|state| limit.restore(state)) {
            return Err(damaged(
                "what `train.lipschitz` remembers is missing or unreadable".into(),
            ));
        }
    }
    if let Some(values) = average {
        learner.restore_average(steps, values);
    }
    Ok((parameters, progress, file.checked))
}

/// Writes a weights file atomically.
///
/// # Errors
/// [`TrainError::File`] if the disk refuses.
pub fn save_weights(
    path: &Path,
    parameters: &Parameters,
    metadata: &Metadata,
) -> Result<(), TrainError> {
    let bytes = to_safetensors(parameters, metadata)?;
    files::write_atomic(path, |out| out.write_all(&bytes))?;
    Ok(())
}

/// Reads a weights file.
///
/// # Errors
/// [`TrainError::File`] if it cannot be read, [`TrainError::Damaged`] if it is no weights file.
pub fn read_weights(path: &Path) -> Result<WeightsFile, TrainError> {
    let bytes = crate::read_bytes(path)?;
    read_safetensors(&bytes).map_err(|e| TrainError::Damaged {
        path: path.to_owned(),
        what: e.to_string(),
    })
}
