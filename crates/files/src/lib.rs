//! How do files get to the disk, whole, and by one process at a time?
//!
//! Everything that this program writes goes through [`write_atomic`] or [`write_new`]: a reader sees the old
//! contents or all the new ones, whatever happens to the process or the machine. Only logs that grow line by line
//! are appended to. A folder that one process works in is locked ([`FolderLock`]). Failures are [`FileError`]s: the
//! path, what was being done, and where the cause is known, what helps.

#![forbid(unsafe_code)]

mod atomic;
mod error;
mod lock;

pub use atomic::{Output, real_target, sweep, sync_folder, write_atomic, write_new};
pub use error::{Action, FileError, create_folder, read_bytes, read_text};
pub use lock::{FolderLock, Holder, LOCK, LockError};
