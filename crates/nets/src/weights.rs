//! How are weights stored? As safetensors with PyTorch's names and layouts.
//!
//! Everything needed to use the weights (architecture, recipe, normalisation) is in the metadata
//! as strings, so a weights file alone can be evaluated.

use crate::{NetError, Network, Parameters};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::BTreeMap;

/// Metadata of a weights file: text by key, in key order.
pub type Metadata = BTreeMap<String, String>;

/// The bytes of a safetensors file with all parameters and running statistics.
///
/// # Errors
/// [`NetError::Corrupt`] if the library refuses, which a built network never causes.
pub fn to_safetensors(parameters: &Parameters, metadata: &Metadata) -> Result<Vec<u8>, NetError> {
    let arrays: Vec<(&str, &[usize], Vec<f32>)> = parameters
        .specs()
        .iter()
        .zip(parameters.ids())
        .map(|(spec, id)| {
            (
                spec.name.as_str(),
                spec.shape.as_slice(),
                parameters.value(id).to_vec(),
            )
        })
        .collect();
    write_arrays(&arrays, metadata)
}

/// The bytes of a safetensors file with the given named arrays.
///
/// # Errors
/// [`NetError::Corrupt`] if a shape does not fit its numbers.
pub fn write_arrays(
    arrays: &[(&str, &[usize], Vec<f32>)],
    metadata: &Metadata,
) -> Result<Vec<u8>, NetError> {
    let bytes: Vec<Vec<u8>> = arrays
        .iter()
        .map(|(_, _, values)| values.iter().flat_map(|v| v.to_le_bytes()).collect())
        .collect();
    let mut views = Vec::with_capacity(arrays.len());
    for ((name, shape, _), bytes) in arrays.iter().zip(&bytes) {
        let view = TensorView::new(Dtype::F32, shape.to_vec(), bytes)
            .map_err(|e| NetError::Corrupt(format!("`{name}`: {e}")))?;
        views.push((*name, view));
    }
    // The library orders tensors itself, but its metadata is a hash map whose order changes from
    // run to run: one key keeps equal weights byte-equal, our own map goes inside as JSON.
    let json = serde_json::to_string(metadata).map_err(|e| NetError::Corrupt(e.to_string()))?;
    let outer = [(METADATA_KEY.to_string(), json)].into_iter().collect();
    safetensors::serialize(views, Some(outer)).map_err(|e| NetError::Corrupt(e.to_string()))
}

/// The one metadata key of our files.
const METADATA_KEY: &str = "timestep";

/// Named arrays and metadata of a weights file.
#[derive(Clone, Debug, Default)]
pub struct WeightsFile {
    /// Shape and numbers by name.
    pub arrays: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    /// Metadata; empty for files that were not written here.
    pub metadata: Metadata,
}

/// Reads a safetensors file held in memory.
///
/// # Errors
/// [`NetError::Corrupt`] with the reason.
pub fn read_safetensors(bytes: &[u8]) -> Result<WeightsFile, NetError> {
    let corrupt = |e: String| NetError::Corrupt(e);
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| corrupt(e.to_string()))?;
    let file = SafeTensors::deserialize(bytes).map_err(|e| corrupt(e.to_string()))?;
    let metadata = match header.metadata().as_ref().and_then(|m| m.get(METADATA_KEY)) {
        None => Metadata::new(),
        Some(json) => serde_json::from_str(json)
            .map_err(|e| corrupt(format!("the metadata is not readable: {e}")))?,
    };
    let mut arrays = BTreeMap::new();
    for (name, view) in file.iter() {
        let values = match view.dtype() {
            Dtype::F32 => view
                .data()
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect(),
            Dtype::F64 => view
                .data()
                .chunks_exact(8)
                .map(|b| {
                    f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) as f32
                })
                .collect(),
            // `num_batches_tracked` of PyTorch's norms: a counter that nothing here needs.
            Dtype::I64 if name.ends_with("num_batches_tracked") => continue,
            other => {
                return Err(corrupt(format!(
                    "`{name}` has type {other:?}; f32 is needed"
                )));
            }
        };
        arrays.insert(name.to_string(), (view.shape().to_vec(), values));
    }
    Ok(WeightsFile { arrays, metadata })
}

impl Network {
    /// Parameters of this network from a weights file.
    ///
    /// # Errors
    /// [`NetError::Mismatch`] listing what is missing, unexpected or of another shape.
    pub fn load(&self, file: &WeightsFile) -> Result<Parameters, NetError> {
        let mut problems = Vec::new();
        let mut values = Vec::with_capacity(self.specs().total());
        for spec in self.specs().iter() {
            match file.arrays.get(&spec.name) {
                None => problems.push(format!("`{}` is missing", spec.name)),
                Some((shape, _)) if *shape != spec.shape => problems.push(format!(
                    "`{}` has shape {shape:?}, the network has {:?}",
                    spec.name, spec.shape
                )),
                Some((_, array)) => values.extend_from_slice(array),
            }
        }
        let known: std::collections::BTreeSet<&str> =
            self.specs().iter().map(|s| s.name.as_str()).collect();
        for name in file.arrays.keys().filter(|n| !known.contains(n.as_str())) {
            problems.push(format!("`{name}` is not in the network"));
        }
        if !problems.is_empty() {
            let rest = problems.len().saturating_sub(4);
            problems.truncate(4);
            if rest > 0 {
                problems.push(format!("and {rest} more"));
            }
            return Err(NetError::Mismatch {
                network: self.config().name.clone(),
                problems,
            });
        }
        Ok(Parameters::new(self.specs().clone(), values))
    }
}
