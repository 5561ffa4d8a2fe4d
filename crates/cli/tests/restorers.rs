//! Can a person train a restorer, continue it, look at it and use it, and what of mistakes?

mod common;

use common::{objects, ok, refused, run};
use std::path::Path;

fn pictures(folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder");
    for n in 0..2_u32 {
        let picture = image::GrayImage::from_fn(30, 26, |x, y| {
            image::Luma([(60 + 50 * ((x / (5 + n)) % 2) + 40 * ((y / 7) % 2)) as u8])
        });
        picture
            .save(folder.join(format!("{n}.png")))
            .expect("saved");
    }
}

#[test]
fn a_restorer_is_trained_analysed_and_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    pictures(&at.join("pictures"));
    let small = [
        "train",
        "denoising/lm-trd-5x5-s25",
        "--data-dir",
        "pictures",
        "--name",
        "own",
        "--set",
        "data.every=1",
        "--set",
        "train.greedy=1",
        "--set",
        "train.joint=2",
        "--set",
        "model.size=3",
    ];
    let found = objects(at, &small);
    let trained = found.last().expect("a result");
    assert_eq!(trained["event"], "trained");
    assert!(trained["psnr"].as_f64().expect("a number") > 20.0);
    let weights = "runs/own/weights/last.safetensors";
    let steps = objects(at, &["analyze", "diffusion", weights, "--svg", "f.svg"]);
    assert_eq!(steps.len(), 5);
    assert!(steps[0]["k"].is_null() && steps[1]["k"].is_number());
    assert!(at.join("f.svg").is_file());
    ok(
        at,
        &[
            "denoise",
            "pictures/0.png",
            "-o",
            "clean.png",
            "--model",
            weights,
            "--sigma",
            "25",
        ],
    );
    // A finished run has nothing left to do.
    ok(at, &["train", "--resume", "runs/own"]);
    let shown = objects(at, &["config", "show", "runs/own"]);
    assert!(
        shown
            .iter()
            .any(|s| s["path"] == "model.size" && s["value"] == "3")
    );
}

#[test]
fn mistakes_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    pictures(&at.join("pictures"));
    std::fs::write(at.join("text.safetensors"), "no weights").expect("written");
    std::fs::write(
        at.join("a.png"),
        std::fs::read(at.join("pictures/0.png")).expect("read"),
    )
    .expect("written");
    let recipe = "denoising/trd-5x5-s25";
    for wrong in [
        &["train", recipe][..],
        &["train", recipe, "--data-dir", "nothing"],
        &["train", recipe, "--data-dir", "pictures", "--epochs", "3"],
        &[
            "train",
            recipe,
            "--data-dir",
            "pictures",
            "--set",
            "model.sigma=-1",
        ],
        &[
            "train",
            recipe,
            "--data-dir",
            "pictures",
            "--set",
            "model.sise=3",
        ],
        &["train", recipe, "--data-dir", "pictures", "--scheme", "rk4"],
        &["analyze", "diffusion", "nothing"],
        &["analyze", "diffusion", "text.safetensors"],
        &[
            "denoise",
            "a.png",
            "-o",
            "b.png",
            "--model",
            "text.safetensors",
        ],
        &["denoise", "a.png", "-o", "b.png", "--model", "csf-7x7"],
    ] {
        refused(at, wrong);
    }
    let out = run(at, &["explain", "trd"]);
    assert!(out.status.success());
}
