//! How is a model kept? As safetensors: arrays by name, settings in the metadata.
//!
//! `steps.T.filters` is `[n, n]` (coefficients in the cosine basis), `steps.T.functions` `[n, 63]` (weights of the Gaussians),
//! `steps.T.log_lambda` `[1]`, and a scheme's coefficient has its usual name, `steps.T.memory_k` `[1]`. All are `f32`.

use super::Model;
use super::model::scheme_facts;
use crate::RestoreError;
use crate::learned::{Arrays, write};

/// What the metadata calls these files.
pub(crate) const FORMAT: &str = "timestep reaction-diffusion 1";

impl Model {
    /// The model as the bytes of a safetensors file. `about` is kept in the metadata, for instance the recipe.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] if the model is not complete.
    pub fn to_bytes(&self, about: &[(&str, String)]) -> Result<Vec<u8>, RestoreError> {
        self.check()?;
        let facts = scheme_facts(&self.scheme)?;
        let mut arrays = Vec::new();
        for (t, stage) in self.stages.iter().enumerate() {
            arrays.extend(stage.to_arrays(t, self.size));
            for (i, k) in self.coefficients[t].iter().enumerate() {
                let name = facts.coefficient.map_or_else(String::new, |c| c.name_of(i));
                arrays.push((format!("steps.{t}.{name}"), vec![1], vec![*k]));
            }
        }
        let mut settings = about.to_vec();
        settings.extend([
            ("size", self.size.to_string()),
            ("steps", self.stages.len().to_string()),
            ("scheme", self.scheme.clone()),
            ("sigma", self.sigma.to_string()),
        ]);
        write(FORMAT, &arrays, &settings)
    }

    /// A model from the bytes of a safetensors file.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] says what is wrong: another kind of file, arrays that lack or have another shape.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RestoreError> {
        let arrays = Arrays::open(bytes, FORMAT)?;
        let (size, steps) = (arrays.number("size")?, arrays.number("steps")?);
        let scheme = arrays.setting("scheme")?;
        let mut model = Self::blank(
            size as usize,
            steps as usize,
            scheme,
            arrays.number("sigma")?,
        )?;
        let facts = scheme_facts(&model.scheme)?;
        for t in 0..model.stages.len() {
            model.stages[t].read(t, &arrays)?;
            for (i, k) in model.coefficients[t].iter_mut().enumerate() {
                let name = facts.coefficient.map_or_else(String::new, |c| c.name_of(i));
                *k = arrays.numbers(&format!("steps.{t}.{name}"), 1)?[0];
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
