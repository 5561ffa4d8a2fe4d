//! Which pictures does a person mean? Files, folders, patterns, and one on standard input.

use crate::failure::Failure;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use timestep_data::Source;
use timestep_files::{Action, FileError};
use timestep_picture::named;
use timestep_study::codes::Code;

/// The largest picture that is taken from standard input, in bytes.
const MOST: u64 = 1 << 30;

/// A picture.
pub(crate) enum Input {
    /// In a file.
    File(PathBuf),
    /// That was read from standard input.
    Read(Vec<u8>),
}

impl Input {
    /// Where it is read from.
    pub(crate) fn source(&self) -> Source<'_> {
        match self {
            Self::File(path) => Source::File(path),
            Self::Read(bytes) => Source::Bytes(Path::new("-"), bytes),
        }
    }
}

/// All pictures that are named, as [`named::expand`] says; `-` is the one on standard input.
pub(crate) fn expand(all: &[PathBuf]) -> Result<Vec<Input>, Failure> {
    if all.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(Failure::usage(
            "standard input is named twice, and holds one picture",
            "write `-` once",
        ));
    }
    let mut found = Vec::new();
    for path in all {
        if path.as_os_str() == "-" {
            found.push(Input::Read(standard_input()?));
        } else {
            found.extend(named::expand(path)?.into_iter().map(Input::File));
        }
    }
    Ok(found)
}

fn standard_input() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = std::io::stdin()
        .lock()
        .take(MOST + 1)
        .read_to_end(&mut bytes);
    read.map_err(|e| FileError::new(Action::Read, "standard input", e))?;
    if bytes.len() as u64 > MOST {
        return Err(Failure::usage(
            "standard input holds more than 1 GiB",
            "give the picture as a file",
        )
        .coded(Code::NoImages));
    }
    Ok(bytes)
}
