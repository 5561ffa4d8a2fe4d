//! What does a cascade learn, and how is it kept?

use crate::RestoreError;
use crate::learned::{Arrays, Gaussians, Stage, bad, write};
use std::sync::OnceLock;

/// What the metadata calls these files.
pub(crate) const FORMAT: &str = "timestep shrinkage-fields 1";

/// A cascade of shrinkage fields.
#[derive(Clone, Debug, PartialEq)]
pub struct CsfModel {
    /// Rows of a filter: 3, 5 or 7.
    pub size: usize,
    /// Noise level that it is for.
    pub sigma: f64,
    /// The stages.
    pub stages: Vec<Stage>,
}

impl CsfModel {
    /// The published start of training: the cosine basis, functions that are the identity on -260..260, `λ = 0.1`.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] for another size than 3, 5 and 7, or no stage.
    pub fn start(size: usize, stages: usize, sigma: f64) -> Result<Self, RestoreError> {
        if !matches!(size, 3 | 5 | 7) {
            return Err(bad(format!("filters have 3, 5 or 7 rows, not {size}")));
        }
        if !(1..=64).contains(&stages) {
            return Err(bad(format!("{stages} stages are not between 1 and 64")));
        }
        static IDENTITY: OnceLock<Vec<f64>> = OnceLock::new();
        let identity = IDENTITY.get_or_init(|| Gaussians::shrinkage().fit(|z| z));
        Ok(Self {
            size,
            sigma,
            stages: vec![Stage::start(size, identity, 0.1); stages],
        })
    }

    /// The taps of filter `i` of stage `t`, row by row.
    ///
    /// # Panics
    /// If there is no such filter.
    #[must_use]
    pub fn taps(&self, t: usize, i: usize) -> Vec<f64> {
        self.stages[t].taps(self.size, i)
    }

    /// The table of shrinkage function `i` of stage `t`: four rows of coefficients of its piecewise cubic.
    ///
    /// # Panics
    /// If there is no such function.
    #[must_use]
    pub fn table(&self, t: usize, i: usize) -> Vec<f64> {
        let gaussians = Gaussians::shrinkage();
        gaussians.table(self.stages[t].weights(gaussians, i))
    }

    /// The bytes of a safetensors file: `steps.T.{filters,functions,log_lambda}`, as those of TRD.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] if numbers are not finite.
    pub fn to_bytes(&self, about: &[(&str, String)]) -> Result<Vec<u8>, RestoreError> {
        let stages = self.stages.iter().enumerate();
        let arrays: Vec<_> = stages
            .flat_map(|(t, s)| s.to_arrays(t, self.size))
            .collect();
        let mut settings = about.to_vec();
        settings.extend([
            ("size", self.size.to_string()),
            ("steps", self.stages.len().to_string()),
            ("sigma", self.sigma.to_string()),
        ]);
        write(FORMAT, &arrays, &settings)
    }

    /// A model from the bytes of a safetensors file.
    ///
    /// # Errors
    /// [`RestoreError::BadModel`] says what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RestoreError> {
        let arrays = Arrays::open(bytes, FORMAT)?;
        let (size, stages) = (arrays.number("size")?, arrays.number("steps")?);
        let mut model = Self::start(size as usize, stages as usize, arrays.number("sigma")?)?;
        for (t, stage) in model.stages.iter_mut().enumerate() {
            stage.read(t, &arrays)?;
        }
        Ok(model)
    }
}
