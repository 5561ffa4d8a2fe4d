//! Which schemes does a command line name? Registered ones, each perhaps with its coefficient, and files.

use crate::failure::Failure;
use std::path::{Path, PathBuf};
use timestep_numerics::{Definition, SchemeFacts, facts};
use timestep_study::codes::Code;
use timestep_train::TrainError;

/// Largest file that is read: definitions are far shorter.
const LONGEST: u64 = 128 << 10;

/// A scheme that an analysis is asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// The scheme.
    pub(crate) facts: &'static SchemeFacts,
    /// Its coefficient, where one was given.
    pub(crate) k: Option<f64>,
}

/// Reads the scheme of a file.
pub(crate) fn read(path: &Path) -> Result<&'static SchemeFacts, Failure> {
    let bytes = timestep_files::read_bytes(path, LONGEST).map_err(TrainError::from)?;
    let shown = path.display();
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(Failure::usage(
            format!("`{shown}` is no text"),
            "a scheme is a file of TOML: see `docs/guides/bring-a-scheme.md`",
        )
        .coded(Code::SchemeFile));
    };
    Definition::facts(&text).map_err(|problem| {
        Failure::usage(
            format!("`{shown}` defines no scheme: {problem}"),
            problem.hint(),
        )
        .coded(Code::SchemeFile)
    })
}

/// A name with its coefficient: `lm`, `lm:-0.9`.
pub(crate) fn named(text: &str, k: Option<f64>) -> Result<Asked, Failure> {
    let Some((name, own)) = text.split_once(':') else {
        let facts = facts(text)?;
        return Ok(Asked { facts, k });
    };
    if let Some(k) = k {
        return Err(Failure::usage(
            format!("`{text}` has a coefficient of its own, beside --k {k}"),
            "leave one of them out",
        ));
    }
    match own.parse::<f64>() {
        Ok(own) => Ok(Asked {
            facts: facts(name)?,
            k: Some(own),
        }),
        Err(_) => Err(Failure::usage(
            format!("`{own}` in `{text}` is no number"),
            "write the name of a scheme and its coefficient: lm:-0.9",
        )),
    }
}

/// The schemes that are named, then those of files.
pub(crate) fn asked(
    names: &[String],
    files: &[PathBuf],
    k: Option<f64>,
) -> Result<Vec<Asked>, Failure> {
    let mut all = Vec::new();
    for name in names {
        all.push(named(name, k)?);
    }
    for file in files {
        let facts = read(file)?;
        all.push(Asked { facts, k });
    }
    Ok(all)
}
