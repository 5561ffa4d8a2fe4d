//! Can a person train a restorer, continue it, look at it, compare and use it; and is what does not apply refused?

mod common;

use common::{objects, ok, refused, run};
use serde_json::Value;
use std::path::Path;

/// Writes small pictures that differ.
fn pictures(folder: &Path, count: u32) {
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

const RECIPE: &str = "denoising/lm-trd-5x5-s25";

/// A run of a second: two steps of 3×3 filters, on two of four pictures, measured on one.
const SMALL: [&str; 20] = [
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

fn small(more: &[&'static str]) -> Vec<&'static str> {
    [&SMALL[..], more].concat()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    pictures(&folder.path().join("pictures"), 4);
    folder
}

fn of<'v>(events: &'v [Value], name: &str) -> Vec<&'v Value> {
    let named = |e: &&Value| e["event"] == name;
    events.iter().filter(named).collect()
}

#[test]
fn a_restorer_is_trained_shown_and_used() {
    let folder = folder();
    let at = folder.path();
    let events = objects(at, &small(&["--name", "own", "--log", "tensorboard"]));
    assert_eq!(of(&events, "start")[0]["model"], "lm-trd-3x3");
    assert_eq!(of(&events, "start")[0]["test_pictures"], 2);
    assert_eq!(of(&events, "phase").len(), 3, "two steps, then both");
    let evaluations = of(&events, "evaluation");
    let end = of(&events, "end")[0];
    assert_eq!(end["reason"], "phases");
    assert_eq!(end["evaluation"], evaluations.len());
    assert!(end["psnr"].as_f64().expect("a number") > 20.0);
    assert!(end["test"]["psnr"].as_f64().expect("a number") > 20.0);
    let trained = of(&events, "trained")[0];
    assert_eq!(trained["psnr"], end["psnr"]);
    assert_eq!(trained["test_psnr"], end["test"]["psnr"]);
    for left in [
        "recipe.toml",
        "environment.json",
        "events.jsonl",
        "metrics.csv",
        "report.html",
        "weights/last.safetensors",
        "weights/best.safetensors",
        "tensorboard",
    ] {
        assert!(at.join("runs/own").join(left).exists(), "{left}");
    }
    assert!(!at.join("runs/own/state").exists(), "it is finished");
    let rows = std::fs::read_to_string(at.join("runs/own/metrics.csv")).expect("a table");
    assert_eq!(rows.lines().count(), 1 + evaluations.len());

    // A run folder stands for its weights.
    let steps = objects(at, &["analyze", "diffusion", "runs/own", "--svg", "f.svg"]);
    assert_eq!(steps.len(), 2);
    assert!(steps[0]["k"].is_null() && steps[1]["k"].is_number());
    assert!(at.join("f.svg").is_file());
    for model in ["runs/own", "runs/own/weights/last.safetensors"] {
        let clean = ["denoise", "pictures/0.png", "-o", "clean.png", "--force"];
        ok(
            at,
            &[&clean[..], &["--model", model, "--sigma", "25"]].concat(),
        );
    }
    let shown = objects(at, &["config", "show", "runs/own"]);
    let size = shown
        .iter()
        .find(|s| s["path"] == "model.size")
        .expect("shown");
    assert_eq!(size["value"], 3);
    let listed = objects(at, &["list", "runs"]);
    assert_eq!(listed[0]["what"], "lm-trd-3x3");
    assert_eq!(listed[0]["evaluations"], evaluations.len());
    assert!(ok(at, &["cite", "runs/own"]).contains("@"));
    // The saved recipe is one that can be run again, bit for bit.
    ok(
        at,
        &[
            "train",
            "runs/own/recipe.toml",
            "--name",
            "again",
            "--threads",
            "1",
            "--quiet",
        ],
    );
    let weights = |run: &str| {
        let path = at.join("runs").join(run).join("weights/last.safetensors");
        std::fs::read(path).expect("weights")
    };
    assert!(weights("own") == weights("again"));
}

#[test]
fn conditions_and_seeds_are_obeyed() {
    let folder = folder();
    let at = folder.path();
    let met = small(&["--seeds", "2", "--name", "a", "--require", "psnr>=15"]);
    let events = objects(at, &met);
    let seeds = of(&events, "seeds")[0];
    assert_eq!(seeds["psnr"].as_array().expect("a list").len(), 2);
    assert!(seeds["deviation"].as_f64().expect("a number") > 0.0);
    let seeds: Vec<u64> = of(&events, "start")
        .iter()
        .map(|e| e["seed"].as_u64().expect("a seed"))
        .collect();
    assert_eq!(seeds, [2001, 2002]);
    assert!(at.join("runs/a-s2001").is_dir() && at.join("runs/a-s2002").is_dir());
    let out = run(
        at,
        &small(&["--name", "b", "--require", "psnr>=99", "--seeds", "2"]),
    );
    assert_eq!(out.status.code(), Some(1));
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(text.contains("required psnr>=99, measured"), "{text}");
    assert!(
        !at.join("runs/b-s2002").exists(),
        "it stops at the first that fails"
    );

    // One group of two seeds, and another scheme beside it.
    ok(
        at,
        &small(&[
            "--seeds",
            "2",
            "--name",
            "c",
            "--scheme",
            "euler",
            "--quiet",
            "--no-report",
        ]),
    );
    assert!(!at.join("runs/c-s2001/report.html").exists());
    let runs = [
        "runs/a-s2001",
        "runs/a-s2002",
        "runs/c-s2001",
        "runs/c-s2002",
    ];
    let groups = objects(at, &[&["compare"], &runs[..]].concat());
    assert_eq!(groups.len(), 2);
    assert_eq!(groups[0]["group"], "lm-trd-3x3");
    assert_eq!(groups[1]["group"], "trd-3x3");
    assert_eq!(groups[0]["n"], 2);
    assert_eq!(groups[0]["psnr"].as_array().expect("a list").len(), 2);
    assert!(groups[0]["deviation"].is_number() && groups[1]["interval"].is_array());
    let files = [
        "--md",
        "table.md",
        "--svg",
        "curves.svg",
        "--metric",
        "best",
    ];
    let text = ok(at, &[&["compare"], &runs[..], &files[..]].concat());
    assert!(
        text.contains("PSNR mean ± sd") && text.contains("2 test pictures"),
        "{text}"
    );
    let table = std::fs::read_to_string(at.join("table.md")).expect("a table");
    assert!(
        table.contains("lm-trd-3x3") && table.contains("Welch"),
        "{table}"
    );
    assert!(at.join("curves.svg").is_file());
    let refusal = refused(at, &["compare", runs[0], runs[2], "--baselines"]);
    assert!(refusal.contains("E0714"), "{refusal}");

    // Its report says what the records say, and notices what was changed.
    let made = objects(at, &["report", runs[0]]);
    assert_eq!(made[0]["status"], "finished");
    ok(at, &["report", runs[0], "--check"]);
    let page = std::fs::read_to_string(at.join(runs[0]).join("report.html")).expect("a page");
    for part in [
        "PSNR on test pictures",
        "What it learned",
        "data-key=\"step.2.k\"",
        "Phases",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let other = page.replacen(
        "data-key=\"last.psnr\" value=\"",
        "data-key=\"last.psnr\" value=\"1",
        1,
    );
    std::fs::write(at.join(runs[0]).join("report.html"), other).expect("written");
    assert_eq!(
        run(at, &["report", runs[0], "--check"]).status.code(),
        Some(1)
    );
    let refusal = refused(at, &["report", runs[0], "--data-dir", "pictures"]);
    assert!(refusal.contains("E0714"), "{refusal}");
}

#[test]
fn time_ends_a_run_and_resume_goes_on() {
    let folder = folder();
    let at = folder.path();
    ok(at, &small(&["--name", "whole", "--quiet"]));
    ok(
        at,
        &small(&["--name", "part", "--time", "0.000001s", "--quiet"]),
    );
    let part = "runs/part";
    assert!(at.join(part).join("state").is_dir());
    let made = objects(at, &["report", part]);
    assert_eq!(made[0]["status"], "time");
    let refusal = refused(at, &["train", "--resume", part, "--set", "train.greedy=2"]);
    assert!(refusal.contains("E0502"), "{refusal}");
    let events = objects(
        at,
        &[
            "train",
            "--resume",
            part,
            "--time",
            "",
            "--require",
            "psnr>=15",
        ],
    );
    assert!(of(&events, "start")[0]["resumed"]["evaluation"].is_number());
    let read = |run: &str, file: &str| {
        std::fs::read(at.join("runs").join(run).join(file)).expect("a file")
    };
    for file in [
        "weights/last.safetensors",
        "weights/best.safetensors",
        "metrics.csv",
    ] {
        assert!(read("whole", file) == read("part", file), "{file}");
    }
    // A finished run has nothing left to do, and is measured as it was.
    ok(at, &["train", "--resume", part, "--quiet"]);
    let out = run(
        at,
        &[
            "train",
            "--resume",
            part,
            "--quiet",
            "--require",
            "psnr>=99",
        ],
    );
    assert_eq!(out.status.code(), Some(1));
}

#[test]
fn settings_have_layers_origins_and_near_names() {
    let folder = folder();
    let at = folder.path();
    let shown = objects(
        at,
        &[
            "config",
            "show",
            RECIPE,
            "--seed",
            "3",
            "--set",
            "model.sigma=15",
        ],
    );
    let origin = |path: &str| {
        let row = shown.iter().find(|s| s["path"] == path).expect("shown");
        row["origin"].as_str().expect("text").to_owned()
    };
    assert_eq!(origin("train.seed"), "`--seed`");
    assert_eq!(origin("model.sigma"), "`--set`");
    assert_eq!(origin("train.finish"), "default");
    assert!(origin("model.size").contains("recipes/denoising/lm-trd-5x5-s25.toml:"));
    let changed = objects(at, &["config", "diff", RECIPE, "denoising/trd-5x5-s25"]);
    assert!(
        changed
            .iter()
            .any(|d| d["path"] == "model.scheme" && d["left"] == "lm")
    );
    assert!(refused(at, &["config", "diff", RECIPE, "digits"]).contains("E0714"));
    let new = ok(at, &["config", "new", RECIPE]);
    std::fs::write(at.join("mine.toml"), new).expect("written");
    assert!(objects(at, &["config", "diff", RECIPE, "mine.toml"]).is_empty());
    let wrong = refused(
        at,
        &small(&[
            "--set",
            "model.sise=3",
            "--set",
            "model.sigma=-1",
            "--epochs",
            "2",
        ]),
    );
    for part in [
        "3 problems",
        "did you mean `model.size`",
        "must lie above 0",
        "train.greedy",
    ] {
        assert!(wrong.contains(part), "{part}: {wrong}");
    }
    assert!(refused(at, &["train", "denoising/trd-5x5-s52"]).contains("did you mean"));
    let dry = objects(at, &small(&["--dry-run", "--seeds", "3"]));
    assert_eq!(dry[0]["model"], "lm-trd-3x3");
    assert_eq!(
        (&dry[0]["train_pictures"], &dry[0]["test_pictures"]),
        (&2.into(), &2.into())
    );
    assert_eq!(dry[0]["seeds"], 3);
    assert!(!at.join("runs").exists(), "nothing was written");
    let page = ok(at, &["explain", "model.sigma"]);
    assert!(
        page.contains("a restorer") && page.contains("25.0"),
        "{page}"
    );
    let page = ok(at, &["explain", "data.dir"]);
    assert!(
        page.contains("a classifier") && page.contains("a restorer"),
        "{page}"
    );
    assert!(ok(at, &["explain", RECIPE]).contains("--data-dir PICTURES"));
}

#[test]
fn what_only_classifiers_have_is_refused_with_what_to_use() {
    let folder = folder();
    let at = folder.path();
    for (flag, value, hint) in [
        ("--epochs", "3", "train.greedy"),
        ("--batch", "8", "data.every"),
        ("--lr", "0.1", "L-BFGS"),
        ("--net", "resnet-20", "model.size"),
        ("--block", "preact", "model.size"),
        ("--noise", "gaussian", "model.sigma"),
        ("--width", "8", "model.size"),
        ("--data", "cifar10", "--data-dir"),
        ("--overfit", "2", "data.every"),
        ("--device", "gpu", "--threads"),
        ("--require", "top1>=0.9", "psnr>=28"),
        ("--set", "optimiser.lr=0.1", "L-BFGS"),
    ] {
        let text = refused(at, &small(&[flag, value]));
        assert!(
            text.contains("E0714") && text.contains(hint),
            "{flag}: {text}"
        );
    }
    for wrong in [
        &["--scheme", "rk4"][..],
        &["--log", "wandb"],
        &["--set", "model.steps=3,3"],
    ] {
        refused(at, &small(wrong));
    }
    assert!(!at.join("runs").exists(), "nothing was begun");
    // And the other way round.
    for (flag, value, hint) in [
        ("--require", "psnr>=28", "top1>=0.9"),
        ("--set", "model.sigma=3", "denoising/"),
        ("--set", "train.greedy=3", "train.epochs"),
        ("--set", "data.every=3", "data.limit"),
        ("--set", "task.kind=restore", "list recipes"),
    ] {
        let text = refused(at, &["train", "digits/lm-resnet-20", flag, value]);
        assert!(
            text.contains("E0714") && text.contains(hint),
            "{flag}: {text}"
        );
    }
}

#[test]
fn commands_for_classifiers_refuse_restorers() {
    let folder = folder();
    let at = folder.path();
    ok(at, &small(&["--name", "own", "--quiet", "--no-report"]));
    let weights = "runs/own/weights/last.safetensors";
    for wrong in [
        &["lr-find", RECIPE][..],
        &["summary", RECIPE],
        &["summary", "runs/own"],
        &["summary", weights],
        &["eval", weights],
        &["eval", "runs/own"],
        &["predict", weights, "pictures/0.png"],
        &["export", "runs/own", "-o", "out.safetensors"],
        &["analyze", "momentum", weights],
        &["analyze", "trace", "runs/own"],
        &["analyze", "stability", "runs/own"],
    ] {
        let text = refused(at, wrong);
        assert!(text.contains("E0714"), "{wrong:?}: {text}");
    }
    let epochs = [
        "train",
        "--net",
        "resnet-20",
        "--steps",
        "1,1",
        "--width",
        "4",
        "--epochs",
        "1",
    ];
    ok(
        at,
        &[&epochs[..], &["--batch", "512", "--name", "net", "--quiet"]].concat(),
    );
    let mixed = refused(at, &["compare", "runs/own", "runs/net"]);
    assert!(mixed.contains("E0507"), "{mixed}");
    for wrong in [
        &["analyze", "diffusion", "runs/net"][..],
        &[
            "denoise",
            "pictures/0.png",
            "-o",
            "b.png",
            "--model",
            "runs/net",
        ],
    ] {
        refused(at, wrong);
    }
}

#[test]
fn mistakes_are_told() {
    let folder = folder();
    let at = folder.path();
    std::fs::write(at.join("text.safetensors"), "no weights").expect("written");
    let recipe = "denoising/trd-5x5-s25";
    for wrong in [
        &["train", recipe][..],
        &["train", recipe, "--data-dir", "nothing"],
        &[
            "train",
            recipe,
            "--data-dir",
            "pictures",
            "--set",
            "model.start=nothing",
        ],
        &[
            "train",
            recipe,
            "--data-dir",
            "pictures",
            "--set",
            "data.test_every=1",
        ],
        &["train", "--resume", "pictures"],
        &["analyze", "diffusion", "nothing"],
        &["analyze", "diffusion", "text.safetensors"],
        &[
            "denoise",
            "pictures/0.png",
            "-o",
            "b.png",
            "--model",
            "text.safetensors",
        ],
        &[
            "denoise",
            "pictures/0.png",
            "-o",
            "b.png",
            "--method",
            "trd",
            "--model",
            "csf-7x7",
        ],
        &[
            "denoise",
            "pictures/0.png",
            "-o",
            "b.png",
            "--method",
            "bm3d",
            "--quality",
            "80",
        ],
        &["report", "pictures"],
        &["compare", "pictures"],
    ] {
        refused(at, wrong);
    }
    // A model says which method it is of.
    ok(
        at,
        &[
            "denoise",
            "pictures/0.png",
            "-o",
            "b.png",
            "--model",
            "csf-7x7",
            "--sigma",
            "25",
        ],
    );
}
