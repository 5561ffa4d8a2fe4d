//! Does a run repeat itself bit for bit, with any threads, interrupted or not?

use crate::common::{ok, run, timestep};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// A run of about a second.
const SMALL: [&str; 9] = [
    "train", "--steps", "2,2", "--width", "8", "--epochs", "2", "--batch", "128",
];

fn train(folder: &Path, name: &str, more: &[&str]) -> Vec<u8> {
    ok(
        folder,
        &[&SMALL, &["--name", name, "--quiet"][..], more].concat(),
    );
    last(folder, name)
}

fn last(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(format!("runs/{name}/weights/last.safetensors"))).expect("weights")
}

#[test]
fn same_seed_same_bits_for_any_number_of_threads() {
    let folder = tempfile::tempdir().expect("a folder");
    let one = train(folder.path(), "one", &["--threads", "1"]);
    assert!(
        one == train(folder.path(), "again", &["--threads", "1"]),
        "same seed twice"
    );
    assert!(
        one == train(folder.path(), "two", &["--threads", "2"]),
        "1 and 2 threads"
    );
    assert!(
        one == train(folder.path(), "five", &["--threads", "5"]),
        "1 and 5 threads"
    );
    assert!(
        one != train(folder.path(), "other", &["--seed", "1"]),
        "another seed"
    );
}

#[test]
#[cfg(unix)]
fn interrupted_and_resumed_equals_uninterrupted() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = [
        "train",
        "--epochs",
        "2",
        "--steps",
        "3,3",
        "--batch",
        "32",
        "--set",
        "network.width=12",
    ];
    ok(
        folder.path(),
        &[&args, &["--name", "whole", "--quiet"][..]].concat(),
    );
    let mut child = timestep(
        folder.path(),
        &[&args, &["--name", "parts", "--json"][..]].concat(),
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::null())
    .spawn()
    .expect("starts");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    for line in lines.map_while(Result::ok) {
        if line.contains("\"event\":\"step\"") {
            let pid = child.id().to_string();
            Command::new("kill")
                .args(["-INT", &pid])
                .status()
                .expect("kill");
            break;
        }
    }
    assert_eq!(child.wait().expect("ends").code(), Some(130));
    let text = ok(
        folder.path(),
        &["train", "--resume", "runs/parts", "--json"],
    );
    assert!(
        text.lines()
            .next()
            .expect("start")
            .contains("\"resumed\":{\"epoch\":0"),
        "mid-epoch"
    );
    assert!(last(folder.path(), "whole") == last(folder.path(), "parts"));
    // Logs are continued, not repeated: the same epochs with the same numbers, times aside.
    let rows = |name: &str| -> Vec<String> {
        let path = folder.path().join(format!("runs/{name}/metrics.csv"));
        let text = std::fs::read_to_string(path).expect("metrics");
        text.lines()
            .map(|l| l.split(',').take(7).collect::<Vec<_>>().join(","))
            .collect()
    };
    assert_eq!(rows("whole"), rows("parts"));
}

#[test]
fn a_run_folder_repeats_evaluates_and_explains() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = train(folder.path(), "first", &["--log", "tensorboard"]);
    let run_folder = folder.path().join("runs/first");
    for file in [
        "recipe.toml",
        "environment.json",
        "events.jsonl",
        "metrics.csv",
        "weights/best.safetensors",
        "state/state.safetensors",
    ] {
        assert!(run_folder.join(file).is_file(), "{file}");
    }
    assert!(
        run_folder
            .join("tensorboard")
            .read_dir()
            .expect("a folder")
            .next()
            .is_some()
    );
    // The saved recipe repeats the run.
    ok(
        folder.path(),
        &[
            "train",
            "runs/first/recipe.toml",
            "--name",
            "repeat",
            "--quiet",
        ],
    );
    assert!(first == last(folder.path(), "repeat"));
    let eval = ok(
        folder.path(),
        &["eval", "runs/first/weights/last.safetensors", "--json"],
    );
    let eval: serde_json::Value = serde_json::from_str(&eval).expect("JSON");
    let csv = std::fs::read_to_string(run_folder.join("metrics.csv")).expect("metrics");
    let row: Vec<&str> = csv.lines().last().expect("a row").split(',').collect();
    let top1: f64 = row[4].parse().expect("a number");
    assert!((eval["top1"].as_f64().expect("a number") - top1).abs() < 1e-9);
    let text = ok(
        folder.path(),
        &["analyze", "momentum", "runs/first", "--svg", "k.svg"],
    );
    assert!(text.contains("segment 2:") && folder.path().join("k.svg").is_file());
    // The same name again does not overwrite.
    train(folder.path(), "first", &[]);
    assert!(folder.path().join("runs/first-2").is_dir());
    assert!(first == last(folder.path(), "first"));
}

#[test]
fn divergence_stops_with_its_place_and_keeps_the_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = [
        &SMALL,
        &[
            "--lr",
            "1e30",
            "--set",
            "schedule.name=constant",
            "--name",
            "boom",
        ][..],
    ];
    let out = run(folder.path(), &args.concat());
    let text = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{text}");
    assert!(
        text.contains("diverged") && text.contains("hint:"),
        "{text}"
    );
    assert!(
        text.contains("segment") || text.contains("parameter") || text.contains("head"),
        "{text}"
    );
}

#[test]
fn requirements_and_dry_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = run(
        folder.path(),
        &[&SMALL, &["--require", "top1>=1.1"][..]].concat(),
    );
    assert_eq!(out.status.code(), Some(1));
    std::fs::remove_dir_all(folder.path().join("runs")).expect("runs");
    let text = ok(folder.path(), &["train", "--dry-run", "--overfit", "64"]);
    assert!(
        text.contains("272090 parameters and 6 coefficients"),
        "{text}"
    );
    assert!(
        !folder.path().join("runs").exists(),
        "a dry run writes nothing"
    );
}

#[test]
fn sixty_four_images_are_learned_by_heart() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = [
        "train",
        "--overfit",
        "64",
        "--epochs",
        "40",
        "--batch",
        "32",
        "--steps",
        "2,2",
        "--width",
        "12",
        "--require",
        "top1>=0.99",
        "--quiet",
    ];
    ok(folder.path(), &args);
}
