//! Which restorers do the tests train? Small ones, in a second.

use serde_json::Value;
use std::path::Path;

/// Writes small pictures that differ.
pub fn pictures(folder: &Path, count: u32) {
    std::fs::create_dir_all(folder).expect("a folder");
    for n in 0..count {
        let picture = image::GrayImage::from_fn(30, 26, |x, y| {
            image::Luma([(60 + 50 * ((x / (5 + n)) % 2) + 40 * ((y / 7) % 2)) as u8])
        });
        picture
            .save(folder.join(format!("{n}.png")))
            .expect("saved");
    }
}

pub const RECIPE: &str = "denoising/lm-trd-5x5-s25";

/// A run of a second: two steps of 3×3 filters, on two of four pictures, measured on one.
pub const SMALL: [&str; 20] = [
    "train",
    RECIPE,
    "--data-dir",
    "pictures",
    "--steps",
    "2",
    "--set",
    "model.size=3",
    "--set",
    "data.every=2",
    "--set",
    "data.skip=0",
    "--set",
    "data.test_every=2",
    "--set",
    "data.test_skip=1",
    "--set",
    "train.greedy=1",
    "--set",
    "train.joint=2",
];

pub fn small(more: &[&'static str]) -> Vec<&'static str> {
    [&SMALL[..], more].concat()
}

pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    pictures(&folder.path().join("pictures"), 4);
    folder
}

pub fn of<'v>(events: &'v [Value], name: &str) -> Vec<&'v Value> {
    let named = |e: &&Value| e["event"] == name;
    events.iter().filter(named).collect()
}
