//! How do the files of a set come out of their archive? Whole and in one step; nothing else comes out of it.

use super::{Archive, incomplete, write_sums};
use crate::error::DataError;
use flate2::read::GzDecoder;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use timestep_files::{FolderLock, LOCK};

/// How the names of folders begin in which archives are unpacked.
const UNPACKING: &str = ".unpacking-";

/// Removes what killed processes had begun to unpack; a folder in which another process works is locked.
pub(super) fn sweep(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(UNPACKING);
        if ours && FolderLock::take(&entry.path(), "a folder that is removed").is_ok() {
            // What cannot be removed harms nobody.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Unpacks beside the final folder and renames at the end.
pub(super) fn unpack(
    archive: &Archive,
    path: &Path,
    sha256: &str,
    dir: &Path,
    folder: &Path,
) -> Result<(), DataError> {
    let bad = |problem: String| DataError::BadArchive {
        path: path.to_owned(),
        problem,
    };
    sweep(dir);
    let temporary = tempfile::Builder::new()
        .prefix(UNPACKING)
        .tempdir_in(dir)
        .map_err(|e| DataError::io("create a folder in", dir, e))?;
    let lock = FolderLock::take(temporary.path(), "an archive that is unpacked").ok();
    let file = File::open(path).map_err(|e| DataError::io("open", path, e))?;
    let mut names = take_files(archive, path, GzDecoder::new(file), temporary.path())?;
    if let Some(problem) = incomplete(archive, temporary.path()) {
        return Err(bad(problem));
    }
    names.sort();
    names.dedup();
    write_sums(archive, sha256, temporary.path(), &names)?;
    drop(lock);
    // It may never have been made.
    let _ = fs::remove_file(temporary.path().join(LOCK));
    // Others may read the set, though a temporary folder is private.
    share(temporary.path()).map_err(|e| DataError::io("open to others", temporary.path(), e))?;
    fs::rename(temporary.path(), folder).map_err(|e| DataError::io("rename to", folder, e))?;
    timestep_files::sync_folder(dir);
    // The folder has moved: there is nothing left to delete.
    let _ = temporary.keep();
    Ok(())
}

/// Takes the files of a set out of its archive, and tells their names.
fn take_files(
    archive: &Archive,
    path: &Path,
    unpacked: impl Read,
    into: &Path,
) -> Result<Vec<String>, DataError> {
    let bad = |problem: String| DataError::BadArchive {
        path: path.to_owned(),
        problem,
    };
    // A few kilobytes may unpack to gigabytes; what lies beyond the limit is cut off, and then missing.
    let unpacked = unpacked.take(archive.most_unpacked());
    let mut tar = tar::Archive::new(unpacked);
    let mut names = Vec::new();
    for entry in tar.entries().map_err(|e| bad(e.to_string()))? {
        let mut entry = entry.map_err(|e| bad(e.to_string()))?;
        let inside = entry.path().map_err(|e| bad(e.to_string()))?.into_owned();
        // Only plain files directly in the one folder: no path of an archive leads anywhere else.
        let direct = inside.parent() == Some(Path::new(archive.folder));
        let Some(name) = inside.file_name().and_then(|n| n.to_str()) else {
            continue;
        };
        if !direct || !entry.header().entry_type().is_file() {
            continue;
        }
        let (length, most) = (entry.size(), archive.most(name));
        if length > most {
            return Err(bad(format!("{name} has {length} bytes, more than {most}")));
        }
        let place = into.join(name);
        let mut out = File::create(&place).map_err(|e| DataError::io("create", &place, e))?;
        std::io::copy(&mut entry, &mut out).map_err(|e| match e.kind() {
            std::io::ErrorKind::StorageFull => DataError::io("write", &place, e),
            _ => bad(format!("{name}: {e}")),
        })?;
        // The name of the folder promises that it is complete, also after a power cut.
        out.sync_all()
            .map_err(|e| DataError::io("write", &place, e))?;
        names.push(name.to_owned());
    }
    Ok(names)
}

/// What [`fetch`](super::fetch) does with the archive of a set once its checksum was found right, for any bytes and a small set (the
/// folder `tiny` with `a.bin` of 4 bytes and `b.bin` of 3,000): tests and fuzzers cannot meet a checksum.
///
/// # Errors
/// [`DataError::BadArchive`], [`DataError::Io`].
#[doc(hidden)]
pub fn unpack_any(bytes: &[u8], into: &Path) -> Result<Vec<String>, DataError> {
    let archive = Archive {
        name: "tiny",
        base: String::new(),
        file: "tiny.tar.gz",
        sha256: String::new(),
        folder: "tiny",
        files: vec![("a.bin", 4), ("b.bin", 3000)],
    };
    let path = Path::new(archive.file);
    let names = match bytes {
        [0x1F, 0x8B, ..] => take_files(&archive, path, GzDecoder::new(bytes), into)?,
        _ => take_files(&archive, path, bytes, into)?,
    };
    match incomplete(&archive, into) {
        None => Ok(names),
        Some(problem) => Err(DataError::BadArchive {
            path: path.to_owned(),
            problem,
        }),
    }
}

#[cfg(unix)]
fn share(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn share(_: &Path) -> std::io::Result<()> {
    Ok(())
}
