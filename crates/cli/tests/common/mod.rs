//! How do the tests run the program? As a person does: the binary, in a folder of its own.

#![allow(dead_code, unreachable_pub)] // Each test file uses a part.

pub mod live;
pub mod mutate;
pub mod readers;
pub mod restorers;
pub mod runs;
pub mod seeds;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program, in `folder`.
pub fn timestep(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_timestep"));
    command.args(args).current_dir(folder);
    command
}

/// Runs it to its end.
pub fn run(folder: &Path, args: &[&str]) -> Output {
    timestep(folder, args)
        .output()
        .expect("the binary was built for this test")
}

/// Runs it, expects success, returns standard output.
pub fn ok(folder: &Path, args: &[&str]) -> String {
    let out = run(folder, args);
    assert!(
        out.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).expect("UTF-8")
}

/// Runs it with `--json` and reads the first object.
pub fn object(args: &[&str]) -> serde_json::Value {
    let folder = std::env::temp_dir();
    let text = ok(&folder, &[args, &["--json"]].concat());
    let line = text.lines().next().expect("one line");
    serde_json::from_str(line).expect("JSON")
}

/// Runs it with `--json` and reads all objects.
pub fn objects(folder: &Path, args: &[&str]) -> Vec<serde_json::Value> {
    let text = ok(folder, &[args, &["--json"]].concat());
    let lines = text.lines();
    lines
        .map(|l| serde_json::from_str(l).expect("JSON"))
        .collect()
}

/// Runs it, expects exit code 2, an error and a hint, no panic; returns standard error.
pub fn refused(folder: &Path, args: &[&str]) -> String {
    let out = run(folder, args);
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2), "{args:?}: {text}");
    assert!(
        text.contains("error[E0") && text.contains("hint:"),
        "{args:?}: {text}"
    );
    assert!(
        !text.contains("panicked") && !text.contains("RUST_BACKTRACE"),
        "{text}"
    );
    text
}

/// Runs it, expects exit code 2 and an error, no panic; for mistakes whose words say all. Returns standard error.
pub fn wrong(folder: &Path, args: &[&str]) -> String {
    let out = run(folder, args);
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2), "{args:?}: {text}");
    assert!(
        text.starts_with("error[E0") && !text.contains("panicked"),
        "{args:?}: {text}"
    );
    text
}

/// A folder of classes with a few small images each.
pub fn images(folder: &Path, classes: &[&str]) {
    for split in ["train", "test"] {
        for (c, class) in classes.iter().enumerate() {
            let inside = folder.join(split).join(class);
            std::fs::create_dir_all(&inside).expect("a folder");
            for n in 0..4_u8 {
                let pixel =
                    |x: u32, y: u32| image::Rgb([x as u8 * 20, y as u8 * 20, n + 50 * c as u8]);
                let picture = image::RgbImage::from_fn(12, 12, pixel);
                picture
                    .save(inside.join(format!("{n}.png")))
                    .expect("an image");
            }
        }
    }
}

/// The folder of the fuzz targets and their inputs.
pub fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// The inputs that are kept for a reader, in the order of their names.
pub fn corpus(reader: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = std::fs::read_dir(fuzz().join("corpus").join(reader)).into_iter();
    let mut paths: Vec<_> = folder
        .flatten()
        .map(|entry| entry.expect("readable").path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).expect("readable");
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
}

/// The checksum of a chunk of PNG, and of gzip.
pub fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0xEDB8_8320
            } else {
                crc >> 1
            }
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}
