//! What must be kept so that an interrupted run continues as if nothing had happened?
//!
//! One file, `state/state.safetensors`, replaced atomically: parameters, running statistics,
//! velocities, and the position in the run. Random draws need no state: they are functions of
//! (seed, epoch, image).

use crate::TrainError;
use crate::evaluate::Tally;
use crate::event::Best;
use crate::files::{self, Action, FileError};
use crate::sgd::Sgd;
use serde::{Deserialize, Serialize};
use std::path::Path;
use timestep_nets::{
    Device, Metadata, Network, Parameters, Tensor, TensorData, WeightsFile, read_safetensors,
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

/// Name of the state file inside the folder of a run.
pub const STATE: &str = "state/state.safetensors";

/// Velocities are stored beside the parameters under this prefix.
const VELOCITY: &str = "velocity.";

/// Writes the state of a run atomically.
///
/// # Errors
/// [`TrainError::File`] if the disk refuses; the previous state is then still there.
pub fn save_state(
    run: &Path,
    parameters: &Parameters,
    sgd: &Sgd,
    progress: &Progress,
) -> Result<(), TrainError> {
    let mut owned = Vec::new();
    for (spec, id) in parameters.specs().iter().zip(parameters.ids()) {
        owned.push((spec.name.clone(), spec.shape.clone(), parameters.read(id)));
        if let Some(velocity) = sgd.velocity(id) {
            let values = velocity.to_data().iter::<f32>().collect();
            owned.push((
                format!("{VELOCITY}{}", spec.name),
                spec.shape.clone(),
                values,
            ));
        }
    }
    let arrays: Vec<(&str, &[usize], Vec<f32>)> = owned
        .iter()
        .map(|(n, s, v)| (n.as_str(), s.as_slice(), v.clone()))
        .collect();
    // Progress holds only numbers and text: JSON can say it.
    let text = serde_json::to_string(progress).expect("progress is representable as JSON");
    let metadata = Metadata::from([("progress".to_owned(), text)]);
    let bytes = write_arrays(&arrays, &metadata)?;
    files::write_atomic(&run.join(STATE), |out| out.write_all(&bytes))?;
    Ok(())
}

/// Reads the state of a run.
///
/// # Errors
/// [`TrainError::NotARun`] without a state, [`TrainError::Damaged`] if it cannot be read,
/// [`TrainError::Net`] if it belongs to another network.
pub fn load_state(
    run: &Path,
    network: &Network,
    sgd: &mut Sgd,
    device: &Device,
) -> Result<(Parameters, Progress), TrainError> {
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
    let velocities: Vec<String> = file
        .arrays
        .keys()
        .filter(|n| n.starts_with(VELOCITY))
        .cloned()
        .collect();
    let velocities: Vec<(String, Vec<f32>)> = velocities
        .into_iter()
        .filter_map(|name| file.arrays.remove(&name).map(|(_, values)| (name, values)))
        .collect();
    let parameters = network.load(&file, device)?;
    for (name, values) in velocities {
        let Some(id) = parameters.find(&name[VELOCITY.len()..]) else {
            continue;
        };
        let length = values.len();
        sgd.set_velocity(
            id,
            Tensor::from_data(TensorData::new(values, [length]), device),
        );
    }
    Ok((parameters, progress))
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
    let bytes =
        std::fs::read(path).map_err(|e| FileError::new(Action::Read, path.to_owned(), e))?;
    read_safetensors(&bytes).map_err(|e| TrainError::Damaged {
        path: path.to_owned(),
        what: e.to_string(),
    })
}
