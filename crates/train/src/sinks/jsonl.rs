//! What happened in a run, in full? `events.jsonl`, one JSON object per line.
//!
//! Each event is written as one whole line, so a reader that follows the file never sees half of
//! one. A checkpoint remembers [`Sink::position`]; a resumed run cuts the log back to it.

use super::SinkKind;
use crate::event::{Event, Sink, SinkError};
use crate::files::{Action, FileError};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: SinkKind = SinkKind {
    named: Facts::new(
        Kind::Log,
        "jsonl",
        "every event, one JSON object per line",
        include_str!("jsonl.rs"),
    ),
    file: "events.jsonl",
    always: true,
    open: |run, _, resume| {
        let keep = resume.and_then(|point| point.log_bytes);
        Ok(Box::new(JsonlSink::open_append(
            &run.join(FACTS.file),
            keep,
        )?))
    },
};

/// Appends events to a file as JSON lines.
#[derive(Debug)]
pub struct JsonlSink {
    path: PathBuf,
    file: File,
    bytes: u64,
    missing: u64,
}

impl JsonlSink {
    /// Opens or creates a log to append to it, after cutting it back to its first `keep_bytes`
    /// bytes where that is given, and in any case to whole lines: a crash may have left half a
    /// line that nobody can read.
    ///
    /// A log that is shorter than `keep_bytes` is no error, because the state of the run does not
    /// depend on it; see [`JsonlSink::missing_bytes`].
    ///
    /// # Errors
    /// [`SinkError`] when the file cannot be opened, read or shortened.
    pub fn open_append(path: &Path, keep_bytes: Option<u64>) -> Result<Self, SinkError> {
        let fail = |action| {
            move |source| SinkError {
                sink: "jsonl",
                source: FileError::new(action, path, source),
            }
        };
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(fail(Action::Create))?;
        let length = file.metadata().map_err(fail(Action::Read))?.len();
        let keep = keep_bytes.unwrap_or(length);
        let bytes = whole_lines(&mut file, keep.min(length)).map_err(fail(Action::Read))?;
        if bytes < length {
            file.set_len(bytes).map_err(fail(Action::Truncate))?;
        }
        file.seek(SeekFrom::Start(bytes))
            .map_err(fail(Action::Write))?;
        let missing = keep_bytes.map_or(0, |keep| keep - bytes);
        Ok(JsonlSink {
            path: path.to_owned(),
            file,
            bytes,
            missing,
        })
    }

    /// How many of the bytes that were to be kept are lost; more than 0 deserves a warning.
    pub fn missing_bytes(&self) -> u64 {
        self.missing
    }

    fn fail(&self, source: io::Error) -> SinkError {
        SinkError {
            sink: "jsonl",
            source: FileError::new(Action::Write, &self.path, source),
        }
    }
}

/// The length of the whole lines among the first `length` bytes.
fn whole_lines(file: &mut File, length: u64) -> io::Result<u64> {
    const BLOCK: u64 = 4096;
    let mut end = length;
    let mut block = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(start))?;
        block.resize((end - start) as usize, 0);
        file.read_exact(&mut block)?;
        if let Some(at) = block.iter().rposition(|&byte| byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

impl Sink for JsonlSink {
    fn on(&mut self, event: &Event) -> Result<(), SinkError> {
        let mut line = event.to_json();
        line.push('\n');
        self.file
            .write_all(line.as_bytes())
            .map_err(|source| self.fail(source))?;
        self.bytes += line.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.file.sync_data().map_err(|source| self.fail(source))
    }

    fn position(&self) -> Option<u64> {
        Some(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::epoch;
    use super::*;
    use std::fs;

    fn read(path: &Path) -> Vec<Event> {
        let text = fs::read_to_string(path).expect("readable");
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines()
            .map(|line| serde_json::from_str(line).expect("an event"))
            .collect()
    }

    #[test]
    fn lines_come_back_as_events() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("events.jsonl");
        let mut sink = JsonlSink::open_append(&path, None).expect("opens");
        sink.on(&epoch(1)).expect("writes");
        // Visible at once, without a flush.
        assert_eq!(read(&path), [epoch(1)]);
        sink.on(&epoch(2)).expect("writes");
        assert_eq!(
            sink.position(),
            Some(fs::metadata(&path).expect("exists").len())
        );
        assert_eq!(read(&path), [epoch(1), epoch(2)]);
    }

    #[test]
    fn a_resumed_log_drops_what_came_after_the_checkpoint() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("events.jsonl");
        let mut sink = JsonlSink::open_append(&path, None).expect("opens");
        (1..=2).for_each(|n| sink.on(&epoch(n)).expect("writes"));
        let position = sink.position();
        (3..=200).for_each(|n| sink.on(&epoch(n)).expect("writes"));
        drop(sink);
        let mut sink = JsonlSink::open_append(&path, position).expect("opens");
        assert_eq!((sink.position(), sink.missing_bytes()), (position, 0));
        sink.on(&epoch(3)).expect("writes");
        assert_eq!(read(&path), [epoch(1), epoch(2), epoch(3)]);
    }

    #[test]
    fn half_a_line_is_cut_and_missing_bytes_are_counted() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("events.jsonl");
        let whole = format!("{}\n", epoch(1).to_json());
        // Longer than the block in which line breaks are looked for.
        fs::write(&path, format!("{whole}{{\"v\":1,{}", " ".repeat(10_000))).expect("writable");
        let keep = whole.len() as u64 + 20_000;
        let mut sink = JsonlSink::open_append(&path, Some(keep)).expect("opens");
        assert_eq!(sink.missing_bytes(), 20_000);
        sink.on(&epoch(2)).expect("writes");
        assert_eq!(read(&path), [epoch(1), epoch(2)]);

        fs::write(&path, "half").expect("writable");
        let sink = JsonlSink::open_append(&path, None).expect("opens");
        assert_eq!((sink.position(), sink.missing_bytes()), (Some(0), 0));
        assert!(read(&path).is_empty());
    }
}
