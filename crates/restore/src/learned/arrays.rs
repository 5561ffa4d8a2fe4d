//! How is a trained method kept? As safetensors: arrays of `f32` or `f16` by name, settings in the metadata.

use crate::RestoreError;
use half::f16;
use safetensors::Dtype;
use timestep_weights::Metadata;

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
    let values: Vec<Vec<f32>> = arrays
        .iter()
        .map(|(_, _, v)| v.iter().map(|x| *x as f32).collect())
        .collect();
    let named: Vec<_> = arrays
        .iter()
        .zip(&values)
        .map(|((name, shape, _), values)| (name.as_str(), shape.as_slice(), values.as_slice()))
        .collect();
    let inner = metadata(format, settings);
    timestep_weights::write(&named, &inner).map_err(|e| bad(e.to_string()))
}

/// The bytes of a file whose numbers are kept in half precision.
pub(crate) fn write_half(
    format: &str,
    arrays: &[timestep_weights::Named<'_>],
    settings: &[(&str, String)],
) -> Result<Vec<u8>, RestoreError> {
    let kept = |value: &f32| f16::from_f32(*value).is_finite();
    if !arrays.iter().all(|(_, _, values)| values.iter().all(kept)) {
        return Err(bad(
            "it holds numbers that are not finite in half precision",
        ));
    }
    let inner = metadata(format, settings);
    timestep_weights::write_half(arrays, &inner).map_err(|e| bad(e.to_string()))
}

fn metadata(format: &str, settings: &[(&str, String)]) -> Metadata {
    let settings = settings.iter().map(|(k, v)| ((*k).to_owned(), v.clone()));
    let mut all: Metadata = settings.collect();
    all.insert("format".to_owned(), format.to_owned());
    all
}

/// An open file.
pub(crate) struct Arrays<'a> {
    file: timestep_weights::Arrays<'a>,
}

impl<'a> Arrays<'a> {
    /// Opens the bytes of a file of this format.
    pub(crate) fn open(bytes: &'a [u8], format: &str) -> Result<Self, RestoreError> {
        let file = timestep_weights::Arrays::open(bytes).map_err(|e| bad(e.to_string()))?;
        match file.metadata.get("format") {
            Some(found) if found == format => Ok(Self { file }),
            Some(found) => Err(bad(format!("it holds `{found}`, not `{format}`"))),
            None => Err(bad(
                "it holds the weights of something else, not of a restorer",
            )),
        }
    }

    /// The format of a file, if it says one.
    pub(crate) fn format(bytes: &[u8]) -> Option<String> {
        timestep_weights::metadata(bytes).ok()?.remove("format")
    }

    /// A setting.
    pub(crate) fn setting(&self, key: &str) -> Result<&str, RestoreError> {
        let found = self.file.metadata.get(key).map(String::as_str);
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
            .tensors
            .tensor(name)
            .map_err(|_| bad(format!("`{name}` is missing")))?;
        let values: Vec<f64> = match view.dtype() {
            Dtype::F32 => {
                let all = view.data().as_chunks::<4>().0.iter();
                all.map(|b| f64::from(f32::from_le_bytes(*b))).collect()
            }
            Dtype::F16 => {
                let all = view.data().as_chunks::<2>().0.iter();
                all.map(|b| f64::from(f16::from_le_bytes(*b))).collect()
            }
            _ => Vec::new(),
        };
        if values.len() != len {
            return Err(bad(format!(
                "`{name}` should hold {len} numbers of type F32 or F16"
            )));
        }
        if !values.iter().all(|x| x.is_finite()) {
            return Err(bad(format!("`{name}` holds numbers that are not finite")));
        }
        Ok(values)
    }
}
