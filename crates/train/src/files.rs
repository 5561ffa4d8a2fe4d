//! How is a file written so that a crash never leaves half of one?
//!
//! [`write_atomic`] writes a temporary file beside the target, forces it to the disk and renames
//! it: a reader sees the old contents or the new ones, never a mixture. Every failure names the
//! path, what was being done and, where the cause is known, what helps.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// What was being done to a file when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Creating a folder.
    CreateFolder,
    /// Creating a file (or the temporary file that becomes it).
    Create,
    /// Opening an existing file.
    Open,
    /// Reading.
    Read,
    /// Writing, flushing or forcing to the disk.
    Write,
    /// Shortening a log to the state that a run continues from.
    Truncate,
    /// Putting the finished temporary file in its place.
    Replace,
}

impl Action {
    fn words(self) -> &'static str {
        match self {
            Action::CreateFolder => "create the folder",
            Action::Create => "create",
            Action::Open => "open",
            Action::Read => "read",
            Action::Write => "write",
            Action::Truncate => "shorten",
            Action::Replace => "replace",
        }
    }
}

/// A file operation that failed, with the path and what was being done.
#[derive(Debug, thiserror::Error)]
#[error("cannot {} `{}`: {}", .action.words(), .path.display(), self.cause())]
pub struct FileError {
    action: Action,
    path: PathBuf,
    source: io::Error,
}

impl FileError {
    /// A failure of `action` on `path`.
    pub fn new(action: Action, path: impl Into<PathBuf>, source: io::Error) -> Self {
        FileError {
            action,
            path: path.into(),
            source,
        }
    }

    /// The file concerned.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was being done.
    pub fn action(&self) -> Action {
        self.action
    }

    /// The class of the failure, as the operating system reports it.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    /// The cause in words: those that people meet most are said plainly, the rest as reported.
    pub fn cause(&self) -> String {
        match self.source.kind() {
            io::ErrorKind::StorageFull => "the disk is full".to_owned(),
            io::ErrorKind::QuotaExceeded => "the disk quota is used up".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            io::ErrorKind::NotFound => "no such file or folder".to_owned(),
            _ => self.source.to_string(),
        }
    }

    /// One action that helps, where the cause is one that a person can remove.
    pub fn hint(&self) -> Option<String> {
        let folder = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.display().to_string(),
            _ => ".".to_owned(),
        };
        match self.source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(format!(
                "free some space on the disk that holds `{folder}`, or write somewhere else"
            )),
            io::ErrorKind::PermissionDenied => Some(format!(
                "check the permissions with `ls -ld {folder}`, or choose a folder of your own"
            )),
            io::ErrorKind::ReadOnlyFilesystem => Some(format!(
                "`{folder}` is on a read-only file system; choose another folder"
            )),
            io::ErrorKind::NotFound if self.action == Action::Create => {
                Some(format!("create the folder first: `mkdir -p {folder}`"))
            }
            io::ErrorKind::NotFound if !Path::new(&folder).is_dir() => {
                Some(format!("there is no folder `{folder}`; check the path"))
            }
            io::ErrorKind::NotFound => Some(format!("see what is there with `ls {folder}`")),
            io::ErrorKind::IsADirectory => {
                Some("that is a folder; give the path of a file".to_owned())
            }
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
                Some("a part of the path is a file; choose another folder".to_owned())
            }
            io::ErrorKind::InvalidData => {
                Some("is it a text file? It is not valid UTF-8".to_owned())
            }
            _ => None,
        }
    }
}

/// Writes `path` so that it holds either its old contents or all the new ones.
///
/// `write` receives a buffered writer on a temporary file in the same folder. If it fails, the
/// temporary file is removed and `path` is left as it was. An error that is not of the file
/// system can be passed through [`io::Error::other`].
///
/// A device or a pipe, such as `/dev/stdout`, is written to as it is: a rename would replace it by a file.
///
/// # Errors
/// [`FileError`] when the temporary file cannot be created, written, forced to the disk or
/// renamed.
pub fn write_atomic<F>(path: &Path, write: F) -> Result<(), FileError>
where
    F: FnOnce(&mut dyn Write) -> io::Result<()>,
{
    let fail = |action| move |source| FileError::new(action, path, source);
    let Some(name) = path.file_name() else {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "the path has no file name");
        return Err(fail(Action::Create)(source));
    };
    if fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        let special = fs::OpenOptions::new().write(true).open(path);
        let mut buffer = BufWriter::new(special.map_err(fail(Action::Write))?);
        let written = write(&mut buffer).and_then(|()| buffer.flush());
        return written.map_err(fail(Action::Write));
    }
    // The same folder means the same file system, without which a rename is not atomic.
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let prefix = format!(".{}.", name.to_string_lossy());
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".tmp");
    // Temporary files are private by default; the result must have ordinary permissions.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(fail(Action::Create))?;

    // Dropping `file` on an early return removes it.
    let mut buffer = BufWriter::with_capacity(1 << 16, file.as_file_mut());
    write(&mut buffer)
        .and_then(|()| buffer.flush())
        .map_err(fail(Action::Write))?;
    drop(buffer);
    file.as_file().sync_all().map_err(fail(Action::Write))?;
    file.persist(path)
        .map_err(|error| fail(Action::Replace)(error.error))?;
    sync_folder(folder);
    Ok(())
}

/// Forces the rename itself to the disk. The contents are already safe and not every file system
/// can do this, so a failure is not one of the write.
fn sync_folder(folder: &Path) {
    if let Ok(handle) = File::open(folder) {
        let _ = handle.sync_all();
    }
}

/// Bytes that a recipe or the record of a run may have.
const MOST_TEXT: u64 = 1 << 30;

/// Reads a text file.
///
/// # Errors
/// [`FileError`] when it cannot be opened or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    let read = timestep_data::read_stream(path, MOST_TEXT).and_then(|bytes| {
        String::from_utf8(bytes).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
    });
    read.map_err(|source| FileError::new(Action::Read, path, source))
}

/// Reads a file of bytes.
///
/// # Errors
/// [`FileError`] when it cannot be read.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, FileError> {
    // It is held once more in another form.
    let most = timestep_kernels::memory_budget() / 2;
    timestep_data::read_stream(path, most)
        .map_err(|source| FileError::new(Action::Read, path, source))
}

/// Creates a folder and its parents; one that exists is no error.
///
/// # Errors
/// [`FileError`] when it cannot be created.
pub fn create_folder(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(|source| FileError::new(Action::CreateFolder, path, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .expect("the folder exists")
            .map(|entry| {
                entry
                    .expect("readable")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }

    #[test]
    fn replaces_the_contents() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.txt");
        write_atomic(&path, |w| w.write_all(b"old")).expect("first write");
        write_atomic(&path, |w| w.write_all(b"new")).expect("second write");
        assert_eq!(read_text(&path).expect("readable"), "new");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_failure_inside_leaves_the_old_file_and_no_other() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.txt");
        write_atomic(&path, |w| w.write_all(b"old")).expect("first write");
        let error = write_atomic(&path, |w| {
            w.write_all(&[0; 100_000])?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        })
        .expect_err("the closure fails");
        assert_eq!(error.action(), Action::Write);
        assert!(
            error.to_string().contains("a.txt`: the disk is full"),
            "{error}"
        );
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains("free some space"))
        );
        assert_eq!(read_text(&path).expect("readable"), "old");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_panic_inside_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.txt");
        let result = std::panic::catch_unwind(|| write_atomic(&path, |_| panic!("on purpose")));
        assert!(result.is_err());
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_missing_folder_is_named_with_a_hint() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("no").join("a.txt");
        let error = write_atomic(&path, |_| Ok(())).expect_err("no such folder");
        assert!(error.to_string().starts_with("cannot create `"), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("mkdir -p")));
    }

    #[test]
    fn a_folder_in_the_way_is_an_error() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let error = write_atomic(folder.path(), |_| Ok(())).expect_err("the target is a folder");
        assert_eq!(error.action(), Action::Replace);
        let error = write_atomic(Path::new("/"), |_| Ok(())).expect_err("no file name");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }

    #[cfg(unix)]
    #[test]
    fn the_result_has_ordinary_permissions() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let plain = folder.path().join("plain");
        let atomic = folder.path().join("atomic");
        fs::write(&plain, "x").expect("writable");
        write_atomic(&atomic, |_| Ok(())).expect("writable");
        let mode = |path: &Path| fs::metadata(path).expect("exists").permissions().mode();
        assert_eq!(mode(&plain), mode(&atomic));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_said_to_be_full() {
        // `/dev/full` fails every write as a full disk does, and stays what it is.
        let full = Path::new("/dev/full");
        let error = write_atomic(full, |out| out.write_all(b"x")).expect_err("always full");
        assert!(!fs::metadata(full).expect("Linux has it").is_file());
        assert_eq!(error.action(), Action::Write);
        assert!(error.to_string().ends_with("the disk is full"), "{error}");
    }
}
