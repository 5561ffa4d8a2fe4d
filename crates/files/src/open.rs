//! How is a file read whose name or size somebody else chose? Never without end.
//!
//! Folders of pictures may hold pipes and devices, which never end or never begin; a link to `/dev/zero` called
//! `cat.png` would fill the memory. Only regular files are opened here, and only up to a length.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// Opens a file that is a regular one, or a link to one.
///
/// # Errors
/// As [`File::open`]; [`io::ErrorKind::InvalidInput`] with what it is if it is a pipe, a socket or a device.
pub fn open_regular(path: &Path) -> io::Result<File> {
    // Asked before it is opened, because opening a pipe waits for its other end.
    let kind = fs::metadata(path)?.file_type();
    if kind.is_file() || kind.is_dir() {
        return File::open(path);
    }
    let what = format!("it is {}, not a file", special(kind));
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

/// Reads a regular file of at most `most` bytes.
///
/// # Errors
/// As [`open_regular`]; [`io::ErrorKind::FileTooLarge`] if it is longer.
pub fn read_regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read_at_most(open_regular(path)?, most)
}

/// Reads a regular file of text of at most 16 MiB.
///
/// # Errors
/// As [`read_regular`]; [`io::ErrorKind::InvalidData`] if it is not UTF-8.
pub fn read_small_text(path: &Path) -> io::Result<String> {
    let bytes = read_regular(path, 16 << 20)?;
    String::from_utf8(bytes).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
}

/// Reads a file, or a pipe such as `/dev/stdin`, of at most `most` bytes; devices are refused.
///
/// # Errors
/// As [`read_regular`].
pub fn read_stream(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if is_pipe(path) {
        return read_at_most(File::open(path)?, most);
    }
    read_regular(path, most)
}

fn read_at_most(file: File, most: u64) -> io::Result<Vec<u8>> {
    let length = file.metadata().map_or(0, |m| m.len());
    let mut content = Vec::new();
    // One byte more shows that there is more; a file may have grown since its length was asked.
    let room = usize::try_from(length.min(most)).unwrap_or(0);
    content
        .try_reserve_exact(room)
        .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    file.take(most.saturating_add(1))
        .read_to_end(&mut content)?;
    if content.len() as u64 > most {
        let what = format!("it is longer than {} MiB", most >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    Ok(content)
}

#[cfg(unix)]
fn is_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    // A terminal is a device that ends: what is typed.
    let terminal = path == Path::new("/dev/stdin");
    fs::metadata(path)
        .is_ok_and(|m| m.file_type().is_fifo() || terminal && m.file_type().is_char_device())
}

#[cfg(not(unix))]
fn is_pipe(_: &Path) -> bool {
    false
}

#[cfg(unix)]
fn special(kind: fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    match () {
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    }
}

#[cfg(not(unix))]
fn special(_: fs::FileType) -> &'static str {
    "a device"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_are_refused_and_short_ones_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        fs::write(&path, [7; 100]).expect("written");
        assert_eq!(read_regular(&path, 100).expect("fits"), [7; 100]);
        let error = read_regular(&path, 99).expect_err("too long");
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn devices_are_not_read() {
        for read in [read_regular, read_stream] {
            let error = read(Path::new("/dev/zero"), 1 << 20).expect_err("a device");
            assert!(error.to_string().contains("a device"), "{error}");
        }
    }
}
