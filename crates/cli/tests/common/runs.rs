//! Which runs do the tests of reports and comparisons read? Small ones, trained once a test program.

use super::ok;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A run of about half a second.
pub const SMALL: [&str; 11] = [
    "train", "--steps", "2,2", "--width", "8", "--epochs", "2", "--batch", "128", "--quiet",
    "--json",
];

/// Runs that several tests read: `a` with seeds 0 and 1, and `b`, the same with a patience that runs of two epochs
/// do not lose.
pub fn runs() -> &'static Path {
    static RUNS: OnceLock<tempfile::TempDir> = OnceLock::new();
    RUNS.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path();
        ok(at, &[&SMALL, &["--seeds", "2", "--name", "a"][..]].concat());
        let unused = [
            "--seeds",
            "2",
            "--name",
            "b",
            "--set",
            "train.patience=9",
            "--no-report",
        ];
        ok(at, &[&SMALL, &unused[..]].concat());
        folder
    })
    .path()
}

/// Copies a run, so that a test may change it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("readable");
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("copied");
        }
    }
}

pub fn read(path: PathBuf) -> String {
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
