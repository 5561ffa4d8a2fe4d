//! Which data sets are there?
//!
//! The registry. A data set is one file in this folder and one line in [`datasets!`]; its module
//! documentation is its page.

use std::path::Path;

use crate::dataset::{Dataset, DatasetInfo, OpenOptions};
use crate::error::DataError;
use crate::fetch::Archive;
use crate::verify::VerifyReport;

/// What each file of this folder provides, as a constant `SET`.
pub(crate) trait Source: Sync {
    /// What is known without reading a file.
    fn info(&self) -> DatasetInfo;
    /// Reads and checks the set.
    fn open(&self, options: &OpenOptions) -> Result<Dataset, DataError>;
    /// Reports all that is wrong with the set.
    fn verify(&self, dir: Option<&Path>) -> Result<VerifyReport, DataError>;
    /// Where it can be downloaded, if it can.
    fn archive(&self) -> Option<Archive> {
        None
    }
}

macro_rules! datasets {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*
        static ALL: &[&dyn Source] = &[$(&$module::SET),*];
    };
}

datasets! {
    digits,
    cifar10,
    cifar100,
    image_folder,
}

/// The reference of both CIFAR sets.
const KRIZHEVSKY: &str = "@techreport{krizhevsky2009learning,
  title = {Learning Multiple Layers of Features from Tiny Images},
  author = {Krizhevsky, Alex},
  year = {2009},
  institution = {University of Toronto}
}";

/// All data sets, in the order in which they are shown.
#[must_use]
pub fn list() -> Vec<DatasetInfo> {
    ALL.iter().map(|set| set.info()).collect()
}

/// What is known about one data set.
///
/// # Errors
/// [`DataError::UnknownDataset`] with the nearest known name.
pub fn info(name: &str) -> Result<DatasetInfo, DataError> {
    find(name).map(|set| set.info())
}

/// Opens a data set by name: reads its files and checks them.
///
/// # Errors
/// [`DataError::UnknownDataset`]; [`DataError::NeedsDirectory`]; and everything that can be wrong
/// with the files of a set, each with its file and place; [`DataError::FolderUnused`] for the folder of a
/// set that is part of the program.
pub fn open(name: &str, options: &OpenOptions) -> Result<Dataset, DataError> {
    let set = find(name)?;
    without_folder(set, options.dir.as_deref())?;
    set.open(options)
}

/// Refuses a folder that would be ignored.
pub(crate) fn without_folder(set: &dyn Source, dir: Option<&Path>) -> Result<(), DataError> {
    let info = set.info();
    match dir {
        Some(dir) if !info.needs_dir => Err(DataError::FolderUnused {
            name: info.key,
            folder: dir.to_owned(),
        }),
        _ => Ok(()),
    }
}

pub(crate) fn find(name: &str) -> Result<&'static dyn Source, DataError> {
    if let Some(set) = ALL.iter().find(|set| set.info().key == name) {
        return Ok(*set);
    }
    let known: Vec<&'static str> = ALL.iter().map(|set| set.info().key).collect();
    let lower = name.to_lowercase();
    let near = known
        .iter()
        .map(|&key| (strsim::normalized_damerau_levenshtein(key, &lower), key))
        .filter(|(likeness, _)| *likeness >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| key);
    Err(DataError::UnknownDataset {
        name: name.to_owned(),
        near,
        known,
    })
}

/// The module documentation in a source file, as Markdown.
fn page(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let text: Vec<&str> = lines
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    text.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_registered_and_every_page_is_complete() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/datasets");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| {
                e.unwrap()
                    .path()
                    .file_stem()
                    .unwrap()
                    .to_string_lossy()
                    .replace('_', "-")
            })
            .filter(|stem| stem != "mod")
            .collect();
        let mut keys: Vec<_> = list().iter().map(|info| info.key.to_owned()).collect();
        files.sort();
        keys.sort();
        assert_eq!(files, keys);
        for info in list() {
            for heading in [
                "Images",
                "Files",
                "Split",
                "Licence",
                "When to use",
                "Reference",
            ] {
                let line = format!("\n# {heading}");
                assert!(
                    info.page.contains(&line),
                    "{}: no heading {heading}",
                    info.key
                );
            }
            assert!(!info.page.contains("//!") && !info.title.is_empty());
            assert_eq!(info.can_fetch, find(info.key).unwrap().archive().is_some());
            let cited = info
                .bibtex
                .is_none_or(|b| b.starts_with('@') && b.ends_with('}'));
            assert!(cited, "{}", info.key);
        }
    }

    #[test]
    fn near_names() {
        let near = |name| match open(name, &OpenOptions::default()) {
            Err(DataError::UnknownDataset { near, .. }) => near,
            other => panic!("{other:?}"),
        };
        assert_eq!(near("cifar-10"), Some("cifar10"));
        assert_eq!(near("Digits"), Some("digits"));
        assert_eq!(near("imagefolder"), Some("image-folder"));
        assert_eq!(near("mnist"), None);
        let error = open("cifar-10", &OpenOptions::default()).unwrap_err();
        assert_eq!(error.hint().unwrap(), "did you mean `cifar10`?");
        assert!(
            error
                .to_string()
                .ends_with("digits, cifar10, cifar100, image-folder")
        );
    }

    #[test]
    fn sets_in_files_need_a_folder() {
        for info in list().iter().filter(|info| info.needs_dir) {
            let error = open(info.key, &OpenOptions::default()).unwrap_err();
            assert!(matches!(error, DataError::NeedsDirectory { .. }), "{error}");
            assert!(error.hint().is_some());
            assert!(matches!(
                crate::verify(info.key, None),
                Err(DataError::NeedsDirectory { .. })
            ));
        }
    }
}
