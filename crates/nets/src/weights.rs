//! How are weights stored? As safetensors with PyTorch's names and layouts.
//!
//! Everything needed to use the weights (architecture, recipe, normalisation) is in the metadata
//! as strings, so a weights file alone can be evaluated.

use crate::{NetError, Network, Parameters};
use half::f16;
use safetensors::tensor::Dtype;
use std::collections::BTreeMap;
pub use timestep_weights::Metadata;

/// The bytes of a safetensors file with all parameters and running statistics.
///
/// # Errors
/// [`NetError::Weights`] if the library refuses, which a built network never causes.
pub fn to_safetensors(parameters: &Parameters, metadata: &Metadata) -> Result<Vec<u8>, NetError> {
    Ok(timestep_weights::write(&named(parameters), metadata)?)
}

/// As [`to_safetensors`], with numbers rounded to half precision: half the bytes, errors of up to 1/2048 of a number (of
/// numbers below 6e-5, up to 3e-8).
///
/// # Errors
/// [`NetError::NotHalf`] for a number that is too large for it; [`NetError::Weights`] as there.
pub fn to_half_safetensors(
    parameters: &Parameters,
    metadata: &Metadata,
) -> Result<Vec<u8>, NetError> {
    let named = named(parameters);
    let large = |v: &f32| v.is_finite() && f16::from_f32(*v).is_infinite();
    if let Some((name, ..)) = named.iter().find(|(_, _, values)| values.iter().any(large)) {
        return Err(NetError::NotHalf((*name).to_owned()));
    }
    Ok(timestep_weights::write_half(&named, metadata)?)
}

/// Name, shape and numbers of every parameter.
fn named(parameters: &Parameters) -> Vec<timestep_weights::Named<'_>> {
    let all = parameters.specs().iter().zip(parameters.ids());
    all.map(|(spec, id)| {
        let (name, shape) = (spec.name.as_str(), spec.shape.as_slice());
        (name, shape, parameters.value(id))
    })
    .collect()
}

/// The bytes of a safetensors file with the given named arrays.
///
/// # Errors
/// [`NetError::Weights`] if a shape does not fit its numbers.
pub fn write_arrays(
    arrays: &[(&str, &[usize], Vec<f32>)],
    metadata: &Metadata,
) -> Result<Vec<u8>, NetError> {
    let named: Vec<_> = arrays
        .iter()
        .map(|(n, s, v)| (*n, *s, v.as_slice()))
        .collect();
    Ok(timestep_weights::write(&named, metadata)?)
}

/// Shape and numbers of arrays, by name.
type ByName = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// Named arrays and metadata of a weights file.
#[derive(Clone, Debug, Default)]
pub struct WeightsFile {
    /// Shape and numbers by name.
    pub arrays: ByName,
    /// Metadata; empty for files that were not written here.
    pub metadata: Metadata,
    /// Whether the file holds a checksum, which was right; files of other programs and of version 0.1 hold none.
    pub checked: bool,
}

/// Reads a safetensors file held in memory.
///
/// # Errors
/// [`NetError::Weights`] if it is none, or its checksum is not that of its contents; [`NetError::Corrupt`] for types of
/// numbers that are not read.
pub fn read_safetensors(bytes: &[u8]) -> Result<WeightsFile, NetError> {
    let file = timestep_weights::Arrays::open_unverified(bytes)?;
    let checked = file.is_checked();
    // The checksum of a large file takes as long as everything else.
    let (verified, arrays) = rayon::join(|| file.verify(), || arrays_of(&file));
    verified?;
    Ok(WeightsFile {
        arrays: arrays?,
        metadata: file.metadata,
        checked,
    })
}

/// Shapes and numbers of a file, by name.
fn arrays_of(file: &timestep_weights::Arrays<'_>) -> Result<ByName, NetError> {
    let mut arrays = BTreeMap::new();
    for (name, view) in file.tensors.iter() {
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
            Dtype::F16 => view
                .data()
                .chunks_exact(2)
                .map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32())
                .collect(),
            // `num_batches_tracked` of PyTorch's norms: a counter that nothing here needs.
            Dtype::I64 if name.ends_with("num_batches_tracked") => continue,
            other => {
                let what = format!("`{name}` has type {other:?}; f16, f32 or f64 is needed");
                return Err(NetError::Corrupt(what));
            }
        };
        arrays.insert(name.to_string(), (view.shape().to_vec(), values));
    }
    Ok(arrays)
}

impl WeightsFile {
    /// The first array, in the order of names, that holds NaN or infinity, and how many of its numbers are.
    #[must_use]
    pub fn not_finite(&self) -> Option<(&str, usize)> {
        self.arrays.iter().find_map(|(name, (_, values))| {
            let count = values.iter().filter(|v| !v.is_finite()).count();
            (count > 0).then_some((name.as_str(), count))
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset;
    use std::sync::Arc;

    #[test]
    fn numbers_beyond_half_precision_are_refused_by_name() {
        let (input, classes) = crate::Home::Cifar.input();
        let config = preset("preresnet-20").unwrap().config(input, classes);
        let network = Network::build(&config).unwrap();
        let mut values = vec![1.0; network.specs().total()];
        let half = |values: &[f32]| {
            let parameters = Parameters::new(Arc::clone(network.specs()), values.to_vec());
            to_half_safetensors(&parameters, &Metadata::new())
        };
        assert!(half(&values).is_ok());
        // Infinity has a half; what rounding would make infinite has none.
        values[0] = f32::INFINITY;
        assert!(half(&values).is_ok());
        values[0] = 65_520.0;
        let error = half(&values).unwrap_err();
        assert!(error.to_string().contains("`conv1.weight`"), "{error}");
        assert!(error.hint().unwrap().contains("half"));
    }
}
