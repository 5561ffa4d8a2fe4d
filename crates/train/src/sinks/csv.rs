//! How did a run go, as a table? `metrics.csv`, one row per epoch or evaluation, for spreadsheets and pandas.

use super::SinkKind;
use crate::event::{Event, Position, Sink, SinkError};
use crate::files::{self, Action, FileError};
use crate::recipe::TaskKind;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: SinkKind = SinkKind {
    named: Facts::new(
        Kind::Log,
        "csv",
        "a table with one row per epoch, for a restorer one per evaluation",
        include_str!("csv.rs"),
    ),
    file: "metrics.csv",
    always: true,
    open: |run, task, resume| {
        let keep = resume.map(|point| point.at);
        Ok(Box::new(CsvSink::open(
            &run.join(FACTS.file),
            Table::of(task),
            keep,
        )?))
    },
};

/// What the rows of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// One row an epoch of a classifier.
    Epochs,
    /// One row an evaluation of the loss of a restorer.
    Evaluations,
}

impl Table {
    /// The table of a run.
    #[must_use]
    pub fn of(task: TaskKind) -> Self {
        match task {
            TaskKind::Classify => Table::Epochs,
            TaskKind::Restore => Table::Evaluations,
        }
    }

    /// The first line. Its columns never change their order; new ones come last. What the average of the weights has on the
    /// test images is empty where none is kept (`train.ema`).
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Table::Epochs => {
                "epoch,train_loss,train_top1,test_loss,test_top1,test_top5,lr,images_per_second,seconds,ema_loss,ema_top1,ema_top5"
            }
            Table::Evaluations => "phase,evaluation,loss,psnr",
        }
    }

    /// Cells that a row lacks under the header of an earlier version; none if the header is of no version.
    #[must_use]
    pub fn missing(self, header: &str) -> Option<usize> {
        const BEFORE_AVERAGES: &str = "epoch,train_loss,train_top1,test_loss,test_top1,test_top5,lr,images_per_second,seconds";
        match self {
            _ if header == self.header() => Some(0),
            Table::Epochs if header == BEFORE_AVERAGES => Some(3),
            _ => None,
        }
    }

    /// Whether a row was written before a state was saved.
    fn keeps(self, row: &str, at: Position) -> bool {
        let mut cells = row.trim_end().split(',');
        let (column, last) = match (self, at) {
            (Table::Epochs, Position::Epochs { epoch, .. }) => (0, epoch),
            (Table::Evaluations, Position::Phases { evaluation, .. }) => (1, evaluation),
            // A state of another task.
            _ => return false,
        };
        let number = cells
            .nth(column)
            .and_then(|cell| cell.parse::<usize>().ok());
        number.is_some_and(|number| number <= last)
    }
}

/// Appends rows to a table.
#[derive(Debug)]
pub struct CsvSink {
    table: Table,
    path: PathBuf,
    file: File,
}

impl CsvSink {
    /// Begins a table, or continues one whose rows up to the state `keep` are kept.
    ///
    /// # Errors
    /// [`SinkError`] when the file cannot be read or written, or is another kind of table.
    pub fn open(path: &Path, table: Table, keep: Option<Position>) -> Result<Self, SinkError> {
        let text = match keep {
            Some(at) if path.exists() => kept(path, table, at)?,
            _ => format!("{}\n", table.header()),
        };
        files::write_atomic(path, |w| w.write_all(text.as_bytes())).map_err(fail)?;
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .map_err(|source| fail(FileError::new(Action::Open, path, source)))?;
        Ok(CsvSink {
            table,
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

/// The header and the rows up to a state.
fn kept(path: &Path, table: Table, at: Position) -> Result<String, SinkError> {
    let expected = table.header();
    let text = files::read_text(path).map_err(fail)?;
    let mut lines = text.split_inclusive('\n');
    let header = lines.next().unwrap_or_default().trim_end();
    let missing = match table.missing(header) {
        Some(missing) => missing,
        None if header.is_empty() => 0,
        None => {
            let message = format!("its columns are not those of this program (`{expected}`)");
            let source = io::Error::new(io::ErrorKind::InvalidInput, message);
            return Err(fail(FileError::new(Action::Open, path, source)));
        }
    };
    let mut kept = format!("{expected}\n");
    for line in lines {
        // A row without its end was cut off by a crash.
        if line.ends_with('\n') && table.keeps(line, at) {
            kept.push_str(line.trim_end());
            kept.push_str(&",".repeat(missing));
            kept.push('\n');
        }
    }
    Ok(kept)
}

/// A number as pandas and spreadsheets read it; an empty cell for none.
fn cell(value: Option<f64>) -> String {
    match value {
        None => String::new(),
        Some(value) if value.is_nan() => "nan".to_owned(),
        Some(value) => value.to_string(),
    }
}

impl Sink for CsvSink {
    fn on(&mut self, event: &Event) -> Result<(), SinkError> {
        let (first, numbers) = match (self.table, event) {
            (
                Table::Epochs,
                Event::Epoch {
                    epoch,
                    train,
                    test,
                    ema,
                    lr,
                    images_per_second,
                    seconds,
                    ..
                },
            ) => {
                let mut numbers = [
                    train.loss,
                    train.top1,
                    test.loss,
                    test.top1,
                    test.top5,
                    *lr,
                    *images_per_second,
                    *seconds,
                ]
                .map(Some)
                .to_vec();
                numbers.extend([
                    ema.map(|e| e.loss),
                    ema.map(|e| e.top1),
                    ema.map(|e| e.top5),
                ]);
                (epoch.to_string(), numbers)
            }
            (
                Table::Evaluations,
                Event::Evaluation {
                    phase,
                    evaluation,
                    loss,
                    psnr,
                    ..
                },
            ) => (
                format!("{phase},{evaluation}"),
                vec![Some(*loss), Some(*psnr)],
            ),
            _ => return Ok(()),
        };
        let cells: Vec<String> = numbers.into_iter().map(cell).collect();
        let row = format!("{first},{}\n", cells.join(","));
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
    use super::super::tests::{epoch, evaluation};
    use super::*;
    use crate::event::{TestMetrics, TrainMetrics};
    use std::fs;

    const AFTER_THREE: Option<Position> = Some(Position::Epochs { epoch: 3, step: 30 });

    #[test]
    fn rows_follow_the_header() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("metrics.csv");
        let mut sink = CsvSink::open(&path, Table::Epochs, None).expect("opens");
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
            ema: Some(TestMetrics {
                loss: 0.5,
                top1: 0.25,
                top5: 1.0,
            }),
            lr: 0.1,
            images_per_second: 1234.5,
            seconds: 2.0,
            memory_k: vec![],
            all_k: vec![],
            effort: None,
            best: false,
        })
        .expect("writes");
        let text = fs::read_to_string(&path).expect("readable");
        let rows = "1,0.5,0.75,0.25,0.875,1,0.1,1000,2.5,,,\n2,nan,inf,-inf,0.0000001,1,0.1,1234.5,2,0.5,0.25,1\n";
        let header = Table::Epochs.header();
        assert_eq!(text, format!("{header}\n{rows}"));
        assert_eq!(header.split(',').count(), 12);
    }

    #[test]
    fn evaluations_of_a_restorer_have_rows_of_their_own() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("metrics.csv");
        let mut sink = CsvSink::open(&path, Table::Evaluations, None).expect("opens");
        (1..=5).for_each(|n| sink.on(&evaluation(n)).expect("writes"));
        sink.on(&epoch(1)).expect("ignores");
        drop(sink);
        let at = Position::Phases {
            phase: 0,
            evaluation: 3,
        };
        CsvSink::open(&path, Table::Evaluations, Some(at)).expect("opens");
        let text = fs::read_to_string(&path).expect("readable");
        let rows: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(rows[0], "1,1,100,26");
        assert_eq!(rows.len(), 3);
        let error = CsvSink::open(
            &path,
            Table::Epochs,
            Some(Position::Epochs { epoch: 1, step: 1 }),
        );
        assert!(error.is_err(), "a table of another task");
    }

    #[test]
    fn a_resumed_table_drops_later_rows_and_half_rows() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("metrics.csv");
        let mut sink = CsvSink::open(&path, Table::Epochs, None).expect("opens");
        (1..=5).for_each(|n| sink.on(&epoch(n)).expect("writes"));
        sink.file.write_all(b"2,0.3").expect("writes");
        drop(sink);
        let mut sink = CsvSink::open(&path, Table::Epochs, AFTER_THREE).expect("opens");
        sink.on(&epoch(4)).expect("writes");
        let text = fs::read_to_string(&path).expect("readable");
        let epochs: Vec<&str> = text
            .lines()
            .map(|l| l.split(',').next().expect("a cell"))
            .collect();
        assert_eq!(epochs, ["epoch", "1", "2", "3", "4"]);
    }

    #[test]
    fn a_table_of_before_averages_is_continued() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("metrics.csv");
        let header = Table::Epochs
            .header()
            .replace(",ema_loss,ema_top1,ema_top5", "");
        assert_eq!(Table::Epochs.missing(&header), Some(3));
        fs::write(&path, format!("{header}\n1,0,0,0,0,0,0,0,0\n")).expect("writable");
        CsvSink::open(&path, Table::Epochs, AFTER_THREE).expect("continues");
        let text = fs::read_to_string(&path).expect("readable");
        assert_eq!(
            text,
            format!("{}\n1,0,0,0,0,0,0,0,0,,,\n", Table::Epochs.header())
        );
    }

    #[test]
    fn a_missing_or_empty_table_is_begun_and_a_foreign_one_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("metrics.csv");
        CsvSink::open(&path, Table::Epochs, AFTER_THREE).expect("begins");
        fs::write(&path, "").expect("writable");
        CsvSink::open(&path, Table::Epochs, AFTER_THREE).expect("begins");
        assert_eq!(
            fs::read_to_string(&path).expect("readable"),
            format!("{}\n", Table::Epochs.header())
        );
        fs::write(&path, "a,b\n1,2\n").expect("writable");
        let error = CsvSink::open(&path, Table::Epochs, AFTER_THREE).expect_err("another table");
        assert!(
            error.to_string().contains("its columns are not those"),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&path).expect("readable"), "a,b\n1,2\n");
    }
}
