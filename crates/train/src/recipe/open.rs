//! What does a word on the command line stand for? A recipe of ours, a file, the folder of a run, or data to train on.

use super::{DEFAULT_RECIPE, Layers, catalogue};
use crate::TrainError;
use crate::run;
use std::path::Path;

/// The settings that a word stands for; the default recipe without a word.
///
/// # Errors
/// [`TrainError`] if it is the folder of a run that cannot be read. A recipe that is not there is told when the layers are
/// resolved, with all other problems.
pub fn open(word: Option<&str>) -> Result<Layers, TrainError> {
    let word = word.unwrap_or(DEFAULT_RECIPE);
    let path = Path::new(word);
    if path.join(run::RECIPE).is_file() {
        return run::layers(path);
    }
    let Some(data) = data_at(word) else {
        return Ok(Layers::load(word));
    };
    let mut layers = Layers::load(data);
    layers.flag(word, "data.dir", word);
    Ok(layers)
}

/// The data set that a path stands for: a folder of images, a list of them, a file of NumPy. Names of recipes are none.
#[must_use]
pub fn data_at(word: &str) -> Option<&'static str> {
    let path = Path::new(word);
    let ends = |end: &str| {
        path.extension()
            .is_some_and(|e| e.eq_ignore_ascii_case(end))
    };
    // Most words are no paths; whether a path is also a recipe takes longer to find out.
    if !path.exists() || catalogue::is_recipe(word) {
        return None;
    }
    match path.is_dir() {
        true => Some("image-folder"),
        false if ends("csv") => Some("image-list"),
        false if ends("npz") => Some("npz"),
        false => None,
    }
}
