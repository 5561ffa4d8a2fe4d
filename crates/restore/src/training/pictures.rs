//! Which pictures is a restorer trained on? Grey pictures of a folder, with noise that is drawn once.

use super::{RestoreRecipe, TrainingError};
use crate::Plane;
use crate::learned::Sample;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// The pictures of a folder that a recipe asks for, with their noise. Colours become their luma. The noise of a picture depends
/// on its place in the whole folder, not on which others are used.
///
/// # Errors
/// [`TrainingError::Pictures`] names a folder without pictures, or the first picture that cannot be read.
pub fn samples(folder: &Path, recipe: &RestoreRecipe) -> Result<Vec<Sample>, TrainingError> {
    let fail = |path: &Path, why: String| TrainingError::Pictures {
        path: path.to_owned(),
        why,
    };
    let entries = std::fs::read_dir(folder).map_err(|e| fail(folder, e.to_string()))?;
    let mut files: Vec<PathBuf> = entries
        .map(|e| e.map(|e| e.path()))
        .collect::<Result<_, _>>()
        .map_err(|e| fail(folder, e.to_string()))?;
    files.retain(|f| timestep_data::is_image_name(f));
    files.sort();
    let chosen: Vec<(usize, &PathBuf)> = files
        .iter()
        .enumerate()
        .skip(recipe.data.skip)
        .step_by(recipe.data.every.max(1))
        .collect();
    if chosen.is_empty() {
        return Err(fail(
            folder,
            format!(
                "there is no picture to train on among {} there",
                files.len()
            ),
        ));
    }
    chosen
        .into_par_iter()
        .map(|(index, file)| {
            let grey = image::open(file)
                .map_err(|e| fail(file, e.to_string()))?
                .into_luma8();
            let (width, height) = (grey.width() as usize, grey.height() as usize);
            let clean: Vec<f32> = grey.pixels().map(|p| f32::from(p.0[0])).collect();
            let mut noisy = clean.clone();
            timestep_data::add_noise(
                &mut noisy,
                recipe.model.sigma,
                recipe.train.seed,
                index as u64,
            );
            Ok(Sample {
                noisy: Plane::new(width, height, noisy)?,
                clean: Plane::new(width, height, clean)?,
            })
        })
        .collect()
}
