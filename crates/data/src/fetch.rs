//! How does a data set get from its authors' server to a folder, whole or not at all?
//!
//! The archive is received into `<archive>.part`, which an interrupted download leaves behind and
//! the next one continues. Only when its SHA-256 is the known one is it
//! unpacked, into a hidden temporary folder, checked, and renamed to its final name in one step. So a folder with the
//! final name is complete.
//!
//! The archive is not trusted beyond that: only plain files directly in its one folder are taken, none longer than it
//! should be, and what is unpacked altogether has a limit.

mod download;
mod unpack;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::archive::Archive;
use crate::checks::SUMS_FILE;
use crate::datasets;
use crate::digest::file_sha256;
use crate::error::DataError;
use unpack::unpack;
#[doc(hidden)]
pub use unpack::unpack_any;

/// What a download is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Receiving the archive.
    Download {
        /// Bytes on disk, those of an earlier attempt included.
        received: u64,
        /// Bytes of the archive, if the server tells.
        total: Option<u64>,
    },
    /// Computing the checksum.
    Check,
    /// Unpacking the archive.
    Unpack,
}

/// What [`fetch`] did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fetched {
    /// The registry's name of the set.
    pub name: &'static str,
    /// The folder that now holds the files; it opens as the set's folder.
    pub folder: PathBuf,
    /// The folder was there already and complete, so nothing was downloaded.
    pub already: bool,
    /// Bytes that were there from an interrupted download and were not sent again.
    pub resumed_from: u64,
    /// SHA-256 of the archive, also written to `SHA256SUMS` in the folder; `None` if `already`.
    pub archive_sha256: Option<String>,
}

/// Downloads a data set into `dir` over an encrypted connection, checks it against its known checksum and unpacks it.
///
/// An interrupted download is continued. A folder that is already complete is left as it is, and
/// an archive that was put into `dir` by hand is used instead of the network. The SHA-256 of the
/// archive and of each file is recorded in `SHA256SUMS` beside the files, for
/// [`verify`](crate::verify()). The archive itself is deleted if it was downloaded.
///
/// # Errors
/// [`DataError::UnknownDataset`], [`DataError::NotFetchable`], [`DataError::Download`] (what came
/// is kept), [`DataError::WrongChecksum`] (what came is deleted), [`DataError::BadArchive`],
/// [`DataError::Occupied`], [`DataError::Io`].
pub fn fetch(
    name: &str,
    dir: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Fetched, DataError> {
    let info = datasets::info(name)?;
    match info.archive {
        Some(archive) => fetch_archive(&archive(), dir, &download::agent(), progress),
        None => Err(DataError::NotFetchable {
            name: info.key,
            embedded: !info.needs_dir,
        }),
    }
}

fn fetch_archive(
    archive: &Archive,
    dir: &Path,
    agent: &ureq::Agent,
    progress: &mut dyn FnMut(Progress),
) -> Result<Fetched, DataError> {
    fs::create_dir_all(dir).map_err(|e| DataError::io("create", dir, e))?;
    let folder = dir.join(archive.folder);
    let (name, already) = (archive.name, folder.exists());
    if already {
        return match incomplete(archive, &folder) {
            None => Ok(Fetched {
                name,
                folder,
                already,
                resumed_from: 0,
                archive_sha256: None,
            }),
            Some(problem) => Err(DataError::Occupied {
                name,
                path: folder,
                problem,
            }),
        };
    }
    let by_hand = dir.join(archive.file);
    let (path, resumed_from) = if by_hand.is_file() {
        (by_hand.clone(), 0)
    } else {
        let part = dir.join(format!("{}.part", archive.file));
        let resumed_from = download::download(agent, &archive.url(), &part, progress)?;
        (part, resumed_from)
    };
    progress(Progress::Check);
    let sha256 = file_sha256(&path)?;
    if sha256 != archive.sha256 {
        return Err(wrong_checksum(archive, &path, &by_hand, sha256));
    }
    progress(Progress::Unpack);
    unpack(archive, &path, &sha256, dir, &folder)?;
    if path != by_hand {
        // The set is complete; an archive that cannot be deleted is a nuisance, not a failure.
        let _ = fs::remove_file(&path);
    }
    Ok(Fetched {
        name,
        folder,
        already,
        resumed_from,
        archive_sha256: Some(sha256),
    })
}

/// A download that is wrong is deleted, because going on with it could never succeed; a file that
/// a person put there is not.
fn wrong_checksum(archive: &Archive, path: &Path, by_hand: &Path, found: String) -> DataError {
    if path == by_hand {
        let problem = format!(
            "its SHA-256 is {found}, and the known one is {}",
            archive.sha256
        );
        return DataError::BadArchive {
            path: path.to_owned(),
            problem,
        };
    }
    let bytes = fs::metadata(path).map_or(0, |m| m.len());
    match fs::remove_file(path) {
        Ok(()) => DataError::WrongChecksum {
            url: archive.url(),
            expected: archive.sha256.clone(),
            found,
            bytes,
        },
        Err(e) => DataError::io("delete the damaged download", path, e),
    }
}

/// What is wrong with a folder of the set, at the first glance that lengths allow.
fn incomplete(archive: &Archive, folder: &Path) -> Option<String> {
    archive
        .files
        .iter()
        .find_map(|(name, expected)| match fs::metadata(folder.join(name)) {
            Ok(found) if found.is_file() && found.len() == *expected => None,
            Ok(found) => Some(format!(
                "{name} has {} bytes instead of {expected}",
                found.len()
            )),
            Err(_) => Some(format!("{name} is missing")),
        })
}

/// Records the checksums in the format of `sha256sum`.
fn write_sums(
    archive: &Archive,
    sha256: &str,
    folder: &Path,
    names: &[String],
) -> Result<(), DataError> {
    let mut text = format!(
        "# {} from {}\n# archive SHA-256 {sha256}\n",
        archive.name,
        archive.url()
    );
    for name in names {
        text += &format!("{}  {name}\n", file_sha256(&folder.join(name))?);
    }
    let path = folder.join(SUMS_FILE);
    timestep_files::write_atomic(&path, |out| out.write_all(text.as_bytes()))
        .map_err(|e| DataError::io("write", &path, e.into_source()))
}

#[cfg(test)]
mod tests;
