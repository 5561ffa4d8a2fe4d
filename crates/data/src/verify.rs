//! Is a data set complete and undamaged?

use crate::checks::{VerifyReport, Watch};
use crate::datasets;
use crate::error::DataError;
use std::path::Path;

/// Reads a whole data set and reports everything that is wrong with it: lengths and labels of
/// files, class balance, checksums recorded by [`fetch`](crate::fetch()), images that cannot be
/// decoded.
///
/// # Errors
/// [`DataError::UnknownDataset`], [`DataError::NeedsDirectory`], and what keeps the folder from
/// being looked at: missing folder, missing files, wrong layout. Damage inside is in the report.
pub fn verify(name: &str, dir: Option<&Path>) -> Result<VerifyReport, DataError> {
    verify_watched(name, dir, &|_, _| ())
}

/// [`verify`], telling `watch` how far it is.
///
/// # Errors
/// As [`verify`].
pub fn verify_watched(
    name: &str,
    dir: Option<&Path>,
    watch: Watch<'_>,
) -> Result<VerifyReport, DataError> {
    let set = datasets::info(name)?;
    datasets::without_folder(set, dir)?;
    (set.verify)(dir, watch)
}
