//! Which runs are still being trained while a test looks at them? Long ones, ended with the test.

use super::timestep;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

/// Longer than any test waits; a slow machine has other work.
const PATIENCE: Duration = Duration::from_secs(60);

/// A run that does not end by itself.
pub const LONG: [&str; 12] = [
    "train",
    "--steps",
    "2,2",
    "--width",
    "8",
    "--batch",
    "64",
    "--epochs",
    "5000",
    "--quiet",
    "--no-report",
    "--name",
];

/// The program at work; killed at the end of the test at the latest.
pub struct Live(Child);

impl Live {
    /// Starts it, silent.
    pub fn spawn(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null());
        Self(command.stderr(Stdio::piped()).spawn().expect("starts"))
    }

    /// Starts a long run and waits until it trains.
    pub fn training(folder: &Path, name: &str) -> Self {
        let live = Self::spawn(&mut timestep(folder, &[&LONG[..], &[name]].concat()));
        wait_for_step(&folder.join("runs").join(name));
        live
    }

    pub fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// Sends a signal: `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.id()])
            .status();
        assert!(
            sent.expect("kill is there").success(),
            "it is still running"
        );
    }

    /// Kills it at once, whatever it does.
    pub fn kill(mut self) -> ExitStatus {
        // It may have ended by itself.
        drop(self.0.kill());
        self.0.wait().expect("ended")
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("known").is_some()
    }

    /// Waits until it ends, and returns what it said.
    pub fn end(mut self) -> Output {
        let began = Instant::now();
        while !self.has_ended() {
            assert!(began.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut stderr = Vec::new();
        let pipe = self.0.stderr.as_mut().expect("piped");
        std::io::Read::read_to_end(pipe, &mut stderr).expect("readable");
        Output {
            status: self.0.wait().expect("ended"),
            stdout: Vec::new(),
            stderr,
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Waits until a run has taken a step.
pub fn wait_for_step(run: &Path) {
    let log = run.join("events.jsonl");
    wait_until(|| {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        text.contains("\"event\":\"step\"") || text.contains("\"event\":\"evaluation\"")
    });
}

/// Waits until something holds.
pub fn wait_until(mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "it never holds");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Every file in a folder and below.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(files_below(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// Temporary files in a folder and below.
pub fn temporary_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = files_below(folder);
    files.retain(|file| file.to_string_lossy().ends_with("tmp"));
    files
}
