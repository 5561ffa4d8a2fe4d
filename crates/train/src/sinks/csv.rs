//! How did a run go, as a table? `metrics.csv`, one row an epoch, for spreadsheets and pandas.

use crate::event::{Event, Sink, SinkError};
use crate::files::{self, Action, FileError};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The first line of the table. Its columns never change their order.
pub const HEADER: &str = "epoch,train_loss,train_top1,test_loss,test_top1,test_top5,lr,\
                          images_per_second,seconds";

/// Appends a row an epoch to a table.
#[derive(Debug)]
pub struct CsvSink {
    path: PathBuf,
    file: File,
}

impl CsvSink {
    /// Begins a table, or continues one whose rows up to epoch `keep_epochs` are kept.
    ///
    /// # Errors
    /// [`SinkError`] when the file cannot be read or written, or is another kind of table.
    pub fn open(path: &Path, keep_epochs: Option<usize>) -> Result<Self, SinkError> {
        let text = match keep_epochs {
            Some(epochs) if path.exists() => kept(path, epochs)?,
            _ => format!("{HEADER}\n"),
        };
        files::write_atomic(path, |w| w.write_all(text.as_bytes())).map_err(fail)?;
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .map_err(|source| fail(FileError::new(Action::Open, path, source)))?;
        Ok(CsvSink {
            path: path.to_owned(),
            file,
        })
    }
}

fn fail(source: FileError) -> SinkError {
    SinkError {
        sink: "csv",
        source,
    }
}

/// The header and the rows up to epoch `epochs` of a table.
fn kept(path: &Path, epochs: usize) -> Result<String, SinkError> {
    let text = files::read_text(path).map_err(fail)?;
    let mut lines = text.split_inclusive('\n');
    let header = lines.next().unwrap_or_default().trim_end();
    if !header.is_empty() && header != HEADER {
        let message = format!("its columns are not those of this program (`{HEADER}`)");
        let source = io::Error::new(io::ErrorKind::InvalidInput, message);
        return Err(fail(FileError::new(Action::Open, path, source)));
    }
    let mut kept = format!("{HEADER}\n");
    for line in lines {
        let epoch = line
            .split(',')
            .next()
            .and_then(|cell| cell.parse::<usize>().ok());
        // A row without its end was cut off by a crash.
        if line.ends_with('\n') && epoch.is_some_and(|epoch| epoch <= epochs) {
            kept.push_str(line);
        }
    }
    Ok(kept)
}

/// A number as pandas and spreadsheets read it.
fn cell(value: f64) -> String {
    if value.is_nan() {
        "nan".to_owned()
    } else {
        value.to_string()
    }
}

impl Sink for CsvSink {
    fn on(&mut self, event: &Event) -> Result<(), SinkError> {
        let Event::Epoch {
            epoch,
            train,
            test,
            lr,
            images_per_second,
            seconds,
            ..
        } = event
        else {
            return Ok(());
        };
        let numbers = [
            train.loss,
            train.top1,
            test.loss,
            test.top1,
            test.top5,
            *lr,
            *images_per_second,
            *seconds,
        ];
        let cells: Vec<String> = numbers.into_iter().map(cell).collect();
        let row = format!("{epoch},{}\n", cells.join(","));
        self.file
            .write_all(row.as_bytes())
            .map_err(|source| fail(FileError::new(Action::Write, &self.path, source)))
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.file
            .sync_data()
            .map_err(|source| fail(FileError::new(Action::Write, &self.path, source)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::epoch;
    use super::*;
    use crate::event::{TestMetrics, TrainMetrics};
    use std::fs;

    #[test]
    fn rows_follow_the_header() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("metrics.csv");
        let mut sink = CsvSink::open(&path, None).expect("opens");
        sink.on(&epoch(1)).expect("writes");
        sink.on(&Event::Warning {
            message: "x".into(),
            hint: None,
        })
        .expect("ignores");
        sink.on(&Event::Epoch {
            epoch: 2,
            step: 20,
            train: TrainMetrics {
                loss: f64::NAN,
                top1: f64::INFINITY,
            },
            test: TestMetrics {
                loss: f64::NEG_INFINITY,
                top1: 1e-7,
                top5: 1.0,
            },
            lr: 0.1,
            images_per_second: 1234.5,
            seconds: 2.0,
            memory_k: vec![],
            all_k: vec![],
            best: false,
        })
        .expect("writes");
        let text = fs::read_to_string(&path).expect("readable");
        let rows =
            "1,0.5,0.75,0.25,0.875,1,0.1,1000,2.5\n2,nan,inf,-inf,0.0000001,1,0.1,1234.5,2\n";
        assert_eq!(text, format!("{HEADER}\n{rows}"));
        assert_eq!(HEADER.split(',').count(), 9);
    }

    #[test]
    fn a_resumed_table_drops_later_rows_and_half_rows() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("metrics.csv");
        let mut sink = CsvSink::open(&path, None).expect("opens");
        (1..=5).for_each(|n| sink.on(&epoch(n)).expect("writes"));
        sink.file.write_all(b"2,0.3").expect("writes");
        drop(sink);
        let mut sink = CsvSink::open(&path, Some(3)).expect("opens");
        sink.on(&epoch(4)).expect("writes");
        let text = fs::read_to_string(&path).expect("readable");
        let epochs: Vec<&str> = text
            .lines()
            .map(|l| l.split(',').next().expect("a cell"))
            .collect();
        assert_eq!(epochs, ["epoch", "1", "2", "3", "4"]);
    }

    #[test]
    fn a_missing_or_empty_table_is_begun_and_a_foreign_one_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("metrics.csv");
        CsvSink::open(&path, Some(3)).expect("begins");
        fs::write(&path, "").expect("writable");
        CsvSink::open(&path, Some(3)).expect("begins");
        assert_eq!(
            fs::read_to_string(&path).expect("readable"),
            format!("{HEADER}\n")
        );
        fs::write(&path, "a,b\n1,2\n").expect("writable");
        let error = CsvSink::open(&path, Some(3)).expect_err("another table");
        assert!(
            error.to_string().contains("its columns are not those"),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&path).expect("readable"), "a,b\n1,2\n");
    }
}
