//! How is a file written so that a crash never leaves half of one?
//!
//! A temporary file beside the target is written, forced to the disk and renamed; then the folder is forced to the
//! disk too. A process that is killed leaves its temporary file, which nobody reads and which [`sweep`] removes:
//! a temporary file is locked while it is written, so one that can be locked belongs to nobody any more.

use crate::{Action, FileError};
use std::fs::{self, File, Metadata, OpenOptions, Permissions, TryLockError};
use std::io::{self, BufWriter, Cursor, Seek, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// What a file is written to: encoders of pictures go back to fill in sizes.
pub trait Output: Write + Seek {}

impl<T: Write + Seek> Output for T {}

/// End of the names of temporary files; they begin with a point.
const SUFFIX: &str = ".timestep-tmp";

/// As many bytes of a name are repeated in that of its temporary file: names end at 255 bytes.
const SHOWN: usize = 100;

/// As many links in a row are followed, as Linux does.
const LINKS: usize = 40;

/// Writes `path` so that it holds either its old contents or all the new ones.
///
/// `write` receives a buffered writer on a temporary file in the same folder. If it fails, the temporary file is
/// removed and `path` is left as it was. An error that is not of the file system can be passed through
/// [`io::Error::other`].
///
/// A file that is replaced keeps its permissions, and its owner and group where the system allows that; if the group
/// cannot be kept, it gets no more rights than everybody has. A link stays a link: what it points to is replaced.
/// Other names of the same file (hard links) keep the old contents. Extended attributes are not kept.
///
/// A device or a pipe, such as `/dev/stdout`, is written to as it is: a rename would replace it by a file.
///
/// # Errors
/// [`FileError`] when the temporary file cannot be created, written, forced to the disk or renamed.
pub fn write_atomic(
    path: &Path,
    write: impl FnOnce(&mut dyn Output) -> io::Result<()>,
) -> Result<(), FileError> {
    put(path, true, write)
}

/// As [`write_atomic`], but a file that exists is not replaced, not even one that appears while this one is written.
///
/// # Errors
/// As [`write_atomic`]; of the kind [`io::ErrorKind::AlreadyExists`] if the file exists.
pub fn write_new(
    path: &Path,
    write: impl FnOnce(&mut dyn Output) -> io::Result<()>,
) -> Result<(), FileError> {
    put(path, false, write)
}

fn put(
    path: &Path,
    replace: bool,
    write: impl FnOnce(&mut dyn Output) -> io::Result<()>,
) -> Result<(), FileError> {
    let fail = |action| move |source| FileError::new(action, path, source);
    let old = fs::metadata(path).ok();
    if old
        .as_ref()
        .is_some_and(|old| !old.is_file() && !old.is_dir())
    {
        return pour(path, write).map_err(fail(Action::Write));
    }
    if old.as_ref().is_some_and(Metadata::is_dir) && path.file_name().is_some() {
        return Err(fail(Action::Replace)(io::ErrorKind::IsADirectory.into()));
    }
    let target = real_target(path);
    let Some(name) = target.file_name() else {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "the path has no file name");
        return Err(fail(Action::Create)(source));
    };
    if old.is_some() && !replace {
        return Err(fail(Action::Create)(io::ErrorKind::AlreadyExists.into()));
    }
    let folder = folder_of(&target);
    let mut file = temporary(folder, &name.to_string_lossy()).map_err(fail(Action::Create))?;
    // Dropping `file` on an early return removes it.
    let mut buffer = BufWriter::with_capacity(1 << 16, file.as_file_mut());
    write(&mut buffer)
        .and_then(|()| buffer.flush())
        .map_err(fail(Action::Write))?;
    drop(buffer);
    if let Some(old) = old.filter(Metadata::is_file) {
        keep(file.as_file(), &old).map_err(fail(Action::Write))?;
    }
    file.as_file().sync_all().map_err(fail(Action::Write))?;
    let placed = match replace {
        true => file.persist(&target),
        false => file.persist_noclobber(&target),
    };
    placed.map_err(|error| fail(Action::Replace)(error.error))?;
    sync_folder(folder);
    Ok(())
}

/// Writes to a device or a pipe, in which nobody can go back: the contents are made in memory first.
fn pour(path: &Path, write: impl FnOnce(&mut dyn Output) -> io::Result<()>) -> io::Result<()> {
    let mut made = Cursor::new(Vec::new());
    write(&mut made)?;
    let mut special = OpenOptions::new().write(true).open(path)?;
    special.write_all(made.get_ref())?;
    special.flush()
}

/// The file that a path leads to when all links are followed; it need not exist.
#[must_use]
pub fn real_target(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    for _ in 0..LINKS {
        // Not a link, or nothing there.
        let Ok(next) = fs::read_link(&target) else {
            return target;
        };
        target = folder_of(&target).join(next);
    }
    target
}

/// The folder that a file is in. The same folder means the same file system, without which a rename is not atomic.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A new temporary file for `name`, locked.
fn temporary(folder: &Path, name: &str) -> io::Result<NamedTempFile> {
    let shown = (0..=SHOWN.min(name.len()))
        .rev()
        .find(|&end| name.is_char_boundary(end));
    let prefix = format!(".{}.", &name[..shown.unwrap_or(0)]);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(SUFFIX);
    // Temporary files are private by default; the result must have ordinary permissions.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(Permissions::from_mode(0o666));
    }
    loop {
        let file = builder.tempfile_in(folder)?;
        // Where there are no locks, nobody sweeps either.
        let locked = file.as_file().lock();
        // Somebody who sweeps may have found it between the two lines above.
        if locked.is_err() || file.path().exists() {
            return Ok(file);
        }
    }
}

/// Gives a new file the owner, group and permissions of the one that it replaces, as far as that is allowed.
#[cfg(unix)]
fn keep(new: &File, old: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
    let made = new.metadata()?;
    let owner = made.uid() == old.uid() || fchown(new, Some(old.uid()), None).is_ok();
    let group = made.gid() == old.gid() || fchown(new, None, Some(old.gid())).is_ok();
    let mut mode = old.mode() & 0o7777;
    if !group {
        // Another group must not read what it could not read before.
        mode = mode & !0o2070 | (mode & 0o007) << 3;
    }
    if !owner {
        mode &= !0o4000;
    }
    new.set_permissions(Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn keep(new: &File, old: &Metadata) -> io::Result<()> {
    new.set_permissions(old.permissions())
}

/// Forces the names in a folder to the disk. The contents are already safe and not every file system can do this, so
/// a failure is not one of the write.
pub fn sync_folder(folder: &Path) {
    if let Ok(handle) = File::open(folder) {
        let _ = handle.sync_all();
    }
}

/// Removes the temporary files that killed processes left in a folder (not below it), and counts them. Those that are
/// being written stay; so does everything else. What cannot be removed is left: it harms nobody.
pub fn sweep(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        name.starts_with(b".") && name.ends_with(SUFFIX.as_bytes())
    });
    ours.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter(|entry| is_abandoned(&entry.path()).is_ok_and(|gone| gone))
        .count()
}

/// Removes a temporary file if nobody writes it.
fn is_abandoned(path: &Path) -> io::Result<bool> {
    let file = OpenOptions::new().write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => fs::remove_file(path).map(|()| true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests;
