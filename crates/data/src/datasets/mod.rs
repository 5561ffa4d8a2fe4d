//! Which data sets are there? One file each, one registry line each.

use std::path::Path;

use crate::checks::Watch;
use crate::dataset::{Dataset, DatasetInfo, OpenOptions};
use crate::error::DataError;

/// The headings that the page of every data set has, in this order.
pub const DATA_HEADINGS: [&str; 6] = [
    "Images",
    "Files",
    "Split",
    "Licence",
    "When to use / when not",
    "Reference",
];

timestep_registry::registry! {
    /// All data sets, in the order of lists.
    pub static DATASETS: [DatasetInfo] = FACTS;

    mod digits;
    mod cifar10;
    mod cifar100;
    mod image_folder;
    mod image_list;
    mod npz;
}

/// All data sets, in the order in which they are shown.
#[must_use]
pub fn list() -> Vec<&'static DatasetInfo> {
    DATASETS.all()
}

/// What is known about one data set.
///
/// # Errors
/// [`DataError::UnknownDataset`] with the nearest known name.
pub fn info(name: &str) -> Result<&'static DatasetInfo, DataError> {
    DATASETS
        .find(name)
        .ok_or_else(|| DataError::UnknownDataset {
            name: name.to_owned(),
            near: DATASETS.near(name).first().copied(),
            known: DATASETS.keys().collect(),
        })
}

/// Opens a data set by name: reads its files and checks them.
///
/// # Errors
/// [`DataError::UnknownDataset`]; [`DataError::NeedsDirectory`]; and everything that can be wrong
/// with the files of a set, each with its file and place; [`DataError::FolderUnused`] for the folder of a
/// set that is part of the program.
pub fn open(name: &str, options: &OpenOptions) -> Result<Dataset, DataError> {
    open_watched(name, options, &|_, _| ())
}

/// [`open`], telling `watch` how many files are decoded.
///
/// # Errors
/// As [`open`].
pub fn open_watched(
    name: &str,
    options: &OpenOptions,
    watch: Watch<'_>,
) -> Result<Dataset, DataError> {
    let set = info(name)?;
    without_folder(set, options.dir.as_deref())?;
    if set.test.is_some() && options.splits() {
        return Err(DataError::OwnTest {
            what: format!("the test images of `{}` are given", set.key),
        });
    }
    (set.open)(options, watch)
}

/// Refuses a folder that would be ignored.
pub(crate) fn without_folder(
    info: &'static DatasetInfo,
    dir: Option<&Path>,
) -> Result<(), DataError> {
    match dir {
        Some(dir) if !info.needs_dir => Err(DataError::FolderUnused {
            name: info.key,
            folder: dir.to_owned(),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_registered_and_every_page_is_complete() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/datasets");
        assert!(timestep_registry::unregistered(folder, MODULES, &[]).is_empty());
        for info in list() {
            assert_eq!(info.lacks(&DATA_HEADINGS), None, "{}", info.key);
            let cited =
                (info.references.iter()).all(|key| timestep_registry::bibtex(key).is_some());
            assert!(cited && !info.title.is_empty(), "{}", info.key);
        }
    }

    #[test]
    fn near_names() {
        let near = |name| match open(name, &OpenOptions::default()) {
            Err(DataError::UnknownDataset { near, .. }) => near,
            other => panic!("{other:?}"),
        };
        assert_eq!(near("cifar-10"), Some("cifar10"));
        assert_eq!(near("Digit"), Some("digits"));
        assert_eq!(near("imagefolder"), Some("image-folder"));
        assert_eq!(near("mnist"), None);
        let error = open("cifar-10", &OpenOptions::default()).unwrap_err();
        assert_eq!(error.hint().unwrap(), "did you mean `cifar10`?");
        let known: Vec<&str> = DATASETS.keys().collect();
        assert!(error.to_string().ends_with(&known.join(", ")), "{error}");
    }

    #[test]
    fn sets_in_files_need_a_folder() {
        for info in list().into_iter().filter(|info| info.needs_dir) {
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
