//! What went wrong with a file, and what helps?

use std::fs;
use std::io;
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

    /// The failure as the operating system reports it.
    pub fn into_source(self) -> io::Error {
        self.source
    }

    /// The cause in words: those that people meet most are said plainly, the rest as reported.
    pub fn cause(&self) -> String {
        match self.source.kind() {
            io::ErrorKind::StorageFull => "the disk is full".to_owned(),
            io::ErrorKind::QuotaExceeded => "the disk quota is used up".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            io::ErrorKind::NotFound => "no such file or folder".to_owned(),
            io::ErrorKind::AlreadyExists => "it exists already".to_owned(),
            io::ErrorKind::FileTooLarge => "it would be larger than files may be here".to_owned(),
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
            io::ErrorKind::FileTooLarge => Some(
                "the limit of the shell is shown by `ulimit -f`, and raised by `ulimit -f unlimited`"
                    .to_owned(),
            ),
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

/// Reads a text file.
///
/// # Errors
/// [`FileError`] when it cannot be opened or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    fs::read_to_string(path).map_err(|source| FileError::new(Action::Read, path, source))
}

/// Reads a file of bytes.
///
/// # Errors
/// [`FileError`] when it cannot be read.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|source| FileError::new(Action::Read, path, source))
}

/// Creates a folder and its parents; one that exists is no error.
///
/// # Errors
/// [`FileError`] when it cannot be created.
pub fn create_folder(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(|source| FileError::new(Action::CreateFolder, path, source))
}
