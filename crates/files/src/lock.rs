//! Who works in a folder? One process at a time, which says who it is.
//!
//! The lock is one of the operating system on a file in the folder, so it ends with the process, however that ends.
//! Process id and host are written into the file for others to read; after a kill the text stays, and means nothing.
//! Only where a file system has no locks does the text count: the process is looked for, if it is of this host.

use crate::{Action, FileError};
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Name of the file in the folder.
pub const LOCK: &str = "lock";

/// A folder that belongs to this process until the value is dropped.
#[derive(Debug)]
pub struct FolderLock {
    folder: PathBuf,
    file: File,
    /// Whether other processes may read along, and no text was written.
    shared: bool,
}

/// The process that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// The name of its machine.
    pub host: String,
    /// What it is: `a training`.
    pub what: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: process {} on {}", self.what, self.pid, self.host)
    }
}

/// Why a folder could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process works in it.
    #[error("`{}` is in use by {}", .folder.display(), holder_words(.holder.as_ref()))]
    Held {
        /// The folder.
        folder: PathBuf,
        /// Who holds it, if that could be read.
        holder: Option<Holder>,
    },
    /// The lock cannot be made.
    #[error(transparent)]
    File(#[from] FileError),
}

impl LockError {
    /// One action that helps.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            LockError::File(error) => error.hint(),
            LockError::Held { folder, holder } => {
                let here = holder.as_ref().filter(|holder| holder.host == host());
                Some(match here {
                    Some(holder) => format!(
                        "wait until it is done, or stop it with `kill {}`, which saves what it did",
                        holder.pid
                    ),
                    None => format!(
                        "wait until it is done; if that process is certainly gone, remove `{}`",
                        folder.join(LOCK).display()
                    ),
                })
            }
        }
    }
}

fn holder_words(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "another process".to_owned(), ToString::to_string)
}

impl FolderLock {
    /// Locks a folder. `what` is what others are told that this process is: `a training`.
    ///
    /// # Errors
    /// [`LockError::Held`] if another process has it, [`LockError::File`] if the file of the lock cannot be made.
    pub fn take(folder: &Path, what: &str) -> Result<Self, LockError> {
        let path = folder.join(LOCK);
        let fail = |action| {
            let path = &path;
            move |source| FileError::new(action, path, source)
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(fail(Action::Create))?;
        let free = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            // No locks here: the text has to do.
            Err(TryLockError::Error(_)) => !read(&path).is_some_and(|holder| may_live(&holder)),
        };
        if !free {
            return Err(held(folder));
        }
        let text = format!("{}\n{}\n{what}\n", std::process::id(), host());
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(text.as_bytes()))
            .map_err(fail(Action::Write))?;
        Ok(Self {
            folder: folder.to_owned(),
            file,
            shared: false,
        })
    }

    /// Locks a folder to read it; one that this process may not write to is not in the way. `None` if nobody ever
    /// locked it, and nobody can.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn take_to_read(folder: &Path, what: &str) -> Result<Option<Self>, LockError> {
        match Self::take(folder, what) {
            Err(LockError::File(error)) if cannot_write(error.kind()) => {}
            taken => return taken.map(Some),
        }
        let Ok(file) = File::open(folder.join(LOCK)) else {
            return Ok(None);
        };
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Err(held(folder)),
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(Self {
                folder: folder.to_owned(),
                file,
                shared: true,
            })),
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the folder was removed or replaced while this process worked in it.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        let there = fs::metadata(self.folder.join(LOCK));
        match (there, self.file.metadata()) {
            (Ok(there), Ok(ours)) => !same(&there, &ours),
            (Err(error), _) => error.kind() == io::ErrorKind::NotFound,
            _ => false,
        }
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        if !self.shared {
            // Nothing depends on it: the lock ends when the file is closed.
            drop(self.file.set_len(0));
        }
    }
}

fn held(folder: &Path) -> LockError {
    let path = folder.join(LOCK);
    let mut holder = read(&path);
    // Who has just locked it has not said so yet: the text is that of the process before.
    for _ in 0..20 {
        if holder.as_ref().is_some_and(may_live) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
        holder = read(&path);
    }
    LockError::Held {
        folder: folder.to_owned(),
        holder,
    }
}

/// Whether a failure says that this process may not write there.
fn cannot_write(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}

/// Who says in the file of a lock that it holds it.
fn read(path: &Path) -> Option<Holder> {
    let mut text = String::new();
    File::open(path)
        .ok()?
        .take(4096)
        .read_to_string(&mut text)
        .ok()?;
    let mut lines = text.lines();
    Some(Holder {
        pid: lines.next()?.parse().ok()?,
        host: lines.next()?.to_owned(),
        what: lines.next()?.to_owned(),
    })
}

/// Whether a process may still be there: one of another host, or one that is not known to be gone.
fn may_live(holder: &Holder) -> bool {
    let here = holder.host == host() && Path::new("/proc/self").exists();
    !here || Path::new("/proc").join(holder.pid.to_string()).exists()
}

/// The name of this machine.
fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| fs::read_to_string("/etc/hostname"))
        .or_else(|_| std::env::var("HOSTNAME").map_err(io::Error::other))
        .or_else(|_| std::env::var("COMPUTERNAME").map_err(io::Error::other));
    let name = name.unwrap_or_default();
    match name.trim() {
        "" => "an unnamed machine".to_owned(),
        name => name.replace(char::is_control, "?"),
    }
}

#[cfg(unix)]
fn same(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn same(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_holds_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = FolderLock::take(folder.path(), "a training").expect("free");
        assert!(!lock.is_gone());
        let error = FolderLock::take(folder.path(), "a report").expect_err("held");
        let LockError::Held { holder, .. } = &error else {
            panic!("{error}");
        };
        let holder = holder.clone().expect("it said who it is");
        assert_eq!((holder.pid, holder.host), (std::process::id(), host()));
        let pid = std::process::id().to_string();
        assert!(error.to_string().contains(&pid) && error.to_string().contains(&host()));
        assert!(error.hint().is_some_and(|hint| hint.contains(&pid)));
        drop(lock);
        let text = fs::read_to_string(folder.path().join(LOCK)).expect("readable");
        assert_eq!(text, "", "nobody holds it");
        FolderLock::take(folder.path(), "a report").expect("free again");
    }

    #[test]
    fn the_text_of_a_killed_process_does_not_count() {
        let folder = tempfile::tempdir().expect("a folder");
        // This process lives, and still does not hold the lock.
        let text = format!("{}\n{}\na training\n", std::process::id(), host());
        fs::write(folder.path().join(LOCK), text).expect("writable");
        FolderLock::take(folder.path(), "a training").expect("nobody holds it");
        fs::write(folder.path().join(LOCK), [0xff; 9]).expect("writable");
        FolderLock::take(folder.path(), "a training").expect("text of something else");
    }

    #[test]
    fn without_locks_the_process_is_looked_for() {
        let of = |pid, host: &str| Holder {
            pid,
            host: host.to_owned(),
            what: String::new(),
        };
        assert!(may_live(&of(std::process::id(), &host())));
        assert!(may_live(&of(1, "elsewhere.example")), "nobody can know");
        #[cfg(target_os = "linux")]
        assert!(
            !may_live(&of(u32::MAX, &host())),
            "there is no such process"
        );
    }

    #[test]
    fn a_folder_that_is_removed_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let inside = folder.path().join("run");
        fs::create_dir(&inside).expect("a folder");
        let lock = FolderLock::take(&inside, "a training").expect("free");
        fs::remove_dir_all(&inside).expect("removed");
        assert!(lock.is_gone());
        #[cfg(unix)]
        {
            fs::create_dir(&inside).expect("another of the same name");
            fs::write(inside.join(LOCK), "").expect("writable");
            assert!(lock.is_gone());
        }
    }
}
