//! How is a trained method kept? As safetensors: arrays of `f32` by name, settings in the metadata.

use crate::RestoreError;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::{BTreeMap, HashMap};

/// An array with its name and shape.
pub(crate) type Named = (String, Vec<usize>, Vec<f64>);

/// A model that does not fit, and why.
pub(crate) fn bad(why: impl Into<String>) -> RestoreError {
    RestoreError::BadModel(why.into())
}

/// The bytes of a file.
pub(crate) fn write(
    format: &str,
    arrays: &[Named],
    settings: &[(&str, String)],
) -> Result<Vec<u8>, RestoreError> {
    if !arrays
        .iter()
        .all(|(_, _, v)| v.iter().all(|x| x.is_finite()))
    {
        return Err(bad("it holds numbers that are not finite"));
    }
    let bytes: Vec<Vec<u8>> = arrays
        .iter()
        .map(|(_, _, v)| v.iter().flat_map(|x| (*x as f32).to_le_bytes()).collect())
        .collect();
    let mut views = Vec::new();
    for ((name, shape, _), bytes) in arrays.iter().zip(&bytes) {
        let view =
            TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(|e| bad(e.to_string()))?;
        views.push((name.clone(), view));
    }
    let mut inner: BTreeMap<&str, &str> = settings.iter().map(|(k, v)| (*k, v.as_str())).collect();
    inner.insert("format", format);
    let json = serde_json::to_string(&inner).map_err(|e| bad(e.to_string()))?;
    // The metadata of the library is a hash map, whose order changes from run to run: one key keeps equal weights
    // byte-equal.
    let outer = HashMap::from([(METADATA_KEY.to_owned(), json)]);
    safetensors::serialize(views, Some(outer)).map_err(|e| bad(e.to_string()))
}

/// The one metadata key of our files.
const METADATA_KEY: &str = "timestep";

/// The settings of a file; none if it is not one of ours.
fn settings(bytes: &[u8]) -> Result<BTreeMap<String, String>, RestoreError> {
    let (_, meta) = SafeTensors::read_metadata(bytes)
        .map_err(|e| bad(format!("it is no safetensors file ({e})")))?;
    let outer = meta.metadata().as_ref();
    let json = outer.and_then(|m| m.get(METADATA_KEY));
    Ok(json
        .and_then(|j| serde_json::from_str(j).ok())
        .unwrap_or_default())
}

/// An open file.
pub(crate) struct Arrays<'a> {
    file: SafeTensors<'a>,
    settings: BTreeMap<String, String>,
}

impl<'a> Arrays<'a> {
    /// Opens the bytes of a file of this format.
    pub(crate) fn open(bytes: &'a [u8], format: &str) -> Result<Self, RestoreError> {
        let settings = settings(bytes)?;
        match settings.get("format") {
            Some(found) if found == format => {}
            Some(found) => return Err(bad(format!("it holds `{found}`, not `{format}`"))),
            None => {
                return Err(bad(
                    "it holds the weights of something else, not of a restorer",
                ));
            }
        }
        let file = SafeTensors::deserialize(bytes).map_err(|e| bad(e.to_string()))?;
        Ok(Self { file, settings })
    }

    /// The format of a file, if it says one.
    pub(crate) fn format(bytes: &[u8]) -> Option<String> {
        settings(bytes).ok()?.remove("format")
    }

    /// A setting.
    pub(crate) fn setting(&self, key: &str) -> Result<&str, RestoreError> {
        let found = self.settings.get(key).map(String::as_str);
        found.ok_or_else(|| bad(format!("its metadata has no `{key}`")))
    }

    /// A setting that is a number.
    pub(crate) fn number(&self, key: &str) -> Result<f64, RestoreError> {
        let text = self.setting(key)?;
        text.parse()
            .map_err(|_| bad(format!("`{key}` in its metadata is no number")))
    }

    /// An array of a known length.
    pub(crate) fn numbers(&self, name: &str, len: usize) -> Result<Vec<f64>, RestoreError> {
        let view = self
            .file
            .tensor(name)
            .map_err(|_| bad(format!("`{name}` is missing")))?;
        if view.dtype() != Dtype::F32 || view.data().len() != 4 * len {
            return Err(bad(format!(
                "`{name}` should hold {len} numbers of type F32"
            )));
        }
        let values: Vec<f64> = view
            .data()
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| f64::from(f32::from_le_bytes(*b)))
            .collect();
        if !values.iter().all(|x| x.is_finite()) {
            return Err(bad(format!("`{name}` holds numbers that are not finite")));
        }
        Ok(values)
    }
}
