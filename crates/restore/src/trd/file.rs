//! How is a model kept? As safetensors: arrays by name, settings in the metadata.
//!
//! `steps.T.filters` is `[n, n]` (coefficients in the cosine basis), `steps.T.functions` `[n, 63]` (weights of the Gaussians),
//! `steps.T.log_lambda` `[1]`, and a scheme's coefficient has its usual name, `steps.T.memory_k` `[1]`. All are `f32`.

use super::model::scheme_facts;
use super::{Model, Stage};
use crate::RestoreError;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;

/// What the metadata calls these files.
const FORMAT: &str = "timestep reaction-diffusion 1";

impl Model {
    /// The model as the bytes of a safetensors file. `about` is kept in the metadata, for instance the recipe.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] if the model is not complete.
    pub fn to_bytes(&self, about: &[(&str, String)]) -> Result<Vec<u8>, RestoreError> {
        self.check()?;
        let bytes =
            |v: &[f64]| -> Vec<u8> { v.iter().flat_map(|x| (*x as f32).to_le_bytes()).collect() };
        let n = self.filters();
        let mut arrays = Vec::new();
        for (t, stage) in self.stages.iter().enumerate() {
            let mut add = |name: &str, shape: Vec<usize>, values: &[f64]| {
                arrays.push((format!("steps.{t}.{name}"), shape, bytes(values)));
            };
            add("filters", vec![n, n], &stage.filters);
            add(
                "functions",
                vec![n, stage.functions.len() / n],
                &stage.functions,
            );
            add("log_lambda", vec![1], &[stage.log_lambda]);
            if let Some(facts) = scheme_facts(&self.scheme)?.coefficient {
                for (i, k) in self.coefficients[t].iter().enumerate() {
                    add(&facts.name_of(i), vec![1], &[*k]);
                }
            }
        }
        let views: Vec<(String, TensorView<'_>)> = arrays
            .iter()
            .map(|(name, shape, bytes)| {
                TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (name.clone(), view))
            })
            .collect::<Result<_, _>>()
            .map_err(|e| RestoreError::BadModel(e.to_string()))?;
        let mut meta: HashMap<String, String> = HashMap::new();
        for (key, value) in about {
            meta.insert((*key).to_owned(), value.clone());
        }
        meta.insert("format".into(), FORMAT.into());
        meta.insert("size".into(), self.size.to_string());
        meta.insert("steps".into(), self.stages.len().to_string());
        meta.insert("scheme".into(), self.scheme.clone());
        meta.insert("sigma".into(), self.sigma.to_string());
        safetensors::serialize(views, Some(meta)).map_err(|e| RestoreError::BadModel(e.to_string()))
    }

    /// A model from the bytes of a safetensors file.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] says what is wrong: another kind of file, arrays that lack or have another shape.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RestoreError> {
        let bad = |why: String| RestoreError::BadModel(why);
        let (_, meta) = SafeTensors::read_metadata(bytes)
            .map_err(|e| bad(format!("it is no safetensors file ({e})")))?;
        let about = meta.metadata().clone().unwrap_or_default();
        let of = |key: &str| {
            about
                .get(key)
                .ok_or_else(|| bad(format!("its metadata has no `{key}`")))
        };
        if about.get("format").map(String::as_str) != Some(FORMAT) {
            return Err(bad(
                "these are not the weights of a reaction-diffusion model".into(),
            ));
        }
        let number = |key: &str| -> Result<f64, RestoreError> {
            of(key)?
                .parse()
                .map_err(|_| bad(format!("`{key}` in its metadata is no number")))
        };
        let (size, steps, sigma) = (number("size")?, number("steps")?, number("sigma")?);
        let mut model = Self::start(size as usize, steps as usize, of("scheme")?, sigma)?;
        let facts = scheme_facts(&model.scheme)?;
        let arrays = SafeTensors::deserialize(bytes).map_err(|e| bad(e.to_string()))?;
        let read = |name: String, len: usize| -> Result<Vec<f64>, RestoreError> {
            let view = arrays
                .tensor(&name)
                .map_err(|_| bad(format!("`{name}` is missing")))?;
            if view.dtype() != Dtype::F32 || view.data().len() != 4 * len {
                return Err(bad(format!(
                    "`{name}` should hold {len} numbers of type F32"
                )));
            }
            let values = view.data().as_chunks::<4>().0;
            Ok(values
                .iter()
                .map(|b| f64::from(f32::from_le_bytes(*b)))
                .collect())
        };
        for t in 0..model.stages.len() {
            let stage = &mut model.stages[t];
            *stage = Stage {
                filters: read(format!("steps.{t}.filters"), stage.filters.len())?,
                functions: read(format!("steps.{t}.functions"), stage.functions.len())?,
                log_lambda: read(format!("steps.{t}.log_lambda"), 1)?[0],
            };
            for (i, k) in model.coefficients[t].iter_mut().enumerate() {
                let name = facts.coefficient.map_or_else(String::new, |c| c.name_of(i));
                *k = read(format!("steps.{t}.{name}"), 1)?[0];
            }
        }
        model.check()?;
        Ok(model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_goes_through_a_file_and_bad_files_are_refused() {
        let mut model = Model::start(3, 3, "lm", 25.0).expect("a model");
        model.coefficients[1][0] = -0.25;
        let rounded =
            |m: &Model| -> Vec<f32> { m.parameters(0, 3).iter().map(|p| *p as f32).collect() };
        let bytes = model.to_bytes(&[("recipe", "x".into())]).expect("bytes");
        let back = Model::from_bytes(&bytes).expect("read back");
        assert_eq!(rounded(&model), rounded(&back));
        assert_eq!((back.scheme.as_str(), back.sigma), ("lm", 25.0));
        for cut in [0, 7, 100, bytes.len() - 1] {
            assert!(Model::from_bytes(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        model.stages[0].functions[5] = f64::NAN;
        assert!(model.to_bytes(&[]).is_err());
    }
}
