//! Which pictures is a restorer trained and measured on? Grey pictures of a folder, with noise that is drawn once.

use super::Sample;
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use timestep_data::Degradation;
use timestep_picture::Plane;

/// Which pictures of a folder, in the order of their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Every n-th picture; 0 counts as 1.
    pub every: usize,
    /// Pictures left out before the first.
    pub skip: usize,
}

impl Choice {
    /// Every picture.
    pub const ALL: Self = Self { every: 1, skip: 0 };

    /// Whether the picture at this place of the folder is chosen.
    #[must_use]
    pub fn takes(&self, index: usize) -> bool {
        index >= self.skip && (index - self.skip).is_multiple_of(self.every.max(1))
    }
}

/// Pictures that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the pictures at `{}`: {why}", path.display())]
pub struct PicturesError {
    /// Folder or file.
    pub path: PathBuf,
    /// The reason.
    pub why: String,
}

impl PicturesError {
    /// One action that helps.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(
            "give a folder of pictures with `--data-dir`, for instance the 400 crops of BSDS500 that denoisers are trained on"
                .into(),
        )
    }
}

/// The files of a folder that are pictures by their names, sorted.
///
/// # Errors
/// [`PicturesError`] if the folder cannot be read.
pub fn picture_files(folder: &Path) -> Result<Vec<PathBuf>, PicturesError> {
    let fail = |e: std::io::Error| PicturesError {
        path: folder.to_owned(),
        why: e.to_string(),
    };
    let entries = std::fs::read_dir(folder).map_err(fail)?;
    let mut files: Vec<PathBuf> = entries
        .map(|e| e.map(|e| e.path()))
        .collect::<Result<_, _>>()
        .map_err(fail)?;
    files.retain(|f| timestep_picture::is_image_name(f));
    files.sort();
    Ok(files)
}

/// The chosen pictures of a folder, clean and degraded. Colours become their luma. What happens to a picture depends on `seed` and on
/// its place in the whole folder, not on which others are used.
///
/// # Errors
/// [`PicturesError`] names a folder without pictures, or the first picture that cannot be read.
pub fn samples(
    folder: &Path,
    choice: Choice,
    noise: &dyn Degradation,
    seed: u64,
) -> Result<Vec<Sample>, PicturesError> {
    let files = picture_files(folder)?;
    let chosen: Vec<(usize, &PathBuf)> = files
        .iter()
        .enumerate()
        .filter(|(index, _)| choice.takes(*index))
        .collect();
    if chosen.is_empty() {
        return Err(PicturesError {
            path: folder.to_owned(),
            why: format!(
                "none of the {} pictures there is chosen (every {}, after {})",
                files.len(),
                choice.every,
                choice.skip
            ),
        });
    }
    chosen
        .into_par_iter()
        .map(|(index, file)| {
            let fail = |why: String| PicturesError {
                path: file.clone(),
                why,
            };
            let (width, height, grey) =
                timestep_data::load_grey(file).map_err(|bad| fail(bad.reason))?;
            let clean: Vec<f32> = grey.into_iter().map(f32::from).collect();
            let clean = Plane::new(width, height, clean).map_err(|e| fail(e.to_string()))?;
            let mut noisy = noise.apply(std::slice::from_ref(&clean), seed, index as u64);
            Ok(Sample {
                noisy: noisy.swap_remove(0),
                clean,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOISE: timestep_data::Gaussian = timestep_data::Gaussian { sigma: 25.0 };

    fn folder_of(count: u32) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for n in 0..count {
            let picture = image::GrayImage::from_pixel(6, 5, image::Luma([40 * n as u8 + 10]));
            let path = folder.path().join(format!("{n}.png"));
            picture.save(path).expect("saved");
        }
        folder
    }

    #[test]
    fn noise_depends_on_the_place_in_the_folder_alone() {
        let folder = folder_of(5);
        let all = samples(folder.path(), Choice::ALL, &NOISE, 3).expect("pictures");
        let some = Choice { every: 2, skip: 1 };
        let found = samples(folder.path(), some, &NOISE, 3).expect("pictures");
        assert_eq!((all.len(), found.len()), (5, 2));
        for (sample, whole) in found.iter().zip([1, 3]) {
            assert_eq!(sample.noisy.pixels(), all[whole].noisy.pixels());
            assert_eq!(sample.clean.pixels(), all[whole].clean.pixels());
        }
    }

    #[test]
    fn what_is_no_picture_is_named() {
        let folder = folder_of(2);
        let none = Choice { every: 1, skip: 9 };
        let error = samples(folder.path(), none, &NOISE, 0).expect_err("none");
        assert!(
            error.to_string().contains("none of the 2 pictures"),
            "{error}"
        );
        std::fs::write(folder.path().join("9.png"), b"no picture").expect("written");
        let error = samples(folder.path(), Choice::ALL, &NOISE, 0).expect_err("a bad one");
        assert!(error.path.ends_with("9.png"), "{error}");
        let missing = folder.path().join("nothing");
        assert!(samples(&missing, Choice::ALL, &NOISE, 0).is_err());
    }
}
