//! What is found when the files of a data set are checked, and how their checksums are compared.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::digest::file_sha256;
use crate::error::DataError;
use timestep_files::read_small_text;

/// The file beside a downloaded set that holds the SHA-256 of each of its files, in the format of
/// `sha256sum`, so that `sha256sum -c` reads it too.
pub(crate) const SUMS_FILE: &str = "SHA256SUMS";

/// One file of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Its name in the folder.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256, 64 hexadecimal digits.
    pub sha256: String,
    /// Whether that is what was recorded when it was fetched; `None` if nothing was recorded.
    pub as_recorded: Option<bool>,
}

/// What [`verify`](crate::verify()) found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// The registry's name of the set.
    pub name: &'static str,
    /// The folder that holds the files; `None` for an embedded set.
    pub folder: Option<PathBuf>,
    /// The files, where the set has a fixed list of them.
    pub files: Vec<FileReport>,
    /// Images of each class in the train split; of readable files only, if some are damaged.
    pub train_counts: Vec<usize>,
    /// Images of each class in the test split.
    pub test_counts: Vec<usize>,
    /// Everything that is wrong, a sentence each; empty when the set is in order.
    pub problems: Vec<String>,
    /// What is worth knowing but not wrong.
    pub notes: Vec<String>,
}

impl VerifyReport {
    pub(crate) fn new(name: &'static str, folder: Option<&Path>) -> Self {
        Self {
            name,
            folder: folder.map(Path::to_owned),
            files: Vec::new(),
            train_counts: Vec::new(),
            test_counts: Vec::new(),
            problems: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Who wants to know how far a check is: called with the files that are read and those that there are, from several threads.
/// A set of few files, which takes no time, says nothing.
pub type Watch<'w> = &'w (dyn Fn(usize, usize) + Sync);

/// Adds the checksums of the files `names`, compared with the recorded ones.
pub(crate) fn compare_checksums(
    report: &mut VerifyReport,
    folder: &Path,
    names: &[&str],
) -> Result<(), DataError> {
    let recorded = read_sums(folder)?;
    if recorded.is_none() {
        report.notes.push(format!(
            "no {SUMS_FILE} beside the files, so their contents were not compared with those \
             fetched"
        ));
    }
    let recorded = recorded.unwrap_or_default();
    let of = |name: &str| recorded.iter().find(|r| r.1 == name).map(|r| &r.0);
    for &name in names {
        let path = folder.join(name);
        if !path.is_file() {
            if of(name).is_some() {
                report
                    .problems
                    .push(format!("{} was fetched and is missing", path.display()));
            }
            continue;
        }
        let bytes = fs::metadata(&path)
            .map_err(|e| DataError::io("read", &path, e))?
            .len();
        let sha256 = file_sha256(&path)?;
        let as_recorded = of(name).map(|r| *r == sha256);
        if as_recorded == Some(false) {
            report.problems.push(format!(
                "{} has the SHA-256 {sha256}, and had another when it was fetched",
                path.display()
            ));
        }
        report.files.push(FileReport {
            name: name.to_owned(),
            bytes,
            sha256,
            as_recorded,
        });
    }
    Ok(())
}

/// The recorded checksums, as (SHA-256, name); lines that are neither are left out.
fn read_sums(folder: &Path) -> Result<Option<Vec<(String, String)>>, DataError> {
    let path = folder.join(SUMS_FILE);
    match read_small_text(&path) {
        Ok(text) => {
            let lines = text.lines().filter(|l| !l.starts_with('#'));
            let pairs = lines.filter_map(|l| l.split_once("  "));
            Ok(Some(
                pairs.map(|(s, n)| (s.to_owned(), n.to_owned())).collect(),
            ))
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(DataError::io("read", &path, e)),
    }
}
