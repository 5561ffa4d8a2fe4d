//! Do sizes that recipes, flags and weights claim end in a sentence, before memory is taken for them?

use crate::common::{ok, refused, run, timestep};
use std::path::Path;
use std::time::{Duration, Instant};
use timestep_nets::{read_safetensors, write_arrays};
use timestep_train::Card;

/// Numbers at which sizes go wrong.
const LARGE: [u64; 5] = [1 << 24, 1 << 32, (1 << 32) + 1, 1 << 62, i64::MAX as u64];

/// Runs it and expects a sentence within seconds; what was said.
fn refused_soon(folder: &Path, args: &[&str]) -> String {
    let began = Instant::now();
    let text = refused(folder, args);
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{args:?}: {:?}",
        began.elapsed()
    );
    text
}

#[test]
fn settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let mut assignments = vec![
        "network.steps=[2,4294967296]".to_owned(),
        "network.steps=[9223372036854775807,9223372036854775807]".to_owned(),
        // One segment more than there may be.
        "network.steps=[1,1,1,1,1,1,1,1,1]".to_owned(),
    ];
    for n in LARGE {
        assignments.push(format!("network.width={n}"));
        assignments.push(format!("network.steps=[{n}]"));
        assignments.push(format!("network.classes={n}"));
    }
    for set in &assignments {
        for preset in [
            "lm-resnet-20",
            "resnext-29-8x64d",
            "fractalnet-20",
            "revnet-38",
        ] {
            refused_soon(at, &["train", "--net", preset, "--set", set, "--dry-run"]);
        }
    }
    for (flag, value) in [
        ("--width", "9223372036854775807"),
        ("--steps", "2,4294967296"),
        ("--classes", "4294967296"),
    ] {
        refused_soon(at, &["summary", "lm-resnet-20", flag, value]);
    }
    assert!(!at.join("runs").exists(), "nothing was begun");
}

/// Eight segments halve images of 8×8 until nothing is left to halve, which works, or is refused with a reason.
#[test]
fn as_many_segments_as_there_may_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = [
        "train",
        "--set",
        "network.steps=[1,1,1,1,1,1,1,1]",
        "--width",
        "2",
        "--batch",
        "4",
        "--dry-run",
    ];
    let out = run(folder.path(), &args);
    let text = String::from_utf8_lossy(&out.stderr);
    assert!(matches!(out.status.code(), Some(0..=2)), "{text}");
}

#[test]
fn other_large_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let most = i64::MAX.to_string();
    for setting in [
        "train.batch",
        "train.eval_batch",
        "train.epochs",
        "train.overfit",
        "train.patience",
        "train.accumulate",
        "train.shards",
        "data.limit",
        "data.size",
        "data.pad",
        "data.resize",
        "data.cutout",
    ] {
        let set = format!("{setting}={most}");
        let args = [
            "train",
            "--steps",
            "1,1",
            "--width",
            "4",
            "--set",
            &set,
            "--dry-run",
        ];
        let out = run(at, &args);
        let text = String::from_utf8_lossy(&out.stderr);
        assert!(matches!(out.status.code(), Some(0..=2)), "{set}: {text}");
    }
}

#[test]
fn the_budget_can_be_set() {
    let folder = tempfile::tempdir().expect("a folder");
    let with = |memory: &str| {
        let args = ["summary", "resnet-20", "--width", "256"];
        let out = timestep(folder.path(), &args)
            .env("TIMESTEP_MEMORY", memory)
            .output();
        let out = out.expect("it runs");
        (
            out.status.code(),
            String::from_utf8_lossy(&out.stderr).into_owned(),
        )
    };
    let (code, text) = with("64M");
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("error[E0205]") && text.contains("TIMESTEP_MEMORY="),
        "{text}"
    );
    assert_eq!(with("2G").0, Some(0));
    let (code, text) = with("much");
    assert!(
        code == Some(2) && text.contains("TIMESTEP_MEMORY=much is no size"),
        "{text}"
    );
}

#[test]
fn a_batch_that_fits_no_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = ["train", "--batch", "1024", "--dry-run"];
    let out = timestep(folder.path(), &args)
        .env("TIMESTEP_MEMORY", "40M")
        .output();
    let text = String::from_utf8_lossy(&out.expect("it runs").stderr).into_owned();
    assert!(
        text.contains("error[E0205]") && text.contains("lower the batch"),
        "{text}"
    );
}

#[test]
fn classes_without_images_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = [
        "train",
        "--steps",
        "1,1",
        "--width",
        "4",
        "--epochs",
        "1",
        "--set",
        "network.classes=1000",
    ];
    let out = run(folder.path(), &args);
    let text = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{text}");
    assert!(
        text.contains("1000 classes") && text.contains("has 10"),
        "{text}"
    );
}

/// Cards that claim sizes, with a right checksum, in every command that reads weights.
#[test]
fn cards() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    ok(
        at,
        &[
            "train", "--steps", "1,1", "--width", "4", "--epochs", "1", "--quiet", "--name", "a",
        ],
    );
    let bytes = std::fs::read(at.join("runs/a/weights/last.safetensors")).expect("weights");
    let file = read_safetensors(&bytes).expect("as written");
    let arrays: Vec<_> = (file.arrays.iter())
        .map(|(name, (shape, values))| (name.as_str(), shape.as_slice(), values.clone()))
        .collect();
    let card: Card = serde_json::from_str(&file.metadata["card"]).expect("a card");
    image::GrayImage::new(8, 8)
        .save(at.join("a.png"))
        .expect("saved");
    let mut claimed = 0;
    let mut claim = |change: &dyn Fn(&mut Card)| {
        let mut card = card.clone();
        change(&mut card);
        let metadata = card.to_metadata();
        let sealed = write_arrays(&arrays, &metadata).expect("shapes fit");
        std::fs::write(at.join("w.safetensors"), sealed).expect("written");
        let commands: [&[&str]; 6] = [
            &["eval", "w.safetensors"],
            &["predict", "w.safetensors", "a.png"],
            &["summary", "w.safetensors"],
            &["cite", "w.safetensors"],
            &["analyze", "trace", "w.safetensors"],
            &["export", "w.safetensors", "-o", "x.npz", "--format", "npz"],
        ];
        // All commands load weights in one place: each claim meets two of them.
        for offset in 0..2 {
            let command = commands[(claimed + 3 * offset) % commands.len()];
            refused_soon(at, command);
        }
        claimed += 1;
    };
    for n in LARGE {
        let n = n as usize;
        claim(&|card| card.network.body.steps = vec![2, n]);
        claim(&|card| card.network.body.width = n);
        claim(&|card| card.network.stem.width = n);
        claim(&|card| card.network.block.inner_width = n);
        claim(&|card| card.network.body.widths = vec![n, n]);
        claim(&|card| card.network.classes = n);
        claim(&|card| card.network.input.height = n);
        claim(&|card| card.network.input.width = n);
        claim(&|card| card.network.input.channels = n);
    }
    // Products that wrap to small numbers.
    claim(&|card| (card.network.input.height, card.network.input.width) = (1 << 33, 1 << 31));
    claim(&|card| (card.network.input.height, card.network.input.width) = (1 << 32, 1 << 32));
    claim(&|card| card.network.block.groups = usize::MAX);
    assert_eq!(claimed, 9 * LARGE.len() + 3);
}

#[test]
fn damaged_weights_and_states_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let small = [
        "train", "--steps", "1,1", "--width", "4", "--epochs", "2", "--quiet", "--name", "a",
    ];
    ok(at, &small);
    let weights = at.join("runs/a/weights/best.safetensors");
    let good = std::fs::read(&weights).expect("weights");
    let state = at.join("runs/a/state/state.safetensors");
    let good_state = std::fs::read(&state).expect("a state");
    // Eight places in the numbers of each.
    for eighth in 1..=8 {
        let mut bad = good.clone();
        let at_byte = bad.len() - 1 - (eighth - 1) * bad.len() / 16;
        bad[at_byte] ^= 1 << (eighth % 8);
        std::fs::write(&weights, &bad).expect("written");
        let text = refused(at, &["eval", "runs/a"]);
        assert!(
            text.contains("error[E0401]") && text.contains("changed after it was written"),
            "{text}"
        );
        let mut bad = good_state.clone();
        let at_byte = bad.len() - 1 - (eighth - 1) * bad.len() / 16;
        bad[at_byte] ^= 1 << (eighth % 8);
        std::fs::write(&state, &bad).expect("written");
        let text = refused(at, &["train", "--resume", "runs/a"]);
        assert!(
            text.contains("error[E0504]") && text.contains("changed after it was written"),
            "{text}"
        );
    }
}

/// Weights of version 0.1: the same file without the checksum.
#[test]
fn weights_without_a_checksum_are_taken_with_a_word() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    ok(
        at,
        &[
            "train", "--steps", "1,1", "--width", "4", "--epochs", "2", "--quiet", "--name", "a",
        ],
    );
    let old = |path: &Path| {
        let text = std::fs::read(path).expect("readable");
        // The entry becomes one of another name, of the same length.
        let key = b"\\\"sha256\\\"";
        let place = text
            .windows(key.len())
            .position(|w| w == key)
            .expect("a checksum");
        let mut text = text;
        text[place..place + key.len()].copy_from_slice(b"\\\"sha000\\\"");
        std::fs::write(path, text).expect("written");
    };
    old(&at.join("runs/a/weights/best.safetensors"));
    let out = run(at, &["eval", "runs/a"]);
    let text = String::from_utf8_lossy(&out.stderr);
    assert!(
        out.status.success() && text.contains("without a checksum"),
        "{text}"
    );
    assert_eq!(text.matches("checksum").count(), 1, "{text}");
    old(&at.join("runs/a/state/state.safetensors"));
    let args = ["train", "--resume", "runs/a", "--no-report"];
    let out = run(at, &args);
    let text = String::from_utf8_lossy(&out.stderr);
    let said = format!("{text}{}", String::from_utf8_lossy(&out.stdout));
    assert!(
        out.status.success() && said.contains("without a checksum"),
        "{said}"
    );
}

#[test]
fn weights_that_are_not_finite_need_leave() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    ok(
        at,
        &[
            "train", "--steps", "1,1", "--width", "4", "--epochs", "1", "--quiet", "--name", "a",
        ],
    );
    let bytes = std::fs::read(at.join("runs/a/weights/best.safetensors")).expect("weights");
    let file = read_safetensors(&bytes).expect("as written");
    let mut arrays: Vec<_> = (file.arrays.iter())
        .map(|(name, (shape, values))| (name.as_str(), shape.as_slice(), values.clone()))
        .collect();
    arrays[0].2[0] = f32::NAN;
    let sealed = write_arrays(&arrays, &file.metadata).expect("shapes fit");
    std::fs::write(at.join("nan.safetensors"), sealed).expect("written");
    let plain = write_arrays(&arrays, &Default::default()).expect("shapes fit");
    std::fs::write(at.join("plain.safetensors"), plain).expect("written");
    image::GrayImage::new(8, 8)
        .save(at.join("a.png"))
        .expect("saved");
    let commands: [&[&str]; 3] = [
        &["eval", "nan.safetensors"],
        &["predict", "nan.safetensors", "a.png"],
        &["export", "nan.safetensors", "-o", "x.safetensors"],
    ];
    for command in commands {
        let text = refused(at, command);
        assert!(
            text.contains("error[E0407]") && text.contains("--allow-non-finite"),
            "{text}"
        );
        ok(at, &[command, &["--allow-non-finite"]].concat());
    }
    let text = refused(
        at,
        &[
            "train",
            "--steps",
            "1,1",
            "--width",
            "4",
            "--init",
            "nan.safetensors",
            "--dry-run",
        ],
    );
    assert!(text.contains("error[E0407]"), "{text}");
}
