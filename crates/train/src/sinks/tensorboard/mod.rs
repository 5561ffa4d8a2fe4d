//! How does TensorBoard get the curves of a run? As event files, written here byte by byte.
//!
//! An event file is a sequence of TFRecords: the length of the data (8 bytes, little-endian), a
//! masked CRC-32C of these bytes, the data, a masked CRC-32C of the data. The data is a protocol
//! buffer, of which four fields of `Event` and three small messages are needed:
//!
//! ```text
//! Event      { double wall_time = 1; int64 step = 2; string file_version = 3;
//!              Summary summary = 5; SessionLog session_log = 7; }
//! Summary    { repeated Value value = 1; }     Value { string tag = 1; float simple_value = 2; }
//! SessionLog { enum status = 1; }              START = 1
//! ```
//!
//! The horizontal axis is the number of optimiser steps, for the values of epochs too, so that
//! all curves share it; for a restorer it is the number of evaluations of its loss.

use super::SinkKind;
use crate::event::{Event, Sink, SinkError};
use crate::files::{self, Action, FileError};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: SinkKind = SinkKind {
    named: Facts::new(
        Kind::Log,
        "tensorboard",
        "curves for TensorBoard, over optimiser steps or evaluations",
        include_str!("mod.rs"),
    ),
    file: "tensorboard",
    always: false,
    open: |run, _, resume| {
        let step = resume.map(|point| point.at.count());
        Ok(Box::new(TensorboardSink::open(
            &run.join(FACTS.file),
            step,
        )?))
    },
};

/// Writes scalars to an event file of TensorBoard.
#[derive(Debug)]
pub struct TensorboardSink {
    path: PathBuf,
    file: BufWriter<File>,
    clock: fn() -> f64,
}

impl TensorboardSink {
    /// Begins a new event file in `folder`, which is created. With `resumed_step` TensorBoard is
    /// told that what earlier files say about later steps is void.
    ///
    /// # Errors
    /// [`SinkError`] when the folder or the file cannot be created or written.
    pub fn open(folder: &Path, resumed_step: Option<usize>) -> Result<Self, SinkError> {
        TensorboardSink::open_with(folder, resumed_step, now)
    }

    fn open_with(
        folder: &Path,
        resumed_step: Option<usize>,
        clock: fn() -> f64,
    ) -> Result<Self, SinkError> {
        files::create_folder(folder).map_err(fail)?;
        let (path, file) = create(folder, clock() as u64).map_err(fail)?;
        let mut sink = TensorboardSink {
            path,
            file: BufWriter::new(file),
            clock,
        };
        sink.event(0, |event| bytes_field(event, 3, b"brain.Event:2"))?;
        if let Some(step) = resumed_step {
            // Events at this step and after it are dropped; the step itself was taken.
            sink.event(step + 1, |event| {
                message_field(event, 7, |session| varint_field(session, 1, 1));
            })?;
        }
        sink.write_out()?;
        Ok(sink)
    }

    /// The file that is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn scalars(&mut self, step: usize, scalars: &[(String, f64)]) -> Result<(), SinkError> {
        self.event(step, |event| {
            message_field(event, 5, |summary| {
                for (tag, number) in scalars {
                    message_field(summary, 1, |value| {
                        bytes_field(value, 1, tag.as_bytes());
                        float_field(value, 2, *number as f32);
                    });
                }
            });
        })?;
        // Curves are watched while they grow, and an epoch is a few hundred bytes.
        self.write_out()
    }

    /// Writes one event, whose remaining fields `fill` appends.
    fn event(&mut self, step: usize, fill: impl FnOnce(&mut Vec<u8>)) -> Result<(), SinkError> {
        let mut data = Vec::new();
        double_field(&mut data, 1, (self.clock)());
        if step > 0 {
            varint_field(&mut data, 2, step as u64);
        }
        fill(&mut data);
        self.file
            .write_all(&record(&data))
            .map_err(|source| self.fail(source))
    }

    fn write_out(&mut self) -> Result<(), SinkError> {
        self.file.flush().map_err(|source| self.fail(source))
    }

    fn fail(&self, source: io::Error) -> SinkError {
        fail(FileError::new(Action::Write, &self.path, source))
    }
}

fn fail(source: FileError) -> SinkError {
    SinkError {
        sink: "tensorboard",
        source,
    }
}

fn now() -> f64 {
    // A clock before 1970 is no reason to stop a run.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |time| time.as_secs_f64())
}

/// A new event file. TensorBoard reads the files of a folder in the order of their names.
fn create(folder: &Path, seconds: u64) -> Result<(PathBuf, File), FileError> {
    let mut attempt = 0;
    loop {
        let name = format!("events.out.tfevents.{seconds:010}.timestep.{attempt:03}");
        let path = folder.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            // Two runs within a second, or a run resumed at once.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 999 => {
                attempt += 1;
            }
            Err(error) => return Err(FileError::new(Action::Create, path, error)),
        }
    }
}

impl Sink for TensorboardSink {
    fn on(&mut self, event: &Event) -> Result<(), SinkError> {
        match event {
            Event::Step { step, loss, lr, .. } => {
                let scalars = [("loss/batch".to_owned(), *loss), ("lr".to_owned(), *lr)];
                self.scalars(*step, &scalars)
            }
            Event::Epoch {
                step,
                train,
                test,
                ema,
                lr,
                images_per_second,
                memory_k,
                all_k,
                effort,
                ..
            } => {
                let mut scalars: Vec<(String, f64)> = [
                    ("loss/train", train.loss),
                    ("loss/test", test.loss),
                    ("top1/train", train.top1),
                    ("top1/test", test.top1),
                    ("top5/test", test.top5),
                    ("lr", *lr),
                    ("images_per_second", *images_per_second),
                ]
                .map(|(tag, number)| (tag.to_owned(), number))
                .into();
                scalars.extend(ema.map(|ema| ("top1/ema".to_owned(), ema.top1)));
                if let Some(effort) = effort {
                    scalars.push(("effort/evaluations".to_owned(), effort.evaluations));
                    scalars.push(("effort/backward".to_owned(), effort.backward));
                    scalars.push(("effort/refused".to_owned(), effort.refused as f64));
                    let contraction = effort.contraction;
                    scalars.extend(contraction.map(|c| ("effort/contraction".to_owned(), c)));
                }
                for (segment, row) in memory_k.iter().enumerate() {
                    for (step, k) in row.iter().enumerate() {
                        if let Some(k) = k {
                            let tag = format!("memory_k/segment{}/step{}", segment + 1, step + 1);
                            scalars.push((tag, *k));
                        }
                    }
                }
                // The newest earlier state of a step is above; the older ones have an age from 2.
                for (segment, row) in all_k.iter().enumerate() {
                    for (step, ks) in row.iter().enumerate() {
                        for (age, k) in ks.iter().enumerate().skip(1) {
                            let (segment, step, age) = (segment + 1, step + 1, age + 1);
                            let tag = format!("memory_k/segment{segment}/step{step}/age{age}");
                            scalars.push((tag, *k));
                        }
                    }
                }
                self.scalars(*step, &scalars)
            }
            Event::Evaluation {
                evaluation,
                loss,
                psnr,
                ..
            } => {
                let scalars = [
                    ("loss/train".to_owned(), *loss),
                    ("psnr/train".to_owned(), *psnr),
                ];
                self.scalars(*evaluation, &scalars)
            }
            Event::PhaseEnd {
                restored, memory_k, ..
            } => {
                let test = restored
                    .test
                    .map(|test| ("psnr/test".to_owned(), test.psnr));
                let mut scalars: Vec<(String, f64)> = test.into_iter().collect();
                for (step, ks) in memory_k.iter().enumerate() {
                    for (age, k) in ks.iter().enumerate() {
                        let (step, age) = (step + 1, age + 1);
                        let tag = match age {
                            1 => format!("memory_k/step{step}"),
                            _ => format!("memory_k/step{step}/age{age}"),
                        };
                        scalars.push((tag, *k));
                    }
                }
                if scalars.is_empty() {
                    return Ok(());
                }
                self.scalars(restored.evaluation, &scalars)
            }
            _ => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.write_out()?;
        self.file
            .get_ref()
            .sync_data()
            .map_err(|source| self.fail(source))
    }
}

/// A TFRecord.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(data.len() + 16);
    record.extend_from_slice(&length);
    record.extend_from_slice(&masked_crc(&length).to_le_bytes());
    record.extend_from_slice(data);
    record.extend_from_slice(&masked_crc(data).to_le_bytes());
    record
}

/// CRC-32C, rotated and shifted so that the sum of data which holds sums is not degenerate.
fn masked_crc(data: &[u8]) -> u32 {
    // The polynomial 0x1EDC6F41, bits reversed; a record of an event is too short for a table to pay.
    let mut crc = u32::MAX;
    for byte in data {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0x82F6_3B78 & (crc & 1).wrapping_neg());
        }
    }
    (!crc).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The wire types of protocol buffers.
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const LENGTH: u64 = 2;
const FIXED_32: u64 = 5;

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn key(out: &mut Vec<u8>, field: u64, wire: u64) {
    varint(out, field << 3 | wire);
}

fn varint_field(out: &mut Vec<u8>, field: u64, value: u64) {
    key(out, field, VARINT);
    varint(out, value);
}

fn double_field(out: &mut Vec<u8>, field: u64, value: f64) {
    key(out, field, FIXED_64);
    out.extend_from_slice(&value.to_le_bytes());
}

fn float_field(out: &mut Vec<u8>, field: u64, value: f32) {
    key(out, field, FIXED_32);
    out.extend_from_slice(&value.to_le_bytes());
}

fn bytes_field(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    key(out, field, LENGTH);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

fn message_field(out: &mut Vec<u8>, field: u64, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut message = Vec::new();
    fill(&mut message);
    bytes_field(out, field, &message);
}

#[cfg(test)]
mod tests;
