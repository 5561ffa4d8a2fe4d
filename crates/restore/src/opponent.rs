//! How does a method see colours? As Y, U, V, whose noise it can treat one by one.

use crate::{Method, RestoreError};
use timestep_picture::{Plane, colour};

/// Restores grey or RGB channels; RGB in opponent colours. Where all noise levels are 0, they stay as they are.
pub(crate) fn restore(
    method: &dyn Method,
    planes: Vec<Plane>,
    sigmas: &[f64],
) -> Result<Vec<Plane>, RestoreError> {
    if sigmas.iter().all(|s| *s == 0.0) {
        return Ok(planes);
    }
    in_opponent_colours(planes, |planes| method.denoise(&planes, sigmas))
}

/// Applies `change` to grey as it is, and to RGB in opponent colours.
pub(crate) fn in_opponent_colours(
    planes: Vec<Plane>,
    change: impl FnOnce(Vec<Plane>) -> Result<Vec<Plane>, RestoreError>,
) -> Result<Vec<Plane>, RestoreError> {
    match <[Plane; 3]>::try_from(planes) {
        Ok(mut rgb) => {
            colour::to_opponent(&mut rgb);
            back(change(rgb.into())?)
        }
        Err(planes) => change(planes),
    }
}

/// Three opponent channels back to RGB; others as they are.
pub(crate) fn back(planes: Vec<Plane>) -> Result<Vec<Plane>, RestoreError> {
    Ok(match <[Plane; 3]>::try_from(planes) {
        Ok(mut planes) => {
            colour::from_opponent(&mut planes);
            planes.into()
        }
        Err(planes) => planes,
    })
}
