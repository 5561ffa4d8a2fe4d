//! What is a method of restoration? Something that turns noisy planes and their noise levels into clean planes.

use crate::RestoreError;
use crate::photo::Part;
use std::path::PathBuf;
use timestep_picture::Plane;
use timestep_picture::tiles::{Need, Tiling};
use timestep_registry::Facts;

/// How a method is set up, where it differs from its registry entry.
#[derive(Clone, Debug, Default)]
pub struct MethodOptions {
    /// Weights of a trained method: a file, or the name or the beginning of the name of bundled weights (`trd-5x5`).
    pub model: Option<PathBuf>,
}

/// What is known about a method without running it.
#[derive(Debug)]
pub struct MethodFacts {
    /// What is known of everything that can be named.
    pub named: Facts,
    /// Makes it with its published settings, or as the options say.
    pub make: fn(&MethodOptions) -> Result<Box<dyn Method>, RestoreError>,
    /// What a file of weights for it says of itself; `None` for methods that are not trained.
    pub format: Option<&'static str>,
}

timestep_registry::named!(MethodFacts);

/// A way to remove additive white Gaussian noise.
pub trait Method: Send + Sync {
    /// What is known without running it.
    fn facts(&self) -> &'static MethodFacts;

    /// Estimates the clean channels of one picture.
    ///
    /// `sigmas` holds the standard deviation of the noise of each plane, in grey levels. The first
    /// plane of a colour picture is its luma (see [`Method`] users: colours are turned into opponent
    /// channels before), so that a method may find similar patches there. A plane whose sigma is 0 is returned as
    /// it is. The result is not clipped. Same bits for any number of threads.
    ///
    /// # Errors
    /// [`RestoreError`] if the planes differ in size or hold pixels that are not finite, or a sigma is none.
    fn denoise(&self, planes: &[Plane], sigmas: &[f64]) -> Result<Vec<Plane>, RestoreError>;

    /// Cleans one part of a photograph (see [`photo`](crate::photo)), whose noise has this level.
    ///
    /// # Errors
    /// As [`Method::denoise`].
    fn part(&self, part: Part, plane: Plane, level: f64) -> Result<Plane, RestoreError> {
        let _ = part;
        let mut cleaned = self.denoise(&[plane], &[level])?;
        Ok(cleaned.swap_remove(0))
    }

    /// As [`Method::denoise`], and shows the channels after each step with its number, 1 first; the last are the
    /// result. A method without steps has one.
    ///
    /// # Errors
    /// As [`Method::denoise`].
    fn denoise_steps(
        &self,
        planes: &[Plane],
        sigmas: &[f64],
        show: &mut dyn FnMut(usize, &[Plane]),
    ) -> Result<Vec<Plane>, RestoreError> {
        let result = self.denoise(planes, sigmas)?;
        show(1, &result);
        Ok(result)
    }

    /// How a picture may be cut into tiles with the same result bit for bit, if it may.
    fn tiling(&self) -> Option<Tiling>;

    /// The same for [`Method::part`] on pictures of so many colours.
    fn tiling_of_parts(&self, colours: usize) -> Option<Tiling> {
        let _ = colours;
        self.tiling()
    }

    /// How much memory it works with.
    fn need(&self) -> Need;
}

/// Checks what every method asks of its input.
///
/// # Errors
/// As [`Method::denoise`].
pub fn check(planes: &[Plane], sigmas: &[f64]) -> Result<(), RestoreError> {
    let Some(first) = planes.first() else {
        return Err(RestoreError::Mismatch("there are none".into()));
    };
    if planes.len() != sigmas.len() {
        return Err(RestoreError::Mismatch(format!(
            "{} channels, {} noise levels",
            planes.len(),
            sigmas.len()
        )));
    }
    for plane in planes {
        if (plane.width(), plane.height()) != (first.width(), first.height()) {
            return Err(RestoreError::Mismatch(format!(
                "{}×{} and {}×{} pixels",
                first.width(),
                first.height(),
                plane.width(),
                plane.height()
            )));
        }
    }
    if let Some(sigma) = sigmas.iter().find(|s| !(0.0..=255.0).contains(*s)) {
        return Err(RestoreError::BadSigma(*sigma));
    }
    let count: usize = planes.iter().map(Plane::not_finite).sum();
    if count > 0 {
        let total = planes.iter().map(|p| p.pixels().len()).sum();
        return Err(RestoreError::NotFinite { count, total });
    }
    Ok(())
}
